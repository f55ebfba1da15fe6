import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RoundTripFacts, SocketFacts } from '../../src/io/doctor-sockets.js';
import { type SystemFacts, sysctlNames } from '../../src/io/doctor-system.js';
import { type DoctorFacts, judge } from '../../src/run/doctor.js';
import type { Check } from '../../src/run/doctor-checks.js';
import { leastNodeMajor } from '../../src/run/doctor-machine-checks.js';
import type { TimingFacts } from '../../src/run/doctor-timing.js';

const arrived: RoundTripFacts = { opened: true, sent: 1, received: 1, error: null };
const lost: RoundTripFacts = { opened: true, sent: 1, received: 0, error: null };
const refused: RoundTripFacts = { opened: false, sent: 0, received: 0, error: 'refused' };
const allSysctl = Object.fromEntries(sysctlNames.map((name) => [name, '8388608'])) as SystemFacts['sysctl'];

/** A machine with nothing to mend. */
const fineSystem: SystemFacts = {
  nodeVersion: 'v22.15.0',
  platform: 'linux',
  kernel: '6.8.0',
  cpusPresent: 8,
  cpusAllowed: 8,
  cpuQuota: 'unlimited',
  load: 0.1,
  sysctl: { ...allSysctl, 'net.ipv4.udp_mem': '100000 200000 300000' },
  backlogDrops: 0,
  clockSource: 'tsc',
  clockSources: ['tsc', 'hpet'],
  governor: 'performance',
  turbo: false,
  isolatedCpus: '7',
  hugePages: 'madvise',
  openFiles: 20_000,
  lockedBytes: 8_388_608,
  realtimePriority: 10,
  capNetRaw: true,
  capSysNice: false,
  container: null,
  virtualMachine: null,
  freeBytes: 1e11,
  zstd: true,
  webAssembly: true,
};
const fineSockets: SocketFacts = {
  receiveBuffer: { askedBytes: 8_388_608, grantedBytes: 8_388_608 },
  sendBuffer: { askedBytes: 4_194_304, grantedBytes: 4_194_304 },
  loopback: { opened: true, sent: 1000, received: 1000, error: null },
  ipv6: arrived,
  multicast: arrived,
  batchedAbsence: null,
};
const fineTiming: TimingFacts = {
  clockReadingNs: 60,
  clockStepNs: 40,
  timerLate: { medianNs: 100_000, maxNs: 200_000 },
  waitLate: { medianNs: 80_000, maxNs: 100_000 },
  longestStallNs: 20_000,
  spunNs: 200_000_000,
  stolenShare: 0,
  stolenNow: false,
};
const fine: DoctorFacts = { system: fineSystem, sockets: fineSockets, timing: fineTiming };

