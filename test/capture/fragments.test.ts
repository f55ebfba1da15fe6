import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FRAGMENT_TIMEOUT_SECONDS,
  INCOMPLETE,
  MAX_ASSEMBLIES,
  MAX_DATAGRAM_BYTES,
  MAX_FRAGMENT_REPORTS,
  MAX_FRAGMENTS,
  MAX_REMEMBERED,
  REPEATED,
} from '../../src/capture/fragments.js';
import { concat, pcap, text } from './build.js';
import { ether, fragment6, gre, ip4, ip6, tcpSegment, udp, udp6 } from './build-layers.js';
import { read } from './drive.js';

interface Piece {
  /** Place of the piece in the datagram and its length. */
  at: number;
  length: number;
  more?: boolean;
  bytes?: Uint8Array;
  id?: number;
  seconds?: number;
}

const payload = Uint8Array.from({ length: 40 }, (_, index) => 65 + (index % 26));
const whole = Buffer.from(payload).toString();
const datagram4 = udp(payload);
const datagram6 = udp6(payload);

/** One frame a piece of a datagram over IPv4, its UDP header being its first eight bytes. */
function over4(pieces: Piece[], from = datagram4, protocol = 17) {
  return pieces.map(({ at, length, more = at + length < from.length, bytes, id = 7, seconds = 1 }) => {
    const data = bytes ?? from.slice(at, at + length);
    return { data: ether(0x0800, ip4(data, { place: at, more, identification: id, protocol })), seconds };
  });
}

function over6(pieces: Piece[], from = datagram6, next = 17) {
  return pieces.map(({ at, length, more = at + length < from.length, bytes, id = 7, seconds = 1 }) => {
    const data = bytes ?? from.slice(at, at + length);
    return { data: ether(0x86dd, ip6(fragment6(next, at, more, id, data), { next: 44 })), seconds };
  });
}

const A = { at: 0, length: 16 };
const B = { at: 16, length: 16 };
const C = { at: 32, length: 16 };

const orders: [string, Piece[]][] = [
  ['in order', [A, B, C]],
  ['out of order', [B, A, C]],
  ['the last one first', [C, B, A]],
  ['one twice', [A, B, B, C]],
  ['the last one twice', [C, A, C, B]],
];

test.each(orders)('IPv4 and IPv6, %s: the datagram of the packet that completes it', (_, pieces) => {
  const timed = pieces.map((piece, index) => ({ ...piece, seconds: 10 + index }));
  for (const make of [over4, over6]) {
    const { datagrams, counts, damage } = read(pcap(make(timed)));
    const last = timed.length;
    expect(datagrams.map((one) => [one.payload, one.packet, one.seconds])).toEqual([[whole, last, 9 + last]]);
    expect([counts.fragmentsMerged, counts.fragmentDuplicates, counts.fragmentOverlaps]).toEqual([
      last - 1,
      last - 3,
      0,
    ]);
    expect([damage, counts.badUdpChecksums, counts.skipped]).toEqual([[], 0, 0]);
  }
});

test('the place in the file is that of the completing packet', () => {
  const records = over4([A, B, C]);
  const before = records.slice(0, 2).reduce((sum, { data }) => sum + 16 + data.length, 24);
  expect(read(pcap(records)).datagrams.map((one) => one.fileOffset)).toEqual([before]);
});

test('datagrams in one another are told apart by addresses, protocol and identification', () => {
  const other = udp(text('another one, of more than one piece'));
  const mixed = [
    ...over4([A]),
    ...over6([A]),
    ...over4([{ at: 0, length: 24, id: 8 }], other),
    ...over4([B]),
    ...over6([B, C]),
    ...over4([{ at: 24, length: 19, id: 8 }], other),
    ...over4([C]),
  ];
  const { datagrams, counts } = read(pcap(mixed));
  expect(datagrams.map((one) => one.payload)).toEqual([whole, 'another one, of more than one piece', whole]);
  expect([counts.fragmentsMerged, counts.datagrams]).toEqual([5, 3]);
});

