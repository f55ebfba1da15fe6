/**
 * The replay loop: one code path for every rate, source, sink and clock.
 *
 * Each datagram gets an absolute deadline from one origin; the loop sleeps far out, spins close in, and sends. A sink
 * that can stage takes the datagrams that are due together ahead of their time, so that at the deadline only the call
 * into the kernel is left. The loop leaves its slice for the event loop only to fetch bytes, to let a sink settle, or
 * to rest before a far deadline.
 */
import { UsageError } from '../core/errors.js';
import type { Sink, StagingSink } from '../core/seams.js';
import { figure } from './control.js';
import { type EngineOptions, ofOneShape } from './engine-options.js';
import { headerBytes, ScheduledReader, type ScheduledSource } from './scheduled-reader.js';
import { type EndReason, type EngineResult, SendRecord } from './send-record.js';
import { Staged } from './staged.js';
import { SteeredRun } from './steered-run.js';
import { Steering } from './steering.js';

export type { EngineOptions } from './engine-options.js';
export type { EndReason, EngineResult, LatePolicy } from './send-record.js';

/** A deadline further away than this is slept on with timers, so that reading ahead and signals go on. */
const restAboveNs = 4_000_000;
/** A timer may fire this much late; the rest of the wait is the waiter's. */
const restMarginNs = 2_500_000;
/** After so many sends the event loop gets a turn, due or not: socket callbacks queue up until then. */
const sendsPerTurn = 512;
/** A sink that stages has none: its sends are over when the call into the kernel is. */
const stagedPerTurn = 16_384;
/** With this much time to the next deadline a turn of the event loop (40 us, at times 350) costs nothing. */
const freeTurnNs = 500_000;
const freeTurnSends = 32;
/** How often the stop word is looked at while bytes are awaited. */
const stopPollMs = 50;
/** A run that falls behind its schedule for good ends this long after its duration, with what was due unsent. */
const overrunNs = 10e6;

/** Why the run is over, if it is: at once, or once what is awaited has happened. */
type Outcome = EndReason | undefined | Promise<EndReason | undefined>;

export class ReplayEngine {
  private readonly o: EngineOptions;
  private readonly scheduled: ScheduledSource;
  private readonly steering: Steering | undefined;
  private readonly record: SendRecord;
  private readonly staged: Staged | undefined;
  private readonly progress: SteeredRun;
  private readonly sendsPerTurn: number;
  private sendsSinceTurn = 0;

  constructor(options: EngineOptions) {
    this.o = ofOneShape(options);
    const { recorder, control, trace, schedule, feedLatencyOf, latePolicy, lateAfterNs, faults, framing } = options;
    this.record = new SendRecord({
      recorder,
      control,
      trace,
      log: options.log,
      schedule,
      measuresFeedLatency: feedLatencyOf !== undefined,
      latePolicy,
      lateAfterNs,
      headerBytes: framing === undefined ? headerBytes : 0,
    });
    const { source, gate, timeline, rewriter, loops } = options;
    const onFirst = (): void => this.begin();
    const wireBytesOf = framing?.wireBytesOf;
    const parts = { source, gate, schedule, timeline, rewriter, loops, feedLatencyOf, wireBytesOf, onFirst };
    const reader = new ScheduledReader(parts);
    const changed = faults === undefined ? reader : faults(reader);
    this.scheduled = framing === undefined ? changed : framing.frames(changed);
    this.staged = canStage(options.sink) ? new Staged(options.sink) : undefined;
    this.sendsPerTurn = this.staged === undefined ? sendsPerTurn : stagedPerTurn;
    this.progress = new SteeredRun(this.o, reader, this.scheduled, this.record, this.staged);
    this.steering = options.steering === undefined ? undefined : new Steering(options.steering, this.progress);
  }

