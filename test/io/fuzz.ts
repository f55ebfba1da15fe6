/** The fuzzing of gzip captures: what holds for any damage, checked for one seed after another. */
import { gunzipSync, gzipSync, constants as zlibConstants } from 'node:zlib';
import { CaptureError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { openCapture } from '../../src/io/open-capture.js';
import { type Datagram, datagramOf } from '../capture/drive.js';
import { expectSame, soundBefore } from '../capture/fuzz.js';
import { damage, soundPcap, soundPcapng } from '../capture/mutate.js';
import { pipe } from './support.js';

/** Bytes of a gzip header that must be whole before anything inflates. */
const GZIP_HEADER_BYTES = 10;

/** Checks `count` damaged files, each made from its own seed; the seed is in what is thrown. */
export async function fuzzGzip(firstSeed: number, count: number): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      await checkOne(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

async function checkOne(random: Random): Promise<void> {
  const sound = random.below(2) === 0 ? soundPcap(random) : soundPcapng(random);
  const cut = random.below(sound.bytes.length);
  const options = { level: random.below(10) };
  const members = random.below(3) === 0 ? [sound.bytes.subarray(0, cut), sound.bytes.subarray(cut)] : [sound.bytes];
  const gz = Buffer.concat(members.map((member) => gzipSync(member, options)));
  const bad = damage(gz, random);
  expectSame(await readGzip(bad.bytes, random), soundBefore(sound, inflatedLength(gz.subarray(0, bad.at))));
}

/** How many bytes the beginning of a gzip file inflates to. */
function inflatedLength(beginning: Uint8Array): number {
  if (beginning.length < GZIP_HEADER_BYTES) return 0;
  return gunzipSync(beginning, { finishFlush: zlibConstants.Z_SYNC_FLUSH }).length;
}

async function readGzip(bytes: Uint8Array, random: Random): Promise<Datagram[]> {
  const stdin = pipe(bytes, random.pick([64, 1000, 65_536]));
  const nothing = { lengthOf: () => 0, timestampOf: () => 0, onDamage: () => {} };
  const datagrams: Datagram[] = [];
  try {
    const opened = await openCapture('-', { ...nothing, stdin });
    const { reader } = opened;
    let fills = 0;
    for (;;) {
      while (reader.next()) if (opened.kind === 'datagrams') datagrams.push(datagramOf(opened.reader));
      if (reader.done) break;
      await opened.fill();
      if (++fills > 10 * bytes.length + 10) throw new Error('the file asks for bytes without end');
    }
    await opened.close();
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  return datagrams;
}
