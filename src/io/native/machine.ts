/**
 * What the calling thread asks of the machine: a processor that no other thread of the process uses, code that is never
 * paged out, and a place before all ordinary threads (`sched_setaffinity`, `mlock`, `SCHED_FIFO`). What is refused is
 * told, and the run goes on without.
 *
 * Not `mlockall`: V8 gives pages back with `madvise`, which locked memory refuses, and ends the process over it. (Node
 * 20 did.) What is mapped from files and what is ours, the preloaded capture, can be locked.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { errorName, type Libc, libc, libcAbsence, systemError } from './libc.js';
import { Affinity } from './processor.js';

export interface MachineSpec {
  /** The processor to stay on, which the process's other threads keep off; auto: one of several; null: any. */
  readonly cpu: number | 'auto' | null;
  /** Keep the program's code and a preloaded capture in memory. */
  readonly lockMemory: boolean;
  /** Priority under SCHED_FIFO, 1 to 99; null: an ordinary thread. */
  readonly realtime: number | null;
}

/** What took effect, and what did not and why. */
export interface MachineReport {
  readonly cpu: number | null;
  /** Other threads of the process that keep off it. */
  readonly threadsMoved: number;
  /** Bytes of the program's files that stay in memory. */
  readonly lockedBytes: number;
  readonly realtime: number | null;
  readonly refused: string[];
}

export const noMachine: MachineSpec = { cpu: null, lockMemory: false, realtime: null };

/** The calling thread, of `sched_setscheduler`. */
const self = 0;
const SCHED_FIFO = 1;
/** Threads that this one begins are ordinary again. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const MADV_HUGEPAGE = 14;
const pageBytes = 4096;
const lockPrototype = 'int mlock(uintptr_t address, size_t length)';
const EINVAL = 22;

/** What was applied, and how to give the processor back. */
export interface AppliedMachine {
  readonly report: MachineReport;
  /** Lets all threads run where they might before. */
  release(): void;
}

/** Applies what is asked for to the calling thread (what is locked, to the process); null where nothing is. */
export function applyMachine(spec: MachineSpec, here: Libc | null = libc()): AppliedMachine | null {
  const { cpu, lockMemory, realtime } = spec;
  if (here === null && cpu === 'auto' && !lockMemory && realtime === null) return null;
  if (cpu === null && !lockMemory && realtime === null) return null;
  const refused: string[] = [];
  if (here === null) {
    refused.push(`--cpu, --mlock and --realtime cannot be had here: ${libcAbsence()}`);
    return { report: { cpu: null, threadsMoved: 0, lockedBytes: 0, realtime: null, refused }, release() {} };
  }
  const affinity = new Affinity(here);
  const own = cpu === 'auto' ? affinity.choose() : cpu;
  /** True where `call` succeeded; else notes `why`. */
  const took = (isTaken: boolean, why: (errno: number) => string): boolean => {
    if (!isTaken) refused.push(why(here.errno()));
    return isTaken;
  };
  const isKept = own !== null && took(affinity.keepTo(own), (errno) => whyNoCpu(own, errno));
  return {
    report: {
      cpu: isKept ? own : null,
      threadsMoved: isKept ? affinity.keepOthersOff(own) : 0,
      lockedBytes: lockMemory ? lockFiles(here, refused) : 0,
      realtime: realtime !== null && took(setFifo(here, realtime) === 0, whyNotRealtime) ? realtime : null,
      refused,
    },
    release: () => affinity.release(),
  };
}

/** Advises the kernel to back memory with huge pages; to be called before the memory is touched. */
export function adviseHugePages(memory: ArrayBuffer, here: Libc | null = libc()): boolean {
  if (here === null) return false;
  const start = here.addressOf(memory);
  const first = Math.ceil(start / pageBytes) * pageBytes;
  const length = Math.floor((start + memory.byteLength - first) / pageBytes) * pageBytes;
  if (length <= 0) return false;
  return here.declare('int madvise(uintptr_t address, size_t length, int advice)')(first, length, MADV_HUGEPAGE) === 0;
}

/** Keeps memory of ours in place, and fills it with pages at once; says whether that was permitted. */
export function lockBuffer(memory: ArrayBuffer, here: Libc | null = libc()): boolean {
  return here !== null && here.declare(lockPrototype)(here.addressOf(memory), memory.byteLength) === 0;
}

/** Locks what the process has mapped from files: the programs it runs and their constants; says how many bytes. */
function lockFiles(here: Libc, refused: string[]): number {
  const lock = here.declare(lockPrototype);
  let lockedBytes = 0;
  let maps = '';
  try {
    maps = readFileSync('/proc/self/maps', 'latin1');
  } catch {
    refused.push('--mlock: there is no /proc/self/maps that says what to lock; mount /proc');
  }
  for (const line of maps.split('\n')) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) r\S* \S+ \S+ [1-9]\d*/.exec(line);
    if (mapping === null) continue;
    const start = Number.parseInt(mapping[1] as string, 16);
    const length = Number.parseInt(mapping[2] as string, 16) - start;
    if (lock(start, length) !== 0) {
      refused.push(whyNotLocked(here.errno()));
      break;
    }
    lockedBytes += length;
  }
  return lockedBytes;
}

function setFifo(here: Libc, priority: number): number {
  const parameter = Int32Array.of(priority).buffer;
  const call = here.declare('int sched_setscheduler(int thread, int policy, uintptr_t parameter)');
  return call(self, SCHED_FIFO | SCHED_RESET_ON_FORK, here.addressOf(parameter));
}

function whyNoCpu(cpu: number, errno: number): string {
  if (errno !== EINVAL) return `--cpu ${cpu}: ${systemError('sched_setaffinity', errno).message}`;
  const all = cpus().length;
  const usable = availableParallelism();
  const few = usable < all ? `, of which it may use ${usable}` : '';
  return `--cpu ${cpu}: this process may not run there; the machine has processors 0 to ${all - 1}${few}`;
}

function whyNotLocked(errno: number): string {
  const code = errorName(errno);
  const todo = 'raise the limit (ulimit -l unlimited) or grant CAP_IPC_LOCK';
  return code === 'EPERM' || code === 'ENOMEM'
    ? `--mlock: not permitted; ${todo}`
    : `--mlock: ${systemError('mlock', errno).message}; ${todo}`;
}

function whyNotRealtime(errno: number): string {
  return errorName(errno) === 'EPERM'
    ? '--realtime: not permitted; grant CAP_SYS_NICE or raise the limit (ulimit -r 99)'
    : `--realtime: ${systemError('sched_setscheduler', errno).message}`;
}
