/*
 * What pacing can be at its plainest: reads the clock until each deadline has come, then sends one datagram.
 *
 * Usage: pacing-spin PORT BYTES SCHEDULE RESULT [CPU]. With CPU it stays on that processor. SCHEDULE is 64-bit offsets in ns from the origin; RESULT gets what
 * CLOCK_REALTIME, by which the kernel stamps, is ahead, the origin, and the clock reading that ended each wait, by
 * CLOCK_MONOTONIC. A datagram begins with its index, 32 bits, little-endian.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static int64_t read_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t now_ns(void) { return read_ns(CLOCK_MONOTONIC); }

/* By the closest of many pairs of readings. */
static int64_t realtime_ahead_ns(void) {
  int64_t ahead = 0;
  int64_t closest = INT64_MAX;
  for (int sample = 0; sample < 100; sample++) {
    int64_t before = now_ns();
    int64_t realtime = read_ns(CLOCK_REALTIME);
    int64_t after = now_ns();
    if (after - before >= closest) continue;
    closest = after - before;
    ahead = realtime - (before + after) / 2;
  }
  return ahead;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int count_of_arguments, char **arguments) {
  if (count_of_arguments != 5 && count_of_arguments != 6) {
    fprintf(stderr, "usage: pacing-spin PORT BYTES SCHEDULE RESULT [CPU]\n");
    return 2;
  }
  if (count_of_arguments == 6) {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(atoi(arguments[5]), &own);
    if (sched_setaffinity(0, sizeof own, &own) != 0) fail("sched_setaffinity");
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  size_t bytes = (size_t)atoi(arguments[2]);
  char payload[65536] = {0};
  if (bytes < 4 || bytes > sizeof payload) return 2;

  FILE *schedule = fopen(arguments[3], "rb");
  if (schedule == NULL) fail(arguments[3]);
  fseek(schedule, 0, SEEK_END);
  size_t packets = (size_t)ftell(schedule) / sizeof(int64_t);
  rewind(schedule);
  int64_t *offsets = malloc(packets * sizeof *offsets);
  int64_t *starts = calloc(packets + 2, sizeof *starts);
  if (offsets == NULL || starts == NULL) fail("memory");
  if (fread(offsets, sizeof *offsets, packets, schedule) != packets) fail(arguments[3]);
  fclose(schedule);

  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) fail("socket");
  int64_t origin = now_ns() + 50000000;
  starts[1] = origin;
  for (size_t index = 0; index < packets; index++) {
    int64_t due = origin + offsets[index];
    int64_t now;
    for (int byte = 0; byte < 4; byte++) payload[byte] = (char)(index >> (8 * byte));
    do now = now_ns();
    while (now < due);
    if (sendto(descriptor, payload, bytes, 0, (struct sockaddr *)&to, sizeof to) < 0) fail("sendto");
    starts[index + 2] = now;
  }

  starts[0] = realtime_ahead_ns();
  FILE *result = fopen(arguments[4], "wb");
  if (result == NULL) fail(arguments[4]);
  if (fwrite(starts, sizeof *starts, packets + 2, result) != packets + 2) fail(arguments[4]);
  return fclose(result) == 0 ? 0 : 1;
}
