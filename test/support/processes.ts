/** How much memory a process has, watched while it runs. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const everyMs = 500;

/** Samples the resident memory until the process ends; empty where the system has no /proc. */
export function watchMemory(child: ChildProcess): { readonly samplesBytes: readonly number[] } {
  const samplesBytes: number[] = [];
  const timer = setInterval(() => {
    const bytes = residentBytes(child.pid);
    if (bytes !== null) samplesBytes.push(bytes);
  }, everyMs);
  child.on('exit', () => clearInterval(timer));
  return { samplesBytes };
}

/** The middle of the samples from one share of the run to another. */
export function medianBetween(samples: readonly number[], from: number, to: number): number {
  const part = samples.slice(Math.floor(from * samples.length), Math.ceil(to * samples.length)).sort((a, b) => a - b);
  return part[Math.floor(part.length / 2)] ?? Number.NaN;
}

function residentBytes(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
