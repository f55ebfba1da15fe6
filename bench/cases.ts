/**
 * The bench's cases: what each reads, and one run over it that returns the checksum.
 *
 * A new case is an entry of `benchCases`, or of a file of its own that is spread there as `mdpCases` is. Its goal, if it
 * has one, is a row of `goals.ts`.
 */
import {
  type BlockCounter,
  CaptureReader,
  type ColumnArray,
  type Columns,
  itch50,
  type Message,
  type SessionDemux,
  type TypeBatch,
} from 'tickreel';
import type { Input, InputName } from './corpus.js';
import { demuxBatches, demuxMessages, fail, failUnknown, readDatagrams } from './end-to-end.js';
import { floorCases } from './floor.js';
import { gzCases } from './gz-cases.js';
import { handWrittenChecksum } from './hand-written.js';
import { checksum, checksumHandlers, resetChecksum } from './handlers.js';
import { mdpCases } from './mdp-cases.js';
import { binaryParserChecksum, pcapParserChecksum } from './peers.js';
import { sessionMessages } from './session.js';
import { startupCases } from './startup-cases.js';
import { textCases } from './text-cases.js';
import { workerCases } from './workers.js';

/** One thing that is measured. */
export interface BenchCase {
  readonly name: string;
  readonly about: string;
  readonly input: InputName;
  /** What its figures are told per; a `start` is a whole run, of a program that is started and ends. */
  readonly per: 'message' | 'entry' | 'start';
  /** Messages of the full bench; slow peers read fewer. */
  readonly messages: number;
  /**
   * What the checksum is of: of as many messages all cases of one sum must agree. `itch-fields` and `mdp-fields` are
   * every field as `handlers.ts` and `mdp-handlers.ts` add them up.
   */
  readonly sum: string;
  /** Why the case cannot run here, as a sentence; null, or absent, where it can. */
  absence?(): string | null;
  /** Sets up and returns one run over the whole input, which is timed until it has returned or resolved. */
  prepare(input: Input): Run | Promise<Run>;
}

/** One run, which yields the checksum. */
export type Run = () => number | Promise<number>;

/** How much of the file a `decodeBlocks` call is given, as a reader of chunks would. */
const chunkBytes = 65_536;
/** The same where blocks are sorted: the library's own read size. */
const batchChunkBytes = 1_048_576;
const slowPeerMessages = 200_000;
const session = 'session.NASDAQ_ITCH50';

/** All cases, the library's first. */
export const benchCases: readonly BenchCase[] = [
  {
    name: 'itch-scan',
    about: 'BinaryFILE in memory: every message checked and counted by type, first and last time stamp, four cursors',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-scan',
    prepare: (input) => prepareScan(input),
  },
  {
    name: 'itch-scan-locate',
    about: 'the same of two stock locates alone',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-scan-locate',
    prepare: (input) => prepareScan(input, [1, 7]),
  },
  {
    name: 'itch-count',
    about: 'the same without time stamps',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-count',
    prepare: prepareCount,
  },
  {
    name: 'itch-decode',
    about: 'BinaryFILE in memory: every field through typed handlers, decodeBlocks',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareDecode,
  },
  {
    name: 'itch-decode-handlers',
    about: 'the same as itch-decode: each message handed over as it comes',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareDecode,
  },
  {
    name: 'itch-decode-batch',
    about: 'the same handlers in batches: blocks sorted by type, then a loop a type',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareBatches,
  },
  {
    name: 'itch-decode-columns',
    about: 'every field into typed columns in batches, the columns added up',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareColumns,
  },
  {
    name: 'itch-decode-by-message',
    about: 'the same through one decode call a message',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareDecodeByMessage,
  },
  {
    name: 'itch-end-to-end',
    about: 'nanosecond pcap in memory: CaptureReader (checksums verified), SessionDemux, every field in batches',
    input: 'session-ns.pcap',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareEndToEnd,
  },
  {
    name: 'itch-end-to-end-by-message',
    about: 'the same through one decode call a message',
    input: 'session-ns.pcap',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareEndToEndByMessage,
  },
  {
    name: 'peer-hand-written',
    about: 'a loop written by hand for this checksum alone, lengths trusted',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: ({ bytes }) => {
      const view = viewOf(bytes);
      return () => handWrittenChecksum(view, 0, view.byteLength);
    },
  },
  {
    name: 'peer-binary-parser',
    about: 'binary-parser, a parser from the same table',
    input: session,
    per: 'message',
    messages: slowPeerMessages,
    sum: 'itch-fields',
    prepare:
      ({ bytes }) =>
      () =>
        binaryParserChecksum(bytes),
  },
  {
    name: 'peer-pcap-parser',
    about: 'pcap-parser for a microsecond pcap, MoldUDP64 and messages by hand',
    input: 'session-us.pcap',
    per: 'message',
    messages: slowPeerMessages,
    sum: 'itch-fields',
    prepare:
      ({ bytes }) =>
      () =>
        pcapParserChecksum(bytes),
  },
  ...workerCases,
  ...mdpCases,
  ...startupCases,
  ...textCases,
  ...gzCases,
  ...floorCases,
];

