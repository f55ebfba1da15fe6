/** What a run has sent and how it kept to the schedule: counts, histograms, live figures, the picture's trace. */
import { figure, type ReplayControl } from './control.js';
import type { LatencyRecorder, LatencySeries } from './latency.js';
import type { RunObserver } from './run-trace.js';
import type { SendLog } from './send-log.js';
import type { SteeringCounts } from './steering.js';

const intervalNs = 1e9;

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

export class SendRecord {
  readonly result: EngineResult = {
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
    steering: null,
  };
  private readonly o: SendRecordOptions;
  private readonly lateness: LatencySeries;
  private readonly sendTime: LatencySeries;
  private readonly gapError: LatencySeries;
  private readonly feedLatency: LatencySeries | undefined;
  private originNs = 0;
  private previousStartNs = Number.NaN;
  private previousDeadlineNs = 0;
  private nextIntervalNs = 0;

  constructor(options: SendRecordOptions) {
    this.o = options;
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
    const { trace, log, schedule, control, headerBytes } = this.o;
    const { result } = this;
    const { figures } = control;
    result.packets++;
    result.bytes += lengthBytes;
    result.wireBytes += lengthBytes + headerBytes;
    result.messages += messages;
    result.elapsedNs = endNs - this.originNs;
    figures[figure.packets] = result.packets;
    figures[figure.bytes] = result.bytes;
    figures[figure.messages] = result.messages;
    figures[figure.elapsedNs] = result.elapsedNs;
    this.sendTime.record(endNs - startNs);
    if (this.feedLatency && !Number.isNaN(feedLatencyNs)) this.feedLatency.record(feedLatencyNs);
    if (log) log.sent(deadlineNs, startNs);
    if (trace) trace.sent(startNs - this.originNs, messages, lengthBytes);
    if (!schedule.paced) return;
    if (trace) trace.due(deadlineNs - this.originNs, startNs - deadlineNs, messages, lengthBytes);
    this.keptTo(startNs, deadlineNs);
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

  /** Says what time it is: an interval of a second may be over. */
  tick(nowNs: number): void {
    if (nowNs < this.nextIntervalNs) return;
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

  private countLate(lateNs: number): void {
    const { late } = this.result;
    if (lateNs > this.o.lateAfterNs) late.count++;
    if (lateNs > late.maxNs) {
      late.maxNs = lateNs;
      this.o.control.figures[figure.longestLagNs] = lateNs;
    }
  }
}
