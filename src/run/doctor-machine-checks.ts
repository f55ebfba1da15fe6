/** The checks of `tickreel doctor` on machine, clock, scheduling, permissions and what is optional. */
import { formatBytes, formatDuration } from '../core/time.js';
import { spinBelowNs } from '../core/waiter.js';
import type { Limit, SystemFacts } from '../io/doctor-system.js';
import { type Check, check, type Finding, type Mend, unknown } from './doctor-checks.js';
import type { LatenessFacts, TimingFacts } from './doctor-timing.js';

/** As `engines` in package.json says. */
export const leastNodeMajor = 20;
const leastFreeBytes = 1e9;
const leastOpenFiles = 1024;
const slowReadingNs = 1000;
const longStallNs = 1_000_000;
/** Above this the hypervisor's other guests show in every figure. */
const muchStolen = 0.01;
const slowClocks = ['acpi_pm', 'hpet', 'jiffies', 'pit', 'refined-jiffies'];

/** Node.js, processors, and where this runs. */
export function judgeMachine(system: SystemFacts): Check[] {
  const group = 'Node.js and machine';
  const { platform, kernel, container, virtualMachine, isolatedCpus } = system;
  const around = [
    ...(container === null ? [] : [`a container (${container})`]),
    ...(virtualMachine === null ? [] : [`a virtual machine (${virtualMachine})`]),
  ];
  const place = around.length === 0 && platform !== 'linux' ? unknown : fine(around.join(' in ') || 'none seen');
  const isolated = isolatedCpus === null ? unknown : fine(isolatedCpus === '' ? 'none' : isolatedCpus);
  const hidden = 'limits and load are those of the host; a container cannot change most of them from inside';
  const least = `tickreel is built for Node.js ${leastNodeMajor} and later`;
  return [
    check(group, 'node', 'Node.js', least, judgeNode(system.nodeVersion), true),
    check(group, 'platform', 'system', 'Linux is where limits can be read; replays run anywhere', {
      verdict: platform === 'linux' ? 'ok' : 'not known here',
      value: `${platform} ${kernel}`,
    }),
    check(group, 'container', 'container or virtual machine', hidden, place),
    check(group, 'cpus', 'processors', 'a replay spins on one; who receives needs another', judgeCpus(system)),
    check(group, 'load', 'load', 'other work takes the processor away, and packets go late', judgeLoad(system)),
    check(group, 'governor', 'frequency governor', 'a clocked-down processor sends late', judgeGovernor(system)),
    check(group, 'turbo', 'turbo', 'on, speeds change with heat: expect figures to vary', judgeTurbo(system)),
    check(
      group,
      'isolated-cpus',
      'isolated processors',
      'nothing else runs there: `taskset --cpu-list N tickreel replay …`',
      isolated,
    ),
    check(
      group,
      'huge-pages',
      'transparent huge pages',
      'where always, a process can stall while one is made',
      judgeHugePages(system),
    ),
    check(group, 'disk', 'space in this folder', 'captures and reports are written here', judgeDisk(system)),
  ];
}

/** Clocks, sleeps and stalls. */
export function judgeTiming(system: SystemFacts, timing: TimingFacts): Check[] {
  const group = 'Time';
  const { clockReadingNs, clockStepNs, timerLate } = timing;
  const reading: Finding = {
    verdict: clockReadingNs <= slowReadingNs ? 'ok' : 'worth mending',
    value: `${formatDuration(clockReadingNs)} a reading, steps of ${formatDuration(clockStepNs)}`,
  };
  const spinning = formatDuration(spinBelowNs);
  const slept = `a replay sleeps until ${spinning} before a deadline and spins the rest`;
  return [
    check(group, 'clock-source', 'clock source', 'the clock is read for every packet', judgeClockSource(system)),
    check(group, 'clock-reading', 'monotonic clock', 'what a look at the clock costs, as measured', reading),
    check(group, 'timer', 'timer of 1 ms', 'long idle gaps rest on it; then the replay waits as below', {
      verdict: 'ok',
      value: late(timerLate),
    }),
    check(group, 'wait', 'sleep of 500 us', slept, judgeWait(timing.waitLate)),
    check(group, 'stall', 'longest stall', 'what is due in a stall goes late, however it is sent', judgeStall(timing)),
    check(group, 'steal', 'stolen time', 'what the hypervisor gives to other machines', judgeSteal(timing)),
  ];
}

