/**
 * The bench of the wire: `npm run bench:wire -- [regex] [--json FILE] [--packets N] [--rounds N]`.
 *
 * Datagrams of 120 bytes over this machine's loopback interface (raw frames: a virtual cable), into a socket that nobody
 * reads, so that every sender meets the same receiver. Rounds are interleaved, one run of each case a round, so that a
 * change of the machine's mood meets all of them. What cannot run here is told with the reason.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machineOf } from './machine.js';
import { type OpenCase, sendCases, WireBench, type WireCase, type WireRun } from './wire-cases.js';
import { buildWireInput, datagramBytes } from './wire-input.js';
import { receiveCases } from './wire-receive.js';

/** Bytes of layer 2 beside a UDP payload: Ethernet 14, IPv4 20, UDP 8. */
const headerBytes = 42;

interface Measured {
  readonly wireCase: WireCase;
  readonly open: OpenCase;
  readonly runs: WireRun[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    packets: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
  },
});
const packets = positiveInteger('--packets', values.packets);
const rounds = positiveInteger('--rounds', values.rounds);
const pattern = new RegExp(positionals[0] ?? '');
const all = [...sendCases, ...receiveCases];
const chosen = all.filter(({ name }) => pattern.test(name));
if (chosen.length === 0) throw new Error(`no case matches ${pattern}: ${all.map(({ name }) => name).join(' ')}`);

const input = buildWireInput(packets);
const bench = await WireBench.open(packets, input);
const measured: Measured[] = [];
const skipped: Record<string, string> = {};
try {
  for (const wireCase of chosen) {
    process.stderr.write(`${wireCase.name}: ${wireCase.about}\n`);
    const open = await wireCase.open(bench);
    if ('reason' in open) skipped[wireCase.name] = open.reason;
    else measured.push({ wireCase, open, runs: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { open, runs } of measured) runs.push(await open.run());
  }
} finally {
  for (const { open } of measured) open.close?.();
  bench.close();
}
for (const [name, reason] of Object.entries(skipped)) process.stderr.write(`${name}: skipped, ${reason}\n`);
printTable();
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report(), null, 2)}\n`);

/** Best, median and worst of the rounds; the details are those of the best. */
function figures({ runs }: Measured) {
  const sorted = runs.toSorted((a, b) => rateOf(b) - rateOf(a));
  const best = sorted[0] as WireRun;
  const bits = (best.bytes + best.packets * headerBytes) * 8;
  return {
    packetsPerSecond: rateOf(best),
    medianPacketsPerSecond: rateOf(sorted[sorted.length >> 1] as WireRun),
    worstPacketsPerSecond: rateOf(sorted.at(-1) as WireRun),
    gigabitsPerSecond: bits / best.seconds / 1e9,
    ...best,
    /** Of each round. */
    lost: runs.map(({ lost = 0 }) => lost),
    ...(best.messages === undefined ? {} : { messagesPerSecond: best.messages / best.seconds }),
    rounds: runs.length,
  };
}

function rateOf({ packets: count, seconds }: WireRun): number {
  return count / seconds;
}

function report() {
  return {
    machine: machineOf('bench:wire'),
    input: { packets, datagramBytes, sha256: input.sha256 },
    cases: Object.fromEntries(measured.map((one) => [one.wireCase.name, figures(one)])),
    skipped,
  };
}

function printTable(): void {
  const rows = measured.map((one) => {
    const { lost, latenessNs, path = '', limit = '', messagesPerSecond = 0, ...rest } = figures(one);
    const kpps = [rest.packetsPerSecond, rest.medianPacketsPerSecond, rest.worstPacketsPerSecond];
    const lateness = latenessNs ? [latenessNs.p50, latenessNs.p99].map((ns) => (ns / 1000).toFixed(1)) : ['', ''];
    return [
      one.wireCase.name,
      ...kpps.map((value) => (value / 1000).toFixed(1)),
      rest.gigabitsPerSecond.toFixed(3),
      messagesPerSecond === 0 ? '' : (messagesPerSecond / 1e6).toFixed(2),
      String(Math.max(...lost)),
      ...lateness,
      ` ${path}${limit === '' ? '' : `; limited by ${limit}`}`,
    ];
  });
  const head = ['case', 'best kpps', 'median', 'worst', 'Gbit/s', 'Mmsg/s', 'lost', 'late p50', 'p99 us', ' path'];
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, index) => (index === 0 ? cell.padEnd(22) : index === 9 ? cell : cell.padStart(10)));
    process.stderr.write(`${cells.join('').trimEnd()}\n`);
  }
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} wants a positive integer, not "${text}"`);
  return value;
}
