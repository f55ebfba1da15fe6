/**
 * What the system says about itself, read and never written: Linux's /proc and /sys, and what Node.js knows anywhere.
 *
 * Every fact is null where it cannot be read: another system, a container that hides it, an older kernel.
 * Sources: proc(5), Documentation/admin-guide/sysctl/net.rst, Documentation/ABI/testing/sysfs-devices-system-cpu.
 */
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';

/** Kernel settings that are looked at. */
export const sysctlNames = [
  'net.core.rmem_max',
  'net.core.rmem_default',
  'net.core.wmem_max',
  'net.core.netdev_max_backlog',
  'net.core.optmem_max',
  'net.ipv4.udp_mem',
  'net.ipv4.udp_rmem_min',
] as const;

export type SysctlName = (typeof sysctlNames)[number];

export type Limit = number | 'unlimited' | null;

export interface SystemFacts {
  readonly nodeVersion: string;
  readonly platform: string;
  readonly kernel: string;
  readonly cpusPresent: number;
  /** CPUs that this process may run on. */
  readonly cpusAllowed: number | null;
  /** CPUs' worth of time that the control group grants. */
  readonly cpuQuota: Limit;
  /** Processes that ran or wanted to, over the last minute. */
  readonly load: number | null;
  readonly sysctl: Readonly<Record<SysctlName, string | null>>;
  /** Packets dropped since the start because a CPU's backlog was full. */
  readonly backlogDrops: number | null;
  readonly clockSource: string | null;
  readonly clockSources: readonly string[] | null;
  readonly governor: string | null;
  readonly turbo: boolean | null;
  readonly isolatedCpus: string | null;
  /** The chosen word of `always madvise never`. */
  readonly hugePages: string | null;
  readonly openFiles: Limit;
  readonly lockedBytes: Limit;
  readonly realtimePriority: Limit;
  readonly capNetRaw: boolean | null;
  readonly capSysNice: boolean | null;
  readonly container: string | null;
  readonly virtualMachine: string | null;
  /** Space left where output is written, the current folder. */
  readonly freeBytes: number | null;
  /** Whether Node.js has a Zstandard decoder of its own (22.15 and later). */
  readonly zstd: boolean;
  readonly webAssembly: boolean;
}

/** Time that the hypervisor gave to others, in ticks of all CPUs since the start. */
export interface Steal {
  readonly stolen: number;
  readonly total: number;
}

const capNetRawBit = 13n;
const capSysNiceBit = 23n;

