/* enet_peer: small ENet interop and measuring peer (links libenet, e.g. Debian libenet7).
 *
 *   enet_peer server [--port N] [--bind IP] [--echo] [--crc] [--range] [--seconds N] [--mtu N]
 *   enet_peer bulk   HOST PORT [--mb N | --for SECONDS] [--size BYTES] [--seconds N] [--crc] [--range]
 *   enet_peer ping   HOST PORT [--count N] [--size BYTES] [--unreliable] [--interval-us N]
 *                    [--leave]
 *
 * Server: prints one JSON line per event of interest. Without --echo it is a sink that
 * sends back one reliable 8-byte message "DONE" + u32 when it has got a message that
 * starts with "FIN!". With --echo every message is sent back with the same flags.
 * bulk: sends reliable messages on channel 0, so many or for so long, then "FIN!", waits for "DONE".
 * In both modes a message that is "BYE!" makes the server disconnect with data 5.
 * ping: one message in flight at a time; reports the round trip times in microseconds, each and what they come to.
 * With --leave it disconnects with data 6 and waits for the acknowledgement.
 */
#include <enet/enet.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double cpu_s(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static int cmp_double(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

struct options {
  int port, leave, echo, crc, range, unreliable;
  double mb, seconds, fill;
  long size, count, interval_us, mtu;
  const char *bind, *host;
};

static struct options parse(int argc, char **argv, int first) {
  struct options o = {.port = 0, .mb = 100, .seconds = 60, .size = 65536, .count = 5000, .bind = "0.0.0.0"};
  for (int i = first; i < argc; i++) {
    char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "0";
    if (!strcmp(a, "--port")) o.port = atoi(v), i++;
    else if (!strcmp(a, "--bind")) o.bind = v, i++;
    else if (!strcmp(a, "--mb")) o.mb = atof(v), i++;
    else if (!strcmp(a, "--seconds")) o.seconds = atof(v), i++;
    else if (!strcmp(a, "--for")) o.fill = atof(v), i++;
    else if (!strcmp(a, "--size")) o.size = atol(v), i++;
    else if (!strcmp(a, "--count")) o.count = atol(v), i++;
    else if (!strcmp(a, "--interval-us")) o.interval_us = atol(v), i++;
    else if (!strcmp(a, "--mtu")) o.mtu = atol(v), i++;
    else if (!strcmp(a, "--leave")) o.leave = 1;
    else if (!strcmp(a, "--echo")) o.echo = 1;
    else if (!strcmp(a, "--crc")) o.crc = 1;
    else if (!strcmp(a, "--range")) o.range = 1;
    else if (!strcmp(a, "--unreliable")) o.unreliable = 1;
    else fprintf(stderr, "unknown option %s\n", a), exit(2);
  }
  return o;
}

static ENetHost *make_host(const ENetAddress *addr, size_t peers, struct options *o) {
  ENetHost *h = enet_host_create(addr, peers, 4, 0, 0);
  if (!h) fprintf(stderr, "enet_host_create failed\n"), exit(1);
  if (o->crc) h->checksum = enet_crc32;
  if (o->range) enet_host_compress_with_range_coder(h);
  if (o->mtu) h->mtu = o->mtu;
  return h;
}

