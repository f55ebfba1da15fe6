import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { type Libc, libc, libcAbsence } from '../../../src/io/native/libc.js';
import { adviseHugePages, applyMachine, type MachineReport, noMachine } from '../../../src/io/native/machine.js';

const here = libc();

/** A libc whose calls all answer `result`, and leave `errno`; what they were called with is kept. */
function answering(result: number, errno = 0) {
  const calls: string[] = [];
  const fake: Libc = {
    declare: (prototype) =>
      ((...args: number[]) => {
        const name = /(\w+)\(/.exec(prototype)?.[1];
        // Addresses are of no interest.
        calls.push(`${name}(${args.map((value) => (value > 2 ** 32 ? '*' : value)).join(', ')})`);
        return result;
      }) as ReturnType<Libc['declare']>,
    addressOf: () => 2 ** 33,
    viewOf: () => new ArrayBuffer(0),
    errno: () => errno,
    watch: () => ({ close() {} }),
  };
  return { fake, calls };
}

/** Of a list as `0-2,4`. */
function processorsIn(list = ''): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

const onLinux = test.skipIf(process.platform !== 'linux');

test('nothing asked for, nothing reported', () => {
  const { fake, calls } = answering(0);
  expect(applyMachine(noMachine, fake)).toBeNull();
  expect(calls).toEqual([]);
});

onLinux('all of it, on the calling thread; threads begun by it are ordinary again', () => {
  const { fake, calls } = answering(0);
  const report = applyMachine({ cpu: 3, lockMemory: true, realtime: 50 }, fake)?.report;
  expect(report).toMatchObject({ cpu: 3, realtime: 50, refused: [] });
  expect(calls.slice(0, 2)).toEqual(['sched_getaffinity(0, 128, *)', 'sched_setaffinity(0, 128, *)']);
  expect(calls.at(-1)).toBe(`sched_setscheduler(0, ${0x4000_0001}, *)`);
  // What is mapped from files: at least the program and the C library.
  const locks = calls.filter((call) => call.startsWith('mlock'));
  const locked = locks.map((call) => Number(/^mlock\(\S+, (\d+)\)$/.exec(call)?.[1]));
  expect(locked.length).toBeGreaterThan(4);
  expect(report?.lockedBytes).toBe(locked.reduce((sum, bytes) => sum + bytes, 0));
});

onLinux('what is not permitted is told with what to do', () => {
  const { fake } = answering(-1, 1);
  expect(applyMachine({ cpu: null, lockMemory: true, realtime: 1 }, fake)?.report).toEqual({
    cpu: null,
    threadsMoved: 0,
    lockedBytes: 0,
    realtime: null,
    refused: [
      '--mlock: not permitted; raise the limit (ulimit -l unlimited) or grant CAP_IPC_LOCK',
      '--realtime: not permitted; grant CAP_SYS_NICE or raise the limit (ulimit -r 99)',
    ],
  });
});

test('a processor that there is not', () => {
  const { fake } = answering(-1, 22);
  const last = cpus().length - 1;
  expect(applyMachine({ ...noMachine, cpu: 5000 }, fake)?.report.refused).toEqual([
    expect.stringContaining(`--cpu 5000: this process may not run there; the machine has processors 0 to ${last}`),
  ]);
});

test('without the C library the reason is told', () => {
  const applied = applyMachine({ ...noMachine, lockMemory: true }, null);
  expect(applied?.report.refused).toEqual([`--cpu, --mlock and --realtime cannot be had here: ${libcAbsence()}`]);
  expect(adviseHugePages(new ArrayBuffer(1 << 22), null)).toBe(false);
});

test('a processor that nobody named is no matter where there is none to be had', () => {
  expect(applyMachine({ ...noMachine, cpu: 'auto' }, null)).toBeNull();
  // Masks that the fake leaves empty: no processor but the one that all share.
  const { fake } = answering(0);
  expect(applyMachine({ ...noMachine, cpu: 'auto' }, fake)?.report).toMatchObject({ cpu: null, refused: [] });
});

describe.skipIf(here === null)(`on this machine${here === null ? ` (skipped: ${libcAbsence()})` : ''}`, () => {
  const listOf = (text: string): string | undefined => /Cpus_allowed_list:\s*(\S+)/.exec(text)?.[1];
  const ownList = (): string | undefined => listOf(readFileSync('/proc/thread-self/status', 'latin1'));

  test.skipIf(availableParallelism() < 2)(
    `a thread has its processor to itself, and gives it back${
      availableParallelism() < 2 ? ' (skipped: there is one processor alone)' : ''
    }`,
    async () => {
      const before = ownList();
      // A thread of its own: what it is given it keeps until it is told to give it back.
      const code = `
        import { readFileSync } from 'node:fs';
        import { parentPort } from 'node:worker_threads';
        const { applyMachine } = await import('${new URL('../../../dist/io/native/machine.js', import.meta.url)}');
        const applied = applyMachine({ cpu: 'auto', lockMemory: false, realtime: null });
        parentPort.postMessage({ report: applied.report, status: readFileSync('/proc/thread-self/status', 'latin1') });
        parentPort.on('message', () => {
          applied.release();
          parentPort.postMessage({ report: null, status: readFileSync('/proc/thread-self/status', 'latin1') });
        });`;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
      const answer = (): Promise<{ report: MachineReport; status: string }> =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve).once('error', reject);
        });
      const { report, status } = await answer();
      expect(report).toMatchObject({ cpu: expect.any(Number), lockedBytes: 0, realtime: null, refused: [] });
      expect(report.threadsMoved).toBeGreaterThan(0);
      expect(listOf(status)).toBe(String(report.cpu));
      expect(processorsIn(ownList())).not.toContain(report.cpu);
      expect(processorsIn(before)).toContain(report.cpu);
      const released = answer();
      worker.postMessage('release');
      expect(listOf((await released).status)).toBe(before);
      expect(ownList()).toBe(before);
      await worker.terminate();
    },
  );

  test('advice on huge pages is for whole pages, and memory can be used after', () => {
    const memory = new ArrayBuffer(4 << 20);
    adviseHugePages(memory);
    expect(adviseHugePages(new ArrayBuffer(100))).toBe(false);
    expect(new Uint8Array(memory).fill(7).at(-1)).toBe(7);
  });
});
