/**
 * Places in a capture where reading can begin, learned while it is read from its start: what a seek needs in order not
 * to read everything before its target.
 *
 * A seek goes to the first record, in the order of the file, that is stamped at or after its target, whatever stamps
 * follow. Records before a point are all stamped below the target where the highest of them is, so the last such point
 * is never behind the record looked for; `highest` only grows, so it is found by bisection.
 */

/** A moment as captures stamp it. */
export interface Stamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A record that reading can begin at, and what a reader has to know there of what lies before. */
export interface SeekPoint extends Stamp {
  /** Byte offset of the record in the file. */
  readonly offset: number;
  /** Records before it. */
  readonly records: number;
  /** The latest stamp before it; -Infinity where there is none. */
  readonly highest: Stamp;
  /** The stamp of the record before it, which records without one carry. */
  readonly previous: Stamp;
  /** Whether segments of TCP came before it: streams that a reader who begins here has missed the opening of. */
  readonly afterStreams: boolean;
  /** The blocks that describe what follows (pcapng: section header and interfaces), in `SeekIndex.blocks`. */
  readonly firstBlock: number;
  readonly blockCount: number;
}

/** What a reader goes by that begins at a point. */
export type ResumePoint = Pick<SeekPoint, 'offset' | 'records' | 'previous'>;

/** Bytes of a file that say how what follows is read. */
export interface DescribingBlock {
  readonly offset: number;
  readonly length: number;
}

/** Told by a reader of what it meets, in the order of the file. */
export interface RecordNotes {
  /**
   * Every record, before anything of it is taken in. `isWhole` where nothing before it waits to be completed
   * (fragments); `hasStreams` once segments of TCP were met.
   */
  note(
    offset: number,
    packetNumber: number,
    seconds: number,
    nanoseconds: number,
    isWhole: boolean,
    hasStreams: boolean,
  ): void;
  /** Every describing block; `startsSection` where those before it hold no longer. */
  noteBlock(offset: number, length: number, startsSection: boolean): void;
  /** The file was read to its end. */
  finish(): void;
}

/** Bytes between two points, at least: read through in about a millisecond. */
export const pointSpacing = 1 << 18;
/** Of more points every other one is let go, and the spacing doubled. */
export const maxPoints = 65_536;
/** More describing blocks than this are not kept: the file is then read from its start. */
export const maxBlocks = 65_536;

const noStamp: Stamp = { seconds: Number.NEGATIVE_INFINITY, nanoseconds: 0 };

/** Whether `a` is earlier than `b`. */
export function isEarlier(a: Stamp, b: Stamp): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds);
}

/** What is known of one file; grows while the file is read from its start, and stays as it is where that repeats. */
export class SeekIndex implements RecordNotes {
  readonly points: SeekPoint[] = [];
  readonly blocks: DescribingBlock[] = [];
  /** Set once the file was read to its end. */
  isComplete = false;
  /** Set where the file cannot be indexed: too many describing blocks. */
  isOverrun = false;
  private spacing: number;
  /** Where the next point may lie, and where what was read ends. */
  private nextAt = 0;
  private known = -1;
  private highestSeconds = Number.NEGATIVE_INFINITY;
  private highestNanoseconds = 0;
  private previousSeconds = 0;
  private previousNanoseconds = 0;
  private hasStreams = false;
  /** Records met so far. */
  records = 0;
  private sectionBlock = 0;

  constructor(spacing = pointSpacing) {
    this.spacing = spacing;
  }

  /** A whole index that was kept; it learns nothing more. */
  static of(points: readonly SeekPoint[], blocks: readonly DescribingBlock[]): SeekIndex {
    const index = new SeekIndex();
    index.points.push(...points);
    index.blocks.push(...blocks);
    index.highestSeconds = Number.POSITIVE_INFINITY;
    index.isComplete = true;
    return index;
  }

  /** The latest stamp of all that was read; -Infinity before any was, Infinity of an index that was kept. */
  get highest(): Stamp {
    return { seconds: this.highestSeconds, nanoseconds: this.highestNanoseconds };
  }

