/**
 * The replay loop: one code path for every rate, source, sink and clock.
 *
 * Each datagram gets an absolute deadline from one origin; the loop sleeps far out, spins close in, and sends. It
 * leaves its slice for the event loop only to fetch bytes, to let a sink settle, or to rest before a far deadline.
 */
import { UsageError } from '../core/errors.js';
import type { Clock, DatagramReader, Flow, Sink } from '../core/seams.js';
import type { Waiter } from '../core/waiter.js';
import { figure, type ReplayControl } from './control.js';
import type { LatencyRecorder, LatencySeries } from './latency.js';
import type { RunTrace } from './run-trace.js';
import type { Schedule } from './schedule.js';
import type { Timeline } from './timeline.js';

/** A deadline further away than this is slept on with timers, so that reading ahead and signals go on. */
const restAboveNs = 4_000_000;
/** A timer may fire this much late; the rest of the wait is the waiter's. */
const restMarginNs = 2_500_000;
/** After so many sends the event loop gets a turn, due or not: socket callbacks queue up until then. */
const sendsPerTurn = 512;
/** With this much time to the next deadline a turn of the event loop (about 40 us at worst) costs nothing. */
const freeTurnNs = 150_000;
const freeTurnSends = 32;
/** Layer-2 bytes in front of a UDP payload: Ethernet 14, IPv4 20, UDP 8. The frame check sequence is not counted. */
export const headerBytes = 42;
const intervalNs = 1e9;
/** How often the stop word is looked at while bytes are awaited. */
const stopPollMs = 50;
/** A run that falls behind its schedule for good ends this long after its duration, with what was due unsent. */
const overrunNs = 10e6;

/** What to do with a packet that is due later than `lateAfterNs` ago. */
export type LatePolicy = 'catch-up' | 'shift' | 'drop';

/** Where datagrams come from; `reader` may be another after `restart`. */
export interface ReplaySource {
  readonly reader: DatagramReader;
  /** How far into the file the datagram at hand is, in bytes as stored. */
  readonly position: number;
  /** Brings the reader more bytes. */
  fill(): Promise<void>;
  /** Goes back to the first byte; rejects where the input cannot be read twice. */
  restart(): Promise<void>;
}

/** Says which datagrams take part, and how many messages each holds. */
export interface DatagramGate {
  /** `before` and `no` skip the datagram, `after` ends this pass over the source. */
  admit(reader: DatagramReader): 'yes' | 'no' | 'before' | 'after';
  messagesIn(reader: DatagramReader): number;
  /** Forgets what it learned from the datagrams of the loop before, so that every loop is the same. */
  startLoop?(): void;
}

/** Gives the bytes to send in a loop: the reader's own, or a rewritten copy. */
export interface LoopRewriter {
  startLoop(loop: number): void;
  /** Leaves `view`, `offset` and `length` of the datagram to send on itself; called for dropped datagrams as well. */
  rewrite(view: DataView, offset: number, length: number, flow: Flow): void;
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
}

export interface EngineOptions {
  source: ReplaySource;
  gate: DatagramGate;
  schedule: Schedule;
  timeline: Timeline;
  sink: Sink;
  clock: Clock;
  waiter: Waiter;
  /** Sleeps on a timer for so long at most; a virtual clock's moves on and returns at once. */
  rest(ns: number): Promise<void>;
  /** Gives the event loop one turn. */
  turn(): Promise<void>;
  control: ReplayControl;
  recorder: LatencyRecorder;
  /** Told of each packet, where a picture of the run is wanted. */
  trace?: RunTrace;
  rewriter?: LoopRewriter;
  /** Called when the first datagram is at hand: the run's origin on the clock, in ns (now, or a later start). */
  chooseOrigin(nowNs: number): number;
  latePolicy: LatePolicy;
  lateAfterNs: number;
  /** How often the source is played; 0 = until stopped. */
  loops: number;
  /** Packets at most, over all loops. */
  limit: number;
  /** Nothing due later than this after the origin is sent; unpaced, nothing later than this. */
  durationNs: number;
  /** Feed latency of the datagram at hand in ns, or NaN where it has none. */
  feedLatencyOf?(reader: DatagramReader): number;
}

/** `failed`: the capture could not be read again for the next loop. */
export type EndReason = 'end' | 'limit' | 'duration' | 'stopped' | 'failed';

/** What was sent and how it kept to the schedule. */
export interface EngineResult {
  packets: number;
  /** UDP payload bytes. */
  bytes: number;
  /** Layer-2 bytes: payload + 42 a packet, without frame check sequence. */
  wireBytes: number;
  messages: number;
  /** Origin to the end of the last send. */
  elapsedNs: number;
  originNs: number;
  loops: number;
  late: { count: number; maxNs: number };
  dropped: number;
  shiftedNs: number;
  skipped: number;
  endReason: EndReason;
  /** Why the run `failed`. */
  failure: string | null;
}

