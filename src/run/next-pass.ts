/** A pass over the captures that is opened while the one before it is played, so that no loop waits for files. */
import { fileMark } from '../io/file-mark.js';

/** What is opened ahead: anything that is let go of once it is not wanted. */
export interface OpenPass {
  readonly input: { close(): Promise<void> };
}

/** Opened ahead, and the files as they were then. */
interface Primed<Pass> {
  readonly marks: readonly (string | null)[];
  readonly pass: Promise<Pass>;
}

export class NextPass<Pass extends OpenPass> {
  private primed: Primed<Pass> | null = null;
  private primer: NodeJS.Immediate | null = null;

  /** `open` opens the files of these paths. */
  constructor(
    private readonly paths: readonly string[],
    private readonly open: () => Promise<Pass>,
  ) {}

  /** Whether a pass is to be opened once the event loop turns. */
  get isAwaited(): boolean {
    return this.primer !== null;
  }

  prime(): void {
    this.primer = null;
    if (this.primed !== null) return;
    const pass = this.open();
    // Whoever takes it is told.
    pass.catch(() => {});
    this.primed = { marks: this.paths.map(fileMark), pass };
  }

  /** The same once the event loop turns: not now, when the first packets of a loop are due. */
  primeSoon(): void {
    this.primer = setImmediate(() => this.prime());
  }

  /** What was opened ahead; null where there is nothing, or a file that may have changed since has. */
  async take(mayHaveChanged: (path: string) => boolean): Promise<Pass | null> {
    const { primed, paths } = this;
    if (primed === null) {
      this.cancel();
      return null;
    }
    if (paths.some((path, index) => mayHaveChanged(path) && fileMark(path) !== primed.marks[index])) {
      await this.drop();
      return null;
    }
    this.primed = null;
    return primed.pass.catch(() => null);
  }

  async drop(): Promise<void> {
    this.cancel();
    const { primed } = this;
    this.primed = null;
    const pass = await primed?.pass.catch(() => null);
    await pass?.input.close();
  }

  private cancel(): void {
    if (this.primer !== null) clearImmediate(this.primer);
    this.primer = null;
  }
}
