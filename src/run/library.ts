/** The library's way in: replay a capture into a function, an async iterator of batches, a ring or any sink. */
import { type Input, inputSpecOf } from '../analysis/input.js';
import { UsageError } from '../core/errors.js';
import type { Clock, Flow, Sink } from '../core/seams.js';
import { pacings } from '../core/waiter.js';
import { ReplayControl } from '../replay/control.js';
import { noFilter } from '../replay/filter.js';
import type { LatencyRecorder } from '../replay/latency.js';
import { parseSpeed } from '../replay/rate.js';
import { parseShapedRate } from '../replay/shape-parser.js';
import { type DatagramHandler, HandlerSink } from '../replay/sinks.js';
import { type ReplayHooks, runReplay } from './replay.js';
import { type ReplayReport, type ReplaySpec, replayDefaults } from './replay-spec.js';
import { parseTarget } from './target.js';

/** What a library caller may set; everything else is as in `ReplaySpec`. */
export interface ReplayOptions extends Partial<Omit<ReplaySpec, 'input' | 'target' | 'rate' | 'shape'>> {
  /** As `--speed`: `10x`, `100kpps`, `50Mmsg/s`, `1Gbps`, `max`. Default `1x`. */
  speed?: string;
  /** As `--shape`: `ramp 1x..4x over 30s; burst 10x for 100ms every 5s`. */
  shape?: string;
  /** As `--to`; one of `to`, `onDatagram` and `sink` is needed, but in a dry run. */
  to?: string;
  /** Called on this thread with each datagram when it is due; the view is borrowed until the call returns. */
  onDatagram?: DatagramHandler;
  /** A sink of the caller's own, such as a `RingSink` to a worker. */
  sink?: Sink | ((clock: Clock) => Sink);
  /** Watches and stops the run. */
  control?: ReplayControl;
  /** Told, as a line of text, what the run waits for before it begins: clients of `soupbintcp://`, and where. */
  say?: (text: string) => void;
  date?: string;
  frameByType?: boolean;
}

/**
 * Replays a capture, or several as one, on the calling thread and resolves with the report.
 *
 * The thread is paced: it sleeps and spins between datagrams, and gives the event loop a turn while a deadline is far.
 * Rejects with CaptureError, SinkError or UsageError where nothing could be played, and with what a handler throws;
 * damage is in the report.
 */
export async function replay(capture: Input, options: ReplayOptions = {}): Promise<ReplayReport> {
  return (await runReplay(specOf(capture, options), hooksOf(options))).report;
}

/** What of the options is the caller's own, and no plain data. */
export function hooksOf({ onDatagram, sink, control, say }: ReplayOptions): ReplayHooks {
  const handled = (clock: Clock, recorder: LatencyRecorder) =>
    new HandlerSink(onDatagram as DatagramHandler, clock, recorder);
  const own = onDatagram ? handled : typeof sink === 'function' ? sink : sink ? () => sink : undefined;
  return { ...(own ? { sink: own } : {}), ...(control ? { control } : {}), ...(say ? { say } : {}) };
}

/** Datagrams that were due together, copied out of the capture: valid as long as the caller keeps them. */
export interface DatagramBatch {
  readonly count: number;
  readonly view: DataView;
  /** Of each datagram in `view`. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** When each was due, ns on the run's clock. */
  readonly scheduledNs: readonly number[];
  readonly flows: readonly Flow[];
}

const batchBytes = 1 << 18;
const batchCount = 1024;

/**
 * Replays a capture as an async iterator of batches: what was due since the last one, at most 1024 datagrams.
 *
 * The run waits where the consumer is slow (so later datagrams are late, and counted as such); leaving the loop ends
 * it.
 */
export async function* replayBatches(
  capture: Input,
  options: Omit<ReplayOptions, 'to' | 'onDatagram' | 'sink'>,
): AsyncGenerator<DatagramBatch, ReplayReport, void> {
  const control = options.control ?? new ReplayControl();
  const sink = new BatchSink(parseSpeed(options.speed ?? '1x').mode !== 'max');
  const done = replay(capture, { ...options, control, sink }).finally(() => sink.finish());
  done.catch(() => {});
  let isOver = false;
  try {
    for (;;) {
      const batch = await sink.take();
      isOver = batch === null;
      if (batch === null) return await done;
      yield batch;
    }
  } finally {
    if (!isOver) control.stop();
    sink.abandon();
    await done.catch(() => {});
  }
}

