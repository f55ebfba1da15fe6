/* The packet ring as a C program drives it, to compare with: ring-loop IFACE SECONDS FRAME_BYTES BATCH COPY
 * Prints the frames sent and the seconds that it took. COPY 1 asks for PACKET_VNET_HDR and has frames copied whole. */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { block_bytes = 1 << 18, blocks = 8, slot_bytes = 1600, slots_per_block = block_bytes / slot_bytes };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int failed, const char *what) {
  if (!failed) return;
  perror(what);
  exit(1);
}

int main(int count, char **words) {
  if (count != 6) return 2;
  const double seconds = atof(words[2]);
  const int length = atoi(words[3]), batch = atoi(words[4]), copies = atoi(words[5]);
  const int one = 1, version = TPACKET_V2, buffer = 32 << 20;
  const int fd = socket(AF_PACKET, SOCK_RAW, 0);
  must(fd < 0, "socket");
  must(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version), "PACKET_VERSION");
  must(setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one), "PACKET_QDISC_BYPASS");
  if (copies) must(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one), "PACKET_VNET_HDR");
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  struct tpacket_req request = {block_bytes, blocks, slot_bytes, slots_per_block * blocks};
  must(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof request), "PACKET_TX_RING");
  uint8_t *ring = mmap(0, (size_t)block_bytes * blocks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  must(ring == MAP_FAILED, "mmap");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(words[1])};
  must(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");

  uint8_t frame[slot_bytes] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  const int head = copies ? 10 : 0;
  const double start = now(), end = start + seconds;
  long sent = 0;
  for (unsigned slot = 0, staged = 0;;) {
    uint8_t *at = ring + (size_t)(slot / slots_per_block) * block_bytes + (slot % slots_per_block) * slot_bytes;
    volatile struct tpacket2_hdr *header = (volatile struct tpacket2_hdr *)at;
    while (header->tp_status != TP_STATUS_AVAILABLE) {
      struct pollfd polled = {fd, POLLOUT, 0};
      sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
      poll(&polled, 1, 1);
    }
    uint8_t *to = at + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
    if (copies) {
      memset(to, 0, 10);
      to[2] = length & 0xff;
      to[3] = length >> 8;
    }
    memcpy(to + head, frame, length);
    header->tp_len = length + head;
    header->tp_status = TP_STATUS_SEND_REQUEST;
    slot = (slot + 1) % (slots_per_block * blocks);
    sent++;
    if (++staged < (unsigned)batch) continue;
    staged = 0;
    must(sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != ENOBUFS, "sendto");
    if (now() > end) break;
  }
  printf("%ld %.9f\n", sent, now() - start);
  return 0;
}
