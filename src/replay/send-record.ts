/** What a run has sent and how it kept to the schedule: counts, histograms, live figures, the picture's trace. */
import { figure, type ReplayControl } from './control.js';
import type { LatencyRecorder, LatencySeries } from './latency.js';
import type { RunObserver } from './run-trace.js';
import type { SendLog } from './send-log.js';
import type { SteeringCounts } from './steering.js';

const intervalNs = 1e9;
const intervalGraceNs = 0.25e9;

/** What to do with a packet that is due later than `lateAfterNs` ago. */
export type LatePolicy = 'catch-up' | 'shift' | 'drop';

/** `failed`: the capture could not be read again for the next loop. */
export type EndReason = 'end' | 'limit' | 'duration' | 'stopped' | 'failed';

/** What was sent and how it kept to the schedule. */
export interface EngineResult {
  packets: number;
  /** UDP payload bytes; of whole frames all of theirs. */
  bytes: number;
  /** Layer-2 bytes without frame check sequence: of a payload 42 more, of a frame its own. */
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
  /** What the run was told while it played; null where it could not be told anything. */
  steering: SteeringCounts | null;
}

export interface SendRecordOptions {
  recorder: LatencyRecorder;
  control: ReplayControl;
  /** Told of each packet, where a picture of the run is wanted, or what became of its shape. */
  trace?: RunObserver | undefined;
  /** Told of each packet, where what arrives is compared with it. */
  log?: SendLog | undefined;
  /** Unpaced, nothing is waited for, and nothing late. */
  schedule: { readonly paced: boolean };
  measuresFeedLatency: boolean;
  latePolicy: LatePolicy;
  lateAfterNs: number;
  /** Layer-2 bytes of a packet beside those that are sent. */
  headerBytes: number;
}

/** Packets of one call, in order; of each when it was due, and what it holds. */
export interface SentPackets {
  readonly count: number;
  readonly deadlines: Float64Array;
  readonly messages: Float64Array;
  readonly lengths: Float64Array;
  /** NaN where a packet has none. */
  readonly feedLatencies: Float64Array;
}

export class SendRecord {
  /** What may pass 2^31 begins as no small integer: it is a double to the compiler then, before it does too. */
  readonly result: EngineResult = {
    packets: 0,
    bytes: Number.NaN,
    wireBytes: Number.NaN,
    messages: 0,
    elapsedNs: Number.NaN,
    originNs: Number.NaN,
    loops: 0,
    late: { count: 0, maxNs: Number.NaN },
    dropped: 0,
    shiftedNs: Number.NaN,
    skipped: 0,
    endReason: 'end',
    failure: null,
    steering: null,
  };
  private readonly o: SendRecordOptions;
  private readonly lateness: LatencySeries;
  private readonly sendTime: LatencySeries;
  private readonly gapError: LatencySeries;
  private readonly feedLatency: LatencySeries | undefined;
  private originNs = Number.NaN;
  private previousStartNs = Number.NaN;
  private previousDeadlineNs = Number.NaN;
  private nextIntervalNs = Number.NaN;

  constructor(options: SendRecordOptions) {
    this.o = options;
    const { result } = this;
    result.bytes = result.wireBytes = result.elapsedNs = result.originNs = result.shiftedNs = result.late.maxNs = 0;
    this.lateness = options.recorder.add('sendLateness');
    this.gapError = options.recorder.add('gapError');
    this.sendTime = options.recorder.add('sendTime');
    this.feedLatency = options.measuresFeedLatency ? options.recorder.add('feedLatency') : undefined;
  }

  begin(originNs: number): void {
    this.originNs = originNs;
    this.result.originNs = originNs;
    this.o.recorder.start(0);
    this.nextIntervalNs = originNs + intervalNs;
  }

  /** A packet went out, in a call from `startNs` to `endNs`. */
  sent(
    startNs: number,
    endNs: number,
    deadlineNs: number,
    messages: number,
    lengthBytes: number,
    feedLatencyNs: number,
  ): void {
    const { trace, log, schedule } = this.o;
    this.add(1, messages, lengthBytes, endNs);
    this.sendTime.record(endNs - startNs);
    if (this.feedLatency && !Number.isNaN(feedLatencyNs)) this.feedLatency.record(feedLatencyNs);
    if (log) log.sent(deadlineNs, startNs);
    if (trace) trace.sent(startNs - this.originNs, messages, lengthBytes);
    if (!schedule.paced) return;
    if (trace) trace.due(deadlineNs - this.originNs, startNs - deadlineNs, messages, lengthBytes);
    this.keptTo(startNs, deadlineNs);
  }

  /** Packets went out in one call; those that are due at one time are recorded at one go. */
  sentTogether(packets: SentPackets, startNs: number, endNs: number): void {
    const { count, messages, lengths, feedLatencies } = packets;
    let bytes = 0;
    let held = 0;
    for (let index = 0; index < count; index++) {
      bytes += lengths[index] as number;
      held += messages[index] as number;
    }
    this.add(count, held, bytes, endNs);
    this.sendTime.record(endNs - startNs, count);
    if (this.feedLatency) {
      for (let index = 0; index < count; index++) {
        const feedLatencyNs = feedLatencies[index] as number;
        if (!Number.isNaN(feedLatencyNs)) this.feedLatency.record(feedLatencyNs);
      }
    }
    if (this.o.schedule.paced || this.o.log || this.o.trace) this.keptTogether(packets, startNs);
  }

