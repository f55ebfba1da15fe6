import { describe, expect, test } from 'vitest';
import { drawFigure } from '../../src/plot/figure.js';
import { runReplay } from '../../src/run/replay.js';
import { replayFigure } from '../../src/run/replay-figure.js';
import type { ReplayPlot, ReplayReport, ReplaySpec } from '../../src/run/replay-spec.js';
import { wordsOf } from '../plot/xml.js';
import { pcapFixture, pcapOf, scratch, specOf } from './support.js';

const { write } = scratch();
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function drawn(path: string, options: Partial<ReplaySpec> & { speed?: string }) {
  const { report, plot } = await runReplay(specOf(path, { keepPlot: true, ...options }));
  if (plot === null) throw new Error('no plot was kept');
  // As the worker posts it.
  const svg = drawFigure(replayFigure(report, structuredClone(plot)));
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  return { report, plot, words: wordsOf(svg) };
}

describe('the picture of a replay', () => {
  test('is not collected unless asked for', async () => {
    expect((await runReplay(specOf(pcapFixture, { dryRun: true }))).plot).toBeNull();
  });

  test('holds every packet, its lateness and the percentiles of each histogram', async () => {
    const { plot, words, report } = await drawn(pcapFixture, { speed: '100kpps', limit: 3000 });
    expect([sum(plot.trace.asked), sum(plot.trace.sent)]).toEqual([3000, 3000]);
    expect(Math.max(...plot.trace.lateness.max.filter((ns) => !Number.isNaN(ns)))).toBe(
      report.histograms.sendLateness.max,
    );
    expect(new Set(plot.curves.map(({ name }) => name))).toEqual(new Set(Object.keys(report.histograms)));
    expect(words).toEqual(
      expect.arrayContaining(['Send lateness', 'Packets per second', 'Latencies by percentile', 'max', 'p99', 'asked']),
    );
    expect(words.some((text) => /^send lateness: p50 .*, p99 .*, max /.test(text))).toBe(true);
  });

  test.each([
    ['20Mmsg/s', 'messages', 'Messages per second'],
    ['10Gbps', 'bits', 'Bits of layer 2 per second'],
  ])('%s is drawn in %s', async (speed, counted, title) => {
    const { plot, words, report } = await drawn(pcapFixture, { speed, dryRun: true });
    expect(plot.trace.counted).toBe(counted);
    if (counted === 'messages') expect(sum(plot.trace.sent)).toBe(report.messages);
    expect(words).toContain(title);
  });

  test('of a dry run is the schedule', async () => {
    const { plot, words } = await drawn(pcapFixture, { dryRun: true });
    expect(sum(plot.trace.sent)).toBe(8610);
    const nothing = 'nothing to draw: on a virtual clock (--dry-run, pcap:) each packet goes when it is due';
    expect(words.filter((text) => text === nothing)).toHaveLength(2);
    expect(words).not.toContain('asked');
  });

  test('without a schedule nothing is late', async () => {
    const { words } = await drawn(pcapFixture, { speed: 'max' });
    expect(words).toContain('there was no schedule to be late against (--speed max)');
    expect(words.some((text) => text.startsWith('time in send: p50'))).toBe(true);
  });

  test('of nothing says so', async () => {
    const { words } = await drawn(write('empty.pcap', pcapOf([])), {});
    expect(words).toEqual(expect.arrayContaining(['nothing was sent', 'nothing was measured']));
  });

  test('says what became of late packets, loops and an early end', () => {
    const report = {
      capture: '/tmp/x.pcap',
      target: 'null',
      asked: '1x',
      clock: 'real',
      packets: 3,
      messages: 4,
      seconds: 1,
      rate: { packetsPerSecond: 3, messagesPerSecond: 4, bitsPerSecond: 5 },
      late: { count: 2, share: 0.5, maxNs: 4000, thresholdNs: 1000 },
      dropped: 1,
      shiftedNs: 5000,
      loops: 2,
      endReason: 'duration',
    } as ReplayReport;
    const trace = {
      edgesNs: [0],
      counted: 'packets',
      asked: [],
      sent: [],
      lateness: { p50: [], p99: [], max: [] },
    } as const;
    const words = wordsOf(drawFigure(replayFigure(report, { trace, curves: [] } as unknown as ReplayPlot)));
    expect(words.slice(0, 3)).toEqual([
      'Replay of x.pcap to null',
      '3 packets, 4 messages in 1.00 s, 3 pps (asked: 1x)',
      '2 late by more than 1.00 µs, longest lag 4.00 µs; 1 left out as too late; schedule moved by 5.00 µs; 2 loops; ' +
        'ended: duration',
    ]);
  });
});