/** Counts, time stamps and messages; with `locates`, of those alone. */
function prepareScan({ bytes }: Input, locates?: readonly number[]): () => number {
  const only = locates === undefined ? {} : { only: { field: 'stockLocate', values: locates } };
  const counter = itch50.createBlockCounter({ timestamps: true, ...only });
  const count = countsOf(counter, bytes);
  return () => {
    const added = count();
    if (counter.unknown !== 0) throw new Error(`${counter.unknown} unknown messages`);
    return (added + wordsOf(counter.firstTimestamp) + wordsOf(counter.lastTimestamp)) % 0x100000000;
  };
}

function prepareCount({ bytes }: Input): () => number {
  return countsOf(itch50.createBlockCounter(), bytes);
}

/**
 * Types' codes times their counts, of one pass. One counter serves all runs, for its loops are compiled for it alone: a
 * run's counts are what it adds to those before.
 */
function countsOf(counter: BlockCounter, bytes: Uint8Array): () => number {
  const view = viewOf(bytes);
  let before = 0;
  return () => {
    if (counter.count(view, 0, bytes.length) !== bytes.length) throw new Error('the file ends early');
    const sum = Object.entries(counter.byType).reduce((total, [type, count]) => total + type.charCodeAt(0) * count, 0);
    const added = sum - before;
    before = sum;
    return added;
  };
}

/** The sum of a number's two words. */
function wordsOf(value: number): number {
  return (value % 0x100000000) + Math.floor(value / 0x100000000);
}

function prepareBatches({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const decoder = itch50.createBatchDecoder({ ...checksumHandlers, onUnknown: failUnknown });
  return () => {
    resetChecksum();
    for (let at = 0; at < bytes.length; ) {
      const behind = decoder.decodeBlocks(view, at, Math.min(at + batchChunkBytes, bytes.length));
      if (behind === at) throw new Error(`no whole message at ${at}`);
      at = behind;
    }
    return checksum();
  };
}

function prepareColumns({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const columns = new Map<string, BatchSum>(
    itch50.messages.map(({ type, name }) => [type, columnSums(itch50.createColumns(name))]),
  );
  let sum = 0;
  const decoder = itch50.createBatchDecoder({
    onBatch(type, _offsets, count, batch) {
      sum = (sum + Math.imul(type.charCodeAt(0), count) + (columns.get(type)?.(batch) ?? 0)) | 0;
    },
    onUnknown: failUnknown,
  });
  return () => {
    sum = 0;
    decoder.decodeBlocks(view, 0, bytes.length);
    return sum >>> 0;
  };
}

type BatchSum = (batch: TypeBatch) => number;

/** Reads a batch into its columns and adds them up. */
function columnSums(columns: Columns<Message, never>): BatchSum {
  const arrays = Object.values<ColumnArray>(columns.arrays);
  const adders = arrays.map((array) =>
    array instanceof Uint8Array ? sumBytes : array instanceof Uint16Array ? sumHalves : sumWords,
  );
  return (batch) => {
    const count = columns.read(batch);
    let sum = 0;
    for (let index = 0; index < arrays.length; index++)
      sum = (sum + (adders[index]?.(arrays[index] as never, count) ?? 0)) | 0;
    return sum;
  };
}

/** One function a kind of array, so that each loop sees one. */
function sumBytes(array: Uint8Array, count: number): number {
  let sum = 0;
  for (let row = 0; row < count; row++) sum = (sum + (array[row] as number)) | 0;
  return sum;
}

function sumHalves(array: Uint16Array, count: number): number {
  let sum = 0;
  for (let row = 0; row < count; row++) sum = (sum + (array[row] as number)) | 0;
  return sum;
}

function sumWords(array: Uint32Array, count: number): number {
  let sum = 0;
  for (let row = 0; row < count; row++) sum = (sum + (array[row] as number)) | 0;
  return sum;
}

function prepareDecode({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const decoder = itch50.createDecoder(checksumHandlers);
  return () => {
    resetChecksum();
    for (let at = 0; at < bytes.length; ) {
      const behind = decoder.decodeBlocks(view, at, Math.min(at + chunkBytes, bytes.length));
      if (behind === at) throw new Error(`no whole message at ${at}`);
      at = behind;
    }
    return checksum();
  };
}

function prepareDecodeByMessage({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const decoder = itch50.createDecoder(checksumHandlers);
  return () => {
    resetChecksum();
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint16(at);
      if (decoder.decode(view, at + 2, length) === false) throw new Error(`unknown message at ${at}`);
      at += length + 2;
    }
    return checksum();
  };
}

function prepareEndToEnd({ bytes }: Input): () => number {
  const decoder = itch50.createBatchDecoder({ ...checksumHandlers, onUnknown: failUnknown });
  return wholeCapture(
    bytes,
    () => demuxBatches(decoder),
    () => decoder.flush(),
  );
}

function prepareEndToEndByMessage({ bytes }: Input): () => number {
  const decoder = itch50.createDecoder({ ...checksumHandlers, onUnknown: failUnknown });
  return wholeCapture(
    bytes,
    () => demuxMessages(decoder),
    () => {},
  );
}

function wholeCapture(bytes: Uint8Array, demux: () => SessionDemux, finish: () => void): () => number {
  return () => {
    resetChecksum();
    const reader = new CaptureReader({ onDamage: fail });
    reader.push(bytes);
    reader.end();
    readDatagrams(reader, demux());
    finish();
    if (!reader.done || reader.counts.badUdpChecksums !== 0) throw new Error('the capture was not read as it is');
    return checksum();
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
