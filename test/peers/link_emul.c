/* link_emul: a userspace network link (delay, loss, rate, queue) between two network
 * namespaces, for kernels without sch_netem. Needs root and /dev/net/tun.
 *
 *   link_emul NETNS_A NETNS_B --delay MS [--loss PCT] [--rate MBIT] [--queue PACKETS]
 *             [--jitter MS] [--seed N] [--mtu BYTES] [--seconds N]
 *
 * Makes a TUN device "emu0" in each namespace (A: 10.78.0.1, B: 10.78.0.2), both ends up,
 * and carries IP packets both ways. --delay is one way, so the RTT is twice that.
 * --loss is applied per direction. --rate 0 means unlimited. The queue is drop-tail and
 * bounds packets waiting for the link (not those in flight on it). A line at the end, for each direction: the packets
 * that came, were lost, found the queue full and went out, and the octets of those that came and of those that went out.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RING (1 << 16)
struct packet { double due; int len; unsigned char *data; };
struct direction {
  struct packet ring[RING];
  unsigned head, tail;
  double link_free;            /* when the link has sent everything accepted so far */
  unsigned long long in, lost, overflow, out, offered, bytes;
};
static struct direction dir[2];
static volatile sig_atomic_t stop;
static void on_signal(int s) { (void)s; stop = 1; }
static double now_s(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static uint64_t rng = 88172645463325252ull;
static double uniform(void) { rng ^= rng << 13; rng ^= rng >> 7; rng ^= rng << 17; return (rng >> 11) / 9007199254740992.0; }

static int make_tun(const char *ns, const char *ip, int mtu) {
  char path[128];
  snprintf(path, sizeof path, "/run/netns/%s", ns);
  int nsfd = open(path, O_RDONLY), self = open("/proc/self/ns/net", O_RDONLY);
  if (nsfd < 0 || setns(nsfd, CLONE_NEWNET)) perror(path), exit(1);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq r = {0};
  r.ifr_flags = IFF_TUN | IFF_NO_PI;
  strcpy(r.ifr_name, "emu0");
  if (fd < 0 || ioctl(fd, TUNSETIFF, &r)) perror("tun"), exit(1);
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in *a = (void *)&r.ifr_addr;
  a->sin_family = AF_INET;
  inet_pton(AF_INET, ip, &a->sin_addr);
  if (ioctl(s, SIOCSIFADDR, &r)) perror("addr"), exit(1);
  inet_pton(AF_INET, "255.255.255.0", &a->sin_addr);
  ioctl(s, SIOCSIFNETMASK, &r);
  r.ifr_mtu = mtu;
  ioctl(s, SIOCSIFMTU, &r);
  r.ifr_qlen = 5000;
  ioctl(s, SIOCSIFTXQLEN, &r);
  ioctl(s, SIOCGIFFLAGS, &r);
  r.ifr_flags |= IFF_UP | IFF_RUNNING;
  if (ioctl(s, SIOCSIFFLAGS, &r)) perror("up"), exit(1);
  close(s), setns(self, CLONE_NEWNET), close(self), close(nsfd);
  return fd;
}

int main(int argc, char **argv) {
  double delay = 0, loss = 0, rate = 0, jitter = 0, seconds = 3600;
  int queue = 1000, mtu = 1500;
  if (argc < 3) return fprintf(stderr, "usage: link_emul NETNS_A NETNS_B --delay MS ...\n"), 2;
  for (int i = 3; i + 1 < argc; i += 2) {
    double v = atof(argv[i + 1]);
    if (!strcmp(argv[i], "--delay")) delay = v / 1e3;
    else if (!strcmp(argv[i], "--loss")) loss = v / 100;
    else if (!strcmp(argv[i], "--rate")) rate = v * 1e6 / 8;
    else if (!strcmp(argv[i], "--queue")) queue = v;
    else if (!strcmp(argv[i], "--jitter")) jitter = v / 1e3;
    else if (!strcmp(argv[i], "--seed")) rng ^= (uint64_t)v * 0x9E3779B97F4A7C15ull;
    else if (!strcmp(argv[i], "--mtu")) mtu = v;
    else if (!strcmp(argv[i], "--seconds")) seconds = v;
    else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  int fd[2] = {make_tun(argv[1], "10.78.0.1", mtu), make_tun(argv[2], "10.78.0.2", mtu)};
  signal(SIGTERM, on_signal), signal(SIGINT, on_signal);
  prctl(PR_SET_TIMERSLACK, 1000); /* 1 us: keep ppoll() wakeups sharp */
  /* A line does not wait for its turn: what delayed it would look like a queue to those who measure the round trip. */
  struct sched_param first = {.sched_priority = 10};
  if (sched_setscheduler(0, SCHED_FIFO, &first)) perror("no real time");
  printf("{\"event\":\"up\"}\n"), fflush(stdout);
  double end = now_s() + seconds;
  while (!stop) {
    double t = now_s(), next = t + 0.05;
    if (t > end) break;
    for (int d = 0; d < 2; d++) {
      struct direction *q = &dir[d];
      while (q->head != q->tail) {
        struct packet *p = &q->ring[q->head % RING];
        if (p->due > t) { if (p->due < next) next = p->due; break; }
        if (write(fd[!d], p->data, p->len) > 0) q->out++, q->bytes += p->len;
        free(p->data), q->head++;
      }
    }
    double wait = next - now_s();
    if (wait < 0) wait = 0;
    struct pollfd pf[2] = {{fd[0], POLLIN, 0}, {fd[1], POLLIN, 0}};
    struct timespec ts = {(time_t)wait, (long)((wait - (time_t)wait) * 1e9)};
    if (ppoll(pf, 2, &ts, NULL) <= 0) continue;
    for (int d = 0; d < 2; d++) {
      struct direction *q = &dir[d];
      for (int k = 0; k < 64; k++) {
        unsigned char buf[65536];
        ssize_t n = read(fd[d], buf, sizeof buf);
        if (n <= 0) break;
        q->in++, q->offered += n;
        t = now_s();
        if (q->link_free < t) q->link_free = t;
        if (loss > 0 && uniform() < loss) { q->lost++; continue; }
        if ((rate > 0 && (q->link_free - t) * rate > (double)queue * mtu) || q->tail - q->head >= RING - 1) { q->overflow++; continue; }
        if (rate > 0) q->link_free += n / rate;
        double due = q->link_free + delay + (jitter > 0 ? uniform() * jitter : 0);
        if (jitter > 0 && q->tail != q->head && due < q->ring[(q->tail - 1) % RING].due) due = q->ring[(q->tail - 1) % RING].due;
        struct packet *p = &q->ring[q->tail++ % RING];
        p->due = due, p->len = n, p->data = malloc(n);
        memcpy(p->data, buf, n);
      }
    }
  }
  for (int d = 0; d < 2; d++)
    printf("{\"direction\":\"%s\",\"in\":%llu,\"offered\":%llu,\"lost\":%llu,\"overflow\":%llu,\"out\":%llu,\"bytes\":%llu}\n", d ? "b-to-a" : "a-to-b",
           dir[d].in, dir[d].offered, dir[d].lost, dir[d].overflow, dir[d].out, dir[d].bytes);
  return 0;
}
