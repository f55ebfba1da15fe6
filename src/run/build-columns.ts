/**
 * Reads a capture to its end and puts columns of its messages beside it, by which `decode` finds messages without
 * reading the others (`core/column-file-bytes.ts`, `run/column-query.ts`).
 *
 * Memory is bounded: a chunk of rows is held, and what was learned of streams, locate codes and instruments.
 */
import { itch50Landmarks } from '../analysis/landmarks.js';
import { MessageFeed } from '../analysis/message-feed.js';
import { isMdp3 } from '../analysis/protocols.js';
import { readsAsStored } from '../analysis/seek-indexes.js';
import { type ColumnName, chunkRows, columnNames, maxChunkRows } from '../core/column-chunk.js';
import type { ColumnInfo, NamedLocate } from '../core/column-file-bytes.js';
import { CaptureError } from '../core/errors.js';
import type { RecordReader, Stream } from '../core/seams.js';
import type { IndexedFile } from '../core/seek-index-bytes.js';
import { ColumnFile, ColumnFileWriter, captureOf, columnPathOf } from '../io/column-file.js';
import { openCapture } from '../io/open-capture.js';
import { identify, isUnchanged } from '../io/seek-index-file.js';
import { itch50 } from '../protocol/itch50/index.js';
import { readText } from '../schema/read.js';

export interface ColumnOptions {
  /** Day of a BinaryFILE; null: from the file's name, else 1970-01-01. */
  date: string | null;
  /** Write them anew where right ones are there. */
  force: boolean;
  /** What reading says on standard error once it is done, behind the capture's name. */
  notesOf(feed: MessageFeed): string[];
  /** Told how to end it early: it rejects then, and leaves nothing behind. */
  onStart?(stop: () => void): void;
}

/** The object that `index --columns --json` prints for a capture. */
export interface ColumnReport {
  capture: string;
  columns: string;
  /** `kept`: the columns that are there are of this very capture. */
  outcome: 'written' | 'kept';
  captureBytes: number;
  /** Of the columns; null where they were kept. */
  bytes: number | null;
  messages: number;
}

const symbolBytes = 8;
/** Streams beyond this that name symbols leave the capture without a table of locate codes. */
const maxNamingStreams = 64;

/**
 * Rejects with CaptureError where the capture cannot be read or have columns, with SinkError where they cannot be
 * written.
 */
