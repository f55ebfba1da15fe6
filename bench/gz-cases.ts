/**
 * A compressed capture from the page cache, and inflating it by itself: where reading is bound by that alone, the two
 * take the same time.
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip, gzipSync } from 'node:zlib';
import { itch50, openCapture } from 'tickreel';
import type { BenchCase, Run } from './cases.js';
import type { Input } from './corpus.js';
import { demuxBatches, fail, failUnknown, readDatagrams } from './end-to-end.js';
import { checksum, checksumHandlers, resetChecksum } from './handlers.js';

/** 109 MB of pcap: compressing them is the longest part of the case. */
const messages = 1_000_000;
const shared = { input: 'session-ns.pcap', per: 'message', messages } as const;

export const gzCases: readonly BenchCase[] = [
  {
    ...shared,
    name: 'gz-inflate',
    about: "zlib's own stream over a .gz: what bounds the next",
    sum: 'gz-inflate',
    prepare: (input) => inflateAlone(compressed(input)),
  },
  {
    ...shared,
    name: 'gz-end-to-end',
    about: 'itch-end-to-end of that .gz: openCapture (checksums verified), SessionDemux, every field in batches',
    sum: 'itch-fields',
    prepare: (input) => endToEnd(compressed(input)),
  },
];

/** The input in a file, as `gzip` writes it; deleted with the process. */
function compressed({ bytes }: Input): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'session.pcap.gz');
  writeFileSync(path, gzipSync(bytes));
  return path;
}

function inflateAlone(path: string): Run {
  return async () => {
    let total = 0;
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 16 }).pipe(createGunzip())) {
      total += (piece as Uint8Array).length;
    }
    return total;
  };
}

function endToEnd(path: string): Run {
  const decoder = itch50.createBatchDecoder({ ...checksumHandlers, onUnknown: failUnknown });
  return async () => {
    resetChecksum();
    const { lengthOf, timestampOf } = itch50;
    const file = await openCapture(path, { lengthOf, timestampOf, onDamage: fail });
    if (file.kind !== 'datagrams') throw new Error(`${path} is no pcap`);
    const sessions = demuxBatches(decoder);
    for (;;) {
      readDatagrams(file.reader, sessions);
      decoder.flush();
      if (file.reader.done) break;
      await file.fill();
    }
    await file.close();
    return checksum();
  };
}
