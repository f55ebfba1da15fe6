/**
 * A file that several threads read: it is cut into parts, which others read ahead while this thread goes through those
 * that were read, in order. A part that cannot be read by itself is read here, by the file's own reader, in its turn.
 *
 * Whatever happens to the other threads, this one can read every part: their bytes stay in shared memory.
 */
import type { Damage, DamageHandler, SharedBytes } from '../../core/seams.js';
import type { CaptureFile } from '../../io/open-capture.js';
import { Crew } from './crew.js';
import { Cutter, type Part } from './cutter.js';
import type { FlowNews, JudgedPart, PartAnswer, PartResult, PartSetup, StageSeed } from './part.js';
import { PartFront } from './part-front.js';
import { type OwnReader, ThreadedReader } from './threaded-reader.js';
import { startBytes, type ThreadsOptions, type ThreadsReport } from './threads.js';

/** Parts that are cut ahead, beside those that threads have. */
const partsAhead = 4;
/** A part is cut where so many bytes are there: of lines, which are many times as long, sooner; of counts later. */
const partBytes = { none: 1_048_576, count: 4_194_304, text: 524_288, copy: 1_048_576 };
/** Memory of texts that were written is kept for so many more. */
const maxSpareTexts = 16;
/** Parts in a row that had to be read here: then the file is none for several threads. */
const maxRefused = 16;
/** The same of lines, whose parts were read: what came before may change them, as definitions of symbols do. */
const maxRefusedLines = 256;

/** How long a pipe may go on bringing bytes before the first of them are taken, where nothing else is at hand. */
const livePatienceMs = 10;

/** `cut`: nobody has it. `given`: a thread has. `read`: `result` tells. */
interface Work {
  readonly part: Part;
  state: 'cut' | 'given' | 'read';
  result: PartResult | null;
}

export class ThreadedFile {
  readonly kind: CaptureFile['kind'];
  readonly reader: ThreadedReader;
  readonly report: ThreadsReport = { threads: 1, partsAhead: 0, partsInTurn: 0, reason: null };
  /** Verdicts on the part that `fill` has brought; null where there are none. */
  judged: JudgedPart | null = null;
  private readonly own: OwnReader;
  private readonly cutter: Cutter;
  private crew: Crew | null = null;
  private front: PartFront | null = null;
  private readonly work: Work[] = [];
  /** The part whose memory is in use until the next `fill`. */
  private current: Part | null = null;
  private pumping: Promise<void> | null = null;
  private failure: unknown = null;
  /** Who waits for the next chunk, whatever its length. */
  private onBytes: (() => void) | null = null;
  private isEnded = false;
  private isClosed = false;
  /** `first`: chunks as they come. `parts`: cut ahead. `alone`: the file's own reader takes everything. */
  private mode: 'first' | 'parts' | 'alone' = 'first';
  private refused = 0;
  /** Whether other threads are to be started before the next part. */
  private isDue = false;
  /** Whether the part at hand was read ahead, and serves. */
  private isAdopted = false;
  /** What flows have turned out to be. */
  private readonly news: FlowNews[] = [];
  /** Damage of the source, told when what came before it was gone through: by the parts that were cut then. */
  private readonly held: { damage: Damage; behind: number }[] = [];
  private readonly spareTexts: SharedBytes[] = [];

  constructor(
    private readonly file: CaptureFile,
    private readonly setup: PartSetup,
    private readonly options: ThreadsOptions,
    private readonly onDamage: DamageHandler,
  ) {
    this.kind = file.kind;
    this.own = file.reader;
    this.reader = new ThreadedReader(file.reader);
    this.cutter = new Cutter(setup.format, options.partBytes ?? partBytes[setup.stage.kind]);
  }

  private readonly spare = (): SharedBytes | null => this.spareTexts.pop() ?? null;

  private readonly seed = (): StageSeed | null => this.options.seed?.() ?? null;

  get format() {
    return this.file.format;
  }

  get date() {
    return this.file.date;
  }

  get name(): string {
    return this.file.name;
  }

  get compression() {
    return this.file.compression;
  }

  get sizeBytes(): number | null {
    return this.file.sizeBytes;
  }

  get bytesRead(): number {
    return this.file.bytesRead;
  }

  /** Takes damage of file and readers; that of a source read ahead waits for its turn. */
  damage(damage: Damage): void {
    if (this.mode !== 'parts' || this.reader.isReading) this.onDamage(damage);
    else this.held.push({ damage, behind: this.cutter.total });
  }

  /** Tells the other threads what a flow has turned out to be. */
  tell(news: FlowNews): void {
    this.news.push(news);
    this.crew?.tell(news);
  }

