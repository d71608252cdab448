/* enet_range: what libenet's range coder makes of octets. A line of hex in, a line of hex out: compressed, or "-"
 * if it does not get smaller; with --back decompressed, or "-". */
#include <enet/enet.h>
#include <stdio.h>
#include <string.h>

#define LIMIT 4096

int main(int argc, char **argv) {
  int back = argc > 1 && !strcmp(argv[1], "--back");
  void *coder = enet_range_coder_create();
  static char line[2 * LIMIT + 2];
  static enet_uint8 in[LIMIT], out[LIMIT];
  while (fgets(line, sizeof line, stdin)) {
    size_t n = strcspn(line, "\n") / 2;
    for (size_t i = 0; i < n; i++) sscanf(line + 2 * i, "%2hhx", &in[i]);
    ENetBuffer buffer = {.data = in, .dataLength = n};
    size_t size = back ? enet_range_coder_decompress(coder, in, n, out, LIMIT)
                       : enet_range_coder_compress(coder, &buffer, 1, n, out, n);
    if (size == 0 || (!back && size >= n)) printf("-");
    else
      for (size_t i = 0; i < size; i++) printf("%02x", out[i]);
    printf("\n");
  }
  return 0;
}
