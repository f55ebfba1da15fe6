/**
 * What C takes for the same checksums: the loops of `floor.c`, compiled by the gcc at hand with -O3 -march=native and
 * called through koffi on the case's own memory, so that they run in turn with the other cases. Without gcc or koffi
 * the cases are left out, and it is said why.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './cases.js';
import type { Input } from './corpus.js';
import { mdpMessages } from './mdp-session.js';
import { sessionMessages } from './session.js';

interface Koffi {
  load(path: string): { func(prototype: string): (address: bigint, length: number) => number };
  address(memory: ArrayBuffer): bigint;
}

/** Beside this file's source; what is compiled lies two folders away. */
const source = ['./floor.c', '../../bench/floor.c']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path));
const compiler = 'gcc';
/** As the cases' `about` has it. */
const compiled = `${compiler} -O3 -march=native`;
/** A function that yields uint32_t of the bytes at an address. */
const prototype = (name: string) => `uint32_t ${name}(uintptr_t start, size_t length)`;

/** The floors, named after the cases that they are floors of. */
export const floorCases: readonly BenchCase[] = [
  {
    name: 'c-itch-scan',
    about: `${compiled}: walks the lengths one after the other, counts types, first and last time stamp`,
    input: 'session.NASDAQ_ITCH50',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-scan',
    absence,
    prepare: (input) => prepareFloor('itch_scan', input),
  },
  {
    name: 'c-itch-fields',
    about: `${compiled}: every field, one message after the other, a switch on the type`,
    input: 'session.NASDAQ_ITCH50',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    absence,
    prepare: (input) => prepareFloor('itch_fields', input),
  },
  {
    name: 'c-itch-pcap',
    about: `${compiled}: pcap, MoldUDP64, every field; offsets fixed, no checksum verified`,
    input: 'session-ns.pcap',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    absence,
    prepare: (input) => prepareFloor('itch_pcap', input),
  },
  {
    name: 'c-mdp-fields',
    about: `${compiled}: every field of every group entry`,
    input: 'channel.mdp3',
    per: 'entry',
    messages: mdpMessages,
    sum: 'mdp-fields',
    absence,
    prepare: (input) => prepareFloor('mdp_fields', input),
  },
];

let known: string | null | undefined;

/** Why there is no C here; null where there is. */
export function absence(): string | null {
  known ??= lookFor();
  return known;
}

function lookFor(): string | null {
  try {
    loadKoffi();
  } catch (error) {
    return `C is called through koffi, which does not load: ${(error as Error).message.split('\n', 1)[0]}`;
  }
  try {
    execFileSync(compiler, ['--version'], { stdio: 'ignore' });
  } catch {
    return `there is no ${compiler} here`;
  }
  return null;
}

function prepareFloor(name: string, { bytes }: Input): () => number {
  if (source === undefined) throw new Error('floor.c is in the checkout, which this is not');
  const koffi = loadKoffi();
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-floor-'));
  try {
    const library = join(folder, 'floor.so');
    execFileSync(compiler, ['-O3', '-march=native', '-shared', '-fPIC', '-o', library, source], { stdio: 'inherit' });
    const call = koffi.load(library).func(prototype(name));
    const address = koffi.address(bytes.buffer) + BigInt(bytes.byteOffset);
    return () => call(address, bytes.length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function loadKoffi(): Koffi {
  return createRequire(import.meta.url)('koffi') as Koffi;
}
