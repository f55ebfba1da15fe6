/** A stage's thread as the one who measures sees it: started, asked for runs, and ended where it does not answer. */
import { Worker } from 'node:worker_threads';
import { TickreelError, UsageError } from '../../core/errors.js';
import type { PacedResult } from './paced.js';
import type { StageAnswer, StageFigures, StageJob, StageQuestion } from './stage-worker.js';

const script = new URL('./stage-worker.js', import.meta.url);

/** Why a stage or parser gave no figures. */
export class StageFailure extends TickreelError {}

export class StageThread {
  readonly name: string;
  repeats = 1;
  /** Of a parser: whether it tells a checksum of its own. */
  parserHasChecksum = false;
  private readonly worker: Worker;
  private readonly progress: Int32Array;
  private readonly withinMs: number;

  private constructor(job: StageJob, withinMs: number) {
    this.name = job.parser ?? job.stage ?? '';
    this.withinMs = withinMs;
    this.progress = new Int32Array(job.progress);
    this.worker = new Worker(script, { workerData: job, name: this.name, stdout: true });
    // What a parser prints does not belong into the report.
    this.worker.stdout.on('data', (chunk: Uint8Array) => process.stderr.write(chunk));
  }

  /**
   * Starts the thread and waits until it has warmed up. Resolves with the reason where the stage cannot run here;
   * rejects with UsageError where a parser cannot be loaded, with StageFailure where it fails or does not return.
   */
  static async start(job: Omit<StageJob, 'progress'>, withinMs: number): Promise<StageThread | string> {
    const thread = new StageThread({ ...job, progress: new SharedArrayBuffer(4) }, withinMs);
    try {
      const ready = await thread.answer();
      if (ready.kind === 'absent') {
        await thread.end();
        return ready.reason;
      }
      if (ready.kind !== 'ready') throw new Error(`${thread.name} answered before it was asked`);
      thread.repeats = ready.repeats;
      thread.parserHasChecksum = ready.parserHasChecksum;
      return thread;
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  /** One run; null where what has to happen before it has become impossible. */
  async run(): Promise<StageFigures> {
    const answered = await this.ask({ ask: 'run' });
    if (answered.kind !== 'run') throw new Error(`${this.name}: not the answer to a run`);
    return answered;
  }

  async paced(perSecond: number, messages: number): Promise<PacedResult> {
    const answered = await this.ask({ ask: 'paced', perSecond, messages });
    if (answered.kind !== 'paced') throw new Error(`${this.name}: not the answer to a paced run`);
    return answered.result;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private ask(question: StageQuestion): Promise<StageAnswer> {
    const answered = this.answer();
    this.worker.postMessage(question);
    return answered;
  }

  private answer(): Promise<StageAnswer> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.worker.off('message', onMessage).off('exit', onExit).off('error', onError);
        act();
      };
      const onMessage = (message: StageAnswer): void => {
        settle(() => (message.kind === 'failed' ? reject(failureOf(message)) : resolve(message)));
      };
      const onExit = (code: number): void => {
        settle(() =>
          reject(new StageFailure('ended', `${this.name} ended its thread with code ${code}: it called process.exit`)),
        );
      };
      const onError = (error: Error): void => {
        settle(() => reject(new StageFailure('ended', `${this.name} ended its thread: ${error.message}`)));
      };
      const timer = setTimeout(() => {
        const at = this.progress[0];
        const where = at > 0 ? ` at message ${at}` : '';
        const text = `${this.name} did not come back within ${this.withinMs / 1000} s${where}, and was ended`;
        settle(() => reject(new StageFailure('hung', text)));
        void this.end();
      }, this.withinMs);
      this.worker.on('message', onMessage).on('exit', onExit).on('error', onError);
    });
  }
}

function failureOf({ code, message }: Extract<StageAnswer, { kind: 'failed' }>): Error {
  return code === 'parser' ? new UsageError(code, message) : new StageFailure(code, message);
}