test('IPv4 with overlaps: the first bytes win', () => {
  const bytes = new Uint8Array(24).fill(0x78);
  const { datagrams, counts, damage } = read(pcap(over4([A, { at: 8, length: 24, bytes, more: true }, C])));
  expect(datagrams.map((one) => one.payload)).toEqual([`${whole.slice(0, 8)}${'x'.repeat(16)}${whole.slice(24)}`]);
  expect([counts.fragmentOverlaps, counts.fragmentDuplicates, damage]).toEqual([1, 0, []]);
});

test.each([
  ['in part', { at: 8, length: 24 }],
  ['with other bytes', { at: 0, length: 16, bytes: new Uint8Array(16) }],
])('IPv6 with overlaps %s: the datagram is given up, and what comes of it later with it', (_, overlap) => {
  const { datagrams, skipped, damage, counts } = read(pcap(over6([A, overlap, B, C])));
  expect(datagrams).toEqual([]);
  expect(skipped).toEqual({ 'fragments of an IPv6 datagram with overlaps': 4 });
  expect(damage.map(({ code, record }) => [code, record])).toEqual([['fragments', 1]]);
  expect([counts.incompleteDatagrams, counts.fragmentOverlaps]).toEqual([1, 1]);
});

const disagreeing: [string, Piece[]][] = [
  ['two ends', [A, C, { at: 16, length: 16, more: false }]],
  ['bytes behind the end', [{ at: 16, length: 16, more: false }, C]],
];

test.each(disagreeing)('%s: given up', (_, pieces) => {
  for (const make of [over4, over6]) {
    const { datagrams, skipped, damage } = read(pcap(make(pieces)));
    expect(datagrams).toEqual([]);
    expect(skipped).toEqual({ 'fragments that disagree on where the datagram ends': pieces.length });
    expect(damage.map((one) => one.code)).toEqual(['fragments']);
  }
});

test('what never becomes whole is reported at the end of the capture', () => {
  const { skipped, damage, counts } = read(pcap([...over4([A, B]), ...over6([C])]));
  expect(skipped).toEqual({ [INCOMPLETE]: 3 });
  expect(damage.map(({ code, record }) => [code, record])).toEqual([
    ['fragments', 1],
    ['fragments', 3],
  ]);
  expect(damage[0]?.message).toMatch(
    /begins with packet 1 was not complete when the capture ended: 2 of its fragments/,
  );
  expect(counts.incompleteDatagrams).toBe(2);
});

test('a fragment after the time-out begins another datagram; stamps that go back make nothing old', () => {
  const at = (seconds: number, piece: Piece) => ({ ...piece, seconds });
  const late = read(pcap(over4([at(100, A), at(100 + FRAGMENT_TIMEOUT_SECONDS, B), at(131, C)])));
  expect(late.skipped).toEqual({ [INCOMPLETE]: 3 });
  expect(late.damage.map((one) => one.record)).toEqual([1, 2]);
  expect(late.damage[0]?.message).toMatch(/30 seconds had gone by/);
  const back = read(pcap(over4([at(100, A), at(10, B), at(129, C)])));
  expect(back.datagrams.map((one) => one.payload)).toEqual([whole]);
});

test('the time-out is exact to the nanosecond', () => {
  const [first, second] = over4([A, { at: 16, length: 32 }]).map(({ data }) => data) as [Uint8Array, Uint8Array];
  const after = (fraction: number) =>
    read(
      pcap(
        [
          { data: first, seconds: 1, fraction: 500 },
          { data: second, seconds: 1 + FRAGMENT_TIMEOUT_SECONDS, fraction },
        ],
        { nanoseconds: true },
      ),
    ).datagrams.length;
  expect([after(499), after(500)]).toEqual([1, 0]);
});

