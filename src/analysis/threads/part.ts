/** Parts of a capture that are read on other threads: what is asked of them, and what they answer, as plain data. */
import type { LeapCounts } from '../../capture/capture-reader.js';
import type { Flow, SharedBytes } from '../../core/seams.js';
import type { Stamp } from '../../core/seek-index.js';
import type { ValueSpan } from '../../core/value-counts.js';
import type { FilterSpec } from '../../replay/filter.js';
import type { ForcedFraming } from '../../session/demux.js';
import type { ProtocolId } from '../application.js';
import type { InputSpec } from '../input.js';
import type { WriterFlags } from '../message-writer.js';
import type { GateCounts } from '../protocol-gate.js';
import type { RecordSpan } from '../record-counts.js';
import type { LearnedSymbol } from '../securities.js';
import type { CodeCount } from '../type-counts.js';
import type { Rows } from './part-rows.js';

/** What is done with messages where a part is read, beside finding them. */
export type StageSpec =
  /** Nothing: datagrams are delivered, and all else is up to who takes them. */
  | { readonly kind: 'none' }
  /** Judge them, and count what `inspect` counts. */
  | { readonly kind: 'count'; readonly filter: FilterSpec }
  /** Judge them, and write them as `decode` prints them. */
  | { readonly kind: 'text'; readonly filter: FilterSpec; readonly writer: WriterSpec }
  /** Judge them, and build the records of another capture; `spec` is of whoever does. */
  | { readonly kind: 'copy'; readonly filter: FilterSpec; readonly spec: unknown };

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
  /** The first stamp that was written, which others are counted from; null where there is none yet. */
  readonly origin: Stamp | null;
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
  /** Memory of a text that was written, for the next one. */
  readonly spare: SharedBytes | null;
}

export interface PartAnswer {
  readonly index: number;
  /** Null where the part holds what only a reader of all before it can tell, such as damage or segments of TCP. */
  readonly result: PartResult | null;
}

/** What was read of a part. */
export interface PartResult {
  /** Datagrams, in order; null of a BinaryFILE. */
  readonly rows: Rows | null;
  /** In order of first appearance in the part. */
  readonly flows: readonly Flow[];
  /** Null of a BinaryFILE. */
  readonly counts: LeapCounts | null;
  /** Stamp of the last record. */
  readonly last: { readonly seconds: number; readonly nanoseconds: number };
  /** Null where there was no stage. */
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
  /** Messages of no bytes. */
  readonly zeroLength: number;
  /** Those that the filters let pass; 0 where that is not asked for. */
  readonly passed: number;
}

/** The verdicts on a part's messages, counted. */
export interface JudgedPart extends GateCounts {
  readonly recordsRead: number;
  /** Those on flows that the filters accept. */
  readonly records: number;
  readonly messagesRead: number;
  readonly messagesPassed: number;
  /** What the part's times count from, seconds since the epoch. */
  readonly baseSeconds: number;
  /** The range of its stamps. */
  readonly leastSeconds: number;
  readonly mostSeconds: number;
  readonly streams: readonly JudgedStream[];
  /** By index in `flows`: packets that came before the flow was recognised, and requests. */
  readonly oddPackets: readonly number[];
  readonly counted: CountedPart | null;
  readonly written: WrittenPart | null;
  readonly copied: CopiedPart | null;
}

/** Records of another capture, made of a part. */
export interface CopiedPart {
  readonly bytes: SharedBytes;
  readonly packets: number;
  /** Datagrams left out: too long for the output, or of which the capture holds only a part. */
  readonly tooLong: number;
  readonly truncated: number;
  /** Packets stamped with the nearest time that the format can hold. */
  readonly clampedTimestamps: number;
  /** Stamps written; null where there are none. */
  readonly first: Stamp | null;
  readonly last: Stamp | null;
  /** Whether the stamp that others are counted from was known before the part; else it is the part's own first. */
  readonly isAnchored: boolean;
  /** Of messages framed anew; null where datagrams stay as they are. */
  readonly messages: CopiedMessages | null;
}

/** Messages of one stream that were framed anew, from number 1 on. */
export interface CopiedMessages {
  /** Index in the part's flows; -1 for a BinaryFILE's. */
  readonly flow: number;
  readonly session: string | null;
  /** Number of the first in the capture; 0 where they have none. */
  readonly firstSequence: number;
  readonly count: number;
  /** Of those: left out by filters, … */
  readonly filtered: number;
  /** … of no bytes, which a BinaryFILE cannot hold, … */
  readonly zeroLength: number;
  /** … and written, those of `unfinished` among them. */
  readonly written: number;
  /** The packet that was not full when the part ended. */
  readonly unfinished: UnfinishedPacket | null;
}

/** Messages of a packet, each behind its length, and its stamp. */
export interface UnfinishedPacket extends Stamp {
  readonly blocks: Uint8Array<ArrayBuffer>;
  readonly messages: number;
}

/** A part's lines. */
export interface WrittenPart {
  readonly text: SharedBytes;
  readonly lines: number;
  readonly misplaced: number;
  /** What they hang on, as it was taken to be, … */
  readonly columnsBefore: ProtocolId | null;
  readonly symbolsVersion: number;
  /** … and what the part itself has changed. */
  readonly columns: ProtocolId | null;
  readonly hasNewSymbols: boolean;
}

/** What `inspect` wants of records and known messages. */
export interface CountedPart {
  readonly span: RecordSpan;
  readonly types: readonly CodeCount[];
  /** Capture stamp less the exchange's, ns. */
  readonly feedLatencies: ValueSpan;
  readonly transactLatencies: ValueSpan;
  /** Messages that `decode` would print. */
  readonly printed: number;
}