function checkOf(id: string, facts: DoctorFacts, generatesCode = true): Check {
  const found = judge(facts, generatesCode).checks.find((check) => check.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}

const system = (part: Partial<SystemFacts>): DoctorFacts => ({ ...fine, system: { ...fineSystem, ...part } });
const sockets = (part: Partial<SocketFacts>): DoctorFacts => ({ ...fine, sockets: { ...fineSockets, ...part } });
const timing = (part: Partial<TimingFacts>): DoctorFacts => ({ ...fine, timing: { ...fineTiming, ...part } });
const sysctl = (name: string, value: string | null): DoctorFacts =>
  system({ sysctl: { ...fineSystem.sysctl, [name]: value } });
const limited = sysctl('net.core.rmem_max', '212992');
const mend = 'worth mending';

/** Check, facts, verdict, and what the command that mends it must hold (null: none). */
const rows: [string, DoctorFacts, Check['verdict'], RegExp | null][] = [
  ['node', system({ nodeVersion: 'v18.20.0' }), 'missing', /nvm install 20/],
  ['node', system({ nodeVersion: 'v20.0.0' }), 'ok', null],
  ['platform', system({ platform: 'darwin' }), 'not known here', null],
  ['container', system({ container: 'Docker', virtualMachine: 'KVM' }), 'ok', null],
  ['container', system({ platform: 'win32' }), 'not known here', null],
  ['cpus', system({ cpusAllowed: 1 }), mend, /^taskset --cpu-list 0-7 /],
  ['cpus', system({ cpuQuota: 1.5 }), mend, null],
  ['cpus', system({ cpusPresent: 1, cpusAllowed: null }), mend, null],
  ['load', system({ load: 5 }), mend, /^top /],
  ['load', system({ load: null }), 'not known here', null],
  ['governor', system({ governor: 'powersave' }), mend, /^echo performance \| sudo tee .*scaling_governor$/],
  ['governor', system({ governor: null }), 'not known here', null],
  ['turbo', system({ turbo: null }), 'not known here', null],
  ['turbo', system({ turbo: true }), 'ok', null],
  ['isolated-cpus', system({ isolatedCpus: null }), 'not known here', null],
  ['huge-pages', system({ hugePages: 'always' }), mend, /^echo madvise/],
  ['huge-pages', system({ hugePages: null }), 'not known here', null],
  ['disk', system({ freeBytes: 1e8 }), mend, /^du /],
  ['disk', system({ freeBytes: null }), 'not known here', null],
  ['net.core.rmem_max', sysctl('net.core.rmem_max', '212992'), mend, /^sudo sysctl -w net\.core\.rmem_max=8388608$/],
  ['net.core.rmem_max', sysctl('net.core.rmem_max', '8388608'), 'ok', null],
  ['net.core.rmem_max', sysctl('net.core.rmem_max', '8388607'), mend, /8388608/],
  ['net.core.rmem_max', sysctl('net.core.rmem_max', null), 'not known here', null],
  ['net.core.rmem_max', sysctl('net.core.rmem_max', 'rubbish'), 'not known here', null],
  ['net.core.rmem_default', sysctl('net.core.rmem_default', '4096'), mend, /rmem_default=212992$/],
  ['net.core.wmem_max', sysctl('net.core.wmem_max', '212992'), mend, /wmem_max=4194304$/],
  ['net.core.netdev_max_backlog', sysctl('net.core.netdev_max_backlog', '300'), mend, /netdev_max_backlog=1000$/],
  ['net.core.netdev_max_backlog', system({ backlogDrops: 3 }), mend, /netdev_max_backlog=16777216$/],
  ['net.core.optmem_max', sysctl('net.core.optmem_max', '10240'), mend, /optmem_max=20480$/],
  ['net.ipv4.udp_rmem_min', sysctl('net.ipv4.udp_rmem_min', '256'), mend, /udp_rmem_min=4096$/],
  [
    'net.ipv4.udp_mem',
    sysctl('net.ipv4.udp_mem', '1 2 3'),
    mend,
    /^sudo sysctl -w 'net\.ipv4\.udp_mem=8192 12288 16384'$/,
  ],
  ['net.ipv4.udp_mem', sysctl('net.ipv4.udp_mem', '1 2'), 'not known here', null],
  ['receive-buffer', sockets({ receiveBuffer: { askedBytes: 8, grantedBytes: 4 } }), mend, /rmem_max=8$/],
  [
    'receive-buffer',
    { ...limited, sockets: { ...fineSockets, receiveBuffer: { askedBytes: 8 << 20, grantedBytes: 212_992 } } },
    'ok',
    null,
  ],
  ['receive-buffer', sockets({ receiveBuffer: null }), 'missing', null],
  ['send-buffer', sockets({ sendBuffer: { askedBytes: 8, grantedBytes: 4 } }), mend, /wmem_max=8$/],
  ['udp-loopback', sockets({ loopback: { ...fineSockets.loopback, received: 999 } }), mend, /rmem_max/],
  ['batched-sockets', sockets({ batchedAbsence: 'koffi is not installed' }), mend, /^npm install koffi$/],
  ['batched-sockets', sockets({ batchedAbsence: "batched sockets are Linux's" }), 'not known here', null],
  ['udp-loopback', sockets({ loopback: lost }), 'missing', /^sudo ip link set dev lo up$/],
  ['udp-ipv6', sockets({ ipv6: refused }), 'missing', /disable_ipv6=0/],
  ['udp-ipv6', sockets({ ipv6: lost }), 'missing', /disable_ipv6=0/],
  ['multicast-join', sockets({ multicast: refused }), 'missing', /ip link set dev lo multicast on/],
  ['multicast-join', sockets({ multicast: lost }), 'ok', null],
  ['multicast-delivery', sockets({ multicast: lost }), 'missing', /ip route add 239/],
  ['multicast-delivery', sockets({ multicast: refused }), 'missing', null],
  ['clock-source', system({ clockSource: 'hpet' }), mend, /^echo tsc \| sudo tee .*current_clocksource$/],
  ['clock-source', system({ clockSource: 'hpet', clockSources: ['hpet'] }), mend, null],
  ['clock-source', system({ clockSource: 'arch_sys_counter' }), 'ok', null],
  ['clock-source', system({ clockSource: null }), 'not known here', null],
  ['clock-reading', timing({ clockReadingNs: 1500 }), mend, null],
  ['wait', timing({ waitLate: { medianNs: 300_001, maxNs: 400_000 } }), mend, /chrt/],
  ['wait', timing({ waitLate: { medianNs: 300_000, maxNs: 400_000 } }), 'ok', null],
  ['stall', timing({ longestStallNs: 3_000_000 }), mend, /chrt/],
  ['steal', timing({ stolenShare: 0.02 }), mend, null],
  ['steal', timing({ stolenNow: true }), mend, null],
  ['steal', timing({ stolenShare: null }), 'not known here', null],
  ['open-files', system({ openFiles: 256 }), mend, /^ulimit -n 4096$/],
  ['open-files', system({ openFiles: 'unlimited' }), 'ok', null],
  ['open-files', system({ openFiles: null }), 'not known here', null],
  ['locked-memory', system({ lockedBytes: null }), 'not known here', null],
  ['realtime', system({ realtimePriority: 0 }), 'missing', /^sudo prlimit .*--rtprio=1:1$/],
  ['realtime', system({ realtimePriority: 0, capSysNice: true }), 'ok', null],
  ['realtime', system({ realtimePriority: null }), 'not known here', null],
  ['net-raw', system({ capNetRaw: false }), 'missing', /^sudo setcap cap_net_raw\+ep \//],
  ['net-raw', system({ capNetRaw: null }), 'not known here', null],
  ['zstd', system({ zstd: false }), 'missing', /nvm install 22/],
  ['web-assembly', system({ webAssembly: false }), 'missing', /NODE_OPTIONS/],
];

describe('judge', () => {
  it('findsNothingToMendOnAMachineThatIsFine', () => {
    const { ok, counts, checks } = judge(fine, true);
    expect({ ok, counts }).toEqual({
      ok: true,
      counts: { ok: checks.length, 'worth mending': 0, missing: 0, 'not known here': 0 },
    });
    expect(checks.every((check) => check.mend === null && check.why !== '' && !check.why.includes('\n'))).toBe(true);
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });

  it.each(rows.map((row, index) => [`${row[0]} ${row[2]} (${index})`, row] as const))(
    '%s',
    (_name, [id, facts, verdict, command]) => {
      const check = checkOf(id, facts);
      expect(check.verdict).toBe(verdict);
      if (command === null) expect(check.mend).toBeNull();
      else expect(check.mend?.now).toMatch(command);
    },
  );

  it('interpretedDecodersAreOptional', () => {
    expect(checkOf('code-generation', fine, false)).toMatchObject({ verdict: 'missing', needed: false });
    expect(judge(fine, false).ok).toBe(true);
  });

  it('failsOnlyWhereSomethingNeededIsMissing', () => {
    expect(judge(system({ nodeVersion: 'v18.0.0' }), true).ok).toBe(false);
    expect(judge(system({ webAssembly: false }), true).ok).toBe(false);
    expect(judge(sockets({ loopback: refused }), true).ok).toBe(false);
    expect(judge(sockets({ ipv6: refused, multicast: refused, receiveBuffer: null }), true).ok).toBe(true);
    expect(judge(timing({ longestStallNs: 1e9 }), true).ok).toBe(true);
  });

  it('settingsLastInAFileOfTheirOwn', () => {
    expect(checkOf('net.core.rmem_max', sysctl('net.core.rmem_max', '1')).mend?.lasting).toBe(
      "echo 'net.core.rmem_max = 8388608' | sudo tee -a /etc/sysctl.d/90-tickreel.conf",
    );
    expect(checkOf('clock-source', system({ clockSource: 'hpet' })).mend?.lasting).toMatch(/\/etc\/tmpfiles\.d\//);
  });

  it('theLeastNodeIsThatOfThePackage', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(engines.node).toBe(`>=${leastNodeMajor}`);
  });
});
