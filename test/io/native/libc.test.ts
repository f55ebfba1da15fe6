import { describe, expect, test } from 'vitest';
import { errorName, libc, libcAbsence, openLibc, systemError } from '../../../src/io/native/libc.js';

const here = libc();

describe.skipIf(here === null)(`libc${here === null ? ` (skipped: ${libcAbsence()})` : ''}`, () => {
  test('reads and writes an ArrayBuffer by its address', () => {
    const memset = here?.declare('uintptr_t memset(uintptr_t to, int byte, size_t count)');
    const memory = new ArrayBuffer(64);
    const address = here?.addressOf(memory) ?? 0;
    expect(memset?.(address + 8, 7, 3)).toBe(address + 8);
    expect([...new Uint8Array(memory, 6, 6)]).toEqual([0, 0, 7, 7, 7, 0]);
    expect([...new Uint8Array(here?.viewOf(address + 8, 3) as ArrayBuffer)]).toEqual([7, 7, 7]);
  });

  test('leaves the error number of a call that fails', () => {
    expect(here?.declare('int close(int fd)')(-1)).toBe(-1);
    expect(errorName(here?.errno() ?? 0)).toBe('EBADF');
  });

  test('declares each prototype once, and says of none that it is not there', () => {
    expect(here?.declare('int getpid()')).toBe(here?.declare('int getpid()'));
    expect(here?.declare('int getpid()')()).toBe(process.pid);
    expect(() => here?.declare('int no_such_function(int a)')).toThrow(/no_such_function/);
  });
});

describe('where the C library cannot be called', () => {
  const missing = () => {
    throw Object.assign(new Error("Cannot find module 'koffi'\nRequire stack:"), { code: 'MODULE_NOT_FOUND' });
  };
  const broken = () => {
    throw new Error('Cannot find the native Koffi module; did you bundle it correctly?\nmore');
  };

  test.each([
    [missing, 'linux', 'koffi is not installed'],
    [broken, 'linux', 'koffi does not load: Cannot find the native Koffi module; did you bundle it correctly?'],
    [missing, 'darwin', "batched sockets are Linux's, this is darwin"],
  ])('it says why (%#)', (load, platform, absence) => {
    expect(openLibc(load, platform)).toEqual({ libc: null, absence });
  });
});

test('system errors are as Node makes them', () => {
  expect(systemError('sendmmsg', 1)).toMatchObject({
    code: 'EPERM',
    errno: 1,
    message: 'sendmmsg: operation not permitted (EPERM)',
  });
  expect(errorName(9999)).toBe('E9999');
});
