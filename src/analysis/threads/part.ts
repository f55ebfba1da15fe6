/** Parts of a capture that are read on other threads: what is asked of them, and what they answer, as plain data. */
import type { LeapCounts } from '../../capture/capture-reader.js';
import type { Flow } from '../../core/seams.js';
import type { FilterSpec } from '../../replay/filter.js';
import type { ForcedFraming } from '../../session/demux.js';
import type { ProtocolId } from '../application.js';
import type { InputSpec } from '../input.js';
import type { WriterFlags } from '../message-writer.js';
import type { GateCounts } from '../protocol-gate.js';
import type { LearnedSymbol } from '../securities.js';
import type { CodeCount } from '../type-counts.js';

/** What is done with messages where a part is read, beside finding them. */
export type StageSpec =
  /** Nothing: datagrams are delivered, and all else is up to who takes them. */
  | { readonly kind: 'none' }
  /** Judge them, and count what `inspect` counts. */
  | { readonly kind: 'count'; readonly filter: FilterSpec }
  /** Judge them, and write them as `decode` prints them. */
  | { readonly kind: 'text'; readonly filter: FilterSpec; readonly writer: WriterSpec };

/** Flags of the writer of lines, as plain data; `fileName` names the only file. */
export type WriterSpec = Omit<WriterFlags, 'fileName'> & { readonly fileName: string };

/** What was learned of what came before a part that its lines may hang on. */
export interface StageSeed {
  /** Whose columns a CSV has; null where no message has told yet. */
  readonly columns: ProtocolId | null;
  /** Symbols learned since the thread was told last. */
  readonly symbols: readonly LearnedSymbol[];
  /** How many changes of symbols these make with all before. */
  readonly symbolsVersion: number;
}

/** What a thread has to know of the file before it reads parts. */
export interface PartSetup {
  readonly format: 'pcap' | 'pcapng' | 'BinaryFILE';
  readonly spec: InputSpec;
  /** Of a BinaryFILE. */
  readonly midnightSeconds: number;
  readonly stage: StageSpec;
}

/** What a flow has turned out to be; told to every thread once. */
export interface FlowNews {
  readonly name: string;
  readonly framing: Exclude<ForcedFraming, undefined>;
}

/** A part to be read. */
export interface PartJob {
  readonly index: number;
  /** Whole records. */
  readonly bytes: Uint8Array;
  /** Place of its first byte in the file. */
  readonly offset: number;
  /** Records before it. */
  readonly records: number;
  /** What describes them, to be shown to a reader that begins here. */
  readonly description: Uint8Array;
  readonly news: readonly FlowNews[];
  /** Null where the stage needs none. */
  readonly seed: StageSeed | null;
}

export interface PartAnswer {
  readonly index: number;
  /** Null where the part holds what only a reader of all before it can tell, such as damage or segments of TCP. */
  readonly result: PartResult | null;
}

/** Columns of `rows`. */
export const ROW_OFFSET = 0;
export const ROW_LENGTH = 1;
/** Index in `flows`; -1 for a BinaryFILE's. */
export const ROW_FLOW = 2;
export const ROW_NANOSECONDS = 3;
/** Packet number, counted from the part's first, with `ROW_TRUNCATED` added where the payload was cut. */
export const ROW_PACKET = 4;
/** Place of the packet in the part. */
export const ROW_PLACE = 5;
/** Messages of the record that the filters let pass. */
export const ROW_PASSED = 6;
export const ROW_COLUMNS = 8;
export const ROW_TRUNCATED = 2 ** 30;

/** What was read of a part. */
export interface PartResult {
  /** Datagrams or records, in order. */
  readonly count: number;
  readonly rows: Int32Array;
  readonly seconds: Float64Array;
  /** In order of first appearance in the part. */
  readonly flows: readonly Flow[];
  /** Null of a BinaryFILE. */
  readonly counts: LeapCounts | null;
  /** Stamp of the last record. */
  readonly last: { readonly seconds: number; readonly nanoseconds: number };
  /** Null where there was no stage, or where its verdicts may depend on more than is known of what came before. */
  readonly judged: JudgedPart | null;
}

/** Messages of one stream of a part. */
export interface JudgedStream {
  /** Index in `flows`; -1 for a BinaryFILE's. */
  readonly flow: number;
  readonly session: string | null;
  /** Whether it was taken to be of its protocol before the part's first message. */
  readonly isTrusted: boolean;
  readonly fit: number;
  readonly unfit: number;
  readonly withheld: number;
}

/** The verdicts on a part's messages, counted. */
export interface JudgedPart extends GateCounts {
  readonly messagesRead: number;
  readonly streams: readonly JudgedStream[];
  /** By index in `flows`: packets that came before the flow was recognised, and requests. */
  readonly oddPackets: readonly number[];
  readonly counted: CountedPart | null;
  readonly written: WrittenPart | null;
}

/** A part's lines. */
export interface WrittenPart {
  readonly text: Uint8Array;
  readonly lines: number;
  readonly misplaced: number;
  /** What they hang on, as it was taken to be, … */
  readonly columnsBefore: ProtocolId | null;
  readonly symbolsVersion: number;
  /** … and what the part itself has changed. */
  readonly columns: ProtocolId | null;
  readonly hasNewSymbols: boolean;
}

/** What `inspect` wants of known messages. */
export interface CountedPart {
  readonly types: readonly CodeCount[];
  /** Capture stamp less the exchange's, ns. */
  readonly feedLatencies: Float64Array;
  readonly transactLatencies: Float64Array;
}
