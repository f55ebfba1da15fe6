/**
 * The stages of reading a capture, each as what one run of it does. Those that pull contain the ones before them and
 * name the last of these in `after`; the others are over messages in memory.
 *
 * Each runs in a thread of its own (`stage-worker.ts`), so that no stage spoils the compiled code of another.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { InputSpec } from '../../analysis/input.js';
import { messageWriter } from '../../analysis/message-writer.js';
import { loadProtocols, type Protocols } from '../../analysis/protocols.js';
import { FlowTable } from '../../capture/flow.js';
import type { FrameReader } from '../../capture/frame-reader.js';
import { PcapReader } from '../../capture/pcap.js';
import { PcapngReader } from '../../capture/pcapng.js';
import { ByteQueue } from '../../core/byte-queue.js';
import { TextBuffer } from '../../core/text-buffer.js';
import { gunzip } from '../../io/gunzip.js';
import { dropFromCache } from '../../io/native/page-cache.js';
import { MAX_CHUNK_BYTES } from '../../io/raw-bytes.js';
import { unzstd } from '../../io/unzstd.js';
import { zstdDecoders } from '../../io/zstd-decoder.js';
import { decodeBatches, decodeRegions, messageSum, scanRegion, typeRuns } from './decode-stage.js';
import type { Sample, SampleFile } from './sample.js';
import { sharedDecode } from './shared-stage.js';
import { MemorySource, openSampleFile, pull, walkMessages, walkSample } from './walk.js';

/** What a stage works on. */
export interface StageContext {
  readonly input: InputSpec;
  readonly sample: Sample;
  readonly protocols: Protocols;
  /** How many threads stages by several have. */
  readonly threads: number;
}

/** A stage ready to run. */
export interface PreparedStage {
  /** What must happen before each run and outside its time; returns why the run is not possible, or null. */
  before?(): string | null;
  /** One run over the whole sample; returns a checksum that is the same for every run. */
  run(): number | Promise<number>;
  /** Where the run consists of parts: ns of each in the run before, for all of its repetitions. */
  readonly partNs?: Float64Array;
}

export interface Stage {
  readonly name: string;
  readonly about: string;
  /** The stage that is contained in it; null where none is. */
  readonly after: string | null;
  /** What its bytes are counted of: as stored, inflated, or the messages alone. */
  readonly bytes: 'stored' | 'inflated' | 'messages';
  /** Whether its checksum is the sum of all fields of all messages. */
  readonly sumsFields: boolean;
  /** Whether a run may be repeated until it lasts long enough to be timed. */
  readonly isRepeatable: boolean;
  /** Of a stage by several threads: the one that one thread measures of the same work; absent of others. */
  readonly beside?: string;
  /** Why there is nothing to measure in this sample, or with so many threads; null where there is. */
  absence(sample: Sample, threads: number): string | null;
  prepare(context: StageContext): PreparedStage | Promise<PreparedStage>;
}

const always = (): null => null;
const silent = (): void => {};
const memory = { after: null, bytes: 'messages', sumsFields: false, isRepeatable: true, absence: always } as const;
const pulls = { bytes: 'inflated', sumsFields: false, isRepeatable: true, absence: always } as const;

/** The yardstick: no stage, but what every round measures beside them. */
export const yardstick: Stage = {
  ...memory,
  name: 'yardstick',
  about:
    'a plain loop that adds up the messages in memory, four bytes at a time: how fast the machine is in that round',
  prepare: ({ sample }) => {
    const views = sample.regions.map(({ bytes, byteCount }) => new DataView(bytes, 0, byteCount));
    return { run: () => views.reduce((sum, view) => (sum + sumOf(view)) | 0, 0) >>> 0 };
  },
};