test('a further datagram than can be held takes the place of the oldest', () => {
  const pieces = Array.from({ length: MAX_ASSEMBLIES + 1 }, (_, id) => ({ ...A, id }));
  const { datagrams, damage, skipped } = read(pcap(over4([...pieces, { ...B, id: 1 }, { ...C, id: 1 }])));
  expect(datagrams.map((one) => one.payload)).toEqual([whole]);
  expect(damage[0]?.message).toMatch(/packet 1 was not complete when 256 others were under way/);
  expect(skipped).toEqual({ [INCOMPLETE]: MAX_ASSEMBLIES });
  expect(damage).toHaveLength(MAX_FRAGMENT_REPORTS);
  expect(damage.at(-1)?.message).toMatch(/Further ones are counted only\.$/);
});

test('too many fragments of one datagram', () => {
  const pieces = Array(MAX_FRAGMENTS + 5).fill(A);
  const { damage, skipped } = read(pcap(over4(pieces)));
  expect(skipped).toEqual({ 'too many fragments of one datagram': MAX_FRAGMENTS + 5 });
  expect(damage.map((one) => one.code)).toEqual(['fragments']);
});

test('fragments that come again behind their datagram are counted and are no damage', () => {
  for (const make of [over4, over6]) {
    const { datagrams, skipped, damage, counts } = read(pcap(make([A, A, B, B, C, C, B])));
    expect(datagrams.map((one) => one.payload)).toEqual([whole]);
    expect([skipped, damage, counts.incompleteDatagrams]).toEqual([{ [REPEATED]: 2 }, [], 0]);
    expect([counts.fragmentsMerged, counts.fragmentDuplicates]).toEqual([4, 2]);
  }
});

test('an identification that is used again makes another datagram; so many later it is not remembered', () => {
  const again = read(pcap(over4([A, B, C, C, A, B])));
  expect([again.datagrams.length, again.skipped]).toEqual([2, {}]);
  const others = Array.from({ length: MAX_REMEMBERED }, (_, id) =>
    [A, B, C].map((piece) => ({ ...piece, id: id + 100 })),
  );
  const late = read(pcap(over4([A, B, C, ...others.flat(), C])));
  expect(late.skipped).toEqual({ [INCOMPLETE]: 1 });
});

test('a datagram given up is told once: its time-out adds nothing', () => {
  const pieces = [{ at: 16, length: 16, more: false }, C, { ...A, id: 9, seconds: 99 }];
  const { damage, counts } = read(pcap(over4(pieces)));
  expect(damage.map((one) => one.record)).toEqual([1, 3]);
  expect(counts.incompleteDatagrams).toBe(2);
});

test.each([
  ['fragment of a length that cannot be', { at: 0, length: 12, more: true }],
  ['fragment of a length that cannot be', { at: 8, length: 0, more: true }],
  ['fragment beyond the longest datagram', { at: MAX_DATAGRAM_BYTES - 7, length: 16, more: false, bytes: payload }],
])('%s', (reason, piece) => {
  for (const make of [over4, over6]) {
    const { skipped, datagrams } = read(pcap(make([piece])));
    expect([skipped, datagrams]).toEqual([{ [reason]: 1 }, []]);
  }
});

test('a fragment of which a part is missing is named', () => {
  for (const make of [over4, over6]) {
    const data = make([A])[0]?.data as Uint8Array;
    const cut = data.slice(0, -1);
    expect(read(pcap([{ data: cut, original: data.length }])).skipped).toEqual({
      'fragment cut by the snap length': 1,
    });
    expect(read(pcap([{ data: cut }])).skipped).toEqual({ 'fragment shorter than its IP header says': 1 });
  }
});

