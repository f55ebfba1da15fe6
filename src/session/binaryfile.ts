/**
 * NASDAQ BinaryFILE: records of a 2-byte big-endian length and that many bytes of message; a length of 0 at the very
 * end of the file is the end of the session.
 *
 * A length of 0 anywhere else is damage. With `frameByType` the message behind it is framed by its type's own length,
 * and so is every message of a file without any lengths; each is reported once (`zero-length`, `no-length-prefix`) and
 * counted in `framedByType`. Where framing is lost, reading resumes at the first byte within `RESYNC_WINDOW` from which
 * `RESYNC_RECORDS` whole records follow, or fewer up to the exact end of the file, each of a known type and its length;
 * else it stops there. What is before the damage is always delivered.
 *
 * Time stamps are the message's own where its layout is known, else those of the message before.
 *
 * Damage codes: `truncated`, `zero-length`, `no-length-prefix`, `unknown-type`.
 */
import { ByteQueue } from '../core/byte-queue.js';
import type { BlockReader, DamageHandler, LengthOf, TimestampOf } from '../core/seams.js';
import type { RecordNotes, ResumePoint } from '../core/seek-index.js';
import { looksLikeBinaryFile, PREFIX_LENGTH } from './binaryfile-format.js';

export { type BinaryFileFormat, looksLikeBinaryFile } from './binaryfile-format.js';

/** How far behind the damage a place to resume is looked for. */
export const RESYNC_WINDOW = 65_536;
/** How many whole records of known types must follow a place to resume at. */
export const RESYNC_RECORDS = 5;

/** How much of a doubtful file is looked at to tell whether it has length prefixes. */
const HEAD_LENGTH = 4096;
const NS_PER_SECOND = 1_000_000_000;

/** What a reader is told about the file and its protocol. */
export interface BinaryFileOptions {
  /** The midnight that the messages' time stamps count from, in seconds since the epoch. */
  readonly midnightSeconds: number;
  readonly timestampOf: TimestampOf;
  readonly lengthOf: LengthOf;
  /** Frames messages without a usable length by their type's; otherwise that is refused. */
  readonly frameByType?: boolean;
  readonly onDamage?: DamageHandler;
  /** Size of the uncompressed file where it is known: damage then says how much is left unread. */
  readonly sizeBytes?: number | null;
  /** Learns where reading can begin. */
  readonly index?: RecordNotes;
}

type State = 'undecided' | 'framed' | 'unprefixed' | 'lost';
type Verdict = 'yes' | 'no' | 'more';

/** Reads a BinaryFILE message by message. */
export class BinaryFileReader implements BlockReader {
  view: DataView;
  offset = 0;
  length = 0;
  seconds: number;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  /** Set once the end-of-session record was read. */
  endOfSession = false;
  /** Messages framed by their type's length. */
  framedByType = 0;
  blocksOffset = 0;
  blocksLength = 0;
  private readonly options: BinaryFileOptions;
  private readonly lengthOf: LengthOf;
  private readonly timestampOf: TimestampOf;
  private readonly index: RecordNotes | null;
  private readonly queue = new ByteQueue();
  private state: State = 'undecided';
  /** Framing to resume with, what is wrong and how far the search has come, while lost. */
  private resumeState: State = 'framed';
  private lostCode = '';
  private lostWhat = '';
  private scanned = 0;

  constructor(options: BinaryFileOptions) {
    this.options = options;
    this.lengthOf = options.lengthOf;
    this.timestampOf = options.timestampOf;
    this.index = options.index ?? null;
    this.view = this.queue.view;
    this.seconds = options.midnightSeconds;
  }

  /** Begins at the point, whose bytes are pushed next; `isPrefixed` says whether messages have their lengths. */
  resumeAt({ offset, records, previous }: ResumePoint, isPrefixed: boolean): void {
    this.queue.jump(offset);
    this.state = isPrefixed ? 'framed' : 'unprefixed';
    this.packetNumber = records;
    this.seconds = previous.seconds;
    this.nanoseconds = previous.nanoseconds;
  }

  /** Whether all bytes at hand were read, up to the end of a message with its length before it. */
  get isBetweenPackets(): boolean {
    return this.queue.available === 0 && !this.done && this.state === 'framed';
  }

  /** Goes on at the point, behind messages that another reader has read. */
  leap(point: ResumePoint): void {
    this.resumeAt(point, true);
  }

  push(chunk: Uint8Array): void {
    if (!this.done) this.queue.push(chunk);
  }

  end(): void {
    this.queue.end();
  }

  get bytesAt(): number {
    return this.queue.position - this.queue.offset + this.offset;
  }

  next(): boolean {
    const { queue } = this;
    if (this.state === 'framed' && queue.offset + PREFIX_LENGTH <= queue.limit) {
      const length = queue.view.getUint16(queue.offset);
      if (length !== 0 && queue.offset + PREFIX_LENGTH + length <= queue.limit) {
        this.deliver(PREFIX_LENGTH, length);
        return true;
      }
    }
    return this.nextSlow();
  }

