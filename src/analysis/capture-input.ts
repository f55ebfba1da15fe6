/**
 * One or several capture files as one source of records.
 *
 * A single file is read as it is. Several are merged by time stamp: flows are shared, so that a feed that was captured
 * into one file after another is one stream, and of more than `maxAwake` files those that begin late are opened when
 * their time has come.
 */
import { FlowTable } from '../capture/flow.js';
import type { Damage, DamageHandler, DatagramReader, Flow, RecordReader, SharedBytes } from '../core/seams.js';
import type { Stamp } from '../core/seek-index.js';
import { type Beginning, type CaptureFile, openCapture } from '../io/open-capture.js';
import type { PreloadStore } from '../io/preload.js';
import { itch50 } from '../protocol/itch50/index.js';
import { type MergeCursor, MergedReader } from '../replay/merge.js';
import { type InputSpec, inputName, isStandardInput } from './input.js';
import { type FileReport, InputFile } from './input-file.js';
import type { SeekIndexes } from './seek-indexes.js';
import type { FlowNews, JudgedPart } from './threads/part.js';
import type { ThreadedFile } from './threads/threaded-file.js';
import { hindranceOf, refusalOf, type ThreadsOptions, type ThreadsReport } from './threads/threads.js';

/** Up to so many files are held open from the start. */
export const maxAwake = 8;
/** Files that begin further apart than this were not stamped by one clock: ns are exact for 104 days only. */
const farSeconds = 104 * 86_400;

export type { FileReport } from './input-file.js';

export interface CaptureInputOptions {
  /** Where flows are interned; a table of its own where absent. */
  flows?: FlowTable;
  readAhead?: boolean;
  /** Deliver packets without a datagram as well, as empty ones; TCP streams are not put together then. */
  allFrames?: boolean;
  /** Whether checksums are verified and counted; true where absent. */
  checksums?: boolean;
  /** Takes the files into memory before they are read. */
  preload?: PreloadStore;
  /** What a file's records are read through, such as a packer; its own reader where absent. */
  wrap?: (file: CaptureFile, index: number, at?: Beginning) => RecordReader;
  /** Learn from what is read where reading can begin … */
  indexes?: SeekIndexes;
  /** Have other threads read parts of the file. */
  threads?: ThreadsOptions;
  /** … and begin each file close before its first record that is stamped then or later. */
  target?: Stamp;
}

type DamageOf = (damage: Damage, file: string) => void;

export class CaptureInput {
  /** The records of all files; of a single one its own reader. */
  reader: RecordReader & Partial<DatagramReader>;
  readonly name: string;
  private readonly spec: InputSpec;
  private readonly options: CaptureInputOptions & { flows: FlowTable };
  private readonly onDamage: DamageOf;
  private readonly entries: readonly InputFile[];
  private merged: MergedReader | null = null;
  /** The file that several threads read. */
  private threaded: ThreadedFile | null = null;
  /** Why it is read by one, by what it turned out to be. */
  private refusal: string | null = null;
  private hasComparedClocks = false;
  private readonly owners = new Map<Flow, number>();
  /** While a file's first record is looked for, which is read again later: its damage is told then. */
  private isPeeking = false;

  private constructor(spec: InputSpec, onDamage: DamageOf, options: CaptureInputOptions) {
    this.spec = spec;
    this.onDamage = onDamage;
    this.options = { flows: new FlowTable(), ...options };
    this.name = inputName(spec);
    this.entries = spec.paths.map((path, index) => new InputFile(path, index));
    this.reader = new MergedReader([]);
  }

  /** Opens the files; rejects with CaptureError where one cannot be read or recognised at all. */
  static async open(spec: InputSpec, onDamage: DamageOf, options: CaptureInputOptions = {}): Promise<CaptureInput> {
    const input = new CaptureInput(spec, onDamage, options);
    try {
      await input.start();
    } catch (error) {
      await input.close();
      throw error;
    }
    return input;
  }

  /** A part of a file, which a reader stands before, as an input of its own. */
  static over(reader: RecordReader, kind: CaptureFile['kind'], spec: InputSpec): CaptureInput {
    const input = new CaptureInput(spec, () => {}, {});
    input.reader = reader;
    for (const entry of input.entries) entry.kind = kind;
    return input;
  }

  /** What other threads made of the messages of the part that `fill` has brought; null where they made nothing. */
  get judged(): JudgedPart | null {
    return this.threaded?.judged ?? null;
  }

  /** Has the file's own reader take the part that `fill` has brought. */
  readAnew(): void {
    this.threaded?.readAnew();
  }

  /** Gives the memory of a part's text back, once that was written. */
  readonly giveBack = (text: SharedBytes): void => this.threaded?.giveBack(text);

