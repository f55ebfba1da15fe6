/*
 * An example parser under test, in C11: ITCH 5.0 and MDP 3.0 from standard input to NDJSON; one file, as it is compiled.
 *
 * Reads a pcap of UDP over IPv4 (MoldUDP64, or MDP 3.0 with `--layout FILE`) or a BinaryFILE. The layout of MDP's
 * templates is a text, a line a message, group or field. Numbers that are missing and packets that cannot be what they
 * say are reported, lines among the others. It puts no fragments together. The variable BUG plants one mistake, by name.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *bug = "";
static bool has_bug(const char *name) { return strcmp(bug, name) == 0; }

/* T is 48 bits, I, H and Q unsigned integers of 32, 16 and 64, a number text of so many bytes. */
typedef struct { char type; const char *name, *fields; } itch_type;
static const char itch_head[] = "stockLocate:H trackingNumber:H timestamp:T ";
static const itch_type itch_types[] = {
    {'S', "SystemEvent", "eventCode:1"},
    {'R', "StockDirectory", "stock:8 marketCategory:1 financialStatusIndicator:1 roundLotSize:I roundLotsOnly:1 "
     "issueClassification:1 issueSubType:2 authenticity:1 shortSaleThresholdIndicator:1 ipoFlag:1 "
     "luldReferencePriceTier:1 etpFlag:1 etpLeverageFactor:I inverseIndicator:1"},
    {'H', "StockTradingAction", "stock:8 tradingState:1 reserved:1 reason:4"},
    {'Y', "RegShoRestriction", "stock:8 regShoAction:1"},
    {'L', "MarketParticipantPosition", "mpid:4 stock:8 primaryMarketMaker:1 marketMakerMode:1 marketParticipantState:1"},
    {'V', "MwcbDeclineLevel", "level1:Q level2:Q level3:Q"},
    {'W', "MwcbStatus", "breachedLevel:1"},
    {'K', "QuotingPeriodUpdate", "stock:8 ipoQuotationReleaseTime:I ipoQuotationReleaseQualifier:1 ipoPrice:I"},
    {'J', "LuldAuctionCollar", "stock:8 auctionCollarReferencePrice:I upperAuctionCollarPrice:I lowerAuctionCollarPrice:I "
     "auctionCollarExtension:I"},
    {'h', "OperationalHalt", "stock:8 marketCode:1 operationalHaltAction:1"},
    {'A', "AddOrder", "orderReferenceNumber:Q buySellIndicator:1 shares:I stock:8 price:I"},
    {'F', "AddOrderMpid", "orderReferenceNumber:Q buySellIndicator:1 shares:I stock:8 price:I attribution:4"},
    {'E', "OrderExecuted", "orderReferenceNumber:Q executedShares:I matchNumber:Q"},
    {'C', "OrderExecutedWithPrice", "orderReferenceNumber:Q executedShares:I matchNumber:Q printable:1 executionPrice:I"},
    {'X', "OrderCancel", "orderReferenceNumber:Q cancelledShares:I"},
    {'D', "OrderDelete", "orderReferenceNumber:Q"},
    {'U', "OrderReplace", "originalOrderReferenceNumber:Q newOrderReferenceNumber:Q shares:I price:I"},
    {'P', "Trade", "orderReferenceNumber:Q buySellIndicator:1 shares:I stock:8 price:I matchNumber:Q"},
    {'Q', "CrossTrade", "shares:Q stock:8 crossPrice:I matchNumber:Q crossType:1"},
    {'B', "BrokenTrade", "matchNumber:Q"},
    {'I', "NetOrderImbalanceIndicator", "pairedShares:Q imbalanceShares:Q imbalanceDirection:1 stock:8 farPrice:I nearPrice:I "
     "currentReferencePrice:I crossType:1 priceVariationIndicator:1"},
    {'N', "RetailInterest", "stock:8 interestFlag:1"},
    {'O', "DirectListingWithCapitalRaise", "stock:8 openEligibilityStatus:1 minimumAllowablePrice:I maximumAllowablePrice:I "
     "nearExecutionPrice:I nearExecutionTime:Q lowerPriceRangeCollar:I upperPriceRangeCollar:I"},
};

typedef struct { char name[64], kind, extra[48], members[200]; int since, offset, size; bool has_null; uint64_t null; } field;
typedef struct { char name[64], least[120]; int since, size, count_at, until, id, fields, first_field; } block;
static field fields[4096];
static block blocks[1024];
static int field_count, block_count;