  note(
    offset: number,
    packetNumber: number,
    seconds: number,
    nanoseconds: number,
    isWhole: boolean,
    hasStreams: boolean,
  ): void {
    // Known already: it is read once more behind a seek.
    if (offset <= this.known || this.isComplete) return;
    this.known = offset;
    this.records = packetNumber;
    if (offset >= this.nextAt && isWhole && !this.isOverrun) this.add(offset, packetNumber - 1, seconds, nanoseconds);
    if (seconds > this.highestSeconds || (seconds === this.highestSeconds && nanoseconds > this.highestNanoseconds)) {
      this.highestSeconds = seconds;
      this.highestNanoseconds = nanoseconds;
    }
    this.previousSeconds = seconds;
    this.previousNanoseconds = nanoseconds;
    this.hasStreams ||= hasStreams;
  }

  noteBlock(offset: number, length: number, startsSection: boolean): void {
    const { blocks } = this;
    const last = blocks[blocks.length - 1];
    if (this.isOverrun || this.isComplete || (last !== undefined && offset <= last.offset)) return;
    if (blocks.length >= maxBlocks) {
      this.isOverrun = true;
      return;
    }
    if (startsSection) this.sectionBlock = blocks.length;
    blocks.push({ offset, length });
  }

  finish(): void {
    this.isComplete = true;
  }

  /** The last point that no record at or after `target` lies before; null where nothing is known. */
  pointBefore(target: Stamp): SeekPoint | null {
    const { points } = this;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isEarlier((points[middle] as SeekPoint).highest, target)) low = middle + 1;
      else high = middle;
    }
    return points[low - 1] ?? null;
  }

  /** The blocks to be read before a reader can begin at the point. */
  blocksOf({ firstBlock, blockCount }: SeekPoint): DescribingBlock[] {
    return this.blocks.slice(firstBlock, firstBlock + blockCount);
  }

  /** The point that follows; null behind the last. */
  after(point: SeekPoint): SeekPoint | null {
    return this.points[this.points.indexOf(point) + 1] ?? null;
  }

  private add(offset: number, records: number, seconds: number, nanoseconds: number): void {
    const { points } = this;
    points.push({
      offset,
      records,
      seconds,
      nanoseconds,
      highest:
        this.highestSeconds === Number.NEGATIVE_INFINITY
          ? noStamp
          : { seconds: this.highestSeconds, nanoseconds: this.highestNanoseconds },
      previous: { seconds: this.previousSeconds, nanoseconds: this.previousNanoseconds },
      afterStreams: this.hasStreams,
      firstBlock: this.sectionBlock,
      blockCount: this.blocks.length - this.sectionBlock,
    });
    if (points.length > maxPoints) this.thin();
    this.nextAt = offset + this.spacing;
  }

  private thin(): void {
    const kept = this.points.filter((_, index) => index % 2 === 0);
    this.points.length = 0;
    this.points.push(...kept);
    this.spacing *= 2;
  }
}

/**
 * Reads along from a point to the next and sees whether the file has there what the index says: the very record, as
 * many records behind it, and the next point's.
 */
export class PointProbe implements RecordNotes {
  /** Null while it is not decided. */
  verdict: 'right' | 'wrong' | null = null;
  private isFirst = true;

  /** `next` null: behind the last point one record has to do. */
  constructor(
    private readonly point: SeekPoint,
    private readonly next: SeekPoint | null,
  ) {}

  note(offset: number, packetNumber: number, seconds: number, nanoseconds: number): void {
    if (this.verdict !== null) return;
    const expected = this.isFirst ? this.point : this.next;
    const isSame =
      expected !== null &&
      offset === expected.offset &&
      packetNumber === expected.records + 1 &&
      seconds === expected.seconds &&
      nanoseconds === expected.nanoseconds;
    if (this.isFirst) {
      this.isFirst = false;
      if (!isSame) this.verdict = 'wrong';
      else if (this.next === null) this.verdict = 'right';
    } else if (this.next !== null && offset >= this.next.offset) this.verdict = isSame ? 'right' : 'wrong';
  }

  noteBlock(): void {}

  finish(): void {
    this.verdict ??= 'wrong';
  }
}
