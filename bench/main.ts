/**
 * The bench: `node dist/bench/main.js [regex] [--json FILE] [--messages N] [--rounds N] [--write FOLDER]`.
 *
 * Each case has a process of its own, so that no case spoils another's types; runs are interleaved, one of each case a
 * round, so that a change of the machine's mood meets all of them. Best, median and spread go to standard error.
 * `--write` puts the inputs into files, for other programs to read.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchCases } from './cases.js';
import type { ChildMessage } from './child.js';
import { buildInput, type InputName } from './corpus.js';
import { mdpMessages, mdpSeed } from './mdp-session.js';
import { sessionMessages, sessionSeed } from './session.js';

const minRounds = 5;
const checksumCases = /^(itch-decode|itch-end-to-end|mdp-|peer-)/;

interface Measured {
  readonly name: string;
  readonly per: 'message' | 'entry';
  readonly child: ChildProcess;
  readonly ready: Extract<ChildMessage, { kind: 'ready' }>;
  readonly ns: number[];
  checksum: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    messages: { type: 'string', default: String(sessionMessages) },
    rounds: { type: 'string', default: '9' },
    write: { type: 'string' },
  },
});
const messages = positiveInteger('--messages', values.messages);
const rounds = Math.max(minRounds, positiveInteger('--rounds', values.rounds));
const pattern = new RegExp(positionals[0] ?? '');
const chosen = benchCases.filter(({ name }) => pattern.test(name));
if (chosen.length === 0) throw new Error(`no case matches ${pattern}: ${benchCases.map(({ name }) => name).join(' ')}`);
if (values.write === undefined) await bench();
else writeInputs(values.write);

async function bench(): Promise<void> {
  const measured: Measured[] = [];
  for (const { name, about, per } of chosen) {
    process.stderr.write(`${name}: ${about}\n`);
    measured.push(await start(name, per));
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of measured) await runOnce(one);
  }
  for (const { child } of measured) child.disconnect();
  checkSums(measured);
  printTable(measured);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report(measured), null, 2)}\n`);
}

async function start(name: string, per: Measured['per']): Promise<Measured> {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [name, String(messages)]);
  const ready = await answer(child);
  if (ready.kind !== 'ready') throw new Error(`${name}: ran before it was ready`);
  return { name, per, child, ready, ns: [], checksum: -1 };
}

async function runOnce(measured: Measured): Promise<void> {
  const { child, name, ns } = measured;
  const answered = answer(child);
  child.send('run');
  const run = await answered;
  if (run.kind !== 'run') throw new Error(`${name}: ready twice`);
  if (measured.checksum !== -1 && measured.checksum !== run.checksum) throw new Error(`${name}: the checksum changed`);
  measured.checksum = run.checksum;
  ns.push(run.ns);
}

function answer(child: ChildProcess): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a case's process ended with code ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as ChildMessage);
    });
  });
}

/** Cases that read every field of the same messages, of one protocol and as many, must agree. */
function checkSums(measured: readonly Measured[]): void {
  const bySize = new Map<string, Measured>();
  for (const one of measured.filter(({ name }) => checksumCases.test(name))) {
    const size = `${/mdp/.test(one.name)} ${one.ready.input.messages}`;
    const first = bySize.get(size) ?? one;
    bySize.set(size, first);
    if (first.checksum !== one.checksum) {
      throw new Error(`${one.name} has checksum ${one.checksum}, ${first.name} ${first.checksum}`);
    }
  }
}

function figures({ per, ready, ns, checksum }: Measured) {
  const sorted = ns.toSorted((a, b) => a - b);
  const best = sorted[0] as number;
  const { name, messages: count, entries, sha256 } = ready.input;
  const [medianNs, worstNs] = [sorted[sorted.length >> 1] as number, sorted.at(-1) as number];
  const perEntry = {
    entriesPerSecond: (entries / best) * 1e9,
    nsPerEntry: best / entries,
    medianNsPerEntry: medianNs / entries,
    worstNsPerEntry: worstNs / entries,
  };
  return {
    ...(per === 'entry' ? perEntry : {}),
    messagesPerSecond: (count / best) * 1e9,
    nsPerMessage: best / count,
    bytesPerSecond: (ready.bytes / best) * 1e9,
    checksum,
    input: { name, messages: count, ...(per === 'entry' ? { entries } : {}), sha256 },
    medianNsPerMessage: medianNs / count,
    worstNsPerMessage: worstNs / count,
    rounds: sorted.length,
  };
}

function report(measured: readonly Measured[]) {
  const [cpu] = cpus();
  return {
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      seed: sessionSeed,
      mdpSeed,
      date: new Date().toISOString(),
      command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    },
    cases: Object.fromEntries(measured.map((one) => [one.name, figures(one)])),
  };
}

function printTable(measured: readonly Measured[]): void {
  const rows = measured.map((one) => {
    const { nsPerMessage, medianNsPerMessage, worstNsPerMessage, bytesPerSecond } = figures(one);
    const { messages: count, entries } = one.ready.input;
    const each = one.per === 'entry' ? count / entries : 1;
    const ns = [nsPerMessage, medianNsPerMessage, worstNsPerMessage].map((value) => (value * each).toFixed(1));
    const rate = (1e3 / (nsPerMessage * each)).toFixed(2);
    return [one.name, one.per, rate, ...ns, (bytesPerSecond / 1e9).toFixed(2), String(one.checksum)];
  });
  const head = ['case', 'per', 'M/s', 'best ns', 'median', 'worst', 'GB/s', 'checksum'];
  for (const row of [head, ...rows]) {
    process.stderr.write(`${row.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(11))).join('')}\n`);
  }
}

function writeInputs(folder: string): void {
  const names = new Set<InputName>(chosen.map(({ input }) => input));
  for (const name of names) {
    const most = name.startsWith('channel') ? mdpMessages : messages;
    writeFileSync(join(folder, name), buildInput(name, Math.min(messages, most)).bytes);
  }
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} wants a positive integer, not "${text}"`);
  return value;
}