export async function buildColumns(path: string, options: ColumnOptions): Promise<ColumnReport> {
  const identity = await identityOf(path, options.date);
  const report = { capture: path, columns: columnPathOf(path), captureBytes: identity.sizeBytes };
  if (!options.force) {
    const kept = await ColumnFile.open(path, identity);
    if (kept instanceof ColumnFile) {
      await kept.close();
      return { ...report, outcome: 'kept', bytes: null, messages: kept.info.rows };
    }
  }
  const writer = await ColumnFileWriter.create(path);
  try {
    const builder = new ColumnBuilder(writer);
    const feed = await builder.read(path, options);
    if (!(await isUnchanged(path, identity))) {
      throw new CaptureError('index', `${path} changed while it was read; index it once it is written to its end`);
    }
    await writer.close(builder.info(feed, identity, options.notesOf(feed)));
    return { ...report, outcome: 'written', bytes: writer.bytes, messages: builder.rows };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** What columns of the capture are of; rejects with CaptureError where it can have none. */
export async function identityOf(path: string, date: string | null): Promise<IndexedFile> {
  const { lengthOf, timestampOf } = itch50;
  const given = date === null ? {} : { date };
  const file = await openCapture(path, { lengthOf, timestampOf, ...given, onDamage: () => {} });
  try {
    const identity = await identify(path, file, false);
    if (identity === null) throw new CaptureError('index', `${path} ${readsAsStored}`);
    return identity;
  } finally {
    await file.close();
  }
}

/** Takes the messages of one capture down, row by row. */
class ColumnBuilder {
  rows = 0;
  private readonly writer: ColumnFileWriter;
  private readonly columns = columnNames.map(() => new Float64Array(maxChunkRows));
  private readonly of = Object.fromEntries(
    columnNames.map((name, index) => [name, this.columns[index] as Float64Array]),
  ) as Record<ColumnName, Float64Array>;
  /** Rows of the chunk at hand, and bytes of messages kept in it. */
  private held = 0;
  private kept = new Uint8Array(1 << 16);
  private keptBytes = 0;
  private readonly streams: Stream[] = [];
  private readonly places = new Map<Stream, number>();
  private readonly locates = new LocateNames();
  private readonly definitions = new Set<number>();
  private readonly securities = new Map<string, readonly [number, string]>();
  private first: ColumnInfo['first'] = null;
  private isOrdered = true;
  private hasUnknown = false;
  private latestSeconds = Number.NEGATIVE_INFINITY;
  private latestNanoseconds = 0;

  constructor(writer: ColumnFileWriter) {
    this.writer = writer;
  }

  async read(path: string, { date, onStart }: ColumnOptions): Promise<MessageFeed> {
    const feed = await MessageFeed.open(
      { path, date },
      {
        onRecord: (reader) => this.record(reader),
        onMessage: (view, offset, length, _timestampNs, sequence, stream, verdict) => {
          if (verdict === 'unknown' && isMdp3(stream)) this.hasUnknown = true;
          if (verdict === 'known') this.take(feed, view, offset, length, sequence, stream);
        },
        pause: () => (this.held >= chunkRows ? this.chunk() : undefined),
      },
      { learnsSymbols: true },
    );
    onStart?.(() => feed.stop());
    await feed.run();
    if (feed.isStopped)
      throw new CaptureError('interrupted', `${path} was not read to its end; no columns of it were written`);
    if (this.held > 0) await this.chunk();
    return feed;
  }

  info(feed: MessageFeed, file: IndexedFile, notes: readonly string[]): ColumnInfo {
    const sessions = feed.demux.sessions();
    return {
      capture: captureOf(file),
      rows: this.rows,
      records: feed.recordsRead,
      messages: feed.messagesRead,
      streams: this.streams.map(({ index, protocol, session, flow }) => ({ index, protocol, session, flow })),
      missing: sessions.reduce((sum, session) => sum + session.missing, 0),
      hasGaps: sessions.some((session) => session.gaps.length > 0),
      first: this.first,
      hasUnknown: this.hasUnknown,
      isOrdered: this.isOrdered && feed.farStamps === 0,
      notes,
      isDamaged: feed.damage.total > 0,
      locates: this.locates.names,
      definitions: [...this.definitions],
      securities: [...this.securities.values()],
    };
  }

  private record({ seconds, nanoseconds }: RecordReader): void {
    this.first ??= { seconds, nanoseconds };
    const isLater =
      seconds > this.latestSeconds || (seconds === this.latestSeconds && nanoseconds >= this.latestNanoseconds);
    if (!isLater) this.isOrdered = false;
    this.latestSeconds = seconds;
    this.latestNanoseconds = nanoseconds;
  }

  private take(
    feed: MessageFeed,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    stream: Stream,
  ): void {
    const { of, held } = this;
    const { reader } = feed.input;
    // No packet or piece of TCP of 64 KiB has as many.
    if (held >= maxChunkRows) {
      const where = `packet ${reader.packetNumber}, at byte ${reader.fileOffset}`;
      const text = `${where}, has more than ${maxChunkRows - chunkRows} messages, so there can be no columns`;
      throw new CaptureError('columns', `${feed.input.name}: ${text}`);
    }
    const place = this.placeOf(stream);
    if (isMdp3(stream)) this.takeMdp3(feed, view, offset, length);
    else this.takeItch(view, offset, place);
    of.stream[held] = place;
    of.length[held] = length;
    of.packet[held] = reader.packetNumber;
    of.sequence[held] = sequence;
    of.seconds[held] = reader.seconds;
    of.nanoseconds[held] = reader.nanoseconds;
    of.sendingSeconds[held] = stream.sendingSeconds ?? -1;
    of.sendingNanoseconds[held] = stream.sendingNanoseconds ?? 0;
    const { bytesAt = -1 } = reader;
    // What a session has put together, or keeps for later, does not stand in the file as it is delivered.
    const isThere = view === reader.view && offset >= reader.offset && offset + length <= reader.offset + reader.length;
    const isKept = bytesAt < 0 || !isThere;
    of.isKept[held] = isKept ? 1 : 0;
    of.place[held] = isKept ? this.keep(view, offset, length) : bytesAt + offset - reader.offset;
    this.held++;
    this.rows++;
  }

  private takeItch(view: DataView, offset: number, stream: number): void {
    const type = view.getUint8(offset);
    const locate = view.getUint16(offset + itch50Landmarks.locateOffset);
    this.of.type[this.held] = type;
    this.of.instrument[this.held] = locate;
    const symbolAt = itch50Landmarks.symbolOffsets[type] as number;
    if (symbolAt >= 0) this.locates.name(stream, locate, view, offset + symbolAt, this.rows);
  }

  private takeMdp3({ protocols: { mdp3 } }: MessageFeed, view: DataView, offset: number, length: number): void {
    const type = mdp3.typeOf(view, offset, length);
    this.of.type[this.held] = type;
    this.of.instrument[this.held] = mdp3.signatureAt(view, offset, length);
    const defined = mdp3.learn(view, offset, length);
    if (defined === null) return;
    this.definitions.add(type);
    const symbol = mdp3.symbolOf(defined);
    if (symbol !== undefined) this.securities.set(`${defined} ${symbol}`, [defined, symbol]);
  }

  private placeOf(stream: Stream): number {
    let place = this.places.get(stream);
    if (place === undefined) {
      place = this.streams.length;
      this.places.set(stream, place);
      this.streams.push(stream);
    }
    return place;
  }

  private keep(view: DataView, offset: number, length: number): number {
    const at = this.keptBytes;
    if (at + length > this.kept.length) {
      const larger = new Uint8Array(Math.max(this.kept.length * 2, at + length));
      larger.set(this.kept);
      this.kept = larger;
    }
    this.kept.set(new Uint8Array(view.buffer, view.byteOffset + offset, length), at);
    this.keptBytes += length;
    return at;
  }

  private async chunk(): Promise<void> {
    const kept = this.kept.subarray(0, this.keptBytes);
    await this.writer.chunk({ columns: this.columns, rows: this.held, kept });
    this.held = 0;
    this.keptBytes = 0;
  }
}

/** Which symbols locate codes are named with, a table a stream: its two words by code. */
class LocateNames {
  private readonly tables: (LocateTable | undefined)[] = [];
  private readonly list: NamedLocate[] = [];
  private count = 0;
  private isClear = true;

  /** Null where a code has had more than one symbol, or too many streams name some. */
  get names(): readonly NamedLocate[] | null {
    return this.isClear ? this.list : null;
  }

  name(stream: number, locate: number, view: DataView, at: number, row: number): void {
    const table = this.tables[stream] ?? this.add(stream);
    if (table === null) return;
    const [high, low] = [view.getUint32(at), view.getUint32(at + 4)];
    if (table.isNamed[locate] === 1) {
      if (table.highs[locate] !== high || table.lows[locate] !== low) this.isClear = false;
      return;
    }
    table.isNamed[locate] = 1;
    table.highs[locate] = high;
    table.lows[locate] = low;
    this.list.push({ stream, locate, symbol: readText(view, at, symbolBytes), row });
  }

  private add(stream: number): LocateTable | null {
    if (this.count >= maxNamingStreams) {
      this.isClear = false;
      return null;
    }
    this.count++;
    const table = { isNamed: new Uint8Array(65_536), highs: new Uint32Array(65_536), lows: new Uint32Array(65_536) };
    this.tables[stream] = table;
    return table;
  }
}

interface LocateTable {
  readonly isNamed: Uint8Array;
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
}