/** Gathers datagrams until the consumer asks; the engine settles it whenever a batch waits. */
class BatchSink implements Sink {
  private bytes = new Uint8Array(batchBytes);
  private used = 0;
  private offsets: number[] = [];
  private lengths: number[] = [];
  private scheduledNs: number[] = [];
  private flows: Flow[] = [];
  private isWaiting = false;
  private finished = false;
  private abandoned = false;
  private wakeConsumer: () => void = () => {};
  private wakeProducer: () => void = () => {};

  constructor(private readonly paced: boolean) {}

  /** The engine is asked for a turn once a paced datagram is there and a consumer waits, else when a batch is full. */
  get unsettled(): number {
    const { length } = this.offsets;
    return length >= batchCount || (this.paced && this.isWaiting) ? length : 0;
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    if (this.used + length > this.bytes.length) this.grow(length);
    this.bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, length), this.used);
    this.offsets.push(this.used);
    this.lengths.push(length);
    this.scheduledNs.push(scheduledNs);
    this.flows.push(flow);
    this.used += length;
  }

  /** Lets the consumer run; waits for it only where the batch is full. */
  async settle(): Promise<void> {
    this.wakeConsumer();
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (!this.abandoned && this.offsets.length >= batchCount) {
      await new Promise<void>((resolve) => {
        this.wakeProducer = resolve;
      });
    }
  }

  async take(): Promise<DatagramBatch | null> {
    while (this.offsets.length === 0) {
      if (this.finished) return null;
      this.isWaiting = true;
      await new Promise<void>((resolve) => {
        this.wakeConsumer = resolve;
      });
      this.isWaiting = false;
    }
    const { offsets, lengths, scheduledNs, flows } = this;
    const view = new DataView(this.bytes.slice(0, this.used).buffer);
    const batch = { count: offsets.length, view, offsets, lengths, scheduledNs, flows };
    this.used = 0;
    this.offsets = [];
    this.lengths = [];
    this.scheduledNs = [];
    this.flows = [];
    this.wakeProducer();
    return batch;
  }

  finish(): void {
    this.finished = true;
    this.wakeConsumer();
  }

  abandon(): void {
    this.abandoned = true;
    this.wakeProducer();
  }

  private grow(length: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.used + length));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** The whole spec of what a caller asks; throws UsageError where that cannot be. */
export function specOf(capture: Input, options: ReplayOptions): ReplaySpec {
  const { speed, shape, to, date, frameByType, onDatagram, sink, control, say, ...rest } = options;
  const destinations = [to, onDatagram, sink].filter((destination) => destination !== undefined).length;
  if (destinations > 1 || (destinations === 0 && !options.dryRun)) {
    throw new UsageError(
      'target',
      'replay needs one of the options to, onDatagram and sink, which say where datagrams go',
    );
  }
  const input = {
    ...inputSpecOf(capture),
    ...(date === undefined ? {} : { date }),
    ...(frameByType === undefined ? {} : { frameByType }),
  };
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const spec: ReplaySpec = {
    ...replayDefaults,
    filter: noFilter,
    ...Object.fromEntries(given),
    input,
    target: parseTarget(to ?? 'null', rest.keepDestinations ?? false),
    ...parseShapedRate({ ...(speed === undefined ? {} : { speed }), shape }),
  };
  for (const key of ['loops', 'limit', 'durationNs', 'maxGapNs', 'lateAfterNs', 'spinBelowNs'] as const) {
    if (!(spec[key] >= 0)) throw new UsageError('option', `${key} ${spec[key]}: must be 0 or more`);
  }
  if (!pacings.includes(spec.pacing)) {
    throw new UsageError('option', `pacing '${spec.pacing}': must be one of ${pacings.join(', ')}`);
  }
  if (!Number.isInteger(spec.loops)) throw new UsageError('option', `loops ${spec.loops}: must be a whole number`);
  return spec;
}
