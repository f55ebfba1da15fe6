/** The fuzzing of layers: random frames within frames, damaged, through the reader of captures. */
import { Random } from '../../src/core/random.js';
import { concat, pcap, u16, u32 } from './build.js';
import { ether, fragment6, gre, ip4, ip6, mpls, tcpSegment, udp, udp6, vxlan } from './build-layers.js';
import { type Outcome, read } from './drive.js';

/** Ethernet, and every link type that is read; 147 is none. */
const LINKS = [1, 1, 1, 1, 0, 9, 12, 14, 50, 101, 104, 108, 113, 228, 229, 276, 147];

/** Checks `count` captures, each made from its own seed; the seed is in what is thrown. */
export function fuzzLayers(firstSeed: number, count: number): void {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      checkOne(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** What `read` asserts holds, and neither chunks nor trailers nor checksums change what is delivered. */
function checkOne(random: Random): void {
  const records = Array.from({ length: 1 + random.below(12) }, () => {
    const data = damaged(random, frameOf(random));
    const original = random.below(8) === 0 ? { original: data.length + random.below(40) } : {};
    return { data, seconds: random.pick([1, 1, 2, 40, 0xffffffff]), ...original };
  });
  const file = pcap(records, { link: random.pick(LINKS) });
  const outcome = read(file);
  expectEqual(outcome, read(file, [1 + random.below(60)]), 'chunks');
  const other = read(file, [], { checksums: false, timestamps: 'trailer' });
  expectEqual(outcome.skipped, other.skipped, 'options');
}

function expectEqual(one: Outcome | object, other: Outcome | object, what: string): void {
  if (JSON.stringify(one) !== JSON.stringify(other)) throw new Error(`${what} change what is read`);
}

function frameOf(random: Random): Uint8Array {
  const packet = packetOf(random, 0);
  const etherType = packet.version === 4 ? 0x0800 : 0x86dd;
  switch (random.below(6)) {
    case 0:
      return packet.bytes;
    case 1:
      return ether(0x8847, mpls(1 + random.below(3), packet.bytes));
    case 2:
      return ether(
        0x8864,
        concat(Uint8Array.of(0x11, 0, 0, 1, 0, 99, 0, packet.version === 4 ? 0x21 : 0x57), packet.bytes),
      );
    case 3:
      return ether(
        0xd28b,
        concat(Uint8Array.of(0, 1, random.below(2), 0x10, ...u32(1), ...u32(2), ...u16(etherType)), packet.bytes),
      );
    default:
      return concat(ether(etherType, packet.bytes), new Uint8Array(random.pick([0, 0, 6, 16, 20])));
  }
}

interface Packet {
  version: 4 | 6;
  bytes: Uint8Array;
}

/** An IP packet that carries UDP, TCP, a piece of either, or a tunnel with another. */
function packetOf(random: Random, depth: number): Packet {
  const version = random.pick([4, 6] as const);
  const payload = Uint8Array.from({ length: random.below(60) }, () => random.below(256));
  const wrap = (protocol: number, data: Uint8Array): Packet => {
    if (random.below(4) === 0) return { version, bytes: pieceOf(random, version, protocol, data) };
    if (version === 4) return { version, bytes: ip4(data, { protocol }) };
    const options = Uint8Array.of(protocol, 0, 1, 4, 0, 0, 0, 0);
    const isPlain = random.below(3) > 0;
    return { version, bytes: isPlain ? ip6(data, { next: protocol }) : ip6(concat(options, data), { next: 60 }) };
  };
  const choice = random.below(depth < 10 ? 7 : 3);
  if (choice < 2) return wrap(17, random.below(2) === 0 ? udp(payload) : udp6(payload));
  if (choice === 2) return wrap(6, tcpSegment(random.below(100), random.pick([0, 0, 1, 2, 4]), payload));
  const inner = packetOf(random, depth + 1);
  const etherType = inner.version === 4 ? 0x0800 : 0x86dd;
  if (choice === 3) return wrap(47, gre(etherType, inner.bytes, 0x2000, u32(9)));
  if (choice === 4) return wrap(17, vxlan(ether(etherType, inner.bytes)));
  if (choice === 5) return wrap(47, gre(0x6558, ether(etherType, inner.bytes)));
  return wrap(inner.version === 4 ? 4 : 41, inner.bytes);
}

/** A part of a datagram, of few identifications so that parts meet. */
function pieceOf(random: Random, version: 4 | 6, protocol: number, data: Uint8Array): Uint8Array {
  const place = random.below(4) * 8;
  const identification = random.below(3);
  const more = random.below(2) === 0;
  const piece = data.slice(place, place + 8 + random.below(4) * 8);
  if (version === 4) return ip4(piece, { protocol, place, more, identification });
  return ip6(fragment6(protocol, place, more, identification, piece), { next: 44 });
}

/** Half of them are left whole; the others are cut, or bytes of their first hundred changed. */
function damaged(random: Random, frame: Uint8Array): Uint8Array {
  if (random.below(2) === 0) return frame;
  if (random.below(4) === 0) return frame.slice(0, random.below(frame.length));
  let bytes = frame;
  for (let count = 1 + random.below(3); count > 0; count--) {
    bytes = bytes.with(random.below(Math.min(bytes.length, 100)), random.below(256));
  }
  return bytes;
}