/** Limits of the process and capabilities. */
export function judgePermissions(system: SystemFacts): Check[] {
  const group = 'Permissions';
  const { lockedBytes, capNetRaw } = system;
  const raw = 'replay --to eth://INTERFACE sends frames with it; tcpdump captures with it beside a replay';
  const locked = lockedBytes === null ? unknown : fine(limitText(lockedBytes, ' bytes'));
  return [
    check(group, 'open-files', 'open files', 'every capture and socket is one', judgeOpenFiles(system.openFiles)),
    check(group, 'locked-memory', 'locked memory', 'tickreel locks none: for the record', locked),
    check(group, 'realtime', 'real-time priority', 'only for `chrt --fifo 1 tickreel replay …`', judgeRealtime(system)),
    check(group, 'net-raw', 'CAP_NET_RAW', raw, judgeRaw(capNetRaw)),
  ];
}

/** What stands in where something is absent. */
export function judgeOptional(system: SystemFacts, canGenerateCode: boolean): Check[] {
  const group = 'Optional';
  const zstd: Finding = system.zstd
    ? fine("Node.js's own")
    : { verdict: 'missing', value: 'absent: the decoder in JavaScript stands in', mend: once('nvm install 22') };
  const compiled: Finding = canGenerateCode
    ? fine('allowed: decoders are compiled')
    : { verdict: 'missing', value: 'refused: decoders are interpreted', mend: once('unset NODE_OPTIONS') };
  const wasm: Finding = system.webAssembly
    ? fine('there')
    : { verdict: 'missing', value: 'absent', mend: once('unset NODE_OPTIONS') };
  const fast = 'compiled decoders are several times as fast (--disallow-code-generation-from-strings refuses them)';
  return [
    check(group, 'zstd', 'Zstandard decoder', '.zst captures are read faster by Node.js 22.15 and later', zstd),
    check(group, 'code-generation', 'code from strings', fast, compiled),
    check(group, 'web-assembly', 'WebAssembly', 'histograms need it (--jitless takes it away)', wasm, true),
  ];
}

function judgeRaw(capNetRaw: boolean | null): Finding {
  if (capNetRaw === null) return unknown;
  if (capNetRaw) return fine('yes');
  return { verdict: 'missing', value: 'no', mend: once(`sudo setcap cap_net_raw+ep ${process.execPath}`) };
}

function judgeNode(version: string): Finding {
  const major = Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
  if (major >= leastNodeMajor) return fine(version);
  return { verdict: 'missing', value: `${version} is too old`, mend: once(`nvm install ${leastNodeMajor}`) };
}

function judgeCpus({ cpusPresent, cpusAllowed, cpuQuota }: SystemFacts): Finding {
  const quota = cpuQuota === 'unlimited' || cpuQuota === null ? Number.POSITIVE_INFINITY : cpuQuota;
  const value =
    `${cpusPresent} present${cpusAllowed === null ? '' : `, ${cpusAllowed} allowed`}` +
    (Number.isFinite(quota) ? `, time of ${quota.toFixed(1)} granted` : '');
  if (Math.min(cpusAllowed ?? cpusPresent, quota) >= 2) return fine(value);
  if (cpusAllowed === null || cpusAllowed >= cpusPresent) return { verdict: 'worth mending', value };
  return { verdict: 'worth mending', value, mend: once(`taskset --cpu-list 0-${cpusPresent - 1} tickreel replay …`) };
}

function judgeLoad({ load, cpusPresent, cpusAllowed }: SystemFacts): Finding {
  if (load === null) return unknown;
  const value = `${load.toFixed(2)} over the last minute`;
  if (load <= (cpusAllowed ?? cpusPresent) / 2) return fine(value);
  return { verdict: 'worth mending', value, mend: once('top -b -n 1 -o %CPU | head -15') };
}

function judgeGovernor({ governor }: SystemFacts): Finding {
  if (governor === null) return unknown;
  if (governor === 'performance') return fine(governor);
  const file = '/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor';
  return { verdict: 'worth mending', value: governor, mend: written(file, 'performance', 'governor') };
}