  nextBlocks(roomBytes: number, isKnownOnly = false): number {
    const { queue, lengthOf } = this;
    if (this.state !== 'framed') return 0;
    const { view, offset: start } = queue;
    const end = Math.min(queue.limit, start + roomBytes);
    let count = 0;
    let at = start;
    let last = start;
    while (at + PREFIX_LENGTH <= end) {
      const length = view.getUint16(at);
      const behind = at + PREFIX_LENGTH + length;
      if (length === 0 || behind > end) break;
      if (isKnownOnly && lengthOf(view, at + PREFIX_LENGTH) !== length) break;
      last = at;
      at = behind;
      count++;
    }
    if (count > 0) this.takeBlocks(start, last, at, count);
    return count;
  }

  private takeBlocks(start: number, last: number, end: number, count: number): void {
    const { queue } = this;
    const { view } = queue;
    this.view = view;
    this.offset = last + PREFIX_LENGTH;
    this.length = end - this.offset;
    this.blocksOffset = start;
    this.blocksLength = end - start;
    this.fileOffset = queue.position + (last - start);
    if (this.index !== null) this.noteBlocks(this.index, view, start, end);
    else if (this.lengthOf(view, this.offset) === this.length) this.stamp(this.timestampOf(view, this.offset));
    // The last one has no layout that is known: its stamp is that of the latest before it that has.
    else if (count > 1) this.stampLast(view, start, last);
    this.packetNumber += count;
    queue.skip(end - start);
  }

  private stampLast(view: DataView, start: number, end: number): void {
    for (let at = start; at < end; at += PREFIX_LENGTH + view.getUint16(at)) {
      const message = at + PREFIX_LENGTH;
      if (this.lengthOf(view, message) === view.getUint16(at)) this.stamp(this.timestampOf(view, message));
    }
  }

  /** An index wants to know of every message. */
  private noteBlocks(index: RecordNotes, view: DataView, start: number, end: number): void {
    const position = this.queue.position - start;
    let { packetNumber } = this;
    for (let at = start; at < end; at += PREFIX_LENGTH + view.getUint16(at)) {
      const message = at + PREFIX_LENGTH;
      if (this.lengthOf(view, message) === view.getUint16(at)) this.stamp(this.timestampOf(view, message));
      index.note(position + at, ++packetNumber, this.seconds, this.nanoseconds, true, false);
    }
  }

  /** Everything but a whole framed record: the start, the end, what is cut off, and damage. */
  private nextSlow(): boolean {
    while (!this.done) {
      const before = this.packetNumber;
      if (!this.step()) return false;
      if (this.packetNumber !== before) return true;
    }
    return false;
  }

  /** Delivers a message, changes the state or ends; false where it needs more bytes. */
  private step(): boolean {
    const { queue } = this;
    if (this.state === 'undecided') return this.decide();
    if (this.state === 'lost') return this.resync();
    if (queue.available === 0) return queue.ended && this.finish();
    if (this.state === 'unprefixed') {
      const length = this.lengthOf(queue.view, queue.offset);
      if (length !== 0) return this.deliverTyped(0, length);
      return this.lose('unknown-type', `type ${this.typeAt(0)} is unknown, so where its message ends is too`);
    }
    if (queue.available < PREFIX_LENGTH) return queue.ended && this.truncated('in the middle of a length');
    const length = queue.view.getUint16(queue.offset);
    if (length === 0) return this.zeroLength();
    if (PREFIX_LENGTH + length <= queue.available) {
      this.deliver(PREFIX_LENGTH, length);
      return true;
    }
    return queue.ended && this.truncated(`${queue.available - PREFIX_LENGTH} bytes into a message of ${length}`);
  }

  /** Settles whether the file has length prefixes: nearly always by its first byte, which then is no type. */
  private decide(): boolean {
    const { queue } = this;
    if (queue.available > 0 && this.lengthOf(queue.view, queue.offset) === 0) {
      this.state = 'framed';
      return true;
    }
    if (queue.available < HEAD_LENGTH && !queue.ended) return false;
    this.state = 'framed';
    const headLength = Math.min(queue.available, HEAD_LENGTH);
    const head = new Uint8Array(queue.view.buffer, queue.view.byteOffset + queue.offset, headLength);
    const isComplete = queue.ended && headLength === queue.available;
    if (looksLikeBinaryFile(head, isComplete, this.lengthOf) !== 'no-prefix') return true;
    const what = 'the messages have no length in front of them';
    if (!this.options.frameByType) return this.stop('no-length-prefix', what);
    this.state = 'unprefixed';
    this.damage('no-length-prefix', `${what}; all are framed by their type's own length`);
    return true;
  }

