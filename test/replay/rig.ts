/** An engine on a virtual clock: a source that takes its bytes back, and sinks that write down what they were sent. */
import { VirtualClock } from '../../src/core/clock.js';
import type { DatagramReader, Flow, Sink } from '../../src/core/seams.js';
import { isEarlier, type Stamp } from '../../src/core/seek-index.js';
import { VirtualWaiter } from '../../src/core/waiter.js';
import { ReplayControl } from '../../src/replay/control.js';
import { type EngineOptions, ReplayEngine } from '../../src/replay/engine.js';
import { LatencyRecorder } from '../../src/replay/latency.js';
import { parseSpeed } from '../../src/replay/rate.js';
import { createSchedule } from '../../src/replay/schedule.js';
import type { DatagramGate, ReplaySource } from '../../src/replay/scheduled-reader.js';
import type { EngineResult } from '../../src/replay/send-record.js';
import { SteeredSchedule } from '../../src/replay/steered-schedule.js';
import { Timeline } from '../../src/replay/timeline.js';
import { makeFlow } from '../session/support.js';

export { makeFlow };

/** A datagram of the fake capture; `atNs` counts from 2023-08-22T13:30:00Z. */
export interface Datagram {
  atNs: number;
  payload: Uint8Array;
  messages?: number;
  flow?: Flow;
}

const baseSeconds = 1_692_711_000;
const poison = 0xdd;
const flow = makeFlow();

/** Datagrams at these times, each with a payload of its own. */
export function datagramsAt(timesNs: readonly number[], length = 20): Datagram[] {
  return timesNs.map((atNs, index) => ({ atNs, payload: payloadOf(index, length), messages: 1 + (index % 3) }));
}

/** Bytes that tell which datagram they belong to. */
export function payloadOf(index: number, length = 20): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (index * 31 + at * 7) & 0xff);
}

/**
 * Plays datagrams and needs more bytes after every `perFill` of them. Each datagram is copied to one place and wiped by
 * the next `next()`, so whoever reads late reads rubbish.
 */
export class FakeSource implements ReplaySource {
  fills = 0;
  restarts = 0;
  /** Makes `fill` reject. */
  failure: Error | null = null;
  /** Called by each fill, after it was counted. */
  onFill: () => void = () => {};
  wantsTurn = false;
  readonly reader: FakeReader;

  constructor(
    datagrams: readonly Datagram[],
    private readonly perFill = 3,
  ) {
    this.reader = new FakeReader(datagrams);
  }

  get position(): number {
    return this.fills * 100;
  }

  async fill(): Promise<void> {
    this.fills++;
    this.onFill();
    if (this.failure) throw this.failure;
    this.reader.wipe();
    this.reader.allow(this.perFill);
  }

  async restart(): Promise<void> {
    this.restarts++;
    this.reader.rewind();
  }

  async seek(target: Stamp): Promise<boolean> {
    this.reader.rewind();
    this.reader.allow(Number.POSITIVE_INFINITY);
    while (this.reader.next()) if (!isEarlier(this.reader, target)) return true;
    return false;
  }
}

class FakeReader implements DatagramReader {
  view = new DataView(new ArrayBuffer(70_000));
  offset = 5;
  length = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  flow: Flow = flow;
  messages = 0;
  /** Called where the end is found. */
  onEnd: () => void = () => {};
  private allowed = 0;

  constructor(private readonly datagrams: readonly Datagram[]) {}

  get isAtEnd(): boolean {
    return this.packetNumber >= this.datagrams.length;
  }

  next(): boolean {
    this.wipe();
    const datagram = this.datagrams[this.packetNumber];
    if (datagram === undefined) {
      this.done = this.packetNumber >= this.datagrams.length;
      this.onEnd();
      return false;
    }
    if (this.allowed === 0) return false;
    this.allowed--;
    this.packetNumber++;
    this.length = datagram.payload.length;
    new Uint8Array(this.view.buffer).set(datagram.payload, this.offset);
    const seconds = Math.floor(datagram.atNs / 1e9);
    this.seconds = baseSeconds + seconds;
    this.nanoseconds = datagram.atNs - seconds * 1e9;
    this.messages = datagram.messages ?? 1;
    this.flow = datagram.flow ?? flow;
    return true;
  }