test('what fragments carry is read on: TCP, tunnels, extension headers, fragments again', () => {
  const segment = tcpSegment(1, 0, text('twenty-four bytes of TCP'));
  const tcp = over4(
    [
      { at: 0, length: 24 },
      { at: 24, length: 20 },
    ],
    segment,
    6,
  );
  const inner = over4([A, B, C]).map(({ data }) => data.slice(14));
  const tunnelled = inner.flatMap((packet, id) => {
    const wrapped = gre(0x0800, packet);
    return over4(
      [
        { at: 0, length: 24, id },
        { at: 24, length: wrapped.length - 24, id },
      ],
      wrapped,
      47,
    );
  });
  const options = concat(Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0), datagram6);
  const extended = over6(
    [
      { at: 0, length: 8 },
      { at: 8, length: 48 },
    ],
    options,
    60,
  );
  const { datagrams, counts, skipped } = read(pcap([...tcp, ...tunnelled, ...extended]));
  expect(datagrams.map((one) => one.payload)).toEqual(['twenty-four bytes of TCP', whole, whole]);
  expect([counts.tcpSegments, counts.datagrams, counts.fragmentsMerged]).toEqual([1, 2, 7]);
  expect([counts.tunnels, skipped]).toEqual([{ GRE: 3 }, {}]);
});

test('what comes out of fragments and cannot be read is named; the completing packet counts as it', () => {
  const nested = fragment6(17, 0, true, 3, datagram6.slice(0, 16));
  const again = read(
    pcap(
      over6(
        [
          { at: 0, length: 16 },
          { at: 16, length: 8 },
        ],
        nested,
        44,
      ),
    ),
  );
  expect(again.skipped).toEqual({ 'malformed IPv6 header': 1 });
  expect([again.counts.fragmentsMerged, again.damage.map((one) => one.code)]).toEqual([1, ['packet']]);
  const short = read(
    pcap(
      over4(
        [
          { at: 0, length: 8 },
          { at: 8, length: 4 },
        ],
        datagram4.slice(0, 12),
      ),
    ),
  );
  expect(short.skipped).toEqual({ 'malformed UDP header': 1 });
  expect(short.counts.fragmentsMerged).toBe(1);
});

/** Splits in units of eight bytes, repeats some, and shuffles. */
const torn = fc
  .record({
    payload: fc.uint8Array({ minLength: 9, maxLength: 400 }),
    cuts: fc.array(fc.nat(50), { maxLength: 12 }),
    again: fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 4 }),
    order: fc.infiniteStream(fc.nat(1000)),
  })
  .map(({ payload: bytes, cuts, again, order }) => {
    const length = bytes.length + 8;
    const ends = [...new Set([...cuts.map((cut) => cut * 8), length])].filter((end) => end > 0 && end <= length);
    ends.sort((left, right) => left - right);
    const pieces = ends.map((end, index) => ({ at: ends[index - 1] ?? 0, length: end - (ends[index - 1] ?? 0) }));
    const overlaps = again.flatMap(([from, units]) => {
      const at = from * 8;
      return at < length ? [{ at, length: Math.min(units * 8 + 8, length - at) }] : [];
    });
    const shuffle = <Item>(items: Item[]) =>
      items
        .map((item) => ({ item, key: order.next().value as number }))
        .sort((left, right) => left.key - right.key)
        .map(({ item }) => item);
    return { bytes, pieces: shuffle(pieces), overlapping: shuffle([...pieces, ...overlaps]) };
  })
  .filter(({ pieces }) => pieces.length > 1);

test('a datagram torn, repeated and shuffled comes back whole, once', () => {
  fc.assert(
    fc.property(torn, ({ bytes, pieces, overlapping }) => {
      const expected = Buffer.from(bytes).toString('latin1');
      const six = read(pcap(over6(pieces, udp6(bytes))));
      expect(six.datagrams.map((one) => one.payload)).toEqual([expected]);
      expect([six.counts.badUdpChecksums, six.counts.fragmentsMerged]).toEqual([0, pieces.length - 1]);
      // What comes behind the completing piece begins a datagram that is never whole: the same bytes overlap nothing.
      const four = read(pcap(over4(overlapping, udp(bytes))));
      expect(four.datagrams[0]?.payload).toEqual(expected);
    }),
  );
});
