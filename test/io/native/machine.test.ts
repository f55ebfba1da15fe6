import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { type Libc, libc, libcAbsence } from '../../../src/io/native/libc.js';
import { adviseHugePages, applyMachine, noMachine } from '../../../src/io/native/machine.js';

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

const onLinux = test.skipIf(process.platform !== 'linux');

test('nothing asked for, nothing reported', () => {
  const { fake, calls } = answering(0);
  expect(applyMachine(noMachine, fake)).toBeNull();
  expect(calls).toEqual([]);
});

onLinux('all of it, on the calling thread; threads begun by it are ordinary again', () => {
  const { fake, calls } = answering(0);
  const report = applyMachine({ cpu: 3, lockMemory: true, realtime: 50 }, fake);
  expect(report).toMatchObject({ cpu: 3, realtime: 50, refused: [] });
  expect(calls[0]).toBe('sched_setaffinity(0, 128, *)');
  expect(calls.at(-1)).toBe(`sched_setscheduler(0, ${0x4000_0001}, *)`);
  // What is mapped from files: at least the program and the C library.
  const locked = calls.slice(1, -1).map((call) => Number(/^mlock\(\S+, (\d+)\)$/.exec(call)?.[1]));
  expect(locked.length).toBeGreaterThan(4);
  expect(report?.lockedBytes).toBe(locked.reduce((sum, bytes) => sum + bytes, 0));
});

onLinux('what is not permitted is told with what to do', () => {
  const { fake } = answering(-1, 1);
  expect(applyMachine({ cpu: null, lockMemory: true, realtime: 1 }, fake)).toEqual({
    cpu: null,
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
  expect(applyMachine({ ...noMachine, cpu: 5000 }, fake)?.refused).toEqual([
    expect.stringContaining(`--cpu 5000: this process may not run there; the machine has processors 0 to ${last}`),
  ]);
});

test('without the C library the reason is told', () => {
  const report = applyMachine({ ...noMachine, lockMemory: true }, null);
  expect(report?.refused).toEqual([`--cpu, --mlock and --realtime cannot be had here: ${libcAbsence()}`]);
  expect(adviseHugePages(new ArrayBuffer(1 << 22), null)).toBe(false);
});

describe.skipIf(here === null)(`on this machine${here === null ? ` (skipped: ${libcAbsence()})` : ''}`, () => {
  test('a thread stays on its processor, and no other does', async () => {
    // A thread of its own: what it is given it keeps.
    const code = `
      import { readFileSync } from 'node:fs';
      import { parentPort } from 'node:worker_threads';
      const { applyMachine } = await import('${new URL('../../../dist/io/native/machine.js', import.meta.url)}');
      const report = applyMachine({ cpu: 0, lockMemory: false, realtime: null });
      parentPort.postMessage({ report, status: readFileSync('/proc/thread-self/status', 'latin1') });`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    const { report, status } = await new Promise<{ report: unknown; status: string }>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    expect(report).toEqual({ cpu: 0, lockedBytes: 0, realtime: null, refused: [] });
    const listOf = (text: string) => /Cpus_allowed_list:\s*(\S+)/.exec(text)?.[1];
    expect(listOf(status)).toBe('0');
    if (cpus().length > 1) expect(listOf(readFileSync('/proc/thread-self/status', 'latin1'))).not.toBe('0');
    await worker.terminate();
  });

  test('advice on huge pages is for whole pages, and memory can be used after', () => {
    const memory = new ArrayBuffer(4 << 20);
    adviseHugePages(memory);
    expect(adviseHugePages(new ArrayBuffer(100))).toBe(false);
    expect(new Uint8Array(memory).fill(7).at(-1)).toBe(7);
  });
});