  /** Plays the source to its end, a limit or a stop; rejects only where source or sink fails. */
  async run(): Promise<EngineResult> {
    const { result } = this.record;
    result.endReason = await this.play();
    if (this.staged !== undefined && this.staged.count > 0) {
      if (result.endReason !== 'stopped') result.endReason = (await this.flush()) ?? result.endReason;
      if (result.endReason === 'stopped') this.staged.discard();
    }
    result.loops = this.scheduled.loop;
    result.skipped = this.scheduled.skipped;
    if (this.o.sink.settle) await this.o.sink.settle();
    const runNs = this.o.clock.nowNs() - this.progress.originNs;
    if (runNs >= 0) this.o.recorder.closeInterval(runNs);
    this.steering?.end();
    result.steering = this.steering?.counts ?? null;
    return result;
  }

  private async play(): Promise<EndReason> {
    const { scheduled, staged } = this;
    const { sink, control, limit } = this.o;
    const { result } = this.record;
    control.figures[figure.loop] = scheduled.loop;
    for (;;) {
      if (result.packets + (staged?.count ?? 0) >= limit) return 'limit';
      this.progress.isSought = false;
      // What is staged does not wait for the end of the capture to be found.
      const isLast = staged !== undefined && staged.count > 0 && scheduled.isAtEnd === true;
      this.progress.isAtHand = !isLast && scheduled.next();
      if (this.progress.isAtHand) {
        if (staged !== undefined && this.joins(staged)) continue;
        const outcome = this.place();
        const ended = outcome instanceof Promise ? await outcome : outcome;
        if (ended) return ended;
        continue;
      }
      if (staged !== undefined && staged.count > 0) {
        const ended = await this.flush();
        if (ended) return ended;
        if (isLast || this.progress.isSought) continue;
      }
      if (scheduled.pause === 'end') return 'end';
      if (scheduled.pause === 'restart') {
        if (!(await this.restart())) return 'failed';
        continue;
      }
      if (sink.unsettled) await this.turn();
      await this.fill();
      if (control.isInterrupted && (await this.interrupted())) return 'stopped';
    }
  }

  private async restart(): Promise<boolean> {
    try {
      await this.scheduled.restart();
    } catch (error) {
      this.record.result.failure = (error as Error).message;
      return false;
    }
    this.o.control.figures[figure.loop] = this.scheduled.loop;
    return true;
  }

  /**
   * Stages the datagram at hand where it is due at the very time of those that are staged: all that is asked of it then
   * was asked of the first of them.
   */
  private joins(staged: Staged): boolean {
    if (staged.count === 0 || this.steering !== undefined || staged.isFull) return false;
    if (this.scheduled.dueNs !== staged.dueNs) return false;
    this.add(staged, staged.deadlineNs);
    return true;
  }

  private notePosition(): void {
    const { control, source } = this.o;
    control.figures[figure.positionNs] = this.scheduled.captureNs;
    control.figures[figure.sourceBytesRead] = source.position;
  }

  /** Looks at the datagram at hand: what it is due for, and whether it may go; says why the run is over, if it is. */
  private place(): Outcome {
    const { scheduled, steering } = this;
    if (scheduled.dueNs + this.record.result.shiftedNs >= Number.MAX_SAFE_INTEGER) {
      throw new UsageError('schedule', 'the schedule passes 104 days, for which a clock in ns is exact; ask for more');
    }
    this.notePosition();
    if (steering === undefined) return this.proceed();
    this.progress.rebase();
    return steering.isHeld ? this.hold(steering) : this.proceed();
  }

  /** Sends or stages the datagram at hand. */
  private proceed(): Outcome {
    const { staged } = this;
    const deadlineNs = this.progress.handDeadlineNs;
    const nowNs = this.o.clock.nowNs();
    if (this.isOver(deadlineNs - this.progress.originNs, nowNs)) return 'duration';
    if (staged === undefined) return this.reach(deadlineNs, deadlineNs - nowNs);
    if (staged.count > 0 && !this.goesWithStaged(staged, deadlineNs, nowNs)) {
      const outcome = this.flush();
      if (outcome instanceof Promise) return this.stageAfter(outcome, staged);
      if (outcome) return outcome;
    }
    return this.stage(staged);
  }