  /** Brings the next records: those of a part, read by whichever thread. */
  async fill(): Promise<void> {
    this.judged = null;
    if (this.isAdopted) this.refused = 0;
    this.isAdopted = false;
    if (this.current !== null) this.cutter.reuse(this.current);
    this.current = null;
    // Only who wants more than the first part has other threads started.
    if (this.isDue) this.start();
    if (this.mode === 'first') await this.fillFirst();
    else if (this.mode === 'parts') await this.fillPart();
    else if (this.failure !== null) throw this.failure;
    else await this.file.fill();
  }

  /** Has the own reader take the part that `fill` has brought: what was made of it elsewhere does not serve. */
  readAnew(): void {
    this.judged = null;
    this.reader.readAnew();
    this.report.partsAhead--;
    this.report.partsInTurn++;
    this.isAdopted = false;
    this.noteRefused(this.setup.stage.kind === 'text' ? maxRefusedLines : maxRefused);
  }

  /** Takes back the memory of a part's text. */
  giveBack({ buffer }: SharedBytes): void {
    if (this.spareTexts.length < maxSpareTexts) this.spareTexts.push(new Uint8Array(buffer));
  }

  /** Where no more is taken: counts what was delivered of the part at hand, and no more of it. */
  settle(): void {
    this.reader.settle();
  }

  async close(): Promise<void> {
    this.settle();
    this.isClosed = true;
    await this.crew?.end();
    await this.file.close();
  }

  /** Before other threads are worth it: chunks as they come. */
  private async fillFirst(): Promise<void> {
    const { cutter, file } = this;
    this.isEnded ||= !cutter.isFull && !(await cutter.read(file));
    const part = cutter.cut();
    if (part !== null) this.read(part);
    else if (this.isEnded) {
      this.leaveParts(null);
      return;
    }
    if (cutter.isLost) this.leaveParts(cutter.loss);
    else this.isDue = this.isLong || cutter.total >= this.startBytes;
  }

  private get startBytes(): number {
    return this.options.startBytes ?? startBytes;
  }

  /** Whether enough is known to follow for other threads to be worth their start. */
  private get isLong(): boolean {
    const { sizeBytes, compression } = this.file;
    return compression === 'none' && sizeBytes !== null && sizeBytes >= 2 * this.startBytes;
  }

  private start(): void {
    this.isDue = false;
    this.mode = 'parts';
    const others = this.options.threads - 1;
    if (others === 0) return;
    const { makers } = this.options;
    this.crew = new Crew(
      this.setup,
      others,
      this.seed,
      this.spare,
      (answer) => this.takeAnswer(answer),
      makers?.script,
    );
    for (const news of this.news) this.crew.tell(news);
    this.report.threads = this.options.threads;
  }

  private async fillPart(): Promise<void> {
    for (;;) {
      // Answers come by the event loop, too, and so do the bytes of the file.
      await new Promise((resolve) => setImmediate(resolve));
      this.pump();
      this.crew?.collect();
      this.tellHeld();
      const head = this.work[0];
      if (head === undefined) {
        // A pipe's next bytes may take long: what has come is not kept waiting for them.
        const isComing = this.isInflating && this.pumping !== null;
        if (!isComing && this.takeLast()) return;
        await this.waitForBytes();
      } else if (head.state === 'cut' && !(head.part.isPlain && this.isForOthers)) {
        this.dispatch(1);
        this.takeWork(head, null);
        return;
      } else {
        this.dispatch(0);
        if (head.state === 'read') {
          this.takeWork(head, head.result);
          return;
        }
        await this.useTime();
      }
    }
  }

  /**
   * Whether a part whose turn it is already is read ahead all the same: by others, where who inflates has enough to do,
   * or here, as others would, since code that is run in two ways is the slower in both.
   */
  private get isForOthers(): boolean {
    if (this.options.readsAhead === true) return true;
    if (this.isInflating) return this.crew?.hasRoom === true;
    return this.crew !== null && this.setup.stage.kind !== 'none';
  }

  /** Whether this thread has a compressed file to feed to others. */
  private get isInflating(): boolean {
    return this.crew !== null && this.file.compression !== 'none' && this.file.sizeBytes !== null;
  }

  /** While another thread has the part whose turn it is: reads a later one, or waits. */
  private async useTime(): Promise<void> {
    if (this.crew !== null && this.crew.failure !== null) {
      this.dismiss(`another thread failed: ${this.crew.failure}`);
      return;
    }
    const spare = this.work.find(({ state, part }) => state === 'cut' && part.isPlain);
    if (spare === undefined || this.isInflating) {
      await Promise.race([this.crew?.waitForAnswer(), ...(this.pumping === null ? [] : [this.pumping])]);
      return;
    }
    this.front ??= new PartFront(this.setup, this.options.makers?.makerOf);
    // Its own application learns by itself, so all is told anew each time.
    const memory = this.spare();
    spare.result = this.front.read({ ...spare.part, news: this.news, seed: this.seed(), spare: memory });
    spare.state = 'read';
  }

