/** Raises the rate of a replay until the receiver under test falls behind, by what its own counter says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SinkError } from '../core/errors.js';
import { parseRational } from '../core/rational.js';
import type { AckCounter } from '../io/ack-counter.js';
import {
  keptShare,
  LimitSearch,
  type LimitSearchOptions,
  type LimitVerdict,
  type StepOutcome,
} from '../replay/limit-search.js';
import { formatRate, type Rate } from '../replay/rate.js';
import type { ReplayReport } from './replay-spec.js';

/** How often the counter is asked; lags are no finer than this. */
const askEveryMs = 5;
/** A counter that has not moved for so long will not. */
const settleMs = 500;
/** Before a step the counter must be quiet for so long: what was queued belongs to the step before. */
const quietMs = 50;
/** The longest wait for a quiet counter. */
const quietWithinMs = 5000;

export interface FindLimitOptions extends Omit<LimitSearchOptions, 'lowest' | 'highest'> {
  /** Rates of one unit, not `max`. */
  readonly lowest: Rate;
  readonly highest: Rate;
  readonly stepNs: number;
  /** How often a rate is tried before the receiver counts as behind, or the sender as spent. */
  readonly tries: number;
  /** What may be lost, as a share of what was sent. */
  readonly loss: number;
  /** How long after the last packet the counter may come to its last number. */
  readonly maxLagNs: number;
  /** After so long no further step is begun. */
  readonly withinNs: number;
}

/** What the search is done with. */
export interface FindLimitHooks {
  /** Plays one step and reports. */
  play(rate: Rate): Promise<ReplayReport>;
  counter: AckCounter;
  /** Told of each try as it ends. */
  onTry(step: LimitTry): void;
  /** True once no further step is wanted. */
  stopped(): boolean;
}

/** One try of one rate. Rates are in `unit` a second, or times the capture's own timing. */
export interface LimitTry {
  step: number;
  try: number;
  asked: string;
  unit: 'packets' | 'messages' | 'bits' | 'x';
  askedPerSecond: number;
  /** What was really sent. */
  reachedPerSecond: number;
  packets: number;
  received: number;
  lost: number;
  /** From the last packet sent to the counter's last number. */
  lagNs: number;
  outcome: StepOutcome;
}

export interface LimitResult {
  verdict: LimitVerdict | 'interrupted' | 'time';
  unit: LimitTry['unit'];
  /** The highest rate that was kept, and the lowest above it that was not. */
  kept: string | null;
  keptPerSecond: number | null;
  behind: string | null;
  behindPerSecond: number | null;
  steps: number;
  seconds: number;
  /** Packets that the receiver ever counted. */
  received: number;
}

/** Searches; rejects with SinkError where the counter cannot be heard (any more). */
export async function findLimit(options: FindLimitOptions, hooks: FindLimitHooks): Promise<LimitResult> {
  const { tries, withinNs } = options;
  const startedMs = performance.now();
  const elapsedNs = (): number => (performance.now() - startedMs) * 1e6;
  const search = new LimitSearch({
    ...options,
    lowest: levelOf(options.lowest),
    highest: levelOf(options.highest),
  });
  let received = 0;
  let ended: 'interrupted' | 'time' | null = null;
  for (let level = search.next(); level !== null && ended === null; level = search.next()) {
    for (let attempt = 1; attempt <= tries && ended === null; attempt++) {
      const rate = rateAt(options.lowest, level);
      const result = await tryOnce(rate, options, hooks);
      received += result.received;
      if (hooks.stopped()) {
        ended = 'interrupted';
        break;
      }
      hooks.onTry({ step: search.steps + 1, try: attempt, ...result });
      if (result.outcome === 'kept' || attempt === tries) {
        search.add(level, result.reachedPerSecond, result.outcome);
        break;
      }
    }
    if (ended === null && search.next() !== null && elapsedNs() > withinNs) ended = 'time';
  }
  const { kept, behind } = search;
  const text = (level: number | null): string | null =>
    level === null ? null : formatRate(rateAt(options.lowest, level));
  return {
    verdict: ended ?? search.verdict,
    unit: unitOf(options.lowest),
    kept: text(kept),
    keptPerSecond: kept,
    behind: text(behind),
    behindPerSecond: behind,
    steps: search.steps,
    seconds: elapsedNs() / 1e9,
    received,
  };
}

type Measured = Omit<LimitTry, 'step' | 'try'>;