  /** What is due at one time goes out in one call, and what is past too unless its lateness changes the schedule. */
  private goesWithStaged(staged: Staged, deadlineNs: number, nowNs: number): boolean {
    if (staged.isFull) return false;
    if (deadlineNs === staged.deadlineNs) return true;
    return this.o.latePolicy === 'catch-up' && deadlineNs <= nowNs;
  }

  private async stageAfter(flush: Promise<EndReason | undefined>, staged: Staged): Promise<EndReason | undefined> {
    return (await flush) ?? this.afterFlush(staged);
  }

  /** Between the flush and now the run may have been told to go elsewhere, or to stand still. */
  private afterFlush(staged: Staged): Outcome {
    if (this.progress.isSought) return undefined;
    return this.steering?.isHeld ? this.hold(this.steering) : this.stage(staged);
  }

  private stage(staged: Staged): undefined {
    this.progress.noteStaged();
    if (staged.count === 0) staged.dueNs = this.scheduled.dueNs;
    // The schedule may have been moved by the flush before.
    this.add(staged, this.progress.handDeadlineNs);
  }

  private add(staged: Staged, deadlineNs: number): void {
    const { view, offset, length, flow, messages, feedLatencyNs } = this.scheduled;
    staged.sink.stage(view, offset, length, deadlineNs, flow);
    staged.add(deadlineNs, messages, length, feedLatencyNs);
  }

  /** Sends what is staged when it is due. */
  private flush(): Outcome {
    const { deadlineNs } = this.staged as Staged;
    return this.reach(deadlineNs, deadlineNs - this.o.clock.nowNs());
  }

  /** Waits for the deadline, then acts. */
  private reach(deadlineNs: number, aheadNs: number): Outcome {
    if (aheadNs > restAboveNs) return this.restUntil(deadlineNs);
    const isFree = aheadNs > freeTurnNs;
    if (isFree) this.record.tick(deadlineNs - aheadNs, true);
    const isAsked = isFree || this.o.source.wantsTurn === true;
    if (this.sendsSinceTurn >= (isAsked ? freeTurnSends : this.sendsPerTurn)) return this.waitAfterTurn(deadlineNs);
    return this.waitUntil(deadlineNs);
  }

  private async waitAfterTurn(deadlineNs: number): Promise<EndReason | undefined> {
    await this.turn();
    return this.waitUntil(deadlineNs);
  }

  private async restUntil(deadlineNs: number): Promise<EndReason | undefined> {
    for (;;) {
      const nowNs = this.o.clock.nowNs();
      const aheadNs = deadlineNs - nowNs;
      if (this.o.control.isInterrupted) return this.interrupted();
      if (aheadNs <= restAboveNs) break;
      this.record.tick(nowNs, true);
      await this.o.rest(aheadNs - restMarginNs);
    }
    this.sendsSinceTurn = 0;
    return this.waitUntil(deadlineNs);
  }

  private waitUntil(deadlineNs: number): Outcome {
    const { clock, waiter, schedule, control } = this.o;
    // Unpaced, only a start that lies ahead is waited for.
    const waits = schedule.paced || this.record.result.packets === 0;
    if (waits ? !waiter.waitUntil(deadlineNs, clock) : control.isInterrupted) return this.interrupted();
    const nowNs = waits ? waiter.nowNs : clock.nowNs();
    return this.staged === undefined ? this.sendNow(deadlineNs, nowNs) : this.flushNow(nowNs);
  }

  private sendNow(deadlineNs: number, startNs: number): Outcome {
    const { clock, sink } = this.o;
    const { record, scheduled } = this;
    const lateNs = startNs - deadlineNs;
    if (this.isDropped(lateNs)) {
      record.dropped(deadlineNs, lateNs, scheduled.messages, scheduled.length);
      return undefined;
    }
    sink.send(scheduled.view, scheduled.offset, scheduled.length, deadlineNs, scheduled.flow);
    this.sendsSinceTurn++;
    const endNs = clock.nowNs();
    record.sent(startNs, endNs, deadlineNs, scheduled.messages, scheduled.length, scheduled.feedLatencyNs);
    record.tick(endNs, false);
    return sink.unsettled ? this.turn().then(() => undefined) : undefined;
  }

