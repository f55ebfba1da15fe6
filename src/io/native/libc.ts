/**
 * The C library that this process runs on, called through koffi, which is optional: where it is absent, or the system
 * is not Linux, `libc()` is null and `libcAbsence()` says why.
 *
 * Pointers are declared as `uintptr_t` and passed as numbers, taken once with `addressOf`: koffi's own are BigInts. The
 * memory is an ordinary ArrayBuffer's, which never moves and lives as long as whoever holds it: hold it for as long as
 * the kernel may use its address. A call costs 0.2 us beyond the system call's own time.
 */
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** A function of the C library: numbers and addresses in, a number out. */
export type NativeFunction = (...args: readonly (number | string)[]) => number;

/** Tells when a descriptor can be read, on the event loop. */
export interface DescriptorWatch {
  close(): void;
}

export interface Libc {
  /**
   * The function of a C prototype, as in `int recv(int fd, uintptr_t bytes, size_t length, int flags)`; declared once
   * for each text. Throws where the C library has no such function.
   */
  declare(prototype: string): NativeFunction;
  /** Where an ArrayBuffer's first byte lies. */
  addressOf(memory: ArrayBuffer): number;
  /** Memory that the kernel mapped, as an ArrayBuffer: never touch it after it is unmapped. */
  viewOf(address: number, bytes: number): ArrayBuffer;
  /** What the last call on this thread left in `errno`. */
  errno(): number;
  /** Calls back whenever the descriptor has something to read (or an error to tell), until closed. */
  watch(descriptor: number, onReadable: () => void): DescriptorWatch;
}

/** The part of koffi that is used here. */
interface Koffi {
  load(path: null): { func(prototype: string): NativeFunction };
  address(memory: ArrayBuffer): bigint;
  view(address: number, bytes: number): ArrayBuffer;
  errno(): number;
  node: { poll(descriptor: number, options: { readable: boolean }, onEvent: () => void): DescriptorWatch };
}

type Opened = { libc: Libc; absence: null } | { libc: null; absence: string };

let opened: Opened | undefined;

/** The C library, loaded at the first call of each thread; null where it cannot be called. */
export function libc(): Libc | null {
  opened ??= openLibc();
  return opened.libc;
}

/** Why `libc()` is null, as the end of a sentence; null where it is not. */
export function libcAbsence(): string | null {
  opened ??= openLibc();
  return opened.absence;
}

/** Loads koffi, or says why not; `load` and `platform` are other than this machine's in tests alone. */
export function openLibc(load: () => unknown = loadKoffi, platform: string = process.platform): Opened {
  if (platform !== 'linux') return { libc: null, absence: `batched sockets are Linux's, this is ${platform}` };
  if (!/64$/.test(process.arch) || endianness() !== 'LE') {
    return { libc: null, absence: `batched sockets are for 64-bit little-endian machines, this is ${process.arch}` };
  }
  let koffi: Koffi;
  try {
    koffi = load() as Koffi;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const reason = isMissing ? 'is not installed' : `does not load: ${firstLine((error as Error).message)}`;
    return { libc: null, absence: `koffi ${reason}` };
  }
  return { libc: bind(koffi), absence: null };
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const declared = new Map<string, NativeFunction>();
  return {
    declare(prototype) {
      let known = declared.get(prototype);
      if (known === undefined) {
        known = library.func(prototype);
        declared.set(prototype, known);
      }
      return known;
    },
    addressOf: (memory) => Number(koffi.address(memory)),
    viewOf: (address, bytes) => koffi.view(address, bytes),
    errno: () => koffi.errno(),
    watch: (descriptor, onReadable) => koffi.node.poll(descriptor, { readable: true }, onReadable),
  };
}

function loadKoffi(): unknown {
  return createRequire(import.meta.url)('koffi');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string;
}

/** The name of an error number, such as `EPERM`. */
export function errorName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`;
}

/** An error as Node makes them of system calls: `code` is the name, the message says what failed and why. */
export function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const [code = errorName(errno), reason = 'unknown error'] = getSystemErrorMap().get(-errno) ?? [];
  return Object.assign(new Error(`${call}: ${reason} (${code})`), { code, errno, syscall: call });
}