export class ReplayEngine {
  private readonly o: EngineOptions;
  private readonly result: EngineResult;
  private readonly lateness: LatencySeries;
  private readonly sendTime: LatencySeries;
  private readonly gapError: LatencySeries;
  private readonly feedLatency: LatencySeries | undefined;
  /** NaN before the first datagram. */
  private originNs = Number.NaN;
  private previousStartNs = 0;
  private previousDeadlineNs = 0;
  private nextIntervalNs = 0;
  private sendsSinceTurn = 0;

  constructor(options: EngineOptions) {
    this.o = options;
    this.lateness = options.recorder.add('sendLateness');
    this.gapError = options.recorder.add('gapError');
    this.sendTime = options.recorder.add('sendTime');
    this.feedLatency = options.feedLatencyOf ? options.recorder.add('feedLatency') : undefined;
    this.result = {
      packets: 0,
      bytes: 0,
      wireBytes: 0,
      messages: 0,
      elapsedNs: 0,
      originNs: 0,
      loops: 0,
      late: { count: 0, maxNs: 0 },
      dropped: 0,
      shiftedNs: 0,
      skipped: 0,
      endReason: 'end',
      failure: null,
    };
  }

  /** Plays the source to its end, a limit or a stop; rejects only where source or sink fails. */
  async run(): Promise<EngineResult> {
    const { source, gate, timeline, rewriter, loops, control } = this.o;
    const { result } = this;
    for (let loop = 1; ; loop++) {
      const packetsBefore = result.packets + result.dropped;
      result.loops = loop;
      control.figures[figure.loop] = loop;
      rewriter?.startLoop(loop);
      gate.startLoop?.();
      result.endReason = await this.pass();
      if (result.endReason !== 'end' || loop === loops) break;
      if (result.packets + result.dropped === packetsBefore) break;
      try {
        await source.restart();
      } catch (error) {
        result.endReason = 'failed';
        result.failure = (error as Error).message;
        break;
      }
      timeline.startLoop();
    }
    if (this.o.sink.settle) await this.o.sink.settle();
    const runNs = this.o.clock.nowNs() - this.originNs;
    if (runNs >= 0) this.o.recorder.closeInterval(runNs);
    return result;
  }

  private async pass(): Promise<EndReason> {
    const { source, gate, sink, control } = this.o;
    for (;;) {
      if (this.result.packets >= this.o.limit) return 'limit';
      const { reader } = source;
      if (!reader.next()) {
        if (reader.done) return 'end';
        if (sink.unsettled) await this.turn();
        await this.fill();
        if (control.stopped) return 'stopped';
        continue;
      }
      const verdict = gate.admit(reader);
      if (verdict === 'after') return 'end';
      if (verdict !== 'yes') {
        this.result.skipped++;
        continue;
      }
      const outcome = this.play(reader);
      const ended = outcome instanceof Promise ? await outcome : outcome;
      if (ended) return ended;
    }
  }

  /** Waits for the datagram's deadline and sends it; says why the run is over, if it is. */
  private play(reader: DatagramReader): EndReason | undefined | Promise<EndReason | undefined> {
    const { schedule, timeline, gate, clock } = this.o;
    if (Number.isNaN(this.originNs)) this.begin();
    const messages = gate.messagesIn(reader);
    const captureNs = timeline.place(reader.seconds, reader.nanoseconds);
    const dueNs = schedule.next(captureNs, messages, (reader.length + headerBytes) * 8) + this.result.shiftedNs;
    if (dueNs >= Number.MAX_SAFE_INTEGER) {
      throw new UsageError('schedule', 'the schedule passes 104 days, for which a clock in ns is exact; ask for more');
    }
    const deadlineNs = this.originNs + dueNs;
    this.o.control.figures[figure.positionNs] = captureNs;
    this.o.control.figures[figure.sourceBytesRead] = this.o.source.position;
    const nowNs = clock.nowNs();
    if (this.isOver(dueNs, nowNs)) return 'duration';
    const aheadNs = deadlineNs - nowNs;
    if (aheadNs > restAboveNs) return this.restThenSend(reader, deadlineNs, messages);
    if (this.sendsSinceTurn >= (aheadNs > freeTurnNs ? freeTurnSends : sendsPerTurn)) {
      return this.turn().then(() => this.waitAndSend(reader, deadlineNs, messages));
    }
    return this.waitAndSend(reader, deadlineNs, messages);
  }

