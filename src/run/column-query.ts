/**
 * Answers what `decode` asks of a capture from the columns beside it: chooses rows by the columns, reads the chosen
 * messages where they stand in the capture, and delivers them as a feed would, in the same order.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type InputSpec, isStandardInput } from '../analysis/input.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { isMdp3, type Protocols } from '../analysis/protocols.js';
import type { Chunk, ColumnInfo } from '../core/column-file-bytes.js';
import { CaptureError } from '../core/errors.js';
import type { RecordReader, Stream } from '../core/seams.js';
import { ColumnFile, columnPathOf } from '../io/column-file.js';
import { itch50 } from '../protocol/itch50/index.js';
import { asksOfMessages, type FilterSpec } from '../replay/filter.js';
import { CaptureWindow, type WindowOptions } from '../replay/window.js';
import { identityOf } from './build-columns.js';
import { ColumnChoice, rowIs } from './column-choice.js';

/** What is asked of a capture. */
export interface ColumnQuestion {
  readonly input: InputSpec;
  readonly filter: FilterSpec;
  readonly window: WindowOptions;
  /** Whether the answer may end before all of it was given. */
  readonly isLimited: boolean;
  /** Whether it matters which numbers are missing, in the part that is asked for. */
  readonly isStrict: boolean;
  /** Whether only the number of messages is asked for. */
  readonly countsOnly: boolean;
}

export interface ColumnHandlers {
  /** A message that was asked for; the view is borrowed until the call returns. */
  onMessage(view: DataView, offset: number, length: number, sequence: number, stream: Stream): void;
  isDone(): boolean;
  pause(): Promise<void> | undefined;
}

/** Messages that lie closer together than this are read in one piece. */
const bytesBetween = 8192;
/** Bytes read before the first of a piece: the length of a message of a BinaryFILE. */
const prefixBytes = 2;
/** The longest piece. */
const mostPieceBytes = 8 << 20;

/** Columns that answer a question; `at` is where the message at hand was: its packet and stamp. */
export class ColumnQuery {
  readonly at = { packetNumber: 0, seconds: 0, nanoseconds: 0 } as RecordReader;
  readonly info: ColumnInfo;
  messagesPassed = 0;
  private readonly file: ColumnFile;
  private readonly question: ColumnQuestion;
  private readonly streams: readonly MutableStream[];
  private readonly path: string;
  /** Of the message at hand, in its view. */
  private offset = 0;
  private piece = new Uint8Array(1 << 16);
  private pieceView = new DataView(this.piece.buffer);
  private pieceStart = 0;
  private pieceEnd = 0;

  private constructor(path: string, file: ColumnFile, question: ColumnQuestion) {
    this.path = path;
    this.file = file;
    this.info = file.info;
    this.question = question;
    this.streams = file.info.streams.map((stream) => ({ ...stream }));
  }

  /** The columns that can answer; null where there are none, a reason where those that are there cannot. */
  static async open(question: ColumnQuestion): Promise<ColumnQuery | null | { why: string }> {
    const { input } = question;
    const [path = ''] = input.paths;
    if (!asksOfCapture(input) || !choosesMessages(question)) return null;
    if (input.paths.length > 1) return whereSeveral(input.paths);
    if (isStandardInput(path) || !existsSync(columnPathOf(path))) return null;
    let identity: Awaited<ReturnType<typeof identityOf>>;
    try {
      identity = await identityOf(path, input.date);
    } catch {
      // What cannot be opened, or is compressed, is told by who reads it.
      return null;
    }
    const file = await ColumnFile.open(path, identity);
    if (file === 'absent') return null;
    const why = file instanceof ColumnFile ? refusal(file.info, question) : file.why;
    if (why === null) return new ColumnQuery(path, file as ColumnFile, question);
    if (file instanceof ColumnFile) await file.close();
    return { why: `${columnPathOf(path)} is not used: ${why}` };
  }