static int run_server(struct options o) {
  ENetAddress a = {.port = (enet_uint16)o.port};
  enet_address_set_host_ip(&a, o.bind);
  ENetHost *h = make_host(&a, 64, &o);
  ENetEvent ev;
  unsigned long long bytes = 0, messages = 0;
  double start = now_us(), first = 0;
  printf("{\"event\":\"listening\",\"port\":%u}\n", h->address.port);
  fflush(stdout);
  while (now_us() - start < o.seconds * 1e6) {
    if (enet_host_service(h, &ev, 100) <= 0) continue;
    char ip[64] = "";
    switch (ev.type) {
    case ENET_EVENT_TYPE_CONNECT:
      enet_address_get_host_ip(&ev.peer->address, ip, sizeof ip);
      printf("{\"event\":\"connect\",\"from\":\"%s:%u\",\"data\":%u,\"mtu\":%u,\"window\":%u,\"channels\":%zu}\n", ip,
             ev.peer->address.port, ev.data, ev.peer->mtu, ev.peer->windowSize, ev.peer->channelCount);
      bytes = messages = 0, first = 0;
      break;
    case ENET_EVENT_TYPE_DISCONNECT:
      printf("{\"event\":\"disconnect\",\"data\":%u,\"messages\":%llu,\"bytes\":%llu,\"cpu_s\":%.3f}\n", ev.data,
             messages, bytes, cpu_s());
      break;
    case ENET_EVENT_TYPE_RECEIVE:
      if (!first) first = now_us();
      messages++, bytes += ev.packet->dataLength;
      if (ev.packet->dataLength == 4 && !memcmp(ev.packet->data, "BYE!", 4)) {
        enet_peer_disconnect(ev.peer, 5);
      } else if (o.echo) {
        enet_uint32 f = ev.packet->flags & (ENET_PACKET_FLAG_RELIABLE | ENET_PACKET_FLAG_UNSEQUENCED |
                                            ENET_PACKET_FLAG_UNRELIABLE_FRAGMENT);
        enet_peer_send(ev.peer, ev.channelID, enet_packet_create(ev.packet->data, ev.packet->dataLength, f));
        enet_host_flush(h);
      } else if (ev.packet->dataLength >= 4 && !memcmp(ev.packet->data, "FIN!", 4)) {
        printf("{\"event\":\"fin\",\"messages\":%llu,\"bytes\":%llu,\"seconds\":%.4f,\"cpu_s\":%.3f}\n", messages,
               bytes, (now_us() - first) / 1e6, cpu_s());
        enet_peer_send(ev.peer, 0, enet_packet_create("DONE\0\0\0\0", 8, ENET_PACKET_FLAG_RELIABLE));
        enet_host_flush(h);
      }
      enet_packet_destroy(ev.packet);
      break;
    default:
      break;
    }
    fflush(stdout);
  }
  enet_host_destroy(h);
  return 0;
}

static ENetPeer *connect_to(ENetHost *h, const char *host, int port, double *connect_us) {
  ENetAddress a = {.port = (enet_uint16)port};
  ENetEvent ev;
  if (enet_address_set_host(&a, host) < 0) fprintf(stderr, "bad host\n"), exit(1);
  double t = now_us();
  ENetPeer *p = enet_host_connect(h, &a, 2, 0);
  if (!p) fprintf(stderr, "no peer\n"), exit(1);
  if (enet_host_service(h, &ev, 10000) <= 0 || ev.type != ENET_EVENT_TYPE_CONNECT)
    fprintf(stderr, "connect failed\n"), exit(1);
  *connect_us = now_us() - t;
  return p;
}

static long held; /* messages that the library has not let go of: queued, or not acknowledged */
static void let_go(ENetPacket *packet) { (void)packet, held--; }

static int run_bulk(struct options o, const char *host, int port) {
  ENetHost *h = make_host(NULL, 1, &o);
  double connect_us, deadline;
  ENetPeer *p = connect_to(h, host, port, &connect_us);
  unsigned char *buf = malloc(o.size);
  for (long i = 0; i < o.size; i++) buf[i] = (unsigned char)(i * 2654435761u >> 13);
  unsigned long long total = (unsigned long long)(o.mb * 1e6), queued = 0;
  double t0 = now_us(), c0 = cpu_s();
  int fin = 0, done = 0, rtt_max = 0, throttle_min = 32;
  ENetEvent ev;
  deadline = t0 + o.seconds * 1e6;
  while (!done && now_us() < deadline) {
    int is_over = o.fill > 0 ? now_us() - t0 >= o.fill * 1e6 : queued >= total;
    /* keep at most about 1 MB in the library */
    while (!is_over && held * o.size < 1000000) {
      ENetPacket *packet = enet_packet_create(buf, o.size, ENET_PACKET_FLAG_RELIABLE);
      packet->freeCallback = let_go;
      enet_peer_send(p, 0, packet);
      queued += o.size, held++;
      if (o.fill <= 0) is_over = queued >= total;
    }
    if (is_over && !fin) {
      enet_peer_send(p, 0, enet_packet_create("FIN!", 4, ENET_PACKET_FLAG_RELIABLE));
      fin = 1;
    }
    if (enet_host_service(h, &ev, 1) > 0) {
      if (ev.type == ENET_EVENT_TYPE_RECEIVE) {
        if (ev.packet->dataLength == 8 && !memcmp(ev.packet->data, "DONE", 4)) done = 1;
        enet_packet_destroy(ev.packet);
      } else if (ev.type == ENET_EVENT_TYPE_DISCONNECT) {
        fprintf(stderr, "disconnected\n");
        break;
      }
    }
    if ((int)p->roundTripTime > rtt_max) rtt_max = p->roundTripTime;
    if ((int)p->packetThrottle < throttle_min) throttle_min = p->packetThrottle;
  }
  double s = (now_us() - t0) / 1e6;
  double acked = done ? (double)queued : 0;
  if (!done) { /* ran out of time: count what is no longer queued or in flight */
    double left = 0;
    for (ENetListIterator it = enet_list_begin(&p->outgoingCommands); it != enet_list_end(&p->outgoingCommands); it = enet_list_next(it))
      left += ((ENetOutgoingCommand *)it)->fragmentLength;
    acked = queued - left - p->reliableDataInTransit;
  }
  printf("{\"test\":\"enet-c-bulk\",\"done\":%d,\"bytes\":%llu,\"mbytes\":%.2f,\"seconds\":%.3f,\"MBps\":%.3f,\"cpu_s\":%.3f,\"connect_ms\":%.2f,"
         "\"rtt_ms\":%u,\"rtt_max_ms\":%d,\"throttle_min\":%d,\"loss\":%.4f,\"sent_packets\":%u,\"sent_bytes\":%u}\n",
         done, queued, acked / 1e6, s, acked / 1e6 / s, cpu_s() - c0, connect_us / 1e3, p->roundTripTime, rtt_max, throttle_min,
         p->packetLoss / 65536.0, h->totalSentPackets, h->totalSentData);
  enet_peer_disconnect_now(p, 0);
  enet_host_destroy(h);
  free(buf);
  return !done;
}

