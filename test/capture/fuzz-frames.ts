/**
 * The fuzzing of the two frame readers by themselves, with and without recovery: small captures, each damaged many
 * times, so that a damaged input costs tens of microseconds.
 */
import { PcapReader } from '../../src/capture/pcap.js';
import { PcapngReader } from '../../src/capture/pcapng.js';
import { ByteQueue } from '../../src/core/byte-queue.js';
import { Random } from '../../src/core/random.js';
import { mostHeld } from './drive.js';
import { damage, randomBytes, soundPcap, soundPcapng } from './mutate.js';

/** How many damaged inputs are made of one sound capture. */
const DAMAGED_PER_CAPTURE = 25;

/** Bytes at the beginning of a capture by which its format is told before it is read. */
const SIGNATURE_BYTES = 4;

/** Checks `count` damaged captures; the seed is in what is thrown. */
export function fuzzFrames(firstSeed: number, count: number): void {
  const seeds = Math.ceil(count / DAMAGED_PER_CAPTURE);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    try {
      checkOne(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function checkOne(random: Random): void {
  const ng = random.below(2) === 0;
  const makeData = (source: Random): Uint8Array => randomBytes(source, 1 + source.below(40));
  const sound = (ng ? soundPcapng : soundPcap)(random, makeData);
  const expected = readFrames(sound.bytes, ng, false, sound.bytes.length);
  if (expected.length !== sound.ends.length) throw new Error('a sound capture lost frames');
  const recovered = readFrames(sound.bytes, ng, true, sound.bytes.length);
  if (recovered.join() !== expected.join()) throw new Error('recovering changes a sound capture');
  for (let turn = 0; turn < DAMAGED_PER_CAPTURE; turn++) {
    const bad = damage(sound.bytes, random);
    if (bad.at < SIGNATURE_BYTES) continue;
    const size = random.pick([bad.bytes.length, 1 + random.below(60)]);
    const found = readFrames(bad.bytes, ng, random.below(2) === 0, size);
    for (const [index, end] of sound.ends.entries()) {
      if (end > bad.at) break;
      if (found[index] !== expected[index]) throw new Error(`turn ${turn}: frame ${index} is ${found[index]}`);
    }
  }
}

/** Every frame of a capture, as text: number, stamp, lengths and a sum over its bytes. */
function readFrames(bytes: Uint8Array, ng: boolean, recover: boolean, size: number): string[] {
  const queue = new ByteQueue();
  const reader = new (ng ? PcapngReader : PcapReader)(queue, () => {}, { recover });
  const frames: string[] = [];
  for (let at = 0; !reader.done; at += size) {
    if (at > bytes.length + size) throw new Error('the reader asks for bytes without end');
    if (at >= bytes.length) queue.end();
    else queue.push(bytes.subarray(at, at + size));
    if (queue.view.buffer.byteLength > mostHeld(bytes.length)) throw new Error('the reader holds too much');
    while (reader.next()) {
      let sum = 0;
      for (let index = 0; index < reader.length; index++) sum += queue.view.getUint8(reader.offset + index);
      const { packetNumber, seconds, nanoseconds, length, wireLength } = reader;
      frames.push(`${packetNumber} ${seconds} ${nanoseconds} ${length} ${wireLength} ${sum}`);
      if (frames.length * 12 > bytes.length) throw new Error('more frames than the bytes can hold');
    }
  }
  return frames;
}
