/**
 * One file's pages in the kernel's cache: dropped with posix_fadvise(2), and counted with mincore(2). Nothing but this
 * file is touched, and it takes no right beyond reading it.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, statfsSync } from 'node:fs';
import { libc, libcAbsence } from './libc.js';

const POSIX_FADV_DONTNEED = 4;
const PROT_READ = 1;
const MAP_SHARED = 1;
const SC_PAGESIZE = 30;
/** File systems that have no disk behind them. */
const inMemory: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);
/** What stays of a file whose pages were dropped, at most: others may have read some since. */
const residentAtMost = 0.05;

/** Drops the first `bytes` of the file from the cache; returns why that was not possible, or null where it was. */
export function dropFromCache(path: string, bytes: number): string | null {
  const system = inMemory.get(statfsSync(path).type);
  if (system !== undefined) return `the file lies in memory (${system})`;
  const here = libc();
  if (here === null) return libcAbsence()?.replace(/^batched sockets are/, 'dropping pages is') ?? 'no C library';
  const advise = here.declare('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)');
  const file = openSync(path, 'r');
  try {
    // Pages that were not written yet cannot be dropped.
    fdatasyncSync(file);
    const error = advise(file, 0, bytes, POSIX_FADV_DONTNEED);
    if (error !== 0) return `posix_fadvise refused with error ${error}`;
    const share = residentShare(file, bytes);
    if (share <= residentAtMost) return null;
    const percent = (share * 100).toFixed(0);
    return `the kernel kept ${percent} % of it in memory: another program maps it, or its file system does`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    closeSync(file);
  }
}

/** The share of the file's first `bytes` that is in the cache. */
function residentShare(file: number, bytes: number): number {
  const here = libc();
  const length = Math.min(bytes, fstatSync(file).size);
  if (here === null || length === 0) return 0;
  const map = here.declare(
    'uintptr_t mmap(uintptr_t address, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  );
  const unmap = here.declare('int munmap(uintptr_t address, size_t bytes)');
  const inCore = here.declare('int mincore(uintptr_t address, size_t bytes, uintptr_t pages)');
  const pageBytes = here.declare('long sysconf(int name)')(SC_PAGESIZE);
  const pages = new Uint8Array(new ArrayBuffer(Math.ceil(length / pageBytes)));
  const address = map(0, length, PROT_READ, MAP_SHARED, file, 0);
  if (address > Number.MAX_SAFE_INTEGER) return 0;
  try {
    if (inCore(address, length, here.addressOf(pages.buffer)) !== 0) return 0;
  } finally {
    unmap(address, length);
  }
  return pages.reduce((sum, page) => sum + (page & 1), 0) / pages.length;
}
