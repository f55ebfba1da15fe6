/**
 * A processor for one thread, which the other threads of its process keep off (`sched_setaffinity`).
 *
 * A thread that spins is not alone by being pinned: the kernel wakes whom it sends to on its own processor, and gives
 * the engine's compiling and collecting threads whole turns of it, 4 ms each. Neither needs a privilege to be kept
 * elsewhere, being our own.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import type { Libc } from './libc.js';

/** The calling thread. */
const self = 0;
/** Of 1024 processors, as the C library's `cpu_set_t`. */
const maskBytes = 128;

type Mask = Uint8Array<ArrayBuffer>;

/** Calls the C library with one mask at hand. */
export class Affinity {
  private readonly mask: Mask = new Uint8Array(new ArrayBuffer(maskBytes));
  private readonly address: number;
  private readonly get: (thread: number, size: number, mask: number) => number;
  private readonly set: (thread: number, size: number, mask: number) => number;
  /** Of threads that were moved, where they might run before. */
  private readonly moved = new Map<number, Mask>();
  private own: Mask | null = null;

  constructor(here: Libc) {
    this.address = here.addressOf(this.mask.buffer);
    this.get = here.declare('int sched_getaffinity(int thread, size_t size, uintptr_t mask)');
    this.set = here.declare('int sched_setaffinity(int thread, size_t size, uintptr_t mask)');
  }

  /** The last of several processors that the calling thread may use, for itself; null where it may use one alone. */
  choose(): number | null {
    const mask = this.read(self);
    if (mask === null) return null;
    const usable = processorsOf(mask);
    return usable.length > 1 ? (usable.at(-1) as number) : null;
  }

  /** Keeps the calling thread on `cpu`; false where the system refuses, with its `errno`. */
  keepTo(cpu: number): boolean {
    const before = this.read(self);
    // A processor beyond the mask leaves it empty, which is refused as one that is not there.
    this.mask.fill(0);
    if (cpu < maskBytes * 8) this.mask[cpu >> 3] = 1 << (cpu & 7);
    if (this.set(self, maskBytes, this.address) !== 0) return false;
    this.own = before;
    return true;
  }

  /** Keeps the process's other threads off `cpu`, all those that may run elsewhere and are known; says how many. */
  keepOthersOff(cpu: number): number {
    const { ownId, names } = threads();
    for (const name of names) {
      const id = Number(name);
      // A thread may have ended since it was listed.
      const before = id === ownId || this.moved.has(id) ? null : this.read(id);
      if (before === null || !has(before, cpu) || processorsOf(before).length === 1) continue;
      this.mask.set(before);
      this.mask[cpu >> 3] = (this.mask[cpu >> 3] as number) & ~(1 << (cpu & 7));
      if (this.set(id, maskBytes, this.address) === 0) this.moved.set(id, before);
    }
    return this.moved.size;
  }

  /** Lets every thread run where it might before. */
  release(): void {
    for (const [id, before] of [...this.moved, ...(this.own === null ? [] : ([[self, this.own]] as const))]) {
      this.mask.set(before);
      this.set(id, maskBytes, this.address);
    }
    this.moved.clear();
    this.own = null;
  }

  private read(thread: number): Mask | null {
    this.mask.fill(0);
    return this.get(thread, maskBytes, this.address) === 0 ? this.mask.slice() : null;
  }
}

/** The calling thread and all of the process; none where there is no /proc to tell. */
function threads(): { ownId: number; names: readonly string[] } {
  try {
    const ownId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    return { ownId, names: readdirSync('/proc/self/task') };
  } catch {
    return { ownId: 0, names: [] };
  }
}

function has(mask: Mask, cpu: number): boolean {
  return ((mask[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0;
}

function processorsOf(mask: Mask): number[] {
  return Array.from({ length: maskBytes * 8 }, (_, cpu) => cpu).filter((cpu) => has(mask, cpu));
}