  /** Nothing is cut: takes what has come, however little; true where `fill` has done its work. */
  private takeLast(): boolean {
    const { cutter } = this;
    const part = cutter.isLost ? null : cutter.cut();
    if (part !== null) {
      this.read(part);
      return true;
    }
    // A chunk whose read is under way belongs to what is left.
    if (cutter.isLost && this.pumping !== null) return false;
    const isLeft = this.isEnded || cutter.isLost;
    if (!isLeft && this.failure !== null) throw this.failure;
    if (!isLeft) return false;
    this.leaveParts(this.isEnded ? null : cutter.loss);
    return true;
  }

  /** Waits until the file was read ahead; for a pipe, which may never bring as much, until some bytes came. */
  private async waitForBytes(): Promise<void> {
    const { pumping, sizeBytes } = this;
    const some = new Promise<void>((resolve) => {
      if (sizeBytes === null) this.onBytes = () => setTimeout(resolve, livePatienceMs);
    });
    await Promise.race([pumping, some]);
  }

  private takeWork(work: Work, result: PartResult | null): void {
    this.work.shift();
    const { part } = work;
    if (result === null || !this.own.isBetweenPackets) {
      this.read(part);
      if (work.state === 'read' || !part.isPlain) this.noteRefused(maxRefused);
      return;
    }
    this.isAdopted = true;
    this.report.partsAhead++;
    this.current = part;
    this.reader.adopt(part, result);
    this.judged = result.judged;
  }

  /** Gives the own reader a part to read in its turn. */
  private read(part: Part): void {
    this.report.partsInTurn++;
    this.current = part;
    this.own.push(part.bytes);
  }

  private noteRefused(most: number): void {
    if (++this.refused < most) return;
    this.dismiss('its packets hang on those before them, as fragments, streams of TCP and damage do');
  }

  /** Gives parts to threads that have room, from the `first` one on. */
  private dispatch(first: number): void {
    const { crew } = this;
    if (crew === null) return;
    for (let index = first; index < this.work.length && crew.hasRoom; index++) {
      const one = this.work[index] as Work;
      if (one.state !== 'cut' || !one.part.isPlain) continue;
      const { index: number, bytes, offset, records, description } = one.part;
      crew.give({ index: number, bytes, offset, records, description });
      one.state = 'given';
    }
  }

  private takeAnswer({ index, result }: PartAnswer): void {
    const work = this.work.find(({ part }) => part.index === index);
    if (work === undefined) return;
    work.state = 'read';
    work.result = result;
  }

  /** Reads the file ahead, as far as parts may wait. */
  private pump(): void {
    // Where nothing is to be done, nothing is begun, for who waits would be woken by its end.
    if (this.pumping !== null || this.failure !== null || this.isFarAhead) return;
    if (this.cutter.isLost || (this.isEnded && !this.cutter.isFull)) return;
    this.pumping = this.readAhead().then(
      () => {
        this.pumping = null;
      },
      (error) => {
        this.failure = error;
        this.pumping = null;
      },
    );
  }

  /** Whether as many parts wait as may. */
  private get isFarAhead(): boolean {
    return this.work.length >= partsAhead + 3 * this.options.threads;
  }

  private async readAhead(): Promise<void> {
    while (!this.isFarAhead && !this.cutter.isLost && !this.isClosed) {
      if (this.cutter.isFull) {
        const part = this.cutter.cut();
        if (part !== null) this.work.push({ part, state: 'cut', result: null });
        continue;
      }
      if (this.isEnded) return;
      this.isEnded = !(await this.cutter.read(this.file));
      this.onBytes?.();
      this.onBytes = null;
    }
  }

  private tellHeld(): void {
    const at = this.work[0]?.part.offset ?? this.cutter.total;
    while (this.held.length > 0 && (this.held[0]?.behind ?? 0) <= at)
      this.onDamage(this.held.shift()?.damage as Damage);
  }

  /** Goes on without the other threads: what they have not read is read in its turn. */
  private dismiss(reason: string): void {
    this.report.reason ??= reason;
    for (const one of this.work) if (one.state === 'given') one.state = 'cut';
    const { crew } = this;
    this.crew = null;
    crew?.end().catch(() => {});
  }

  /** Gives the own reader what is left of the file, which holds no whole record that can be told. */
  private leaveParts(reason: string | null): void {
    if (reason !== null) this.dismiss(reason);
    this.mode = 'alone';
    for (const { damage } of this.held.splice(0)) this.onDamage(damage);
    this.own.push(this.cutter.rest());
    if (this.isEnded) this.own.end();
  }
}