  private flushNow(startNs: number): Outcome {
    const { clock, sink } = this.o;
    const { record } = this;
    const staged = this.staged as Staged;
    if (this.isDropped(startNs - staged.deadlineNs)) {
      staged.drop(record, startNs);
      return undefined;
    }
    staged.sink.flush();
    this.sendsSinceTurn += staged.count;
    const endNs = clock.nowNs();
    record.sentTogether(staged, startNs, endNs);
    staged.count = 0;
    record.tick(endNs, false);
    return sink.unsettled ? this.turn().then(() => undefined) : undefined;
  }

  private isDropped(lateNs: number): boolean {
    const { schedule, lateAfterNs, latePolicy } = this.o;
    return schedule.paced && lateNs > lateAfterNs && latePolicy === 'drop';
  }

  /** Time that the run was told to stand still is not of its duration. */
  private isOver(dueNs: number, nowNs: number): boolean {
    const { schedule } = this.o;
    const durationNs = this.o.durationNs + (this.steering?.counts.pausedNs ?? 0);
    return (
      (schedule.paced && dueNs > durationNs) ||
      nowNs - this.progress.originNs > durationNs + (schedule.paced ? overrunNs : 0)
    );
  }

  /** A wait was broken off, or none was needed: the run is to stop, or to do what it is told and go on. */
  private interrupted(): Outcome {
    const { steering } = this;
    if (steering === undefined || this.o.control.stopped) return 'stopped';
    return this.obey(steering);
  }

  private async obey(steering: Steering): Promise<EndReason | undefined> {
    const { staged } = this;
    const obeyed = await steering.obey();
    if (obeyed !== 'go') return obeyed === 'stopped' ? 'stopped' : undefined;
    if (staged !== undefined && staged.count > 0) {
      if (!steering.isStepping) return this.flush();
      await this.flushStep(steering);
      return undefined;
    }
    if (!this.progress.isAtHand) return undefined;
    return steering.isHeld ? this.hold(steering) : this.proceed();
  }

  /** Paused, waits until told otherwise; stepping, sends what is at hand, due when it is sent. */
  private async hold(steering: Steering): Promise<EndReason | undefined> {
    for (;;) {
      if (!steering.isStepping || this.o.control.isInterrupted) {
        const obeyed = await steering.obey();
        if (obeyed !== 'go') return obeyed === 'stopped' ? 'stopped' : undefined;
        if (!steering.isHeld) return this.proceed();
      }
      if (this.staged === undefined || this.staged.count === 0) break;
      await this.flushStep(steering);
    }
    if (this.sendsSinceTurn >= this.sendsPerTurn) await this.turn();
    steering.beforeStep(this.o.source.reader);
    const { handDeadlineNs } = this.progress;
    const ended = await this.sendNow(handDeadlineNs, handDeadlineNs);
    steering.afterSend();
    return ended;
  }

  /** What was staged before the run was told to step goes out together. */
  private async flushStep(steering: Steering): Promise<void> {
    steering.beforeStep(null);
    await this.flushNow(this.progress.deadlineNs());
    steering.afterSend();
  }

  private begin(): void {
    const originNs = this.o.chooseOrigin(this.o.clock.nowNs());
    this.progress.originNs = originNs;
    this.record.begin(originNs);
  }

  /** Brings bytes, or returns as soon as the run is stopped or told something: a pipe may have none for hours. */
  private async fill(): Promise<void> {
    const { control } = this.o;
    let timer: NodeJS.Timeout | undefined;
    const interrupted = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        if (control.isInterrupted) resolve();
      }, stopPollMs);
    });
    try {
      await Promise.race([this.progress.fill(), interrupted]);
    } finally {
      clearInterval(timer);
    }
  }

  private async turn(): Promise<void> {
    this.sendsSinceTurn = 0;
    const { sink } = this.o;
    if (sink.unsettled && sink.settle) await sink.settle();
    else await this.o.turn();
  }
}

function canStage(sink: Sink): sink is StagingSink {
  return 'stage' in sink;
}