  /** Delivers what was asked for; rejects with CaptureError where capture and columns do not agree. */
  async run(protocols: Protocols, handlers: ColumnHandlers): Promise<void> {
    const choice = this.choiceOf(protocols);
    const { mdp3: mdp3Filter } = protocols.filters(this.question.filter);
    const { file } = this;
    const capture = openSync(this.path, 'r');
    try {
      for (const chunk of file.chunks) {
        const count = choice.choose(chunk);
        if (count === 0) continue;
        file.open(chunk);
        this.pieceEnd = this.pieceStart;
        for (let index = 0; index < count; index++) {
          const row = choice.chosen[index] as number;
          const verdict = choice.verdicts[row] as number;
          const stream = this.streamAt(row);
          const view = this.bytesOf(capture, chunk, choice.chosen, index, count);
          const { offset } = this;
          const length = file.value('length', row);
          if (!this.agrees(stream, view, row, protocols)) throw this.contradiction(file.value('place', row));
          if ((verdict & rowIs.definition) !== 0) protocols.mdp3.learn(view, offset, length);
          if ((verdict & rowIs.wanted) === 0) continue;
          if (isMdp3(stream) && !mdp3Filter.acceptsMessage(view, offset, length)) continue;
          this.messagesPassed++;
          handlers.onMessage(view, offset, length, file.value('sequence', row), stream);
          if (handlers.isDone()) return;
          const pause = handlers.pause();
          if (pause) await pause;
        }
        // Signals and a pipe that closes have their turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      closeSync(capture);
      await file.close();
    }
  }

  /** How many messages were asked for; reads of the capture only what columns do not decide. */
  async count(protocols: Protocols): Promise<number> {
    const choice = this.choiceOf(protocols);
    if (!choice.isDecided) {
      await this.run(protocols, { onMessage: () => {}, isDone: () => false, pause: () => undefined });
      return this.messagesPassed;
    }
    try {
      for (const chunk of this.file.chunks) this.messagesPassed += choice.choose(chunk);
    } finally {
      await this.file.close();
    }
    return this.messagesPassed;
  }

  private choiceOf(protocols: Protocols): ColumnChoice {
    const { filter, window: options } = this.question;
    const window = new CaptureWindow(options);
    const { first } = this.info;
    // Offsets count from the first record.
    if (first !== null) window.check(first.seconds, first.nanoseconds);
    const isWindowed = options.from !== undefined || options.until !== undefined;
    const flows = protocols.filters(filter).itch;
    return new ColumnChoice(this.file, { filter, flows, window, isWindowed, protocols });
  }

  private streamAt(row: number): Stream {
    const { at, file } = this;
    const stream = this.streams[file.value('stream', row)] as MutableStream;
    at.packetNumber = file.value('packet', row);
    at.seconds = file.value('seconds', row);
    at.nanoseconds = file.value('nanoseconds', row);
    const sendingSeconds = isMdp3(stream) ? file.value('sendingSeconds', row) : -1;
    if (sendingSeconds !== -1) {
      stream.sendingSeconds = sendingSeconds;
      stream.sendingNanoseconds = file.value('sendingNanoseconds', row);
    }
    return stream;
  }

  /**
   * Whether the message at hand is the one that the columns are of, as far as they tell: its layout, type and length,
   * its locate code or what instruments it is of; in a BinaryFILE its time stamp and the length before it.
   */
  private agrees({ protocol }: Stream, view: DataView, row: number, { mdp3 }: Protocols): boolean {
    const { file, offset, at } = this;
    const type = file.value('type', row);
    const length = file.value('length', row);
    const instrument = file.value('instrument', row);
    if (protocol.startsWith('MDP3')) {
      const isKnown = mdp3.isKnown(view, offset, length) && mdp3.typeOf(view, offset, length) === type;
      return isKnown && mdp3.signatureAt(view, offset, length) === instrument;
    }
    if (view.getUint8(offset) !== type || itch50.lengthOf(view, offset) !== length) return false;
    if (view.getUint16(offset + itch50Landmarks.locateOffset) !== instrument) return false;
    if (protocol !== 'BinaryFILE' || file.value('isKept', row) === 1) return true;
    const sinceMidnightNs = (at.seconds - this.info.capture.midnightSeconds) * 1e9 + at.nanoseconds;
    return itch50.timestampOf(view, offset) === sinceMidnightNs && view.getUint16(offset - prefixBytes) === length;
  }

  /** The bytes that hold the row's message, at `offset`; a piece holds those of rows that follow, too. */
  private bytesOf(capture: number, chunk: Chunk, rows: Uint16Array, index: number, count: number): DataView {
    const { file } = this;
    const row = rows[index] as number;
    const start = file.value('place', row);
    let end = start + file.value('length', row);
    if (file.value('isKept', row) === 1) {
      this.offset = start;
      return file.kept(chunk);
    }
    if (start < this.pieceStart || end > this.pieceEnd) {
      for (let behind = index + 1; behind < count; behind++) {
        const next = rows[behind] as number;
        if (file.value('isKept', next) === 1) continue;
        const from = file.value('place', next);
        const to = from + file.value('length', next);
        if (from < end || from - end > bytesBetween || to - start > mostPieceBytes) break;
        end = to;
      }
      this.readPiece(capture, start, end);
    }
    this.offset = start - this.pieceStart;
    return this.pieceView;
  }

  private readPiece(capture: number, start: number, end: number): void {
    const from = Math.max(0, start - prefixBytes);
    if (end - from > this.piece.length) {
      this.piece = new Uint8Array(2 * (end - from));
      this.pieceView = new DataView(this.piece.buffer);
    }
    if (readSync(capture, this.piece, 0, end - from, from) < end - from) throw this.contradiction(start);
    this.pieceStart = from;
    this.pieceEnd = end;
  }

  private contradiction(offset: number): CaptureError {
    const advice = 'make it anew (tickreel index --columns --force) or leave it out (--no-index)';
    const text = `${this.path} does not hold at byte ${offset} what ${columnPathOf(this.path)} says: ${advice}`;
    return new CaptureError('columns', text);
  }
}

/** Why columns do not answer of several captures; null where there are none. */
function whereSeveral(paths: readonly string[]): { why: string } | null {
  const path = paths.find((one) => !isStandardInput(one) && existsSync(columnPathOf(one)));
  return path === undefined
    ? null
    : { why: `${columnPathOf(path)} is not used: columns answer of one capture, and several are merged here` };
}

type MutableStream = { -readonly [Key in keyof Stream]: Stream[Key] };

/** Whether an input is read as columns were made: nothing that changes what is found, or how. */
function asksOfCapture(input: InputSpec): boolean {
  const { frameByType, recover, timestamps, protocol, portMap, templates, definitions, overlay } = input;
  const isPlain = !frameByType && !recover && timestamps === 'capture' && overlay === null;
  return isPlain && protocol === null && portMap.size + templates.length + definitions.length === 0;
}

/** Whether anything is left out: where all messages are asked for, all have to be read. */
function choosesMessages({ filter, window, countsOnly }: ColumnQuestion): boolean {
  const { destinations, sessions, channels, feeds } = filter;
  const ofFlows = destinations.length + sessions.length + channels.length + feeds.length;
  return countsOnly || ofFlows > 0 || asksOfMessages(filter) || (window.from ?? window.until) !== undefined;
}

/** Why columns cannot answer what is asked; null where they can. */
function refusal(info: ColumnInfo, { filter, window, isLimited, isStrict }: ColumnQuestion): string | null {
  const isWindowed = window.from !== undefined || window.until !== undefined;
  const { destinations, sessions, channels, feeds } = filter;
  const asksOfFlows = destinations.length + sessions.length + channels.length + feeds.length > 0;
  if (window.durationNs !== undefined || window.limit !== undefined) return 'a duration is known only by reading';
  if (info.notes.length > 0 && (isWindowed || asksOfFlows || isLimited)) {
    return 'there is more in the capture than messages, and what of it is to be told is known only by reading';
  }
  if (isStrict && info.hasGaps && (isWindowed || asksOfFlows || isLimited)) {
    return 'which numbers are missing in a part of the capture is known only by reading';
  }
  if (isWindowed && !info.isOrdered) return 'the packets are not in the order of their stamps';
  if (isWindowed && info.streams.some(({ flow }) => flow?.transport === 'TCP')) {
    return 'what of TCP streams lies in a span of time is known only by reading';
  }
  if (info.hasUnknown) return 'messages without a template are known only by reading';
  if (filter.symbols.length > 0 && info.locates === null) return 'a locate code stands for more than one symbol';
  if (sessions.length > 0 && info.streams.some(isMdp3)) return 'sessions of MDP are known only by reading';
  return null;
}