static uint64_t big(const uint8_t *at, int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; i++) value = value << 8 | at[i];
    return value;
}

static uint64_t little(const uint8_t *at, int size) {
    uint64_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static int64_t as_signed(uint64_t value, int size) {
    int shift = 64 - 8 * size;
    return (int64_t)(value << shift) >> shift;
}

/* Text up to the first NUL where there may be one, without spaces at its end. */
static void put_text(const uint8_t *at, int size, bool ends_at_nul) {
    int length = 0;
    while (length < size && !(ends_at_nul && at[length] == 0)) length++;
    while (length > 0 && at[length - 1] == ' ') length--;
    putchar('"');
    for (int i = 0; i < length; i++) {
        if (at[i] == '"' || at[i] == '\\') printf("\\%c", at[i]);
        else if (at[i] < 0x20 || at[i] > 0x7e) printf("\\u%04x", at[i]);
        else putchar(at[i]);
    }
    putchar('"');
}

static int itch_size(const char *kind) {
    switch (*kind) {
    case 'H': return 2;
    case 'I': return 4;
    case 'T': return 6;
    case 'Q': return 8;
    default: return atoi(kind);
    }
}

static void itch_field(const char *name, int name_length, char kind, const uint8_t *at, int size) {
    bool is_shares = name_length == 6 && memcmp(name, "shares", 6) == 0;
    bool is_price = name_length == 5 && memcmp(name, "price", 5) == 0;
    bool is_match = name_length == 11 && memcmp(name, "matchNumber", 11) == 0;
    printf(",\"%.*s\":", name_length, name);
    if (kind <= '9') {
        put_text(at, has_bug("text-cut") && size == 8 ? 7 : size, false);
        return;
    }
    uint64_t value = big(at, size);
    if (has_bug("endianness") && is_match) value = little(at, size);
    if (has_bug("through-float") && size == 8) value = (uint64_t)(double)(float)value;
    if (has_bug("wrong-scale") && is_price) value *= 100;
    if (has_bug("timestamp-32") && size == 6) value &= 0xffffffff;
    if (has_bug("sign") && is_shares && size == 4) printf("%" PRId32, (int32_t)value);
    else printf(size == 8 ? "\"%" PRIu64 "\"" : "%" PRIu64, value);
}

static bool walk_itch(const char *rows, const uint8_t *data, int length, int *at, bool prints) {
    while (*rows) {
        const char *colon = strchr(rows, ':');
        int size = itch_size(colon + 1);
        if (*at + size > length) return false;
        if (prints) itch_field(rows, (int)(colon - rows), colon[1], data + *at, size);
        *at += size;
        rows = strchr(colon, ' ') ? strchr(colon, ' ') + 1 : "";
    }
    return true;
}

static void itch_message(uint64_t sequence, const uint8_t *data, int length) {
    for (size_t i = 0; i < sizeof itch_types / sizeof *itch_types; i++) {
        const itch_type *type = &itch_types[i];
        if (length == 0 || data[0] != (uint8_t)type->type) continue;
        if (has_bug("type-missing") && type->type == 'N') return;
        int at = 1;
        if (!walk_itch(itch_head, data, length, &at, false) || !walk_itch(type->fields, data, length, &at, false)) return;
        if (at != length) return;
        uint8_t copy[64];
        memcpy(copy, data, (size_t)length);
        if (has_bug("swapped-fields")) {
            memcpy(copy + 1, data + 3, 2);
            memcpy(copy + 3, data + 1, 2);
        }
        printf("{\"sequence\":%" PRIu64 ",\"type\":\"%c\",\"name\":\"%s\"", sequence, type->type, type->name);
        at = 1;
        walk_itch(itch_head, copy, length, &at, true);
        walk_itch(type->fields, copy, length, &at, true);
        puts("}");
        return;
    }
}

/* The parts of a line, cut at `mark`; an empty part counts. */
static int cut(char *text, char mark, char **parts, int most) {
    int count = 0;
    for (char *at = text; at != NULL && count < most;) {
        parts[count++] = at;
        at = strchr(at, mark);
        if (at != NULL) *at++ = 0;
    }
    return count;
}

static bool read_layout(const char *path) {
    FILE *file = fopen(path, "r");
    char line[1024], *parts[10];
    if (file == NULL) return false;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        int count = cut(line, '|', parts, 10);
        if (parts[0][0] == 'F' && field_count < 4096) {
            field *one = &fields[field_count++];
            snprintf(one->name, sizeof one->name, "%s", parts[1]);
            one->since = atoi(parts[2]), one->offset = atoi(parts[3]), one->size = atoi(parts[4]);
            /* t text, c constant, l letter, C character, i and u integers, d decimal, p parts */
            one->kind = strcmp(parts[5], "char") == 0 ? 'C' : parts[5][0];
            one->has_null = parts[6][0] != 0;
            one->null = parts[6][0] == '-' ? (uint64_t)strtoll(parts[6], NULL, 10) : strtoull(parts[6], NULL, 10);
            snprintf(one->extra, sizeof one->extra, "%s", count > 7 ? parts[7] : "");
            snprintf(one->members, sizeof one->members, "%s", count > 8 ? parts[8] : "");
            blocks[block_count - 1].fields++;
        } else if (block_count < 1024) {
            block *one = &blocks[block_count++];
            bool is_message = parts[0][0] == 'M';
            one->id = is_message ? atoi(parts[1]) : -1;
            snprintf(one->name, sizeof one->name, "%s", parts[is_message ? 2 : 1]);
            one->until = is_message ? atoi(parts[3]) : 0;
            one->since = is_message ? 0 : atoi(parts[2]);
            one->size = is_message ? 0 : atoi(parts[3]), one->count_at = is_message ? 0 : atoi(parts[4]);
            snprintf(one->least, sizeof one->least, "%s", parts[5]);
            one->first_field = field_count;
        }
    }
    fclose(file);
    return block_count > 0;
}