  push(): void {}

  end(): void {}

  allow(count: number): void {
    this.allowed = count;
  }

  wipe(): void {
    new Uint8Array(this.view.buffer, 0, this.offset + this.length).fill(poison);
  }

  rewind(): void {
    this.packetNumber = 0;
    this.allowed = 0;
    this.done = false;
  }
}

export interface Sent {
  /** The clock at the send, less what it read at the start. */
  atNs: number;
  /** What the sink was told, likewise. */
  scheduledNs: number;
  bytes: string;
}

/** Writes down each datagram; a stall of `stalls.get(n)` ns happens inside the nth send (from 0). */
export class LogSink implements Sink {
  readonly sent: Sent[] = [];
  private readonly startNs: number;

  constructor(
    protected readonly clock: VirtualClock,
    private readonly stalls: ReadonlyMap<number, number> = new Map(),
  ) {
    this.startNs = clock.nowNs();
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number): void {
    const atNs = this.clock.nowNs() - this.startNs;
    this.sent.push({ atNs, scheduledNs: scheduledNs - this.startNs, bytes: hex(view, offset, length) });
    this.clock.advance(this.stalls.get(this.sent.length - 1) ?? 0);
  }

  get timesNs(): number[] {
    return this.sent.map(({ atNs }) => atNs);
  }

  get scheduledNs(): number[] {
    return this.sent.map(({ scheduledNs }) => scheduledNs);
  }
}

/** Does not read a datagram before `settle`: what it wrote down at the send must still be there. */
export class LazySink implements Sink {
  readonly sent: string[] = [];
  settles = 0;
  private pending: { view: DataView; offset: number; length: number }[] = [];

  get unsettled(): number {
    return this.pending.length;
  }

  send(view: DataView, offset: number, length: number): void {
    this.pending.push({ view, offset, length });
  }

  async settle(): Promise<void> {
    this.settles++;
    await Promise.resolve();
    for (const { view, offset, length } of this.pending) this.sent.push(hex(view, offset, length));
    this.pending = [];
  }
}

/** Bytes as hexadecimal text. */
export function hex(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + offset, length).toString('hex');
}

/** Admits everything. */
export const openGate: DatagramGate = {
  admit: () => 'yes',
  messagesIn: (reader) => (reader as FakeReader).messages,
};

export interface RigOptions extends Partial<Omit<EngineOptions, 'source' | 'sink' | 'schedule' | 'timeline'>> {
  speed?: string;
  maxGapNs?: number;
  clock?: VirtualClock;
  control?: ReplayControl;
}

/** What a run left behind. */
export interface RigRun {
  result: EngineResult;
  recorder: LatencyRecorder;
  turns: number;
  rests: number[];
}

/** Runs the engine over the source; the clock is virtual throughout. */
export async function play(
  source: ReplaySource,
  sinkOf: Sink | ((clock: VirtualClock) => Sink),
  options: RigOptions = {},
): Promise<RigRun> {
  const { speed = '1x', maxGapNs = Number.POSITIVE_INFINITY, ...rest } = options;
  const clock = options.clock ?? new VirtualClock();
  const control = options.control ?? new ReplayControl();
  const recorder = options.recorder ?? new LatencyRecorder();
  const run = { turns: 0, rests: [] as number[] };
  const engine = new ReplayEngine({
    gate: openGate,
    waiter: new VirtualWaiter(control.stopWord),
    rest: async (ns) => {
      run.rests.push(ns);
      clock.advance(ns);
    },
    turn: async () => {
      run.turns++;
    },
    chooseOrigin: (nowNs) => nowNs,
    latePolicy: 'catch-up',
    lateAfterNs: 100_000,
    loops: 1,
    limit: Number.POSITIVE_INFINITY,
    durationNs: Number.POSITIVE_INFINITY,
    ...rest,
    source,
    sink: typeof sinkOf === 'function' ? sinkOf(clock) : sinkOf,
    schedule: options.steering ? new SteeredSchedule(parseSpeed(speed)) : createSchedule(parseSpeed(speed)),
    timeline: new Timeline({ maxGapNs }),
    clock,
    control,
    recorder,
  });
  const result = await engine.run();
  return { result, recorder, ...run };
}
