/** A run under way as steering moves it: where its schedule lies on the clock, and what is at hand. */
import { UsageError } from '../core/errors.js';
import type { Stamp } from '../core/seek-index.js';
import type { EngineOptions } from './engine.js';
import type { Rate } from './rate.js';
import type { ScheduledReader, ScheduledSource } from './scheduled-reader.js';
import type { SendRecord } from './send-record.js';
import type { Staged } from './staged.js';
import { type LastScheduled, SteeredSchedule } from './steered-schedule.js';
import type { Steered } from './steering.js';

type Parts = Pick<EngineOptions, 'source' | 'sink' | 'control' | 'clock' | 'schedule' | 'steering'>;

export class SteeredRun implements Steered {
  /** NaN before the first datagram. */
  originNs = Number.NaN;
  /** Whether a datagram is at hand that is not sent yet; whether a seek has put another in its place. */
  isAtHand = false;
  isSought = false;
  /** By how much pauses, steps and seeks have moved the schedule. */
  private movedNs = 0;
  /** Whether the next datagram is due at once, whatever the schedule says. */
  private isRebasing = false;
  private filling: Promise<void> | null = null;
  /** Stamp of the first that is staged, and what was scheduled for the last. */
  private stagedStamp: Stamp = { seconds: 0, nanoseconds: 0 };
  private lastStaged: LastScheduled | null = null;

  constructor(
    private readonly o: Parts,
    private readonly reader: ScheduledReader,
    private readonly scheduled: ScheduledSource,
    private readonly record: SendRecord,
    private readonly staged: Staged | undefined,
  ) {}

  get control() {
    return this.o.control;
  }

  get result() {
    return this.record.result;
  }

  get loop(): number {
    return this.scheduled.loop;
  }

  get rate(): Rate {
    return this.schedule.rate;
  }

  nowNs(): number {
    return this.o.clock.nowNs();
  }

  here(): Stamp | null {
    if (this.isStaged) return this.stagedStamp;
    return Number.isNaN(this.originNs) ? null : this.o.source.reader;
  }

  /** Of the datagram that was scheduled last. */
  get handDeadlineNs(): number {
    return this.originNs + this.scheduled.dueNs + this.record.result.shiftedNs + this.movedNs;
  }

  deadlineNs(): number {
    if (this.staged !== undefined && this.isStaged) return this.staged.deadlineNs;
    return this.isAtHand ? this.handDeadlineNs : Number.NaN;
  }

  move(ns: number): void {
    this.movedNs += ns;
    this.staged?.move(ns);
    this.record.breakGap();
  }

  /** To be called with each datagram at hand: behind a seek it is due at once. */
  rebase(): void {
    if (!this.isRebasing) return;
    this.isRebasing = false;
    this.movedNs += this.nowNs() - this.handDeadlineNs;
  }

  async seek(target: Stamp): Promise<void> {
    const { scheduled } = this;
    if (scheduled.seek === undefined) {
      throw new UsageError('seek', 'faults are drawn for packets in their order: a run with faults cannot seek');
    }
    await this.filling?.catch(() => {});
    await scheduled.seek(target, () => this.control.stopped);
    this.staged?.discard();
    this.o.sink.jump?.();
    this.isAtHand = false;
    this.isSought = true;
    this.isRebasing = true;
    this.record.breakGap();
  }

  /** A wait under way is as much shorter as the new rate is faster; where the two count other things, it is over. */
  setRate(rate: Rate, atNs: number): void {
    const { schedule, reader } = this;
    const wasPaced = schedule.paced;
    const last = this.here() === null ? null : this.lastTaken();
    const factor = schedule.switchTo(rate, this.isStaged ? this.lastStaged : last);
    if (this.isStaged && this.isAtHand && last !== null) {
      reader.dueNs = schedule.next(last.captureNs, last.messages, last.bits);
    }
    const aheadNs = this.deadlineNs() - atNs;
    if (Number.isNaN(aheadNs)) this.isRebasing ||= !wasPaced;
    else if (aheadNs > 0) this.move((Number.isNaN(factor) ? 0 : Math.round(aheadNs * factor)) - aheadNs);
    else if (!wasPaced) this.move(-aheadNs);
  }

  /** To be called before the datagram at hand is staged. */
  noteStaged(): void {
    if (this.o.steering === undefined) return;
    this.lastStaged = this.lastTaken();
    if (this.isStaged) return;
    const { seconds, nanoseconds } = this.o.source.reader;
    this.stagedStamp = { seconds, nanoseconds };
  }

  private lastTaken(): LastScheduled {
    const { dueNs, captureNs, messages, bits } = this.reader;
    return { dueNs, captureNs, messages, bits };
  }

  private get isStaged(): boolean {
    return this.staged !== undefined && this.staged.count > 0;
  }

  /** The source's bytes that are on their way; asked for where none are. */
  fill(): Promise<void> {
    this.filling ??= this.o.source.fill().finally(() => {
      this.filling = null;
    });
    return this.filling;
  }

  private get schedule(): SteeredSchedule {
    const { schedule } = this.o;
    if (schedule instanceof SteeredSchedule) return schedule;
    throw new Error('a run that is steered needs a SteeredSchedule');
  }
}
