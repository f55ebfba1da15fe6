/** What a check of `tickreel doctor` is, and the checks of kernel limits and loopback: facts in, verdicts out. */
import { formatBytes } from '../core/time.js';
import type { BufferFacts, RoundTripFacts, SocketFacts } from '../io/doctor-sockets.js';
import type { SysctlName, SystemFacts } from '../io/doctor-system.js';
import { defaultReceiveBufferBytes } from '../io/udp-receiver.js';
import { defaultSendBufferBytes } from '../io/udp-sink.js';

export type Verdict = 'ok' | 'worth mending' | 'missing' | 'not known here';

/** Commands for a shell: one that holds until the next start, one that lasts. */
export interface Mend {
  readonly now: string | null;
  readonly lasting: string | null;
}

export interface Check {
  /** Stable, for scripts. */
  readonly id: string;
  readonly group: string;
  readonly name: string;
  /** tickreel cannot do its main job without it. */
  readonly needed: boolean;
  readonly verdict: Verdict;
  /** What was found, with its unit. */
  readonly value: string;
  /** Why it matters, in one line. */
  readonly why: string;
  /** Null where there is nothing to mend, or no command that does. */
  readonly mend: Mend | null;
}

/** What a check says, before its group is put on. */
export interface Finding {
  readonly verdict: Verdict;
  readonly value: string;
  readonly mend?: Mend;
}

export const unknown: Finding = { verdict: 'not known here', value: 'cannot be read on this system' };

export function check(group: string, id: string, name: string, why: string, finding: Finding, needed = false): Check {
  return { id, group, name, needed, verdict: finding.verdict, value: finding.value, why, mend: finding.mend ?? null };
}

interface SysctlRow {
  readonly name: SysctlName;
  readonly least: number;
  readonly unit: 'bytes' | 'packets' | 'pages';
  readonly why: string;
}

const sysctlFile = '/etc/sysctl.d/90-tickreel.conf';
/** Pages of all UDP sockets: eight full receive buffers, 64 MiB in pages of 4 KiB. */
const leastUdpPages = (8 * defaultReceiveBufferBytes) / 4096;
const sysctlRows: readonly SysctlRow[] = [
  {
    name: 'net.core.rmem_max',
    least: defaultReceiveBufferBytes,
    unit: 'bytes',
    why: `listen asks for a buffer of ${defaultReceiveBufferBytes} bytes, and the kernel grants no more than this`,
  },
  {
    name: 'net.core.rmem_default',
    least: 212_992,
    unit: 'bytes',
    why: 'receive buffer of a program that asks for none, such as a feed handler under test',
  },
  {
    name: 'net.core.wmem_max',
    least: defaultSendBufferBytes,
    unit: 'bytes',
    why: `replay asks for a buffer of ${defaultSendBufferBytes} bytes, and the kernel grants no more than this`,
  },
  {
    name: 'net.core.netdev_max_backlog',
    least: 1000,
    unit: 'packets',
    why: 'packets on their way through loopback wait in this queue; what does not fit is dropped',
  },
  {
    name: 'net.core.optmem_max',
    least: 20_480,
    unit: 'bytes',
    why: 'memory for what goes with a socket, such as memberships of multicast groups',
  },
  {
    name: 'net.ipv4.udp_rmem_min',
    least: 4096,
    unit: 'bytes',
    why: 'what a UDP socket keeps when the memory of all UDP sockets runs short',
  },
];

/** The kernel's limits on sockets, with the setting that lifts each. */
export function judgeKernel(system: SystemFacts): Check[] {
  const group = 'Kernel limits';
  const checks = sysctlRows.map((row) => {
    const text = system.sysctl[row.name];
    return check(group, row.name, row.name, row.why, text === null ? unknown : judgeSysctl(row, text, system));
  });
  const memory = 'memory that all UDP sockets share (least, pressure, most); beyond the most, packets are dropped';
  checks.push(check(group, 'net.ipv4.udp_mem', 'net.ipv4.udp_mem', memory, judgeUdpMemory(system)));
  return checks;
}

function judgeSysctl({ name, least, unit }: SysctlRow, text: string, { backlogDrops }: SystemFacts): Finding {
  const value = Number(text);
  if (!Number.isFinite(value)) return unknown;
  const drops = name === 'net.core.netdev_max_backlog' ? backlogDrops : null;
  const found = `${text} ${unit}${drops === null ? '' : `, ${drops} packets dropped since the start`}`;
  if (drops !== null && drops > 0) {
    return { verdict: 'worth mending', value: found, mend: setting(name, `${Math.max(10_000, value * 2)}`) };
  }
  if (value >= least) return { verdict: 'ok', value: found };
  return { verdict: 'worth mending', value: `${found}, less than ${least}`, mend: setting(name, `${least}`) };
}

function judgeUdpMemory({ sysctl }: SystemFacts): Finding {
  const pages = sysctl['net.ipv4.udp_mem']?.split(/\s+/).map(Number);
  if (pages?.length !== 3 || !pages.every(Number.isFinite)) return unknown;
  const value = `${pages.join(' ')} pages`;
  if (pages[2] >= leastUdpPages) return { verdict: 'ok', value };
  const wanted = [leastUdpPages / 2, (leastUdpPages * 3) / 4, leastUdpPages].join(' ');
  return { verdict: 'worth mending', value, mend: setting('net.ipv4.udp_mem', wanted) };
}

