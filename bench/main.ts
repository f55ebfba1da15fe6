/**
 * The bench: `node dist/bench/main.js [regex] [--json FILE] [--page] [--messages N] [--rounds N] [--write FOLDER]`.
 *
 * Each case has a process of its own, so that no case spoils another's types; runs are interleaved, one of each case a
 * round, so that a change of the machine's mood meets all of them. Best, median, worst and goals go to standard error.
 * `--page` writes them with what bounds them to `bench/RESULTS.md` (`--page-file FILE`: elsewhere); `--from FILE` makes
 * the page of an earlier run's JSON. `--write` puts the inputs into files, for other programs to read.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BenchCase, benchCases } from './cases.js';
import type { ChildMessage } from './child.js';
import { buildInput, type InputName } from './corpus.js';
import { type BenchReport, benchReport, type Measured, tableOf } from './figures.js';
import { mdpMessages } from './mdp-session.js';
import { resultsPage } from './page.js';
import { sessionMessages } from './session.js';

const minRounds = 5;

interface Running extends Measured {
  readonly benchCase: BenchCase;
  readonly child: ChildProcess;
  readonly ns: number[];
  checksum: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    page: { type: 'boolean', default: false },
    'page-file': { type: 'string', default: fileURLToPath(new URL('../../bench/RESULTS.md', import.meta.url)) },
    from: { type: 'string' },
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
if (values.write !== undefined) writeInputs(values.write);
else if (values.from !== undefined) writePage(JSON.parse(readFileSync(values.from, 'utf8')) as BenchReport);
else await bench();

async function bench(): Promise<void> {
  const running: Running[] = [];
  const skipped: Record<string, string> = {};
  for (const benchCase of chosen) {
    const { name, about } = benchCase;
    const reason = benchCase.absence?.() ?? null;
    process.stderr.write(`${name}: ${reason === null ? about : `left out: ${reason}`}\n`);
    if (reason !== null) skipped[name] = reason;
    else running.push(await start(benchCase));
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of running) await runOnce(one);
  }
  for (const { child } of running) child.disconnect();
  checkSums(running);
  const report = benchReport(running, skipped);
  process.stderr.write(tableOf(report));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.page) writePage(report);
}

async function start(benchCase: BenchCase): Promise<Running> {
  const { name, per } = benchCase;
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [name, String(messages)]);
  const ready = await answer(name, child);
  if (ready.kind !== 'ready') throw new Error(`${name}: ran before it was ready`);
  const { input, bytes } = ready;
  return { benchCase, name, per, child, input, bytes, ns: [], checksum: -1 };
}

async function runOnce(running: Running): Promise<void> {
  const { child, name, ns } = running;
  const answered = answer(name, child);
  child.send('run');
  const run = await answered;
  if (run.kind !== 'run') throw new Error(`${name}: ready twice`);
  if (running.checksum !== -1 && running.checksum !== run.checksum) throw new Error(`${name}: the checksum changed`);
  running.checksum = run.checksum;
  ns.push(run.ns);
}

function answer(name: string, child: ChildProcess): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${name}: the case's process ended with code ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as ChildMessage);
    });
  });
}

/** Cases of one sum must agree over as many messages of it. */
function checkSums(running: readonly Running[]): void {
  const bySize = new Map<string, Running>();
  for (const one of running) {
    const size = `${one.benchCase.sum} ${one.input.messages}`;
    const first = bySize.get(size) ?? one;
    bySize.set(size, first);
    if (first.checksum !== one.checksum) {
      throw new Error(`${one.name} has checksum ${one.checksum}, ${first.name} ${first.checksum}`);
    }
  }
}

function writePage(report: BenchReport): void {
  writeFileSync(values['page-file'], resultsPage(report));
  process.stderr.write(`${values['page-file']}\n`);
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