static int run_ping(struct options o, const char *host, int port) {
  ENetHost *h = make_host(NULL, 1, &o);
  double connect_us;
  ENetPeer *p = connect_to(h, host, port, &connect_us);
  if (o.size < (long)sizeof(long)) o.size = 64;
  unsigned char *buf = calloc(1, o.size);
  double *rtt = malloc(sizeof(double) * o.count), c0 = cpu_s(), start = now_us();
  long n = 0;
  ENetEvent ev;
  while (n < o.count && now_us() - start < o.seconds * 1e6) {
    double t = now_us();
    int got = 0;
    memcpy(buf, &n, sizeof n);
    enet_peer_send(p, 0, enet_packet_create(buf, o.size, o.unreliable ? 0 : ENET_PACKET_FLAG_RELIABLE));
    enet_host_flush(h);
    while (!got && now_us() - t < 5e6) {
      if (enet_host_service(h, &ev, 10) <= 0) continue;
      if (ev.type == ENET_EVENT_TYPE_RECEIVE) {
        long id;
        memcpy(&id, ev.packet->data, sizeof id);
        if (id == n) got = 1;
        enet_packet_destroy(ev.packet);
      } else if (ev.type == ENET_EVENT_TYPE_DISCONNECT) {
        printf("{\"event\":\"disconnect\",\"data\":%u}\n", ev.data);
        return 1;
      }
    }
    if (!got) {
      fprintf(stderr, "no echo\n");
      return 1;
    }
    rtt[n++] = now_us() - t;
    while (o.interval_us && now_us() - t < o.interval_us) enet_host_service(h, NULL, 1);
  }
  printf("{\"rtts_us\":[");
  for (long i = 0; i < n; i++) printf(i ? ",%.1f" : "%.1f", rtt[i]);
  printf("]}\n");
  qsort(rtt, n, sizeof *rtt, cmp_double);
  printf("{\"test\":\"enet-c-ping\",\"n\":%ld,\"size\":%ld,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,"
         "\"cpu_us_per_rt\":%.2f,\"connect_ms\":%.2f}\n",
         n, o.size, rtt[n / 2], rtt[n * 9 / 10], rtt[n * 99 / 100], rtt[n - 1], (cpu_s() - c0) * 1e6 / n, connect_us / 1e3);
  if (!o.leave) enet_peer_disconnect_now(p, 0);
  else {
    enet_peer_disconnect(p, 6);
    while (enet_host_service(h, &ev, 3000) > 0) {
      if (ev.type != ENET_EVENT_TYPE_DISCONNECT) continue;
      printf("{\"event\":\"left\"}\n");
      break;
    }
  }
  enet_host_destroy(h);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2 || enet_initialize() != 0) return 2;
  if (!strcmp(argv[1], "server")) return run_server(parse(argc, argv, 2));
  if (argc >= 4 && !strcmp(argv[1], "bulk")) return run_bulk(parse(argc, argv, 4), argv[2], atoi(argv[3]));
  if (argc >= 4 && !strcmp(argv[1], "ping")) {
    struct options o = parse(argc, argv, 4);
    if (o.size == 65536) o.size = 64;
    return run_ping(o, argv[2], atoi(argv[3]));
  }
  fprintf(stderr, "usage: enet_peer server|bulk|ping ...\n");
  return 2;
}
