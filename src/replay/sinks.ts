/** Sinks without a socket: nothing at all, a handler on the thread that paces, a ring to another thread. */
import type { RingWriter } from '../core/ring.js';
import type { Clock, Flow, Sink } from '../core/seams.js';
import type { LatencyRecorder, LatencySeries } from './latency.js';

/** Takes datagrams and does nothing: what pacing and reading cost by themselves. */
export class NullSink implements Sink {
  send(): void {}
}

/** Called with each datagram when it is due; the view is borrowed until the call returns. */
export type DatagramHandler = (view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow) => void;

/** Hands datagrams to a handler on the same thread, and measures the hand-over and the handler. */
export class HandlerSink implements Sink {
  private readonly handler: DatagramHandler;
  private readonly clock: Clock;
  private readonly handOver: LatencySeries;
  private readonly handlerTime: LatencySeries;

  constructor(handler: DatagramHandler, clock: Clock, recorder: LatencyRecorder) {
    this.handler = handler;
    this.clock = clock;
    this.handOver = recorder.add('handOver');
    this.handlerTime = recorder.add('handlerTime');
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    const handedNs = this.clock.nowNs();
    const startNs = this.clock.nowNs();
    this.handler(view, offset, length, scheduledNs, flow);
    const endNs = this.clock.nowNs();
    this.handOver.record(startNs - handedNs);
    this.handlerTime.record(endNs - startNs);
  }
}

/** Copies datagrams into a ring in shared memory, which a worker polls with a `RingReader`. */
export class RingSink implements Sink {
  /** Every flow that was sent, by its index; a record carries the index only. */
  readonly flows: Flow[] = [];
  private readonly writer: RingWriter;
  private readonly clock: Clock;
  private readonly onFlow: ((flow: Flow) => void) | undefined;

  /** `onFlow` is called before a flow's first record is written. */
  constructor(writer: RingWriter, clock: Clock, onFlow?: (flow: Flow) => void) {
    this.writer = writer;
    this.clock = clock;
    this.onFlow = onFlow;
  }

  /** Datagrams that a full ring (policy `drop`) or a closed reader did not take. */
  get dropped(): number {
    return this.writer.dropped;
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    if (this.flows[flow.index] === undefined) {
      this.flows[flow.index] = flow;
      this.onFlow?.(flow);
    }
    this.writer.write(view, offset, length, flow.index, scheduledNs, this.clock.nowNs());
  }

  async close(): Promise<void> {
    this.writer.close();
  }
}
