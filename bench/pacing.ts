/**
 * How exactly packets are sent, `npm run bench:pacing -- [--seconds N] [--rounds N] [--capture FILE] [--json FILE]`:
 * tickreel in each of its pacings and a spin loop in C, at an even 100,000 packets a second (a generated capture, read
 * before the run) and at the timing of a bursty capture, which tcpreplay and udpreplay play too where they are
 * installed. tickreel keeps its sender on a processor of its own, as `verify-pacing` does; the loop in C is measured
 * both ways.
 *
 * Rounds are interleaved, one of each a round, so that a change of the machine's mood meets all of them; of each the
 * round with the least 99th percentile at the receiver is printed. Nothing else should run: who is measured wants a
 * processor, and the receiver another.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  bestBusyPollUs,
  CaptureInput,
  defaultPacingLimits,
  initHistograms,
  inputSpecOf,
  noFilter,
  type Pacing,
  parseSpeed,
  replayDefaults,
  verifyPacing,
} from 'tickreel';
import type { Measured, Percentiles } from './pacing-figures.js';
import { compileSpin, findPlayers, measurePlayer, measureSpin } from './pacing-peers.js';

const evenPerSecond = 100_000;
const bursty = fileURLToPath(new URL('../../fixtures/itch50-session.pcap', import.meta.url));
const main = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const bufferBytes = 32 << 20;

export interface PacingBenchOptions {
  readonly seconds: number;
  readonly rounds: number;
  /** Played at its own timing. */
  readonly capture: string;
  /** Told what is not measured, and why. */
  say(text: string): void;
}

/** One program at one load. */
interface Case {
  readonly load: 'even' | 'bursts';
  readonly name: string;
  measure(): Promise<Measured>;
}

export type PacingRow = Pick<Case, 'load' | 'name'> & Measured;

/** Measures every case in every round; the best of each, in order. */
export async function measurePacing(options: PacingBenchOptions): Promise<PacingRow[]> {
  await initHistograms();
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-pacing-'));
  try {
    const cases = await casesOf(options, folder);
    const best = new Map<Case, Measured>();
    for (let round = 0; round < options.rounds; round++) {
      for (const one of cases) {
        const measured = await one.measure();
        const before = best.get(one);
        if (before === undefined || measured.received.p99 < before.received.p99) best.set(one, measured);
      }
    }
    return [...best].map(([{ load, name }, measured]) => ({ load, name, ...measured }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function casesOf({ seconds, capture, say }: PacingBenchOptions, folder: string): Promise<Case[]> {
  const even = Float64Array.from({ length: evenPerSecond * seconds }, (_, index) => (index * 1e9) / evenPerSecond);
  const bursts = await offsetsOf(capture);
  const cases: Case[] = [];
  const steady = generateCapture(folder, even.length);
  const spin = compileSpin(folder);
  if ('reason' in spin) say(`a spin loop in C is not measured: ${spin.reason}`);
  else {
    const { program } = spin;
    const last = cpus().length - 1;
    for (const cpu of last > 0 ? [null, last] : [null]) {
      const name = `C spin${cpu === null ? '' : `, --cpu ${cpu}`}`;
      cases.push({ load: 'even', name, measure: () => measureSpin(program, folder, even, cpu) });
      cases.push({ load: 'bursts', name, measure: () => measureSpin(program, folder, bursts, cpu) });
    }
  }
  for (const pacing of ['spin', 'hybrid', 'sleep'] as const) {
    const name = `tickreel ${pacing}`;
    cases.push({ load: 'even', name, measure: () => measureOwn(steady, pacing, even.length) });
    cases.push({ load: 'bursts', name, measure: () => measureOwn(capture, pacing, null) });
  }
  for (const { name, reason } of findPlayers()) {
    if (reason !== null) say(`${name} is not measured: it ${reason}`);
    else cases.push({ load: 'bursts', name, measure: () => measurePlayer(name, folder, capture, bursts) });
  }
  return cases.toSorted((a, b) => (a.load < b.load ? 1 : a.load > b.load ? -1 : 0));
}

/** tickreel, by what `verify-pacing` measures; `packets` at the even rate, or the capture at its own. */
async function measureOwn(capture: string, pacing: Pacing, packets: number | null): Promise<Measured> {
  const { report } = await verifyPacing({
    send: {},
    receive: { bufferBytes, via: 'auto', busyPollUs: bestBusyPollUs('auto') },
    limits: defaultPacingLimits,
    replay: {
      ...replayDefaults,
      input: inputSpecOf(capture),
      filter: noFilter,
      pacing,
      machine: { ...replayDefaults.machine, cpu: 'auto' },
      preload: true,
      ...(packets === null ? {} : { rate: parseSpeed(`${evenPerSecond}pps`), limit: packets, loops: 0 }),
    },
  });
  const { sendLateness, receiveLateness } = report.histograms;
  const { sent, lost } = report.packets;
  return {
    packets: sent,
    lost,
    sent: sendLateness,
    received: receiveLateness,
    durationErrorNs: report.duration.receivedErrorNs,
  };
}

/** A capture of so many packets and some more. */
function generateCapture(folder: string, packets: number): string {
  const path = join(folder, 'steady.pcap');
  // Some messages share a packet.
  const messages = String(Math.ceil(packets * 1.1));
  execFileSync(process.execPath, [main, 'generate', '-o', path, '--messages', messages], { stdio: 'ignore' });
  return path;
}

/** When each datagram of a capture is due, ns from the first. */
async function offsetsOf(capture: string): Promise<Float64Array> {
  const input = await CaptureInput.open(inputSpecOf(capture), () => {});
  const offsets: number[] = [];
  let first: { seconds: number; nanoseconds: number } | null = null;
  for (;;) {
    const { reader } = input;
    if (!reader.next()) {
      if (reader.done) break;
      await input.fill();
      continue;
    }
    if (reader.flow?.transport !== 'UDP') continue;
    const { seconds, nanoseconds } = reader;
    first ??= { seconds, nanoseconds };
    const sinceNs = (seconds - first.seconds) * 1e9 + (nanoseconds - first.nanoseconds);
    // As a replay has it: a stamp that goes back is due with the one before.
    offsets.push(Math.max(sinceNs, offsets.at(-1) ?? 0));
  }
  await input.close();
  return Float64Array.from(offsets);
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      capture: { type: 'string', default: bursty },
      json: { type: 'string' },
    },
  });
  const rows = await measurePacing({
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    capture: values.capture,
    say: (text) => process.stderr.write(`${text}\n`),
  });
  process.stderr.write(tableOf(rows));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

function tableOf(rows: readonly PacingRow[]): string {
  const us = (ns: number): string => (ns / 1e3).toFixed(ns < 1e5 && ns > -1e5 ? 3 : 0);
  const four = (of: Percentiles | null): string[] =>
    of === null ? ['-', '-', '-', '-'] : [of.p50, of.p99, of.p999, of.max].map(us);
  const head = ['sent p50', 'p99', 'p99.9', 'max', 'received p50', 'p99', 'p99.9', 'max', 'duration', 'lost'];
  const lines = [['load', 'late, us', ...head]];
  for (const { load, name, sent, received, durationErrorNs, lost } of rows) {
    lines.push([load, name, ...four(sent), ...four(received), us(durationErrorNs), String(lost)]);
  }
  return lines
    .map((cells) => cells.map((cell, index) => (index < 2 ? cell.padEnd(index * 8 + 8) : cell.padStart(13))).join(''))
    .join('\n')
    .concat('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bench();