/* How long a block is in a version; 0 where that is not known. */
static int least_of(const block *one, int version) {
    char key[16];
    snprintf(key, sizeof key, "%d:", version);
    size_t length = strlen(key);
    for (const char *at = one->least; at != NULL && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, key, length) == 0) return atoi(at + length);
    }
    return 0;
}

static void put_decimal(int64_t mantissa, int exponent) {
    char digits[64];
    uint64_t magnitude = mantissa < 0 ? -(uint64_t)mantissa : (uint64_t)mantissa;
    snprintf(digits, sizeof digits, "%0*" PRIu64, (1 - exponent) & 31, magnitude);
    int whole = (int)strlen(digits) + exponent, end = (int)strlen(digits);
    while (end > whole && digits[end - 1] == '0') end--;
    printf("\"%s%.*s%s%.*s\"", mantissa < 0 ? "-" : "", whole, digits, end > whole ? "." : "", end - whole, digits + whole);
}

static void put_parts(const field *one, const uint8_t *at) {
    char copy[200], *members[8], *parts[4];
    snprintf(copy, sizeof copy, "%s", one->members);
    int count = cut(copy, ';', members, 8);
    putchar('{');
    for (int i = 0; i < count; i++) {
        cut(members[i], ',', parts, 4);
        uint64_t value = little(at + atoi(parts[1]), atoi(parts[2]));
        printf("%s\"%s\":", i > 0 ? "," : "", parts[0]);
        if (value == strtoull(parts[3], NULL, 10)) printf("null");
        else printf("%" PRIu64, value);
    }
    putchar('}');
}

static void put_field(const field *one, const uint8_t *at) {
    if (one->kind == 'c') printf("%s", one->extra);
    else if (one->kind == 'l') printf("\"%s\"", one->extra);
    else if (one->kind == 't' || one->kind == 'C') put_text(at, one->size, true);
    else if (one->kind == 'p') put_parts(one, at);
    else {
        bool is_big = has_bug("endianness") && strcmp(one->name, "SecurityID") == 0;
        uint64_t raw = is_big ? big(at, one->size) : little(at, one->size);
        bool is_signed = one->kind != 'u' && !(has_bug("sign") && one->kind == 'i');
        int64_t value = is_signed ? as_signed(raw, one->size) : (int64_t)raw;
        bool is_null = one->has_null && !has_bug("null-ignored") && (uint64_t)value == one->null;
        if (is_null) printf("null");
        else if (one->kind == 'd') put_decimal(value, atoi(one->extra) + (has_bug("wrong-scale") ? 2 : 0));
        else if (!is_signed) printf(one->size == 8 ? "\"%" PRIu64 "\"" : "%" PRIu64, raw);
        else printf(one->size == 8 ? "\"%" PRId64 "\"" : "%" PRId64, value);
    }
}