  private zeroLength(): boolean {
    const { queue } = this;
    if (queue.available === PREFIX_LENGTH) {
      if (!queue.ended) return false;
      this.endOfSession = true;
      queue.skip(PREFIX_LENGTH);
      return this.finish();
    }
    const { frameByType } = this.options;
    const length = frameByType ? this.lengthOf(queue.view, queue.offset + PREFIX_LENGTH) : 0;
    if (length === 0) {
      const what = frameByType ? `before unknown type ${this.typeAt(PREFIX_LENGTH)}` : 'inside the file';
      return this.lose('zero-length', `a length of 0 ${what}, which is no end of session`);
    }
    if (this.framedByType === 0 && PREFIX_LENGTH + length <= queue.available) {
      this.damage('zero-length', "a length of 0 before a message; such are framed by their type's own length");
    }
    return this.deliverTyped(PREFIX_LENGTH, length);
  }

  private deliverTyped(prefix: number, length: number): boolean {
    const { queue } = this;
    if (prefix + length <= queue.available) {
      this.framedByType++;
      this.deliver(prefix, length);
      return true;
    }
    return queue.ended && this.truncated(`${queue.available - prefix} bytes into a message of ${length}`);
  }

  private deliver(prefix: number, length: number): void {
    const { queue } = this;
    this.view = queue.view;
    this.offset = queue.offset + prefix;
    this.length = length;
    this.fileOffset = queue.position;
    this.packetNumber++;
    queue.skip(prefix + length);
    if (this.lengthOf(this.view, this.offset) === length) this.stamp(this.timestampOf(this.view, this.offset));
    const { index } = this;
    if (index !== null) index.note(this.fileOffset, this.packetNumber, this.seconds, this.nanoseconds, true, false);
  }

  /** Adds nanoseconds since midnight, 24 hours and more included, to the file's midnight. */
  private stamp(ns: number): void {
    // Up to 2^53 the quotient's spacing is below 2 × 10^-9, so it never rounds up to the next whole second.
    const seconds = Math.floor(ns / NS_PER_SECOND);
    this.seconds = this.options.midnightSeconds + seconds;
    this.nanoseconds = ns - seconds * NS_PER_SECOND;
  }

  private lose(code: string, what: string): boolean {
    this.resumeState = this.state;
    this.state = 'lost';
    this.lostCode = code;
    this.lostWhat = what;
    this.scanned = this.resumeState === 'framed' ? PREFIX_LENGTH : 1;
    return true;
  }

  /** Looks for the next plausible record; false where it needs more bytes to tell. */
  private resync(): boolean {
    for (; this.scanned <= RESYNC_WINDOW; this.scanned++) {
      const verdict = this.isPlausible(this.queue.offset + this.scanned);
      if (verdict === 'more') return false;
      if (verdict === 'yes') {
        this.damage(this.lostCode, `${this.lostWhat}; ${this.scanned} bytes skipped to the next plausible record`);
        this.queue.skip(this.scanned);
        this.state = this.resumeState;
        return true;
      }
      if (this.queue.offset + this.scanned >= this.queue.limit) break;
    }
    return this.stop(this.lostCode, this.lostWhat);
  }

  /** Whether enough records in a row begin at `start`, each of a known type and its length. */
  private isPlausible(start: number): Verdict {
    const { view, limit, ended } = this.queue;
    let at = start;
    for (let count = 0; count < RESYNC_RECORDS; count++) {
      if (at >= limit) return ended ? (count > 0 ? 'yes' : 'no') : 'more';
      const length = this.plausibleLength(view, at, limit);
      if (length === 0) return 'no';
      if (length < 0 || at + length > limit) return ended ? 'no' : 'more';
      at += length;
    }
    return 'yes';
  }

  /** Length of the record at `at` with its prefix; 0 where it is not plausible, −1 where `limit` cuts its start off. */
  private plausibleLength(view: DataView, at: number, limit: number): number {
    if (this.resumeState === 'unprefixed') return this.lengthOf(view, at);
    if (at + PREFIX_LENGTH >= limit) return -1;
    const typed = this.lengthOf(view, at + PREFIX_LENGTH);
    if (typed === 0) return 0;
    const length = view.getUint16(at);
    return length === typed || (length === 0 && this.options.frameByType) ? PREFIX_LENGTH + typed : 0;
  }

  private truncated(where: string): boolean {
    this.damage('truncated', `the file ends ${where}`);
    return this.finish();
  }

  /** Gives up here, saying what is left and what may help. */
  private stop(code: string, what: string): boolean {
    const { sizeBytes, frameByType } = this.options;
    const position = this.queue.position;
    const left =
      typeof sizeBytes === 'number'
        ? `the remaining ${sizeBytes - position} bytes are`
        : `what follows byte ${position} is`;
    const advice = frameByType ? '' : "; --frame-by-type frames messages by their type's own length";
    this.damage(code, `${what}; ${left} not read${advice}`);
    return this.finish();
  }

  private finish(): boolean {
    this.done = true;
    // Whatever is left is no record.
    this.state = 'lost';
    this.index?.finish();
    return true;
  }

  private typeAt(index: number): string {
    const byte = this.queue.view.getUint8(this.queue.offset + index);
    return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, '0')}`;
  }

  private damage(code: string, what: string): void {
    const record = this.packetNumber + 1;
    const offset = this.queue.position;
    const message = `BinaryFILE record ${record} at byte ${offset}: ${what}`;
    this.options.onDamage?.({ code, message, record, offset });
  }
}
