/*
 * What C takes for the bench's checksums: plain loops, compiled with -O3 -march=native, that trust every length. Each
 * adds up, modulo 2^32, the same 32-bit words of every field as handlers.ts, mdp-handlers.ts and the scan of cases.ts.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t be16(const uint8_t *p) {
  uint16_t value;
  memcpy(&value, p, 2);
  return __builtin_bswap16(value);
}

static inline uint32_t be32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return __builtin_bswap32(value);
}

static inline uint32_t le16(const uint8_t *p) {
  uint16_t value;
  memcpy(&value, p, 2);
  return value;
}

static inline uint32_t le32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return value;
}

/* So many words from one offset on. */
static inline uint32_t words(const uint8_t *p, int count) {
  uint32_t sum = 0;
  for (int index = 0; index < count; index++) sum += be32(p + 4 * index);
  return sum;
}

/* So many bytes from one offset on. */
static inline uint32_t bytes(const uint8_t *p, int count) {
  uint32_t sum = 0;
  for (int index = 0; index < count; index++) sum += p[index];
  return sum;
}

static inline uint32_t itch_message(const uint8_t *p) {
  uint32_t sum = p[0] + be16(p + 1) + be16(p + 3) + be16(p + 5) + be32(p + 7);
  switch (p[0]) {
    case 'S': case 'W': return sum + p[11];
    case 'R': return sum + words(p + 11, 2) + bytes(p + 19, 2) + be32(p + 21) + bytes(p + 25, 2) + be16(p + 27) +
                     bytes(p + 29, 5) + be32(p + 34) + p[38];
    case 'H': return sum + words(p + 11, 2) + bytes(p + 19, 2) + be32(p + 21);
    case 'Y': case 'N': return sum + words(p + 11, 2) + p[19];
    case 'L': return sum + words(p + 11, 3) + bytes(p + 23, 3);
    case 'V': case 'J': case 'U': return sum + words(p + 11, 6);
    case 'K': return sum + words(p + 11, 3) + p[23] + be32(p + 24);
    case 'h': return sum + words(p + 11, 2) + bytes(p + 19, 2);
    case 'A': return sum + words(p + 11, 2) + p[19] + words(p + 20, 4);
    case 'F': return sum + words(p + 11, 2) + p[19] + words(p + 20, 5);
    case 'E': return sum + words(p + 11, 5);
    case 'C': return sum + words(p + 11, 5) + p[31] + be32(p + 32);
    case 'X': return sum + words(p + 11, 3);
    case 'D': case 'B': return sum + words(p + 11, 2);
    case 'P': return sum + words(p + 11, 2) + p[19] + words(p + 20, 6);
    case 'Q': return sum + words(p + 11, 7) + p[39];
    case 'I': return sum + words(p + 11, 4) + p[27] + words(p + 28, 5) + bytes(p + 48, 2);
    case 'O': return sum + words(p + 11, 2) + p[19] + words(p + 20, 7);
    default: return 0;
  }
}

/* Every field of the messages behind their lengths. */
uint32_t itch_fields(const uint8_t *start, size_t length) {
  uint32_t sum = 0;
  for (const uint8_t *p = start, *end = start + length; p < end; p += 2 + be16(p)) sum += itch_message(p + 2);
  return sum;
}

/* The walk alone: messages by type, their types added up, and the least and the greatest time stamp. */
uint32_t itch_scan(const uint8_t *start, size_t length) {
  static uint32_t counts[256];
  uint32_t sum = 0;
  uint64_t least = UINT64_MAX, most = 0;
  for (const uint8_t *p = start, *end = start + length; p < end; p += 2 + be16(p)) {
    uint64_t time = (uint64_t)be16(p + 7) << 32 | be32(p + 9);
    counts[p[2]]++;
    sum += p[2];
    if (time < least) least = time;
    if (time > most) most = time;
  }
  __asm__ volatile("" : : "r"(counts) : "memory");
  return sum + (uint32_t)least + (uint32_t)(least >> 32) + (uint32_t)most + (uint32_t)(most >> 32);
}

/* A little-endian pcap of tagged Ethernet, IPv4, UDP and MoldUDP64, to every field; checksums are not verified. */
uint32_t itch_pcap(const uint8_t *start, size_t length) {
  const uint32_t file_header = 24, record_header = 16, headers = 18 + 20 + 8, mold_header = 20;
  uint32_t sum = 0;
  for (const uint8_t *p = start + file_header, *end = start + length; p < end; p += record_header + le32(p + 8)) {
    const uint8_t *mold = p + record_header + headers;
    uint32_t count = be16(mold + 18);
    for (const uint8_t *q = mold + mold_header; count > 0; count--, q += 2 + be16(q)) sum += itch_message(q + 2);
  }
  return sum;
}

static inline uint32_t wide(const uint8_t *p) { return le32(p) + le32(p + 4); }

/* A word, 0 where it stands for none. */
static inline uint32_t known32(const uint8_t *p) {
  uint32_t value = le32(p);
  return value == 0x7fffffff ? 0 : value;
}

static inline uint32_t date(const uint8_t *p) {
  uint32_t value = le16(p);
  return value == 0xffff ? 0 : value;
}

/* Every field of every group entry of templates 46, 47, 48 and 52, behind their sizes. */
uint32_t mdp_fields(const uint8_t *start, size_t length) {
  uint32_t sum = 0;
  for (const uint8_t *p = start, *end = start + length; p < end; p += le16(p)) {
    const uint8_t *root = p + 10, *group = root + le16(p + 2);
    uint32_t template = le16(p + 4), step = le16(group), count = group[2];
    group += 3;
    if (template == 52) {
      sum += wide(root) + wide(root + 8) + wide(root + 16) + wide(root + 24) + date(root + 32) + root[34] +
             wide(root + 35) + wide(root + 43) + wide(root + 51);
    } else {
      sum += wide(root) + root[8];
    }
    switch (template) {
      case 46: {
        int has_tradeable = le16(p + 8) >= 10;
        for (; count > 0; count--, group += step) {
          sum += wide(group) + known32(group + 8) + wide(group + 12) + known32(group + 20) + bytes(group + 24, 3);
          if (has_tradeable) sum += known32(group + 27);
        }
        step = le16(group);
        count = group[7];
        for (group += 8; count > 0; count--, group += step) {
          sum += wide(group) + wide(group + 8) + known32(group + 16) + (group[20] == 255 ? 0 : group[20]) + group[21];
        }
        break;
      }
      case 47:
        for (; count > 0; count--, group += step) {
          sum += wide(group) + wide(group + 8) + wide(group + 16) + known32(group + 24) + le32(group + 28) +
                 bytes(group + 32, 2);
        }
        break;
      case 48:
        for (; count > 0; count--, group += step) {
          uint32_t id = le32(group + 26);
          sum += wide(group) + wide(group + 8) + wide(group + 16) + bytes(group + 24, 2) + (id == 0xffffffff ? 0 : id);
        }
        step = le16(group);
        count = group[7];
        for (group += 8; count > 0; count--, group += step) sum += wide(group) + le32(group + 8);
        break;
      case 52:
        for (; count > 0; count--, group += step) {
          int32_t depth = (int8_t)group[16];
          sum += wide(group) + known32(group + 8) + known32(group + 12) + (depth == 127 ? 0 : (uint32_t)depth) +
                 date(group + 17) + bytes(group + 19, 3);
        }
        break;
    }
  }
  return sum;
}
