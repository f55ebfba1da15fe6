/**
 * How commands reach a run: a list where it is on this thread, a message port where it is on another. Whoever sends
 * rings `ReplayControl`, so that a run which sleeps or spins looks at once.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Answer, Command, CommandSource, PendingCommand } from '../replay/command.js';
import type { ReplayControl } from '../replay/control.js';

/** The longest sleep of a paused run before it looks by itself. */
const longestWaitMs = 100;
const over: Answer = { ok: false, error: 'the run is over' };

/** The side that gives commands. */
export interface Commander {
  /** Resolves once the command is obeyed, or was refused; never rejects. */
  send(command: Command): Promise<Answer>;
}

/** Both ends of the commands of a run on this thread. */
export class LocalCommands implements CommandSource, Commander {
  private readonly queue: PendingCommand[] = [];
  private isOver = false;

  constructor(private readonly control: ReplayControl) {}

  send(command: Command): Promise<Answer> {
    if (this.isOver) return Promise.resolve(over);
    return new Promise((resolve) => {
      this.queue.push({ command, answer: resolve });
      this.control.ring();
    });
  }

  take(): PendingCommand | undefined {
    return this.queue.shift();
  }

  arrived(): Promise<void> {
    return interrupted(this.control, longestWaitMs);
  }

  /** To be called when the run is over: what is left is answered so. */
  end(): void {
    this.isOver = true;
    for (const { answer } of this.queue.splice(0)) answer(over);
  }
}

/** The end of the thread that runs. */
export class PortCommands implements CommandSource {
  constructor(
    private readonly port: MessagePort,
    private readonly control: ReplayControl,
  ) {}

  take(): PendingCommand | undefined {
    const received = receiveMessageOnPort(this.port)?.message as { id: number; command: Command } | undefined;
    if (received === undefined) return undefined;
    const { id, command } = received;
    return { command, answer: (answer) => this.port.postMessage({ id, answer }) };
  }

  arrived(): Promise<void> {
    return interrupted(this.control, longestWaitMs);
  }
}

/** The end of the thread that gives commands; `end` answers what the run has left. */
export class RemoteCommander implements Commander {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private sent = 0;
  private isOver = false;

  constructor(
    private readonly port: MessagePort,
    private readonly control: ReplayControl,
  ) {
    port.on('message', ({ id, answer }: { id: number; answer: Answer }) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
    port.unref();
  }

  send(command: Command): Promise<Answer> {
    if (this.isOver) return Promise.resolve(over);
    const id = ++this.sent;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.port.postMessage({ id, command });
      this.control.ring();
    });
  }

  end(): void {
    this.isOver = true;
    for (const resolve of this.waiting.values()) resolve(over);
    this.waiting.clear();
    this.port.close();
  }
}

/** What Node's types do not know yet (ES2024). */
type WaitAsync = (
  word: Int32Array,
  index: number,
  value: number,
  ms: number,
) => { async: boolean; value: Promise<unknown> | string };

/** Resolves once the run is stopped or told something, or after so long; the event loop goes on meanwhile. */
export function interrupted(control: ReplayControl, ms: number): Promise<void> {
  const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync };
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const heard = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const wait = waitAsync(control.stopWord, 0, 0, ms);
    if (wait.async) void (wait.value as Promise<unknown>).then(heard);
    else heard();
  });
}
