/** The fuzzing of capture readers: what holds for any damage, checked for one seed after another. */
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { Random } from '../../src/core/random.js';
import { type Datagram, mostHeld, read } from './drive.js';
import { damage, type Sound, soundPcap, soundPcapng } from './mutate.js';

/** Checks `count` damaged captures, each made from its own seed; the seed is in what is thrown. */
export function fuzzCaptures(firstSeed: number, count: number): void {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      checkOne(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function checkOne(random: Random): void {
  const sound = random.below(2) === 0 ? soundPcap(random) : soundPcapng(random);
  const bad = damage(sound.bytes, random);
  const sizes = random.pick([[], [1], [1 + random.below(50), 1 + random.below(500)]]);
  const outcome = read(bad.bytes, sizes, { recover: random.below(2) === 0 });
  expectSame(withoutPieces(outcome.datagrams), soundBefore(sound, bad.at));
  if (random.below(200) === 0) flood(bad.bytes, random);
}

/** Pieces of TCP streams left out: what comes behind the damage tells when they are given up. */
export function withoutPieces(datagrams: Datagram[]): Datagram[] {
  return datagrams.filter((one) => one.join === undefined);
}

/** The datagrams of the packets that are whole before `at`. */
export function soundBefore(sound: Sound, at: number): Datagram[] {
  return withoutPieces(read(sound.bytes).datagrams).filter((one) => (sound.ends[one.packet - 1] as number) <= at);
}

/** Asserts that a list begins with another. */
export function expectSame(datagrams: Datagram[], beginning: Datagram[]): void {
  for (const [index, expected] of beginning.entries()) {
    if (JSON.stringify(datagrams[index]) !== JSON.stringify(expected)) {
      throw new Error(`datagram ${index} before the damage is ${JSON.stringify(datagrams[index])}`);
    }
  }
}

/** Goes on with megabytes of anything behind the damage: the reader must neither hold them nor ask without end. */
function flood(bytes: Uint8Array, random: Random): void {
  const reader = new CaptureReader({ onDamage: () => {}, recover: random.below(8) === 0 });
  const chunk = new Uint8Array(Uint32Array.from({ length: 16_384 }, () => random.nextUint32()).buffer);
  if (random.below(3) === 0) chunk.fill(random.pick([0, 0xff, 1]));
  reader.push(bytes);
  for (let chunks = 0; chunks < 40 && !reader.done; chunks++) {
    let steps = 0;
    while (reader.next()) steps++;
    if (steps > (bytes.length + chunk.length) * 64) throw new Error('more datagrams than bytes');
    reader.push(chunk);
    if (reader.view.buffer.byteLength > mostHeld(chunk.length)) throw new Error('the reader holds too much');
  }
  reader.end();
  while (reader.next());
  if (!reader.done) throw new Error('the reader does not end');
}