/** In the order in which they follow one another. */
export const stages: readonly Stage[] = [
  {
    ...{ after: null, bytes: 'stored', sumsFields: false, isRepeatable: false },
    name: 'read-cold',
    about: 'the file from the disk: its pages, and only its, are dropped from the cache before each run',
    absence: always,
    prepare: ({ sample }) => {
      const before = (): string | null => {
        const reasons = sample.files.map(({ path, storedBytes }) => dropFromCache(path, storedBytes));
        return reasons.find((reason) => reason !== null) ?? null;
      };
      return { before, run: () => readFiles(sample.files) };
    },
  },
  {
    ...{ after: null, bytes: 'stored', sumsFields: false, isRepeatable: true },
    name: 'read-warm',
    about: "the file from the kernel's cache, in chunks of 1 MiB",
    absence: always,
    prepare: ({ sample }) => ({ run: () => readFiles(sample.files) }),
  },
  {
    ...pulls,
    after: null,
    name: 'inflate',
    about: 'gzip or Zstandard from memory to memory',
    absence: ({ files }) => (files.every(({ stored }) => stored === null) ? 'the input is not compressed' : null),
    prepare: ({ sample }) => ({ run: () => inflate(sample.files) }),
  },
  {
    ...pulls,
    after: null,
    name: 'frames',
    about: 'capture framing: the records of a pcap or the blocks of a pcapng',
    absence: ({ files }) => (files.every(isOfMessages) ? 'a BinaryFILE has no packets' : null),
    prepare: ({ sample }) => ({ run: () => sample.files.reduce((sum, file) => sum + framesOf(file), 0) }),
  },
  {
    ...pulls,
    after: 'frames',
    name: 'network',
    about: 'link, IP, UDP and TCP with their checksums, down to datagrams and pieces of streams',
    absence: ({ files }) => (files.every(isOfMessages) ? 'a BinaryFILE has no packets' : null),
    prepare: (context) => ({ run: () => recordsOf(context) }),
  },
  {
    ...pulls,
    after: 'network',
    name: 'session',
    about: 'session framing: MoldUDP64, SoupBinTCP, packets of MDP, or the records of a BinaryFILE, to messages',
    prepare: (context) => ({ run: () => messagesOf(context) }),
  },
  {
    ...memory,
    name: 'scan',
    about: 'messages in memory: each checked, counted by type, its time stamp or header read',
    prepare: ({ sample, protocols }) => {
      const scans = sample.regions.map((region) => scanRegion(region, protocols));
      return { run: () => scans.reduce((sum, scan) => (sum + scan()) >>> 0, 0) };
    },
  },
  {
    ...memory,
    sumsFields: true,
    name: 'decode',
    about: 'messages in memory: every field of every message through typed handlers',
    prepare: ({ sample, protocols }) => ({ run: decodeRegions(sample.regions, protocols) }),
  },
  {
    ...memory,
    sumsFields: true,
    name: 'decode-batch',
    about: 'the same in batches, sorted by type a block at a time',
    absence: ({ regions }) =>
      regions.every(({ protocol }) => protocol === 'mdp3') ? 'batches are of ITCH, and there is none' : null,
    prepare: ({ sample, protocols }) => ({ run: decodeBatches(sample.regions, protocols) }),
  },
  {
    ...memory,
    sumsFields: true,
    name: 'decode-threads',
    about: 'messages in memory by several threads, as decode-batch (of MDP as decode) in chunks',
    beside: 'decode-batch',
    absence: (_sample, threads) => (threads < 2 ? 'there is one thread' : null),
    prepare: (context) => sharedDecode(context, context.threads),
  },
  {
    ...memory,
    sumsFields: true,
    name: 'decode-types',
    about: 'the same type by type, for the time of each',
    prepare: ({ sample, protocols }) => typeRuns(sample.types, protocols),
  },
  {
    ...pulls,
    after: 'session',
    name: 'json',
    about: 'NDJSON as decode writes it, the judging of streams included, into memory that is given up',
    prepare: (context) => ({ run: () => jsonOf(context) }),
  },
  {
    ...pulls,
    after: null,
    bytes: 'stored',
    sumsFields: true,
    name: 'end-to-end',
    about: "the file from the kernel's cache to every field of every message",
    prepare: (context) => endToEnd(context),
  },
];

