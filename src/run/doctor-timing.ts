/** How this machine keeps time: what a clock reading costs, how late sleeps end, how long the processor is away. */
import { MonotonicClock } from '../core/clock.js';
import type { Clock } from '../core/seams.js';
import { readSteal } from '../io/doctor-system.js';

export interface LatenessFacts {
  readonly medianNs: number;
  readonly maxNs: number;
}

export interface TimingFacts {
  readonly clockReadingNs: number;
  /** Smallest step between two readings that differ. */
  readonly clockStepNs: number;
  /** How late a timer of 1 ms fires. */
  readonly timerLate: LatenessFacts;
  /** How late `Atomics.wait` of 500 us ends: what a replay sleeps with. */
  readonly waitLate: LatenessFacts;
  /** Longest time between two looks at the clock while spinning. */
  readonly longestStallNs: number;
  readonly spunNs: number;
  /** Share of all CPUs' time since the start that the hypervisor gave to others; null where it is not counted. */
  readonly stolenShare: number | null;
  /** Whether more was stolen while spinning. */
  readonly stolenNow: boolean | null;
}

const clockReadings = 20_000;
const sleeps = 30;
const timerMs = 1;
const waitNs = 500_000;
const spinNs = 200_000_000;

/** Measures for about a third of a second, spinning most of it. */
export async function measureTiming(root = '/', clock: Clock = new MonotonicClock()): Promise<TimingFacts> {
  readings(clock);
  const { clockReadingNs, clockStepNs } = readings(clock);
  const timerLate = await timers(clock);
  const waitLate = waits(clock);
  const before = readSteal(root);
  const longestStallNs = spin(clock);
  const after = readSteal(root);
  return {
    clockReadingNs,
    clockStepNs,
    timerLate,
    waitLate,
    longestStallNs,
    spunNs: spinNs,
    stolenShare: after === null || after.total === 0 ? null : after.stolen / after.total,
    stolenNow: before === null || after === null ? null : after.stolen > before.stolen,
  };
}

function readings(clock: Clock): { clockReadingNs: number; clockStepNs: number } {
  const startNs = clock.nowNs();
  let clockStepNs = Number.POSITIVE_INFINITY;
  let beforeNs = startNs;
  for (let reading = 0; reading < clockReadings; reading++) {
    const nowNs = clock.nowNs();
    if (nowNs > beforeNs && nowNs - beforeNs < clockStepNs) clockStepNs = nowNs - beforeNs;
    beforeNs = nowNs;
  }
  return { clockReadingNs: (beforeNs - startNs) / clockReadings, clockStepNs };
}

async function timers(clock: Clock): Promise<LatenessFacts> {
  const late: number[] = [];
  while (late.length < sleeps) {
    const startNs = clock.nowNs();
    await new Promise((resolve) => setTimeout(resolve, timerMs));
    late.push(clock.nowNs() - startNs - timerMs * 1e6);
  }
  return lateness(late);
}

function waits(clock: Clock): LatenessFacts {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const late: number[] = [];
  while (late.length < sleeps) {
    const startNs = clock.nowNs();
    Atomics.wait(word, 0, 0, waitNs / 1e6);
    late.push(clock.nowNs() - startNs - waitNs);
  }
  return lateness(late);
}

function spin(clock: Clock): number {
  const endNs = clock.nowNs() + spinNs;
  let longestNs = 0;
  for (let beforeNs = clock.nowNs(); beforeNs < endNs; ) {
    const nowNs = clock.nowNs();
    if (nowNs - beforeNs > longestNs) longestNs = nowNs - beforeNs;
    beforeNs = nowNs;
  }
  return longestNs;
}

function lateness(late: number[]): LatenessFacts {
  late.sort((a, b) => a - b);
  return { medianNs: late[late.length >> 1], maxNs: late[late.length - 1] };
}
