/* The yardstick of `npm run bench:wire`: datagrams of one size to 127.0.0.1 through `sendmmsg`, from memory that is
 * prepared once. With `segments` above 1 each message is that many datagrams, cut by the kernel (UDP_SEGMENT).
 *
 *   send PORT BYTES DATAGRAMS SEGMENTS [connect]     prints the seconds it took
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { batch = 64 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words) {
  if (count < 5) return 2;
  const int bytes = atoi(words[2]), segments = atoi(words[4]);
  const long datagrams = atol(words[3]);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  const int connected = count > 5;
  if (connected && connect(descriptor, (struct sockaddr *)&to, sizeof to)) return perror("connect"), 1;

  static char payload[batch][65536];
  static char control[batch][CMSG_SPACE(sizeof(uint16_t))];
  struct mmsghdr messages[batch] = {0};
  struct iovec vectors[batch];
  for (int index = 0; index < batch; index++) {
    vectors[index] = (struct iovec){payload[index], (size_t)bytes * segments};
    struct msghdr *header = &messages[index].msg_hdr;
    header->msg_iov = &vectors[index];
    header->msg_iovlen = 1;
    if (!connected) header->msg_name = &to, header->msg_namelen = sizeof to;
    if (segments == 1) continue;
    header->msg_control = control[index];
    header->msg_controllen = sizeof control[index];
    struct cmsghdr *segment = CMSG_FIRSTHDR(header);
    *segment = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    *(uint16_t *)CMSG_DATA(segment) = bytes;
  }

  const double start = now();
  for (long sent = 0; sent < datagrams;) {
    const long left = (datagrams - sent + segments - 1) / segments;
    const int taken = sendmmsg(descriptor, messages, left < batch ? left : batch, 0);
    if (taken < 0) return perror("sendmmsg"), 1;
    sent += (long)taken * segments;
  }
  printf("%.9f\n", now() - start);
  return 0;
}