static void put_block(const block *one, const uint8_t *at, int length, int version, bool begins) {
    for (int i = 0; i < one->fields; i++) {
        const field *found = &fields[one->first_field + i];
        printf("%s\"%s\":", begins && i == 0 ? "" : ",", found->name);
        bool is_later = found->since > version && !has_bug("since-ignored");
        if (is_later || found->offset + found->size > length) printf("null");
        else put_field(found, at + found->offset);
    }
}

/* Walks the groups of a message; prints them, or only tells whether they fit. */
static bool walk_groups(int index, const uint8_t *data, int length, int at, int version, bool prints) {
    for (int i = index + 1; i < block_count && blocks[i].id < 0; i++) {
        const block *group = &blocks[i];
        if (group->since > version) {
            if (prints) printf(",\"%s\":null", group->name);
            continue;
        }
        if (at + group->size > length) return false;
        int stride = (int)little(data + at, 2), count = data[at + group->count_at];
        at += group->size;
        if (stride * count > length - at) return false;
        if (count > 0 && version <= 13 && stride < least_of(group, version)) return false;
        if (prints) {
            int shown = has_bug("entry-dropped") && count > 1 ? count - 1 : count;
            int step = has_bug("stride-off") ? stride + 1 : stride;
            printf(",\"%s\":[", group->name);
            for (int entry = 0; entry < shown; entry++) {
                printf(entry > 0 ? ",{" : "{");
                put_block(group, data + at + entry * step, stride, version, true);
                putchar('}');
            }
            putchar(']');
        }
        at += stride * count;
    }
    return version > 13 || at == length;
}

/* False where the message contradicts itself; one of no known template is passed over. */
static bool mdp_message(uint64_t sequence, const uint8_t *data, int length) {
    if (length < 8) return false;
    int root = (int)little(data, 2), id = (int)little(data + 2, 2), version = (int)little(data + 6, 2);
    for (int i = 0; i < block_count; i++) {
        if (blocks[i].id != id || little(data + 4, 2) != 1 || version > blocks[i].until) continue;
        if (8 + root > length || (version <= 13 && root < least_of(&blocks[i], version))) return false;
        if (!walk_groups(i, data, length, 8 + root, version, false)) return false;
        printf("{\"sequence\":%" PRIu64 ",\"type\":\"%d\",\"name\":\"%s\"", sequence, id, blocks[i].name);
        put_block(&blocks[i], data + 8, root, version, false);
        walk_groups(i, data, length, 8 + root, version, true);
        puts("}");
        return true;
    }
    return true;
}

/* Numberings: the flow's addresses and ports, of MoldUDP64 the session, and which number comes next. */
typedef struct { uint8_t key[22]; uint64_t next; } numbering;
static numbering numberings[256];
static int numbering_count;

/* Tells numbers that are missing before `count` from `number` on. */
static void take_numbers(const uint8_t *flow, const uint8_t *session, uint64_t number, uint64_t count, bool begins) {
    if (number == 0) return;
    uint8_t key[22] = {0};
    memcpy(key, flow, 12);
    if (session != NULL) memcpy(key + 12, session, 10);
    numbering *found = NULL;
    for (int i = 0; i < numbering_count; i++) {
        if (memcmp(numberings[i].key, key, sizeof key) == 0) found = &numberings[i];
    }
    if (found == NULL) {
        if (numbering_count == 256) return;
        found = &numberings[numbering_count++];
        memcpy(found->key, key, sizeof key);
        found->next = number;
    }
    if (begins) found->next = number;
    if (number > found->next && !has_bug("gap-silent")) {
        uint64_t missing = number - found->next + (has_bug("gap-count") ? 1 : 0);
        printf("{\"report\":\"gap\",\"sequence\":%" PRIu64 ",\"count\":%" PRIu64 "}\n", found->next, missing);
    }
    if (number + count > found->next) found->next = number + count;
}

/* False where the packet is not all messages: those that are whole are kept. */
static bool mold_packet(const uint8_t *flow, const uint8_t *data, int length) {
    if (length < 20) return false;
    uint64_t sequence = big(data + 10, 8);
    int count = (int)big(data + 18, 2), at = 20, found = 0;
    if (count == 0xffff) {
        take_numbers(flow, data, sequence, 0, false);
        return length == 20;
    }
    if (sequence > UINT64_MAX - (uint64_t)count) return false;
    if (has_bug("last-dropped") && count > 1) count--;
    for (; found < count && at + 2 <= length; found++) {
        int size = (int)big(data + at, 2);
        if (has_bug("grow")) memset(malloc(1 << 20), 1, 1 << 20);
        if (has_bug("abort-on-empty") && size == 0) abort();
        if (at + 2 + size > length) break;
        itch_message(sequence + (uint64_t)found, data + at + 2, size);
        at += 2 + size;
    }
    take_numbers(flow, data, sequence, (uint64_t)found, false);
    return found == count && at == length;
}