  /** The flows of that part. */
  get flows(): readonly Flow[] {
    return this.threaded?.reader.flows ?? [];
  }

  /** How many threads took part, and why not more; null where there is but one by what is asked. */
  get threads(): ThreadsReport {
    const reason = this.options.threads === undefined ? null : (this.hindrance ?? this.refusal);
    return this.threaded?.report ?? { threads: 1, partsAhead: 0, partsInTurn: 0, reason };
  }

  /** Tells other threads what a flow has turned out to be. */
  tell(news: FlowNews): void {
    this.threaded?.tell(news);
  }

  /** Which file the record at hand is of. */
  get current(): number {
    return this.merged?.current ?? 0;
  }

  /** Name of the file that the record at hand is of. */
  get currentName(): string {
    return this.entries[this.current]?.name ?? this.name;
  }

  get fileCount(): number {
    return this.entries.length;
  }

  /** Names of the files that hold messages without datagrams around them. */
  get messageFiles(): string[] {
    return this.entries.filter(({ kind }) => kind === 'messages').map(({ name }) => name);
  }

  /** What the record at hand is. */
  get kind(): CaptureFile['kind'] {
    return this.entries[this.current]?.kind ?? 'datagrams';
  }

  /** Whether every file can be read once more: pipes cannot, named ones neither. */
  get isRepeatable(): boolean {
    return this.entries.every(({ path, sizeBytes }) => !isStandardInput(path) && sizeBytes !== null);
  }

  /** Size as stored, where it is known of every file. */
  get sizeBytes(): number | null {
    let sum = 0;
    for (const { sizeBytes } of this.entries) {
      if (sizeBytes === null) return null;
      sum += sizeBytes;
    }
    return sum;
  }

  /** How far into the files the record at hand is, in bytes as stored; of compressed ones as far as was read. */
  get position(): number {
    const [only] = this.entries;
    if (this.merged === null && only?.file?.compression === 'none') return this.reader.fileOffset;
    return this.entries.reduce((sum, { file, bytesRead }) => sum + (file?.bytesRead ?? bytesRead), 0);
  }

  /** Which of overlaid files a flow is of; undefined where it is the first one's, or none of theirs. */
  ownerOf(flow: Flow): number | undefined {
    return this.owners.get(flow);
  }

  files(): FileReport[] {
    return this.entries.map((entry) => entry.describe());
  }

  /** Brings bytes to the reader that waits for them, or opens the file whose time has come. */
  async fill(): Promise<void> {
    const { merged } = this;
    if (merged === null) {
      await this.entries[0]?.file?.fill();
      return;
    }
    const entry = this.entries[merged.waiting] as InputFile;
    if (merged.isAsleep(entry.index)) {
      await this.openEntry(entry, this.options.target);
      merged.wake(entry.index, this.readerOf(entry));
    } else await entry.file?.fill();
    for (const other of this.entries) if (merged.isOver(other.index)) await other.close();
  }

  /** To be called once the first record is at hand: tells where the files' clocks cannot have been one. */
  compareClocks(): void {
    if (this.hasComparedClocks) return;
    this.hasComparedClocks = true;
    const { merged } = this;
    if (merged === null) {
      const { seconds, nanoseconds } = this.reader;
      (this.entries[0] as InputFile).first = { seconds, nanoseconds };
      return;
    }
    for (const [index, stamp] of merged.held.entries()) (this.entries[index] as InputFile).first = stamp;
    if (this.spec.overlay !== null) return;
    const dated = this.entries.flatMap(({ first, name }) => (first === null ? [] : [{ name, seconds: first.seconds }]));
    dated.sort((a, b) => a.seconds - b.seconds);
    const [earliest, latest] = [dated[0], dated.at(-1)];
    if (!earliest || !latest || latest.seconds - earliest.seconds <= farSeconds) return;
    const begins = ({ name, seconds }: typeof earliest): string =>
      `${name} begins on ${new Date(seconds * 1000).toISOString().slice(0, 10)}`;
    const message =
      `No one clock can have stamped these ${this.entries.length} captures: ${begins(earliest)}, ${begins(latest)}. ` +
      'They were merged as they are stamped; to bring one into line, re-stamp it: tickreel convert --start.';
    this.onDamage({ code: 'mixed-clocks', message, record: 0, offset: 0 }, this.name);
  }

  async close(): Promise<void> {
    for (const entry of this.entries) await entry.close();
  }

  /** Whether files that begin late are opened when their time has come; overlaid ones begin together. */
  private get mayWait(): boolean {
    return this.entries.length > maxAwake && this.spec.overlay === null;
  }

