import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { captureFigure } from '../../src/analysis/capture-figure.js';
import { CapturePlot } from '../../src/analysis/capture-plot.js';
import type { InputSpec } from '../../src/analysis/input.js';
import { Inspection, type InspectionReport } from '../../src/analysis/inspection.js';
import { initHistograms } from '../../src/core/histogram.js';
import { drawFigure } from '../../src/plot/figure.js';
import { wordsOf } from '../plot/xml.js';
import {
  binaryFileOf,
  gapsFixture,
  inputOf,
  itch,
  message,
  mold,
  openSeconds,
  pcapFixture,
  pcapOf,
  scratch,
} from '../run/support.js';

const { write } = scratch();
const ms = 1e6;
const second = 1e9;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

beforeAll(initHistograms);

/** A plot that saw these datagrams, each with one message. */
function plotOf(timesNs: readonly number[], length = 40): CapturePlot {
  const plot = new CapturePlot();
  for (const timeNs of timesNs) {
    plot.onRecord(length, timeNs);
    plot.onMessage(timeNs);
  }
  return plot;
}

async function inspect(input: InputSpec): Promise<{ report: InspectionReport; plot: CapturePlot; svg: string }> {
  const plot = new CapturePlot();
  const inspection = await Inspection.open(input, {}, plot);
  await inspection.run();
  const report = inspection.report();
  const svg = drawFigure(captureFigure(report, plot, inspection.feed.baseSeconds));
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(drawFigure(captureFigure(report, plot, inspection.feed.baseSeconds))).toBe(svg);
  return { report, plot, svg };
}

describe('rates', () => {
  test('bins hold every packet and message, whatever the stamps', () => {
    const time = fc.oneof(
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: -5 * second, max: 5 * second }),
      fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
    );
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 200 }), (times) => {
        const plot = plotOf(times);
        const { edgesNs, packets, messages, peak } = plot.rates();
        expect([sum(packets), sum(messages)]).toEqual([times.length, times.length]);
        expect(edgesNs).toHaveLength(packets.length + 1);
        expect(packets.length).toBeLessThanOrEqual(600);
        expect(edgesNs[0]).toBeLessThanOrEqual(Math.min(...times));
        expect(edgesNs[packets.length]).toBeGreaterThan(Math.max(...times));
        for (const [bin, count] of (peak?.packets ?? []).entries()) {
          expect(count).toBeLessThanOrEqual(packets[bin]);
          expect(count > 0).toBe(packets[bin] > 0);
        }
        plot.destroy();
      }),
    );
  });

  test('the peak is that of an aligned millisecond, over bins that grow', () => {
    const burst = [5.1, 5.2, 5.3].map((at) => at * second);
    // Two in one millisecond, a third in the next.
    const plot = plotOf([0, ...burst, 7 * second, 7 * second + 0.9 * ms, 7 * second + 1.1 * ms, 60 * second]);
    const { edgesNs, packets, peak } = plot.rates();
    const bin = edgesNs.findLastIndex((edge) => edge <= 7 * second);
    expect(packets[bin]).toBe(3);
    expect(peak?.packets[bin]).toBe(2);
    expect(peak?.messages[bin]).toBe(2);
    plot.destroy();
  });

  test('bins shorter than a millisecond have no peak', () => {
    const plot = plotOf([0, 100_000, 200_000]);
    expect(plot.rates().peak).toBeNull();
    plot.destroy();
  });
});

describe('sizes', () => {
  test('each size its bar, or bins that are few enough; counts add up', () => {
    const plot = new CapturePlot();
    for (const length of [20, 20, 64]) plot.onRecord(length, 0);
    const { edges, counts } = plot.sizes(80);
    expect([edges[0], edges[1], edges[counts.length]]).toEqual([20, 21, 65]);
    expect([counts[0], sum(counts)]).toEqual([2, 3]);
    for (const length of [0, 1472, 9000, 70_000]) plot.onRecord(length, 0);
    const wide = plot.sizes(80);
    expect([wide.edges[1], sum(wide.counts)]).toEqual([1000, 7]);
    expect(wide.counts.length).toBeLessThanOrEqual(80);
    plot.destroy();
  });

  test('none', () => {
    const plot = new CapturePlot();
    expect([plot.sizes(80), plot.gaps(), plot.rates()]).toEqual([
      { edges: [], counts: [] },
      { edges: [], counts: [] },
      { edgesNs: [0], packets: [], messages: [], peak: null },
    ]);
    plot.destroy();
  });
});

