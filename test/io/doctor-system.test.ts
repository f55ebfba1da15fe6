import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSteal, readSystem } from '../../src/io/doctor-system.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
let roots = 0;

/** A folder that holds these files, as another machine's root. */
function root(files: Record<string, string>): string {
  const path = join(folder, `root${roots++}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max locked memory         unlimited            unlimited            bytes
Max open files            256                  4096                 files
Max realtime priority     0                    0
`;

describe('readSystem', () => {
  it('readsLinux', () => {
    const facts = readSystem(
      root({
        'proc/self/status': 'Name:\tnode\nCapEff:\t0000000000802000\nCpus_allowed_list:\t0-2,8,10-11\n',
        'proc/self/limits': limits,
        'proc/sys/net/core/rmem_max': '212992\n',
        'proc/sys/net/ipv4/udp_mem': '10\t20\t30\n',
        'proc/net/softnet_stat': '0151af66 00000002 00000001\n014288ce 0000000a 00000001\n',
        'proc/cpuinfo': 'flags\t\t: fpu hypervisor sse\n',
        'proc/1/cgroup': '0::/kubepods/pod7\n',
        'sys/fs/cgroup/cpu.max': '150000 100000\n',
        'sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet\n',
        'sys/devices/system/clocksource/clocksource0/available_clocksource': 'tsc hpet acpi_pm\n',
        'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'powersave\n',
        'sys/devices/system/cpu/intel_pstate/no_turbo': '0\n',
        'sys/devices/system/cpu/isolated': '\n',
        'sys/kernel/mm/transparent_hugepage/enabled': '[always] madvise never\n',
        'sys/class/dmi/id/sys_vendor': 'QEMU\n',
      }),
    );
    expect(facts).toMatchObject({
      nodeVersion: process.version,
      cpusAllowed: 6,
      cpuQuota: 1.5,
      sysctl: { 'net.core.rmem_max': '212992', 'net.ipv4.udp_mem': '10\t20\t30', 'net.core.wmem_max': null },
      backlogDrops: 12,
      clockSource: 'hpet',
      clockSources: ['tsc', 'hpet', 'acpi_pm'],
      governor: 'powersave',
      turbo: true,
      isolatedCpus: '',
      hugePages: 'always',
      openFiles: 256,
      lockedBytes: 'unlimited',
      realtimePriority: 0,
      capNetRaw: true,
      capSysNice: true,
      container: 'kubepods',
      virtualMachine: 'QEMU',
    });
  });

  it('isNullWhereNothingCanBeRead', () => {
    const facts = readSystem(join(folder, 'no-such-root'));
    const { nodeVersion, platform, kernel, cpusPresent, load, sysctl, freeBytes, zstd, webAssembly, ...rest } = facts;
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));
    expect(new Set(Object.values(sysctl))).toEqual(new Set([null]));
    expect({ nodeVersion, platform, webAssembly }).toEqual({
      nodeVersion: process.version,
      platform: process.platform,
      webAssembly: true,
    });
    expect(cpusPresent).toBeGreaterThan(0);
  });

  it('takesNoRubbishForANumber', () => {
    const facts = readSystem(
      root({
        'proc/self/status': 'Cpus_allowed_list:\tmany\n',
        'proc/self/limits': 'Max open files  plenty\n',
        'proc/net/softnet_stat': 'zz\n',
        'sys/fs/cgroup/cpu.max': 'much',
      }),
    );
    expect(facts).toMatchObject({ cpusAllowed: null, openFiles: null, backlogDrops: null, cpuQuota: null });
  });

  it.each<[string, Record<string, string>, object]>([
    ['anOldControlGroup', cgroup1('200000', '100000'), { cpuQuota: 2 }],
    ['anOldControlGroupWithoutQuota', cgroup1('-1', '100000'), { cpuQuota: 'unlimited' }],
    ['noQuota', { 'sys/fs/cgroup/cpu.max': 'max 100000' }, { cpuQuota: 'unlimited' }],
    ['docker', { '.dockerenv': '' }, { container: 'Docker' }],
    ['podman', { 'run/.containerenv': '' }, { container: 'Podman' }],
    ['noTurbo', { 'sys/devices/system/cpu/cpufreq/boost': '0' }, { turbo: false }],
    ['unnamedHypervisor', { 'proc/cpuinfo': 'flags : hypervisor' }, { virtualMachine: 'hypervisor of unknown name' }],
  ])('%s', (_name, files, expected) => {
    expect(readSystem(root(files))).toMatchObject(expected);
  });
});

describe('readSteal', () => {
  it('readsTheEighthFigureAndTheSumOfEight', () => {
    expect(readSteal(root({ 'proc/stat': 'cpu  1 2 3 4 5 6 7 8 100 100\ncpu0 9 9 9 9 9 9 9 9 9 9\n' }))).toEqual({
      stolen: 8,
      total: 36,
    });
  });

  it('isNullOnKernelsThatDoNotCountIt', () => {
    expect(readSteal(root({ 'proc/stat': 'cpu  1 2 3 4\n' }))).toBeNull();
    expect(readSteal(join(folder, 'no-such-root'))).toBeNull();
  });
});

function cgroup1(quota: string, period: string): Record<string, string> {
  return { 'sys/fs/cgroup/cpu/cpu.cfs_quota_us': quota, 'sys/fs/cgroup/cpu/cpu.cfs_period_us': period };
}