  private keptTogether(packets: SentPackets, startNs: number): void {
    const { result } = this;
    const { count, deadlines } = packets;
    const { shiftedNs } = result;
    for (let first = 0, end = 0; first < count; first = end) {
      const dueNs = deadlines[first] as number;
      for (end = first + 1; end < count && deadlines[end] === dueNs; ) end++;
      const deadlineNs = dueNs + (result.shiftedNs - shiftedNs);
      this.tell(packets, first, first + 1, startNs, deadlineNs);
      if (this.o.schedule.paced) this.keptTo(startNs, deadlineNs);
      if (end === first + 1) continue;
      // Where the first of them moves the schedule, those due with it are moved along.
      const movedNs = dueNs + (result.shiftedNs - shiftedNs);
      this.tell(packets, first + 1, end, startNs, movedNs);
      if (this.o.schedule.paced) this.keptAlike(startNs - movedNs, end - first - 1);
    }
  }

  /** Tells who watches of packets `first` to before `end`, in their order. */
  private tell(packets: SentPackets, first: number, end: number, startNs: number, deadlineNs: number): void {
    const { trace, log, schedule } = this.o;
    if (!trace && !log) return;
    for (let index = first; index < end; index++) {
      const messages = packets.messages[index] as number;
      const lengthBytes = packets.lengths[index] as number;
      if (log) log.sent(deadlineNs, startNs);
      if (!trace) continue;
      trace.sent(startNs - this.originNs, messages, lengthBytes);
      if (schedule.paced) trace.due(deadlineNs - this.originNs, startNs - deadlineNs, messages, lengthBytes);
    }
  }

  /** A packet is left out, `lateNs` after it was due. */
  dropped(deadlineNs: number, lateNs: number, messages: number, lengthBytes: number): void {
    this.countLate(lateNs);
    this.lateness.record(lateNs);
    this.o.trace?.due(deadlineNs - this.originNs, lateNs, messages, lengthBytes);
    this.result.dropped++;
  }

  /** The schedule was moved: the gap to the next packet is none that was asked for. */
  breakGap(): void {
    this.previousStartNs = Number.NaN;
  }

  /**
   * Says what time it is: an interval of a second may be over. What that takes, some 0.2 ms, waits a while for a pause
   * of the schedule (`isFree`).
   */
  tick(nowNs: number, isFree: boolean): void {
    if (nowNs < (isFree ? this.nextIntervalNs : this.nextIntervalNs + intervalGraceNs)) return;
    this.o.control.figures[figure.latenessP99Ns] = this.lateness.interval.percentile(99);
    this.o.recorder.closeInterval(nowNs - this.originNs);
    while (this.nextIntervalNs <= nowNs) this.nextIntervalNs += intervalNs;
  }

  private keptTo(startNs: number, deadlineNs: number): void {
    const { latePolicy, lateAfterNs } = this.o;
    const lateNs = startNs - deadlineNs;
    this.lateness.record(lateNs);
    // NaN before the second packet.
    const gapNs = startNs - this.previousStartNs;
    if (!Number.isNaN(gapNs)) this.gapError.record(gapNs - (deadlineNs - this.previousDeadlineNs));
    this.previousStartNs = startNs;
    this.previousDeadlineNs = deadlineNs;
    this.countLate(lateNs);
    if (lateNs > lateAfterNs && latePolicy === 'shift') {
      this.result.shiftedNs += lateNs;
      this.previousDeadlineNs += lateNs;
    }
  }

  /** So many more packets of the call recorded last, due together. */
  private keptAlike(lateNs: number, packets: number): void {
    this.lateness.record(lateNs, packets);
    this.gapError.record(0, packets);
    if (lateNs > this.o.lateAfterNs) this.result.late.count += packets;
  }

  /** Counts packets that went out by `endNs`. */
  private add(packets: number, messages: number, bytes: number, endNs: number): void {
    const { result } = this;
    const { figures } = this.o.control;
    result.packets += packets;
    result.bytes += bytes;
    result.wireBytes += bytes + packets * this.o.headerBytes;
    result.messages += messages;
    result.elapsedNs = endNs - this.originNs;
    figures[figure.packets] = result.packets;
    figures[figure.bytes] = result.bytes;
    figures[figure.messages] = result.messages;
    figures[figure.elapsedNs] = result.elapsedNs;
  }

  private countLate(lateNs: number): void {
    const { late } = this.result;
    if (lateNs > this.o.lateAfterNs) late.count++;
    if (lateNs > late.maxNs) {
      late.maxNs = lateNs;
      this.o.control.figures[figure.longestLagNs] = lateNs;
    }
  }
}
