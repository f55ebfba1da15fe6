/** The clock of a run, how its deadlines are waited for, and what its times stand for since the epoch. */
import { type EpochTime, takeBase, VirtualClock, WallClock } from '../core/clock.js';
import type { Clock } from '../core/seams.js';
import { kernelHorizonNs, PacedWaiter, VirtualWaiter, type Waiter } from '../core/waiter.js';
import { type AppliedMachine, applyMachine, type MachineReport } from '../io/native/machine.js';
import { openClock } from '../io/native/native-clock.js';
import { openSleeper } from '../io/native/sleeper.js';
import type { ReplayControl } from '../replay/control.js';
import { interrupted } from './command-queue.js';
import type { PacingReport, ReplaySpec } from './replay-spec.js';

/**
 * What the clock of a run reads at its start: times beyond 2^31 ns, 2.1 s, are of another kind to the compiler, which
 * has to throw away what it made for those below as they come.
 */
export const runClockSeconds = 8;
/** The longest sleep on a timer. */
const longestRestNs = 100_000_000;

export interface Timing {
  clock: Clock;
  waiter: Waiter;
  kind: 'real' | 'virtual';
  /** Null where nothing is waited for. */
  pacing: PacingReport | null;
  /** What of the machine was asked for and took effect; null until it is. */
  machine: MachineReport | null;
  /** Gives the calling thread what it asks of the machine; threads begun after that would share its processor. */
  takeMachine(): void;
  /** Gives back the processor that was asked for. */
  release(): void;
  rest(ns: number): Promise<void>;
  toEpoch(ns: number): EpochTime;
  fromEpoch(time: EpochTime): number;
}

/**
 * Virtual where nothing waits for the datagrams: a dry run and a file. Else `takeMachine` gives the calling thread what
 * the spec asks of the machine.
 */
export function timingOf(spec: ReplaySpec, control: ReplayControl): Timing {
  if (spec.dryRun || spec.target.kind === 'pcap') {
    const clock = new VirtualClock();
    return {
      clock,
      waiter: new VirtualWaiter(control.stopWord),
      kind: 'virtual',
      pacing: null,
      machine: null,
      takeMachine() {},
      release() {},
      rest: async (ns) => clock.advance(ns),
      toEpoch: (ns) => ({ seconds: Math.floor(ns / 1e9), nanoseconds: ns % 1e9 }),
      fromEpoch: () => 0,
    };
  }
  const { pacing: mode, spinBelowNs } = spec;
  const clock = openClock(spec.sendLog?.base ?? takeBase(runClockSeconds));
  const wall = new WallClock(clock);
  let applied: AppliedMachine | null = null;
  const sleeper = mode === 'spin' ? null : openSleeper(clock.base);
  const timing: Timing = {
    clock,
    waiter: new PacedWaiter({ control: control.stopWord, pacing: mode, spinBelowNs, sleeper }),
    kind: 'real',
    pacing: {
      mode,
      spinBelowNs: mode === 'hybrid' ? spinBelowNs : null,
      horizonNs: mode === 'kernel' ? kernelHorizonNs : null,
      sleep: mode === 'spin' ? null : sleeper === null ? 'Atomics.wait' : 'clock_nanosleep',
    },
    machine: null,
    takeMachine() {
      applied = applyMachine(spec.machine);
      timing.machine = applied?.report ?? null;
    },
    release: () => applied?.release(),
    // A thread that must not sleep turns the event loop instead.
    rest: mode === 'spin' ? turn : (ns) => interrupted(control, Math.min(ns, longestRestNs) / 1e6),
    toEpoch: (ns) => wall.toEpoch(ns),
    fromEpoch: ({ seconds, nanoseconds }) => wall.fromEpoch(seconds, nanoseconds),
  };
  return timing;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
