/* volley: datagrams with a forged sender, from a file, at a rate. Needs CAP_NET_RAW; only between programs of your own.
 *
 *   volley FILE SRC_IP SRC_PORT DST_IP DST_PORT [RATE SECONDS]
 *
 * FILE holds datagrams: u16 length, big-endian, octets. Without RATE each is sent once, 1 ms apart; with it they are sent
 * over and over, RATE a second. SRC_IP 0.0.0.0: each from another address of 198.18.0.0/15 and another port.
 * Prints one line of JSON: how many were sent, in how many seconds, and the processor's share of one core.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static unsigned char *data[1 << 17];
static int sizes[1 << 17], count;

static int load(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) return perror(path), 0;
  for (int high, low; count < 1 << 17 && (high = getc(f)) >= 0 && (low = getc(f)) >= 0; count++) {
    sizes[count] = high << 8 | low;
    data[count] = malloc(28 + sizes[count]);
    if (fread(data[count] + 28, 1, sizes[count], f) != (size_t)sizes[count]) break;
  }
  fclose(f);
  return count;
}

/* The headers in front of the octets; UDP's checksum may be left out. */
static void address(int i, struct in_addr from, int from_port, struct sockaddr_in *to) {
  unsigned char *p = data[i];
  memset(p, 0, 28);
  struct iphdr *ip = (void *)p;
  struct udphdr *udp = (void *)(p + 20);
  ip->version = 4, ip->ihl = 5, ip->ttl = 64, ip->protocol = IPPROTO_UDP, ip->tot_len = htons(28 + sizes[i]);
  ip->saddr = from.s_addr, ip->daddr = to->sin_addr.s_addr;
  udp->source = htons(from_port), udp->dest = to->sin_port, udp->len = htons(8 + sizes[i]);
}

int main(int argc, char **argv) {
  if (argc < 6) return fprintf(stderr, "volley FILE SRC_IP SRC_PORT DST_IP DST_PORT [RATE SECONDS]\n"), 2;
  struct in_addr from;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[5]))};
  inet_pton(AF_INET, argv[2], &from), inet_pton(AF_INET, argv[4], &to.sin_addr);
  int s = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), any = from.s_addr == 0, port = atoi(argv[3]);
  if (s < 0) return perror("raw"), 1;
  if (!load(argv[1])) return 1;
  double rate = argc > 7 ? atof(argv[6]) : 1000, seconds = argc > 7 ? atof(argv[7]) : count / rate;
  long total = argc > 7 ? (long)(rate * seconds) : count, sent = 0;
  double start = now_s();
  for (long i = 0; i < total; i++) {
    double wait = start + i / rate - now_s();
    if (wait > 0.001) nanosleep(&(struct timespec){.tv_nsec = (long)(wait * 1e9)}, NULL);
    struct in_addr source = from;
    if (any) source.s_addr = htonl(0xc6120000u | (uint32_t)(i % 131072));
    address(i % count, source, any ? 1024 + i % 60000 : port, &to);
    if (sendto(s, data[i % count], 28 + sizes[i % count], 0, (void *)&to, sizeof to) > 0) sent++;
    if (now_s() - start > seconds + 1) break; /* it cannot keep up: what was reached is said */
  }
  double spent = now_s() - start;
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  double cpu = r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  printf("{\"sent\":%ld,\"seconds\":%.3f,\"core\":%.3f}\n", sent, spent, cpu / spent);
  return 0;
}