/** Everything that a stage needs, built in its own thread. */
export function contextOf(input: InputSpec, sample: Sample, threads: number): StageContext {
  return { input, sample, protocols: loadProtocols(input), threads };
}

function isOfMessages({ format }: SampleFile): boolean {
  return format === 'BinaryFILE';
}

function sumOf(view: DataView): number {
  let sum = 0;
  const end = view.byteLength - 3;
  for (let at = 0; at < end; at += 4) sum = (sum + view.getInt32(at)) | 0;
  return sum;
}

/** As decode hands lines over. */
const flushAtBytes = 1 << 16;
const chunk = new Uint8Array(MAX_CHUNK_BYTES);

function readFiles(files: readonly SampleFile[]): number {
  let total = 0;
  for (const { path, storedBytes } of files) {
    const file = openSync(path, 'r');
    try {
      for (let at = 0; at < storedBytes; ) {
        const count = readSync(file, chunk, 0, Math.min(chunk.length, storedBytes - at), at);
        if (count === 0) break;
        at += count;
        total += count;
      }
    } finally {
      closeSync(file);
    }
  }
  return total;
}

async function inflate(files: readonly SampleFile[]): Promise<number> {
  let total = 0;
  for (const { path, compression, stored, byteCount } of files) {
    if (stored === null) continue;
    const source = () => new MemorySource(path, new Uint8Array(stored));
    const pieces =
      compression === 'gzip'
        ? gunzip(source(), async () => source(), silent)
        : unzstd(source(), zstdDecoders(), silent);
    let count = 0;
    for await (const piece of pieces) {
      count += piece.length;
      if (count >= byteCount) break;
    }
    total += Math.min(count, byteCount);
  }
  return total;
}

function framesOf(file: SampleFile): number {
  if (isOfMessages(file)) return 0;
  const queue = new ByteQueue();
  const frames: FrameReader = file.format === 'pcap' ? new PcapReader(queue, silent) : new PcapngReader(queue, silent);
  let count = 0;
  for (let at = 0; at < file.byteCount; at += MAX_CHUNK_BYTES) {
    queue.push(new Uint8Array(file.bytes, at, Math.min(MAX_CHUNK_BYTES, file.byteCount - at)));
    while (frames.next()) count++;
  }
  return count;
}

async function recordsOf({ input, sample }: StageContext): Promise<number> {
  const flows = new FlowTable();
  let bytes = 0;
  for (const file of sample.files) {
    if (isOfMessages(file)) continue;
    const opened = await openSampleFile({ input, onDamage: silent }, file, flows);
    await pull(opened, file, ({ length }) => {
      bytes += length;
    });
    await opened.close();
  }
  return bytes;
}

async function messagesOf({ input, sample, protocols }: StageContext): Promise<number> {
  let bytes = 0;
  await walkMessages({ input, files: sample.files, protocols, onDamage: silent }, (_view, _offset, length) => {
    bytes += length;
  });
  return bytes;
}

async function jsonOf({ input, sample, protocols }: StageContext): Promise<number> {
  const writer = messageWriter({ format: 'ndjson', fields: [], int64: 'string' }, protocols);
  const text = new TextBuffer();
  let bytes = 0;
  await walkSample(
    { input, files: sample.files, protocols, onDamage: silent },
    (view, offset, length, sequence, stream, reader) => {
      writer.write(text, reader, view, offset, length, sequence, stream);
      if (text.length < flushAtBytes) return;
      bytes += text.length;
      text.length = 0;
    },
  );
  return bytes + text.length;
}

function endToEnd({ input, sample, protocols }: StageContext): PreparedStage {
  const decode = messageSum(protocols);
  const from = { input, files: sample.files, protocols, onDamage: silent, fromDisk: true };
  return {
    async run() {
      decode.reset();
      await walkSample(from, (view, offset, length, _sequence, { protocol }) => {
        if (protocol.startsWith('MDP3')) decode.mdp3(view, offset, length);
        else decode.itch50(view, offset, length);
      });
      return decode.sum();
    },
  };
}
