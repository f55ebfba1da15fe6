/** Threads that read parts of a capture ahead of the one that goes through them in order. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { SharedBytes } from '../../core/seams.js';
import type { FlowNews, PartAnswer, PartJob, PartSetup, StageSeed } from './part.js';

/** Parts that a thread has at once, so that it never waits for the next. */
const partsAtOnce = 3;

interface Member {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** Parts that it has not answered. */
  readonly parts: Set<number>;
  /** How much of the news it was told, and of the symbols. */
  told: number;
  symbolsTold: number;
}

/** What was learned so far, all symbols. */
export type SeedNow = () => StageSeed | null;

export class Crew {
  /** Why threads have ended that should not have; null where none has. */
  failure: string | null = null;
  private readonly members: Member[];
  private readonly news: FlowNews[] = [];
  private wake: () => void = () => {};

  /** Starts `threads` of them; `onAnswer` takes what they answer. */
  constructor(
    setup: PartSetup,
    threads: number,
    private readonly seed: SeedNow,
    /** Memory for the text of a part, where there is some. */
    private readonly spare: () => SharedBytes | null,
    private readonly onAnswer: (answer: PartAnswer) => void,
    private readonly script = new URL('./part-worker.js', import.meta.url),
  ) {
    this.members = Array.from({ length: threads }, () => this.hire(setup));
  }

  /** Tells all what a flow has turned out to be. */
  tell(news: FlowNews): void {
    this.news.push(news);
  }

  /** Whether one has room for another part. */
  get hasRoom(): boolean {
    return this.failure === null && this.members.some(({ parts }) => parts.size < partsAtOnce);
  }

  /** Gives a part to the one that has the fewest. */
  give(job: Omit<PartJob, 'news' | 'seed' | 'spare'>): void {
    const member = this.members.reduce((least, one) => (one.parts.size < least.parts.size ? one : least));
    const news = this.news.slice(member.told);
    member.told = this.news.length;
    member.parts.add(job.index);
    const all = this.seed();
    const seed = all === null ? null : { ...all, symbols: all.symbols.slice(member.symbolsTold) };
    member.symbolsTold = all?.symbols.length ?? 0;
    member.port.postMessage({ ...job, news, seed, spare: this.spare() } satisfies PartJob);
  }

  /** Takes the answers that have come so far. */
  collect(): void {
    for (const member of this.members) {
      for (let got = receiveMessageOnPort(member.port); got; got = receiveMessageOnPort(member.port)) {
        this.take(member, got.message as PartAnswer);
      }
    }
  }

  /** Resolves when an answer has come, or none will. */
  waitForAnswer(): Promise<void> {
    return this.failure === null ? new Promise((resolve) => (this.wake = resolve)) : Promise.resolve();
  }

  async end(): Promise<void> {
    this.failure ??= 'they were ended';
    for (const { port } of this.members) port.close();
    await Promise.all(this.members.map(({ worker }) => worker.terminate()));
    this.wake();
  }

  private hire(setup: PartSetup): Member {
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(this.script, {
      workerData: { setup, port: port2 },
      transferList: [port2],
    });
    const member: Member = { worker, port, parts: new Set(), told: 0, symbolsTold: 0 };
    port.on('message', (answer: PartAnswer) => this.take(member, answer));
    worker.on('error', (error) => this.fail(error.message));
    worker.on('exit', (code) => this.fail(`a thread ended with code ${code}`));
    return member;
  }

  private take(member: Member, answer: PartAnswer): void {
    member.parts.delete(answer.index);
    this.onAnswer(answer);
    this.wake();
  }

  private fail(why: string): void {
    this.failure ??= why;
    this.wake();
  }
}