/** Reads the facts below `root`, which is another folder than `/` in tests. */
export function readSystem(root = '/'): SystemFacts {
  const read = reader(root);
  const status = read('proc/self/status');
  const limits = read('proc/self/limits');
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  const has = (bit: bigint) => (capabilities === undefined ? null : ((BigInt(`0x${capabilities}`) >> bit) & 1n) === 1n);
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status ?? '')?.[1];
  return {
    nodeVersion: process.version,
    platform: process.platform,
    kernel: release(),
    cpusPresent: cpus().length,
    cpusAllowed: allowed === undefined ? null : finite(countCpus(allowed)),
    cpuQuota: readQuota(read),
    // Windows has no such figure and says 0.
    load: process.platform === 'win32' ? null : loadavg()[0],
    sysctl: Object.fromEntries(
      sysctlNames.map((name) => [name, read(`proc/sys/${name.replaceAll('.', '/')}`)]),
    ) as Record<SysctlName, string | null>,
    backlogDrops: readBacklogDrops(read('proc/net/softnet_stat')),
    clockSource: read('sys/devices/system/clocksource/clocksource0/current_clocksource'),
    clockSources: read('sys/devices/system/clocksource/clocksource0/available_clocksource')?.split(/\s+/) ?? null,
    governor: read('sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    turbo: readTurbo(read),
    isolatedCpus: read('sys/devices/system/cpu/isolated'),
    hugePages: /\[(\w+)\]/.exec(read('sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1] ?? null,
    openFiles: readLimit(limits, 'Max open files'),
    lockedBytes: readLimit(limits, 'Max locked memory'),
    realtimePriority: readLimit(limits, 'Max realtime priority'),
    capNetRaw: has(capNetRawBit),
    capSysNice: has(capSysNiceBit),
    container: readContainer(read),
    virtualMachine: readVirtualMachine(read),
    freeBytes: readFreeBytes(),
    zstd: 'zstdDecompressSync' in zlib,
    webAssembly: 'WebAssembly' in globalThis,
  };
}

/** Stolen time so far, null where the system does not count it. */
export function readSteal(root = '/'): Steal | null {
  const ticks = /^cpu +([\d ]+)$/m
    .exec(reader(root)('proc/stat') ?? '')?.[1]
    .split(' ')
    .map(Number);
  // user nice system idle iowait irq softirq steal; guest time is part of user time.
  if (ticks === undefined || ticks.length < 8) return null;
  return { stolen: ticks[7], total: ticks.slice(0, 8).reduce((sum, value) => sum + value, 0) };
}

type Read = (path: string) => string | null;

function reader(root: string): Read {
  return (path) => {
    try {
      return readFileSync(join(root, path), 'latin1').trim();
    } catch {
      return null;
    }
  };
}

/** Counts the CPUs of a list such as `0-3,8`. */
function countCpus(list: string): number {
  return list.split(',').reduce((sum, range) => {
    const [first, last = first] = range.split('-').map(Number);
    return sum + last - first + 1;
  }, 0);
}

function readQuota(read: Read): Limit {
  // Version 2 has both figures in one file, version 1 each in its own.
  const quota = read('sys/fs/cgroup/cpu.max')?.split(' ') ?? [
    read('sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    read('sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ];
  const [granted, period] = quota;
  if (granted === null || period === null) return null;
  return granted === 'max' || granted === '-1' ? 'unlimited' : finite(Number(granted) / Number(period));
}

/** Sums the second column, one line a CPU, hexadecimal. */
function readBacklogDrops(text: string | null): number | null {
  if (text === null || text === '') return null;
  return finite(text.split('\n').reduce((sum, line) => sum + Number.parseInt(line.trim().split(/\s+/)[1], 16), 0));
}

/** Null for what is no number: a file that does not hold what it did when this was written. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function readTurbo(read: Read): boolean | null {
  const noTurbo = read('sys/devices/system/cpu/intel_pstate/no_turbo');
  if (noTurbo !== null) return noTurbo === '0';
  const boost = read('sys/devices/system/cpu/cpufreq/boost');
  return boost === null ? null : boost === '1';
}

/** The soft limit: what holds. */
function readLimit(text: string | null, name: string): Limit {
  const soft = new RegExp(`^${name}\\s+(\\d+|unlimited)\\s`, 'm').exec(text ?? '')?.[1];
  if (soft === undefined) return null;
  return soft === 'unlimited' ? 'unlimited' : Number(soft);
}

function readContainer(read: Read): string | null {
  if (read('.dockerenv') !== null) return 'Docker';
  if (read('run/.containerenv') !== null) return 'Podman';
  return /docker|kubepods|containerd|lxc/.exec(read('proc/1/cgroup') ?? '')?.[0] ?? null;
}

function readVirtualMachine(read: Read): string | null {
  const product = read('sys/class/dmi/id/product_name');
  const vendor = read('sys/class/dmi/id/sys_vendor');
  if (!/^flags\s*:.*\bhypervisor\b/m.test(read('proc/cpuinfo') ?? '')) return null;
  return [vendor, product].filter((text) => text !== null && text !== '').join(' ') || 'hypervisor of unknown name';
}

function readFreeBytes(): number | null {
  try {
    const { bavail, bsize } = statfsSync('.');
    return bavail * bsize;
  } catch {
    return null;
  }
}
