/**
 * How long the calling thread was ready to run while the scheduler ran others: Linux's /proc/thread-self/schedstat
 * (Documentation/scheduler/sched-stats.rst), whose second number counts nanoseconds on a run queue.
 *
 * A thread that spins is late by what it did not get of its processor, and no clock of its own can tell that from work.
 */
import { readFileSync } from 'node:fs';

/** Nanoseconds since the thread began; null where the system does not say. */
export function waitedForCpuNs(): number | null {
  try {
    const [, waited] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return waited === undefined || !/^\d+$/.test(waited) ? null : Number(waited);
  } catch {
    return null;
  }
}