describe('gaps', () => {
  test('ten bins a decade; 0 and below counted apart', () => {
    const plot = plotOf([0, 0, 1, 11, 1011, 11, 11 + 2 ** 53]);
    const { edges, counts } = plot.gaps();
    expect([plot.zeroGaps, plot.negativeGaps, plot.positiveGaps.count]).toEqual([1, 1, 4]);
    expect(edges).toHaveLength(counts.length + 1);
    expect(edges[0]).toBe(1);
    expect(edges[10]).toBeCloseTo(10);
    expect([counts[0], counts[10], counts[30], counts[counts.length - 1], sum(counts)]).toEqual([1, 1, 1, 1, 4]);
    plot.destroy();
  });
});

describe('the picture', () => {
  test('of the session fixture', async () => {
    const { report, plot, svg } = await inspect(inputOf(pcapFixture));
    expect([plot.packets, plot.messages]).toEqual([8610, 10_000]);
    const { messages, packets } = plot.rates();
    expect([sum(packets), sum(messages), sum(plot.sizes(80).counts)]).toEqual([8610, 10_000, 8610]);
    expect(plot.positiveGaps.count + plot.zeroGaps + plot.negativeGaps).toBe(8609);
    const words = wordsOf(svg);
    expect(words).toEqual(
      expect.arrayContaining([
        'itch50-session.pcap',
        'session TICKREEL01',
        'Messages per second',
        'Packets per second',
        'Messages by type',
        'Packet sizes (payload)',
        'Gaps between packets',
        'New York time, 2026-01-05',
        'AddOrder A',
      ]),
    );
    const busiest = words.filter((text) => text.startsWith('busiest 1'));
    for (const [window, { messages: most }] of Object.entries(report.busiest)) {
      const label = `busiest ${window.replace('ms', ' ms').replace('1s', '1 s')}: ${most.toLocaleString('en-US')} messages`;
      expect(busiest.some((text) => text.startsWith(label))).toBe(true);
    }
    plot.destroy();
  });

  test('collecting changes nothing in the report', async () => {
    const bare = await Inspection.open(inputOf(gapsFixture));
    await bare.run();
    const { report, plot, svg } = await inspect(inputOf(gapsFixture));
    expect(report).toEqual(bare.report());
    const missing = sum(report.sessions[0].gaps.map(({ count }) => count));
    expect(wordsOf(svg)).toContain(`session TICKREEL01 (${missing} messages missing)`);
    bare.destroy();
    plot.destroy();
  });

  test('of a BinaryFILE without a day', async () => {
    const path = write('some.bin', binaryFileOf([message('S'), message('A', 5), message('A', 2 * second)]));
    const { plot, svg } = await inspect(inputOf(path));
    const words = wordsOf(svg);
    expect(words).toContain('the file names no day: 1970-01-01 stands for it');
    expect(words).toEqual(expect.arrayContaining(['Message sizes', 'Gaps between messages']));
    expect(words).not.toContain('Packets per second');
    plot.destroy();
  });

  test('of one packet', async () => {
    const path = write('one.pcap', pcapOf([{ atNs: 0, payload: mold(1, [itch('S')]) }]));
    const { plot, svg } = await inspect(inputOf(path));
    expect(wordsOf(svg)).toEqual(
      expect.arrayContaining([
        'pcap: 1 packet, 1 datagram, 34 B of payload, 1 message',
        'all time stamps are equal: there is no rate',
        'no gap above 0 between time stamps',
      ]),
    );
    plot.destroy();
  });

  test('of a capture without packets, and of one without messages', async () => {
    const empty = await inspect(inputOf(write('empty.pcap', pcapOf([]))));
    const noMessages = ['there are no messages to draw', 'no message was decoded'];
    expect(wordsOf(empty.svg)).toEqual(expect.arrayContaining([...noMessages, 'there are no packets']));
    empty.plot.destroy();
    const packets = [0, 1, 2].map((atNs) => ({ atNs: atNs * ms, payload: Uint8Array.of(1, 2, 3) }));
    const foreign = await inspect(inputOf(write('foreign.pcap', pcapOf(packets))));
    expect(wordsOf(foreign.svg)).toEqual(expect.arrayContaining(noMessages));
    expect(wordsOf(foreign.svg)).not.toContain('there are no packets');
    foreign.plot.destroy();
  });

  test('of stamps that go back, and of one in 1970 beside 2026', async () => {
    const stamps = [0, 10 * ms, 5 * ms, -openSeconds * second, 20 * ms];
    const packets = stamps.map((atNs, index) => ({ atNs, payload: mold(1 + index, [itch('S')]) }));
    const { plot, svg, report } = await inspect(inputOf(write('mixed.pcap', pcapOf(packets))));
    expect([report.backwardTimestamps, report.farTimestamps]).toEqual([1, 1]);
    expect(sum(plot.rates().packets)).toBe(5);
    expect(wordsOf(svg)).toContain(
      'time stamps go back 1 time; 1 stamp over 104 days from the first, drawn with the one before',
    );
    plot.destroy();
  });
});
