/** Random captures and random damage to them, all from one seed. */
import type { Random } from '../../src/core/random.js';
import { concat, type FrameParts, frame, pcap, Section, words } from './build.js';

const PCAP_HEADER_BYTES = 24;

/** A sound capture; `ends` holds where each packet's record or block ends. */
export interface Sound {
  bytes: Uint8Array;
  ends: number[];
}

/** A damaged capture; bytes before `at` are as they were. */
export interface Damaged {
  bytes: Uint8Array;
  at: number;
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

function randomFrame(random: Random): Uint8Array {
  const parts: FrameParts = {
    payload: randomBytes(random, random.below(120)),
    sourcePort: random.below(3),
    tags: random.pick([[], [], [0x8100], [0x88a8, 0x8100]]),
    protocol: random.pick([17, 17, 17, 17, 6]),
    options: random.pick([[], [], [0x01010101]]),
    trailer: randomBytes(random, random.pick([0, 0, 0, 4, 19])),
  };
  if (random.below(12) === 0) parts.totalLength = 0;
  if (random.below(12) === 0) parts.udpChecksum = random.pick(['none', 'wrong']);
  if (random.below(12) === 0) parts.etherType = random.pick([0x86dd, 0x0806]);
  return frame(parts);
}

export function soundPcap(random: Random, makeData: (random: Random) => Uint8Array = randomFrame): Sound {
  const records = Array.from({ length: 1 + random.below(12) }, () => {
    const data = makeData(random);
    return { data, seconds: random.nextUint32(), fraction: random.below(1_000_000) };
  });
  const headerBytes = random.pick([16, 16, 24]);
  let end = PCAP_HEADER_BYTES;
  const ends = records.map(({ data }) => {
    end += headerBytes + data.length;
    return end;
  });
  const magic = headerBytes === 16 ? {} : { magic: random.pick([0xa1b2cd34, 0xa1e2cb12]) };
  const bytes = pcap(records, { littleEndian: random.below(2) === 0, nanoseconds: random.below(2) === 0, ...magic });
  return { bytes, ends };
}

/** A block without packet, of any kind. */
function otherBlock(section: Section, random: Random): Uint8Array {
  const bytes = randomBytes(random, random.below(40));
  const comment = section.option(1, bytes);
  const name = concat(section.option(1, bytes), section.option(0, []));
  return random.pick([
    () => section.block(4, concat(name, comment)),
    () => section.statistics(random.below(3), { 4: 5n, 5: 1n }, comment, section.option(0, [])),
    () => section.block(0xa, concat(words([1, bytes.length], section.little), section.padded(bytes), comment)),
    () => section.block(9, bytes),
    () => section.block(random.pick([0xbad, 0x40000bad, 7, 0x80000001]), concat(words([1], section.little), bytes)),
  ])();
}

/** A packet's block, of any kind. */
function packetBlock(section: Section, random: Random, data: Uint8Array): Uint8Array {
  const stamp = BigInt(random.nextUint32()) * BigInt(random.nextUint32());
  const drops = section.option(4, section.int64(3n));
  return random.pick([
    () => section.simple(data),
    () => section.enhanced(data, stamp, random.below(2)),
    () => section.enhanced(data, stamp, random.below(2)),
    () => section.annotated(data, stamp, section.option(1, data.subarray(0, 9)), drops, section.option(0, [])),
    () => section.packet(data, stamp, random.below(2), random.below(65_536), section.option(2, [1, 0, 0, 0])),
  ])();
}

export function soundPcapng(random: Random, makeData: (random: Random) => Uint8Array = randomFrame): Sound {
  const blocks: Uint8Array[] = [];
  const ends: number[] = [];
  let end = 0;
  const add = (block: Uint8Array): void => {
    blocks.push(block);
    end += block.length;
  };
  for (let sections = 1 + random.below(3); sections > 0; sections--) {
    const section = new Section(random.below(2) === 0);
    add(section.header([1, 0], random.below(2) === 0 ? section.option(1, randomBytes(random, 9)) : undefined));
    add(section.interface(1, 0, section.option(9, [random.pick([3, 6, 9, 0x8a])]), section.option(0, [])));
    const second = [section.option(14, section.int64(BigInt(random.below(1000)))), section.option(2, [0x61])];
    add(section.interface(1, 100, ...second, ...(random.below(2) === 0 ? [section.option(13, [4])] : [])));
    for (let count = random.below(8); count > 0; count--) {
      if (random.below(3) === 0) add(otherBlock(section, random));
      add(packetBlock(section, random, makeData(random)));
      ends.push(end);
    }
  }
  return { bytes: concat(...blocks), ends };
}

/** Words that lengths are likely to go wrong with. */
const LIES = [0, 1, 7, 12, 16, 28, 32, 0xff, 0xffff, 0x10000, 262_144, 262_145, 0x7fffffff, 0x80000000, 0xfffffffc];

const MUTATIONS: ((bytes: Uint8Array, at: number, random: Random) => Uint8Array)[] = [
  (bytes, at) => bytes.slice(0, at),
  (bytes, at, random) => bytes.with(at, (bytes[at] as number) ^ (1 << random.below(8))),
  (bytes, at, random) => bytes.with(at, random.below(256)),
  (bytes, at, random) => overwrite(bytes, at, random.pick(LIES), random.below(2) === 0),
  (bytes, at, random) => overwrite(bytes, at, random.nextUint32(), random.below(2) === 0),
  (bytes, at, random) => concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(40))),
  (bytes, at, random) => concat(bytes.subarray(0, at), randomBytes(random, 1 + random.below(40)), bytes.subarray(at)),
  (bytes, at, random) => concat(bytes.subarray(0, at), bytes.subarray(random.below(bytes.length))),
];

/** Damages a file in one to three places. */
export function damage(sound: Uint8Array, random: Random): Damaged {
  let bytes = sound;
  let first = sound.length;
  for (let count = 1 + random.below(3); count > 0 && bytes.length > 0; count--) {
    const at = random.below(bytes.length);
    bytes = random.pick(MUTATIONS)(bytes, at, random);
    first = Math.min(first, at);
  }
  return { bytes, at: first };
}

function overwrite(bytes: Uint8Array, at: number, word: number, littleEndian: boolean): Uint8Array {
  const copy = bytes.slice();
  for (let index = 0; index < 4 && at + index < copy.length; index++) {
    copy[at + index] = word >>> (littleEndian ? index * 8 : 24 - index * 8);
  }
  return copy;
}