  /** Brings bytes, or returns as soon as the run is stopped: a pipe may have none for hours. */
  private async fill(): Promise<void> {
    const { source, control } = this.o;
    let timer: NodeJS.Timeout | undefined;
    const stopped = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        if (control.stopped) resolve();
      }, stopPollMs);
    });
    try {
      await Promise.race([source.fill(), stopped]);
    } finally {
      clearInterval(timer);
    }
  }

  private isOver(dueNs: number, nowNs: number): boolean {
    const { durationNs, schedule } = this.o;
    return (
      (schedule.paced && dueNs > durationNs) || nowNs - this.originNs > durationNs + (schedule.paced ? overrunNs : 0)
    );
  }

  private begin(): void {
    const nowNs = this.o.clock.nowNs();
    this.originNs = this.o.chooseOrigin(nowNs);
    this.result.originNs = this.originNs;
    this.o.recorder.start(0);
    this.nextIntervalNs = this.originNs + intervalNs;
    this.previousStartNs = Number.NaN;
  }

  private async restThenSend(reader: DatagramReader, deadlineNs: number, messages: number) {
    for (;;) {
      const aheadNs = deadlineNs - this.o.clock.nowNs();
      if (this.o.control.stopped) return 'stopped';
      if (aheadNs <= restAboveNs) break;
      this.tick(this.o.clock.nowNs());
      await this.o.rest(aheadNs - restMarginNs);
    }
    this.sendsSinceTurn = 0;
    return this.waitAndSend(reader, deadlineNs, messages);
  }

  private waitAndSend(reader: DatagramReader, deadlineNs: number, messages: number) {
    const { clock, waiter, schedule, control, sink } = this.o;
    // Unpaced, only a start that lies ahead is waited for.
    if ((schedule.paced || this.result.packets === 0) && !waiter.waitUntil(deadlineNs, clock)) return 'stopped';
    if (control.stopped) return 'stopped';
    const startNs = clock.nowNs();
    const lateNs = startNs - deadlineNs;
    if (schedule.paced && lateNs > this.o.lateAfterNs && this.o.latePolicy === 'drop') {
      this.countLate(lateNs);
      this.lateness.record(lateNs);
      this.o.trace?.due(deadlineNs - this.originNs, lateNs, messages, reader.length);
      this.result.dropped++;
      this.o.rewriter?.rewrite(reader.view, reader.offset, reader.length, reader.flow);
      return undefined;
    }
    this.send(reader, deadlineNs);
    const endNs = clock.nowNs();
    this.account(reader, messages, endNs);
    this.sendTime.record(endNs - startNs);
    if (this.feedLatency && this.o.feedLatencyOf) {
      const feedLatencyNs = this.o.feedLatencyOf(reader);
      if (!Number.isNaN(feedLatencyNs)) this.feedLatency.record(feedLatencyNs);
    }
    if (this.o.trace) this.draw(this.o.trace, reader, messages, startNs, deadlineNs);
    if (schedule.paced) this.recordTiming(startNs, deadlineNs, lateNs);
    this.tick(endNs);
    return sink.unsettled ? this.turn().then(() => undefined) : undefined;
  }

  private send(reader: DatagramReader, scheduledNs: number): void {
    const { sink, rewriter } = this.o;
    if (rewriter === undefined) {
      sink.send(reader.view, reader.offset, reader.length, scheduledNs, reader.flow);
    } else {
      rewriter.rewrite(reader.view, reader.offset, reader.length, reader.flow);
      sink.send(rewriter.view, rewriter.offset, rewriter.length, scheduledNs, reader.flow);
    }
    this.sendsSinceTurn++;
  }

  private account(reader: DatagramReader, messages: number, endNs: number): void {
    const { result } = this;
    const { figures } = this.o.control;
    result.packets++;
    result.bytes += reader.length;
    result.wireBytes += reader.length + headerBytes;
    result.messages += messages;
    result.elapsedNs = endNs - this.originNs;
    figures[figure.packets] = result.packets;
    figures[figure.bytes] = result.bytes;
    figures[figure.messages] = result.messages;
    figures[figure.elapsedNs] = result.elapsedNs;
  }

  private draw(trace: RunTrace, reader: DatagramReader, messages: number, startNs: number, deadlineNs: number): void {
    trace.sent(startNs - this.originNs, messages, reader.length);
    if (this.o.schedule.paced) {
      trace.due(deadlineNs - this.originNs, startNs - deadlineNs, messages, reader.length);
    }
  }

  private recordTiming(startNs: number, deadlineNs: number, lateNs: number): void {
    this.lateness.record(lateNs);
    if (!Number.isNaN(this.previousStartNs)) {
      this.gapError.record(startNs - this.previousStartNs - (deadlineNs - this.previousDeadlineNs));
    }
    this.previousStartNs = startNs;
    this.previousDeadlineNs = deadlineNs;
    this.countLate(lateNs);
    if (lateNs > this.o.lateAfterNs && this.o.latePolicy === 'shift') {
      this.result.shiftedNs += lateNs;
      this.previousDeadlineNs += lateNs;
    }
  }

  private countLate(lateNs: number): void {
    const { late } = this.result;
    if (lateNs > this.o.lateAfterNs) late.count++;
    if (lateNs > late.maxNs) {
      late.maxNs = lateNs;
      this.o.control.figures[figure.longestLagNs] = lateNs;
    }
  }

  private tick(nowNs: number): void {
    if (nowNs < this.nextIntervalNs) return;
    this.o.control.figures[figure.latenessP99Ns] = this.lateness.interval.percentile(99);
    this.o.recorder.closeInterval(nowNs - this.originNs);
    while (this.nextIntervalNs <= nowNs) this.nextIntervalNs += intervalNs;
  }

  private async turn(): Promise<void> {
    this.sendsSinceTurn = 0;
    const { sink } = this.o;
    if (sink.unsettled && sink.settle) await sink.settle();
    else await this.o.turn();
  }
}