function judgeTurbo({ turbo }: SystemFacts): Finding {
  return turbo === null ? unknown : fine(turbo ? 'on' : 'off');
}

function judgeHugePages({ hugePages }: SystemFacts): Finding {
  if (hugePages === null) return unknown;
  if (hugePages !== 'always') return fine(hugePages);
  const file = '/sys/kernel/mm/transparent_hugepage/enabled';
  return { verdict: 'worth mending', value: hugePages, mend: written(file, 'madvise', 'huge-pages') };
}

function judgeDisk({ freeBytes }: SystemFacts): Finding {
  if (freeBytes === null) return unknown;
  const value = `${formatBytes(freeBytes)} free`;
  if (freeBytes >= leastFreeBytes) return fine(value);
  return { verdict: 'worth mending', value, mend: once('du -xhd 1 . | sort -h | tail') };
}

function judgeClockSource({ clockSource, clockSources }: SystemFacts): Finding {
  if (clockSource === null) return unknown;
  if (!slowClocks.includes(clockSource)) return fine(clockSource);
  const value = `${clockSource}: every reading is a system call, microseconds`;
  if (!clockSources?.includes('tsc')) return { verdict: 'worth mending', value: `${value}; no faster one is offered` };
  const file = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
  return { verdict: 'worth mending', value, mend: written(file, 'tsc', 'clock') };
}

const realtime = once('sudo chrt --fifo 1 tickreel replay …');

function judgeWait(wait: LatenessFacts): Finding {
  if (wait.medianNs <= spinBelowNs) return fine(late(wait));
  return { verdict: 'worth mending', value: late(wait), mend: realtime };
}

function judgeStall({ longestStallNs, spunNs }: TimingFacts): Finding {
  const value = `${formatDuration(longestStallNs)} while spinning ${formatDuration(spunNs)}`;
  return longestStallNs <= longStallNs ? fine(value) : { verdict: 'worth mending', value, mend: realtime };
}

function judgeSteal({ stolenShare, stolenNow }: TimingFacts): Finding {
  if (stolenShare === null) return unknown;
  const percent = `${(100 * stolenShare).toFixed(2)} % since the start`;
  const value = stolenNow === null ? percent : `${percent}, ${stolenNow ? 'some' : 'none'} in these 200 ms`;
  return { verdict: stolenShare > muchStolen || stolenNow === true ? 'worth mending' : 'ok', value };
}

function judgeOpenFiles(limit: Limit): Finding {
  if (limit === null) return unknown;
  if (limit === 'unlimited' || limit >= leastOpenFiles) return fine(limitText(limit));
  const lasting = "echo '* - nofile 4096' | sudo tee -a /etc/security/limits.d/90-tickreel.conf";
  return { verdict: 'worth mending', value: limitText(limit), mend: { now: 'ulimit -n 4096', lasting } };
}

function judgeRealtime({ realtimePriority, capSysNice }: SystemFacts): Finding {
  if (realtimePriority === null) return unknown;
  if (capSysNice) return fine('any (CAP_SYS_NICE)');
  if (realtimePriority !== 0) return fine(`up to ${realtimePriority}`);
  const lasting = "echo '* - rtprio 1' | sudo tee -a /etc/security/limits.d/90-tickreel.conf";
  return { verdict: 'missing', value: 'not allowed', mend: { now: 'sudo prlimit --pid $$ --rtprio=1:1', lasting } };
}

function fine(value: string): Finding {
  return { verdict: 'ok', value };
}

function late({ medianNs, maxNs }: LatenessFacts): string {
  return `ends ${formatDuration(medianNs)} late (median), ${formatDuration(maxNs)} at most`;
}

function limitText(limit: number | 'unlimited', unit = ''): string {
  return limit === 'unlimited' ? limit : `${limit}${unit}`;
}

function once(now: string): Mend {
  return { now, lasting: null };
}

/** A word to be written into a file below /sys; tmpfiles.d(5) writes it at every start. */
function written(file: string, word: string, name: string): Mend {
  return {
    now: `echo ${word} | sudo tee ${file}`,
    lasting: `echo 'w ${file} - - - - ${word}' | sudo tee /etc/tmpfiles.d/tickreel-${name}.conf`,
  };
}