  private async start(): Promise<void> {
    const cursors: MergeCursor[] = [];
    for (const entry of this.entries) {
      await this.openEntry(entry, this.mayWait ? undefined : this.options.target);
      cursors.push(await this.cursorOf(entry));
    }
    const [only] = cursors;
    if (cursors.length === 1 && only?.reader) {
      this.reader = only.reader;
      return;
    }
    const { overlay } = this.spec;
    const copyOf = (flow: Flow, index: number): Flow => {
      const copy = this.options.flows.copyOf(flow, index, overlay !== null);
      this.owners.set(copy, index);
      return copy;
    };
    this.merged = new MergedReader(cursors, copyOf, overlay);
    this.reader = this.merged;
  }

  /** Where there are many files, one that can be opened again sleeps until its first stamp. */
  private async cursorOf(entry: InputFile): Promise<MergeCursor> {
    if (!this.mayWait || entry.sizeBytes === null) return { reader: this.readerOf(entry) };
    await this.peek(entry);
    if (entry.first !== null) return { reader: null, ...entry.first };
    // It has no record: what it has instead is told when it is read.
    await this.openEntry(entry);
    return { reader: this.readerOf(entry) };
  }

  /** Notes the stamp of the file's first record and closes it. */
  private async peek(entry: InputFile): Promise<void> {
    const file = entry.file as CaptureFile;
    const { reader } = file;
    this.isPeeking = true;
    while (!reader.next() && !reader.done) await file.fill();
    this.isPeeking = false;
    if (!reader.done) entry.first = { seconds: reader.seconds, nanoseconds: reader.nanoseconds };
    await entry.close();
    entry.report = { ...entry.describe(), counts: null, skipped: {} };
  }

  /** Opens the file, close before the target where there is one. */
  private async openEntry(entry: InputFile, target?: Stamp): Promise<void> {
    const { indexes } = this.options;
    const isNew = indexes !== undefined && !indexes.knows(entry.index);
    entry.at = undefined;
    if (target === undefined || indexes === undefined || isNew) entry.file = await this.openFile(entry);
    if (isNew && entry.file !== null) await indexes.opened(entry.index, entry.file as CaptureFile);
    if (target !== undefined && indexes !== undefined) {
      await entry.file?.close();
      entry.at = await indexes.beginningOf(entry.index, target);
      entry.file = await this.openFile(entry);
    }
    const file = entry.file as CaptureFile;
    entry.kind = file.kind;
    entry.name = file.name;
    entry.sizeBytes = file.sizeBytes;
  }

  /** What keeps the input with one thread. */
  private get hindrance(): string | null {
    return this.options.threads?.hindrance ?? hindranceOf(this.spec);
  }

  private async openFile(entry: InputFile): Promise<CaptureFile | ThreadedFile> {
    const { threads } = this.options;
    const isOne = threads === undefined || (threads.threads < 2 && threads.readsAhead !== true);
    if (isOne || this.hindrance !== null) {
      return this.open(entry, (damage) => this.onDamage(damage, entry.name), false);
    }
    let threaded: ThreadedFile | null = null;
    const tell = (damage: Damage) => this.onDamage(damage, entry.name);
    const file = await this.open(entry, (damage) => (threaded === null ? tell(damage) : threaded.damage(damage)), true);
    this.refusal = refusalOf(file, threads);
    if (this.refusal !== null) {
      file.uncut();
      return file;
    }
    const { spec } = this;
    const midnightSeconds = file.kind === 'messages' ? file.reader.seconds : 0;
    const setup = { format: file.format, spec, midnightSeconds, stage: threads.stage };
    const { ThreadedFile: Threaded } = await import('./threads/threaded-file.js');
    threaded = new Threaded(file, setup, threads, tell);
    this.threaded = threaded;
    return threaded;
  }

  private open(entry: InputFile, onDamage: DamageHandler, isCut: boolean): Promise<CaptureFile> {
    const { spec, options } = this;
    return openCapture(entry.path, {
      lengthOf: itch50.lengthOf,
      timestampOf: itch50.timestampOf,
      frameByType: spec.frameByType,
      recover: spec.recover,
      tcp: true,
      allFrames: options.allFrames ?? false,
      checksums: options.checksums ?? true,
      timestamps: spec.timestamps,
      ...(spec.date === null ? {} : { date: spec.date }),
      flows: options.flows,
      readAhead: options.readAhead ?? false,
      isCut,
      ...(options.indexes === undefined ? {} : { index: options.indexes.notesOf(entry.index) }),
      ...(entry.at === undefined ? {} : { at: entry.at }),
      ...(options.preload === undefined ? {} : { preload: options.preload }),
      onDamage: (damage) => {
        if (!this.isPeeking) onDamage(damage);
      },
    });
  }

  private readerOf(entry: InputFile): RecordReader {
    const file = entry.file as CaptureFile;
    return this.options.wrap?.(file, entry.index, entry.at) ?? file.reader;
  }
}