async function tryOnce(rate: Rate, options: FindLimitOptions, hooks: FindLimitHooks): Promise<Measured> {
  const follower = new Follower(hooks.counter);
  const before = await follower.rest();
  // Meanwhile the counter goes on being heard: it may come to its last number before the report does.
  const timer = setInterval(() => follower.look(), askEveryMs);
  let report: ReplayReport;
  try {
    report = await hooks.play(rate);
  } finally {
    clearInterval(timer);
  }
  const failed = Object.values(report.sendErrors).reduce((sum, errors) => sum + errors, 0);
  const packets = report.packets - failed;
  const sentMs = Number(report.originNs) / 1e6 + report.seconds * 1e3 - performance.timeOrigin;
  const last = await follower.reach(before + packets);
  const received = Math.max(0, last.count - before);
  const lost = Math.max(0, packets - received);
  const lagNs = Math.max(0, Math.round((last.atMs - sentMs) * 1e6));
  const asked = levelOf(rate);
  const reached = reachedOf(report, rate, options.stepNs);
  const isBehind = lost > options.loss * packets || lagNs > options.maxLagNs;
  const outcome = isBehind ? 'behind' : reached < keptShare * asked ? 'sender' : 'kept';
  return {
    asked: formatRate(rate),
    unit: unitOf(rate),
    askedPerSecond: asked,
    reachedPerSecond: reached,
    packets,
    received,
    lost,
    lagNs,
    outcome,
  };
}

/** Knows when a counter came to its number. */
class Follower {
  private count: number | null;
  private movedMs = performance.now();

  constructor(private readonly counter: AckCounter) {
    this.count = counter.count;
  }

  look(): void {
    const { count } = this.counter;
    if (count !== this.count) {
      this.count = count;
      this.movedMs = performance.now();
    }
    this.counter.ask();
  }

  /** The number, once it has not moved for a while. */
  async rest(): Promise<number> {
    const startedMs = performance.now();
    for (;;) {
      await this.hear();
      const nowMs = performance.now();
      if (this.count !== null && nowMs - Math.max(this.movedMs, startedMs) >= quietMs) return this.count;
      if (nowMs - startedMs < quietWithinMs) continue;
      const what =
        this.count === null
          ? 'has told no number'
          : 'never rests: it counts packets that are sent by somebody else as well';
      throw new SinkError('ack', `the receiver's counter ${what}; it is to be a line with the packets received so far`);
    }
  }

  /** The number that it comes to, `wanted` or whatever it stops at, and when it came to it. */
  async reach(wanted: number): Promise<{ count: number; atMs: number }> {
    const askedMs = performance.now();
    for (;;) {
      await this.hear();
      const count = this.count ?? 0;
      const isStill = performance.now() - Math.max(this.movedMs, askedMs) >= settleMs;
      if (count >= wanted || isStill) return { count, atMs: this.movedMs };
    }
  }

  private async hear(): Promise<void> {
    this.look();
    await sleep(askEveryMs);
    const { failure } = this.counter;
    if (failure !== null) throw new SinkError('ack', `${failure}: has the receiver ended?`);
  }
}

/** What was sent of a rate. Of the capture's own timing: by how far the sends had fallen behind it. */
function reachedOf(report: ReplayReport, rate: Rate, stepNs: number): number {
  if (rate.mode === 'packets') return report.rate.packetsPerSecond;
  if (rate.mode === 'messages') return report.rate.messagesPerSecond;
  if (rate.mode === 'bits') return report.rate.bitsPerSecond;
  // What falls behind steadily is late by half as much in the middle as at the end.
  const lateNs = report.histograms.sendLateness?.p50 ?? 0;
  return levelOf(rate) * Math.max(0, 1 - (2 * Math.max(0, lateNs)) / stepNs);
}

function unitOf(rate: Rate): LimitTry['unit'] {
  return rate.mode === 'original' || rate.mode === 'max' ? 'x' : rate.mode;
}

/** A rate as a number in its unit. */
export function levelOf(rate: Rate): number {
  if (rate.mode === 'max') return Number.POSITIVE_INFINITY;
  const { numerator, denominator } = rate.mode === 'original' ? rate.speedup : rate.perSecond;
  return numerator / denominator;
}

/** The rate of that number, in the unit of `like`. */
function rateAt(like: Rate, level: number): Rate {
  const whole = level >= 1e6;
  const value = parseRational(whole ? String(Math.round(level)) : Number(level.toPrecision(9)).toFixed(9));
  const exact = value ?? { numerator: 1, denominator: 1 };
  return like.mode === 'original' || like.mode === 'max'
    ? { mode: 'original', speedup: exact }
    : { mode: like.mode, perSecond: exact };
}
