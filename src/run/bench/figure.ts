/** The picture of `bench --plot`: what a message costs stage by stage, each type, memory, and parsers beside. */
import { formatCount, formatCounted } from '../../core/time.js';
import type { BarList, Figure, Panel, Waterfall } from '../../plot/model.js';
import { filesTitle } from '../../plot/svg.js';
import type { BenchReport, StageReport } from './report.js';

/** Stages that follow one another from the file to JSON, without those that contain others or stand beside. */
const chain = ['read-warm', 'inflate', 'frames', 'network', 'session', 'decode', 'json'];
const mostTypes = 24;

export function benchFigure(report: BenchReport): Figure {
  const { input, machine, stages, types, parsers } = report;
  const measured = input.files.map(({ measuredBytes }) => measuredBytes).reduce((sum, bytes) => sum + bytes, 0);
  return {
    title: `What a message costs: ${filesTitle(input.files.map(({ file }) => file))}`,
    subtitle: [
      `${formatCounted(input.messages, 'message')} in ${formatCounted(measured, 'byte')} as stored, ` +
        `${report.runs} runs, medians`,
      `${machine.cpu}, Node ${machine.node}`,
    ],
    description: describe(stages),
    rows: [
      [[waterfall(stages)]],
      [[typeBars(types)], [memoryBars(stages)]],
      ...(parsers.length === 0 ? [] : [[parserPanels(report)]]),
    ],
  };
}

function waterfall(stages: readonly StageReport[]): Waterfall {
  let from = 0;
  const rows: { name: string; from: number; length: number; text: string; isWhole?: boolean }[] = [];
  for (const name of chain) {
    const stage = stages.find((one) => one.name === name);
    if (stage === undefined || stage.ownNsPerMessage === null) continue;
    const length = Math.max(0, stage.ownNsPerMessage);
    rows.push({ name, from, length, text: `${digits(stage.ownNsPerMessage)} ns` });
    from += length;
  }
  for (const name of ['end-to-end', 'read-cold']) {
    const stage = stages.find((one) => one.name === name);
    if (stage === undefined) continue;
    const rate = `${formatCount(Math.round(stage.messagesPerSecond))} messages/s`;
    const text = `${digits(stage.nsPerMessage)} ns, ${rate}`;
    rows.push({ name, from: 0, length: stage.nsPerMessage, text, isWhole: true });
  }
  return {
    kind: 'waterfall',
    title: 'From the file to fields and JSON, ns a message',
    notes: ['each bar is what its stage adds; grey: measured as a whole (end-to-end has no JSON)'],
    rows,
    empty: 'no stage was measured',
  };
}

function typeBars(types: BenchReport['types']): BarList {
  const rows = types.slice(0, mostTypes).map(({ type, name, nsPerMessage, messages }) => ({
    name: name.endsWith(type) ? name : `${name} ${type}`,
    value: nsPerMessage,
    text: `${digits(nsPerMessage)} ns (${formatCounted(messages, 'message')})`,
  }));
  const notes = ['every field of messages of one type, back to back in memory'];
  return { kind: 'bar-list', title: 'Decoding by type, ns a message', notes, rows, empty: 'types were not measured' };
}

function memoryBars(stages: readonly StageReport[]): BarList {
  const rows = stages.map(({ name, allocatedBytesPerMessage, gcShare }) => ({
    name,
    value: allocatedBytesPerMessage,
    text: `${digits(allocatedBytesPerMessage)} B, ${(gcShare * 100).toFixed(1)} % in collections`,
  }));
  const notes = ['on the JavaScript heap, with the share of time in collecting it'];
  return { kind: 'bar-list', title: 'Allocated, bytes a message', notes, rows, empty: 'no stage was measured' };
}

function parserPanels({ parsers, stages, ownLatency }: BenchReport): Panel[] {
  const own = stages.find(({ name }) => name === 'decode');
  const ours =
    own === undefined ? [] : [{ name: 'tickreel decode', nsPerMessage: own.nsPerMessage, latency: ownLatency }];
  const all = [...ours, ...parsers.map(({ name, nsPerMessage, latency }) => ({ name, nsPerMessage, latency }))];
  const rates = all.flatMap(({ name, nsPerMessage }) =>
    nsPerMessage === undefined ? [] : [{ name, value: nsPerMessage, text: `${digits(nsPerMessage)} ns` }],
  );
  const tails = all.flatMap(({ name, latency }) =>
    latency === null ? [] : [{ name, value: latency.latency.p99, text: latencyText(latency.latency) }],
  );
  const notes = ['from the scheduled time; what is in a figure of a program is said in the report'];
  const empty = 'nothing was measured';
  return [
    { kind: 'bar-list', title: 'Parsers as fast as they go, ns a message', notes: [], rows: rates, empty },
    { kind: 'bar-list', title: 'Latency at a rate, 99th percentile', notes, rows: tails, empty },
  ];
}

function latencyText({ p50, p99, max }: { p50: number; p99: number; max: number }): string {
  return `p50 ${micros(p50)}, p99 ${micros(p99)}, max ${micros(max)}`;
}

function micros(ns: number): string {
  return `${digits(ns / 1000)} µs`;
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? formatCount(Math.round(value)) : value.toFixed(1);
}

function describe(stages: readonly StageReport[]): string {
  return stages.map(({ name, nsPerMessage }) => `${name} ${digits(nsPerMessage)} ns a message`).join(', ');
}