function setting(name: SysctlName, value: string): Mend {
  const assignment = `${name}=${value}`;
  return {
    now: `sudo sysctl -w ${value.includes(' ') ? `'${assignment}'` : assignment}`,
    lasting: `echo '${name} = ${value}' | sudo tee -a ${sysctlFile}`,
  };
}

/** What sockets got and what came back. */
export function judgeSockets(sockets: SocketFacts, system: SystemFacts): Check[] {
  const group = 'Loopback';
  const udp = 'every replay over UDP, and listen, need it';
  const join = 'feeds are multicast: a replay to a group and a listener on this machine meet on the loopback interface';
  return [
    check(
      group,
      'receive-buffer',
      'receive buffer granted',
      'holds what arrives while the listener is not running: 8 MiB is 109 ms of small packets at 100,000 a second',
      judgeBuffer(sockets.receiveBuffer, 'net.core.rmem_max', system),
    ),
    check(
      group,
      'send-buffer',
      'send buffer granted',
      'holds what a replay sends while the interface is busy',
      judgeBuffer(sockets.sendBuffer, 'net.core.wmem_max', system),
    ),
    check(group, 'udp-loopback', 'UDP on 127.0.0.1', udp, judgeLoopback(sockets.loopback), true),
    check(group, 'udp-ipv6', 'UDP on ::1', 'udp://[::1]:PORT as a destination', judgeIpv6(sockets.ipv6)),
    check(group, 'multicast-join', 'multicast: join a group on 127.0.0.1', join, judgeJoin(sockets.multicast)),
    check(
      group,
      'multicast-delivery',
      'multicast: a datagram comes back',
      'the same, tried: one datagram with a time to live of 1, on the loopback interface alone',
      judgeDelivery(sockets.multicast),
    ),
    check(
      group,
      'batched-sockets',
      'sockets in batches',
      'many datagrams a call (sendmmsg, recvmmsg), trains cut and joined by the kernel, its time of receipt',
      judgeBatched(sockets.batchedAbsence),
    ),
  ];
}

function judgeBatched(absence: string | null): Finding {
  if (absence === null) return { verdict: 'ok', value: 'they work; via=dgram in an address leaves them out' };
  const value = `a call each, through Node alone: ${absence}`;
  if (!absence.startsWith('koffi')) return { verdict: 'not known here', value };
  return { verdict: 'worth mending', value, mend: { now: 'npm install koffi', lasting: null } };
}

function judgeBuffer(buffer: BufferFacts | null, limit: SysctlName, { sysctl }: SystemFacts): Finding {
  if (buffer === null) return { verdict: 'missing', value: 'no socket could be opened on 127.0.0.1' };
  const { askedBytes, grantedBytes } = buffer;
  const value = `${grantedBytes} of ${askedBytes} bytes (${formatBytes(grantedBytes)})`;
  if (grantedBytes >= askedBytes) return { verdict: 'ok', value };
  // A limit that is too low has been told as such, with its command: once is enough.
  if (Number(sysctl[limit] ?? Number.NaN) < askedBytes) {
    return { verdict: 'ok', value: `${value}, all that ${limit} allows` };
  }
  return { verdict: 'worth mending', value, mend: setting(limit, `${askedBytes}`) };
}

const upLoopback: Mend = { now: 'sudo ip link set dev lo up', lasting: null };

function judgeLoopback({ sent, received, error }: RoundTripFacts): Finding {
  const value = `${received} of ${sent} datagrams came back${error === null ? '' : ` (${error})`}`;
  if (received === 0) return { verdict: 'missing', value, mend: upLoopback };
  if (received < sent || error !== null) return { verdict: 'worth mending', value, mend: receiveMore };
  return { verdict: 'ok', value };
}

const receiveMore = setting('net.core.rmem_max', `${defaultReceiveBufferBytes}`);
const upIpv6: Mend = {
  now: 'sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0',
  lasting: `echo 'net.ipv6.conf.lo.disable_ipv6 = 0' | sudo tee -a ${sysctlFile}`,
};

function judgeIpv6({ received, error }: RoundTripFacts): Finding {
  if (received > 0) return { verdict: 'ok', value: 'there' };
  return { verdict: 'missing', value: error ?? 'a datagram was sent and did not come back', mend: upIpv6 };
}

const multicastOnLoopback: Mend = {
  now: 'sudo ip link set dev lo multicast on && sudo ip route add 239.255.0.0/16 dev lo',
  lasting: null,
};

function judgeJoin({ opened, error }: RoundTripFacts): Finding {
  if (opened) return { verdict: 'ok', value: 'joined' };
  return { verdict: 'missing', value: error ?? 'refused', mend: multicastOnLoopback };
}

function judgeDelivery({ opened, received, error }: RoundTripFacts): Finding {
  if (received > 0) return { verdict: 'ok', value: 'received' };
  if (!opened) return { verdict: 'missing', value: 'not tried: the group could not be joined' };
  return { verdict: 'missing', value: error ?? 'sent and not received', mend: multicastOnLoopback };
}