/* The same of MDP, whose packets are numbered; 1 begins anew. */
static bool mdp_packet(const uint8_t *flow, const uint8_t *data, int length) {
    if (length < 12) return false;
    bool is_sound = true;
    int at = 12;
    take_numbers(flow, NULL, little(data, 4), 1, little(data, 4) == 1);
    while (at + 2 <= length) {
        int size = (int)little(data + at, 2);
        if (has_bug("hang-on-zero") && size == 0)
            for (;;) {}
        if (size < 10 || at + size > length) return false;
        if (!mdp_message(little(data, 4), data + at + 2, size - 2)) is_sound = false;
        at += size;
    }
    return is_sound && at == length;
}

typedef struct { uint8_t flow[12]; const uint8_t *payload; int size; bool is_whole; } datagram;

/* 1 for a UDP datagram over IPv4, 0 for anything else, -1 for what cannot be what it says. */
static int udp_datagram(const uint8_t *frame, int length, datagram *found) {
    int at = 14;
    while (at + 4 <= length && big(frame + at - 2, 2) == 0x8100) at += 4;
    if (at > length || big(frame + at - 2, 2) != 0x0800) return 0;
    if (at + 20 > length || frame[at] >> 4 != 4) return -1;
    int header = (frame[at] & 15) * 4, total = (int)big(frame + at + 2, 2), udp = at + header;
    if (header < 20 || total < header) return -1;
    if (frame[at + 9] != 17) return 0;
    if ((big(frame + at + 6, 2) & 0x3fff) != 0 || udp + 8 > length) return -1;
    int size = (int)big(frame + udp + 4, 2);
    if (size < 8 || size > total - header) return -1;
    memcpy(found->flow, frame + at + 12, 8);
    memcpy(found->flow + 8, frame + udp, 4);
    found->payload = frame + udp + 8;
    found->size = (udp + size > length ? length : udp + size) - udp - 8;
    found->is_whole = at + total <= length;
    return 1;
}

static void reject(uint64_t packet) {
    if (!has_bug("reject-silent")) printf("{\"report\":\"reject\",\"packet\":%" PRIu64 "}\n", packet);
}

int main(int argc, char **argv) {
    bug = getenv("BUG") ? getenv("BUG") : "";
    bool is_mdp = argc > 2 && strcmp(argv[1], "--layout") == 0;
    if (is_mdp && !read_layout(argv[2])) return 2;
    size_t room = 1 << 20, length = 0, got;
    /* A reader that runs past the end by a wrong stride meets zeros. */
    uint8_t *data = calloc(room + (1 << 16), 1);
    while ((got = fread(data + length, 1, room - length, stdin)) > 0) {
        length += got;
        if (length < room) continue;
        data = realloc(data, 2 * room + (1 << 16));
        memset(data + room, 0, room + (1 << 16));
        room *= 2;
    }
    bool is_pcap = length >= 24 && (little(data, 4) == 0xa1b23c4d || little(data, 4) == 0xa1b2c3d4);
    if (is_pcap) {
        uint64_t packet = 0;
        for (size_t at = 24; at + 16 <= length;) {
            size_t captured = little(data + at + 8, 4);
            if (captured > length - at - 16) break;
            datagram one;
            int kind = udp_datagram(data + at + 16, (int)captured, &one);
            bool is_sound = kind >= 0;
            if (kind > 0) is_sound = (is_mdp ? mdp_packet : mold_packet)(one.flow, one.payload, one.size) && one.is_whole;
            packet++;
            if (!is_sound) reject(packet);
            at += 16 + captured;
        }
        return 0;
    }
    uint64_t number = 0;
    for (size_t at = 0; at + 2 <= length;) {
        size_t size = big(data + at, 2);
        if (size > length - at - 2 || (size == 0 && at + 2 < length)) reject(number + 1);
        if (size == 0 || size > length - at - 2) break;
        itch_message(++number, data + at + 2, (int)size);
        at += 2 + size;
    }
    return 0;
}
