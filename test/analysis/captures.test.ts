/** Every real capture goes through `Inspection`: nothing throws, nothing hangs, and no other feed is taken for ITCH 5.0. */
import { beforeAll, expect, test } from 'vitest';
import { Inspection, type InspectionReport } from '../../src/analysis/inspection.js';
import { CaptureError } from '../../src/core/errors.js';
import { initHistograms } from '../../src/core/histogram.js';
import { inputOf } from '../run/support.js';
import { capturePath, describeCaptures, listCaptures } from '../support/captures.js';

async function inspect(relative: string, frameByType = false): Promise<InspectionReport> {
  const inspection = await Inspection.open(inputOf(capturePath(relative), { frameByType }));
  await inspection.run();
  const report = inspection.report();
  inspection.destroy();
  return report;
}

/** The report, or the refusal's code: the only way in which a file may not be read. */
async function inspected(relative: string): Promise<InspectionReport | string> {
  try {
    return await inspect(relative);
  } catch (error) {
    if (error instanceof CaptureError) return error.code;
    throw new Error(`${relative}: ${(error as Error).stack}`);
  }
}

const isText = (path: string) => /\.(txt|md|xml|json|csv)$/.test(path);
const speaksItch = (report: InspectionReport) => report.flows.some(({ application }) => application === 'ITCH 5.0');

beforeAll(initHistograms);

describeCaptures('ITCH 5.0', () => {
  test('every real MoldUDP64 packet is decoded whole', async () => {
    const byType: Record<string, number> = {};
    let packets = 0;
    for (const path of listCaptures('itch50/moldudp64')) {
      const report = await inspect(path);
      packets += report.packets.datagrams;
      expect([path, report.messages.unknownLayout, report.messages.withheld, report.damageTotal]).toEqual([
        path,
        0,
        0,
        0,
      ]);
      expect(speaksItch(report)).toBe(true);
      for (const [type, count] of Object.entries(report.messages.byType)) byType[type] = (byType[type] ?? 0) + count;
    }
    expect(packets).toBe(139);
    expect(Object.keys(byType).sort().join('')).toBe('ACDEFHIJLNPQSUXY');
  });

  test('a gap between two real packets', async () => {
    const { sessions, messages } = await inspect('itch50/moldudp64/nasdaq/Multiple.Packets.pcap');
    expect(messages.total).toBe(39);
    expect(sessions.map(({ gaps }) => gaps.map(({ count }) => count))).toEqual([[4_244_620]]);
  });

  test.each<[string, number, string]>([
    ['day-prefix-35k.itch', 35_581, 'S1 R8713 H8707 Y8707 L9453'],
    ['aapl-20200130-10k.bin', 10_000, 'R1 H1 Y1 L52 A4758 P240 D4083 E849 X6 F2 U7'],
    ['day-prefix-1k.itch', 1_000, 'S1 R993 H3 Y3'],
    ['synthetic-8k.NASDAQ_ITCH50', 8_009, 'S6 R3 A4328 E1182 X823 D1667'],
  ])('%s', async (name, total, counts) => {
    const report = await inspect(`itch50/binaryfile/${name}`);
    expect(report.messages).toMatchObject({ total, byType: parseCounts(counts), unknownLayout: 0, withheld: 0 });
    expect(report.sessions).toMatchObject([{ application: 'ITCH 5.0', messages: total }]);
    expect(report.damage.map(({ code }) => code)).toEqual(name === 'day-prefix-35k.itch' ? ['truncated'] : []);
  });

  test.each<[string, number, string]>([
    ['zero-length-prefix.TEST_ITCH_50.gz', 12_012, 'S6 R3 H3 A4997 F3 E198 D1745 P5000 U12 X45'],
    ['no-length-prefix.itch', 224, 'S2 R2 A200 E20'],
  ])('%s: refused clearly, read when told how', async (name, total, counts) => {
    const path = `itch50/binaryfile/${name}`;
    await expect(inspect(path)).rejects.toThrow(CaptureError);
    await expect(inspect(path)).rejects.toThrow(/--frame-by-type/);
    const report = await inspect(path, true);
    expect(report.messages).toMatchObject({ total, byType: parseCounts(counts), unknownLayout: 0 });
    expect(report.damageTotal).toBeGreaterThan(0);
  });

  test('records that are no ITCH, and the end of the session', async () => {
    const report = await inspect('itch50/binaryfile/end-of-session-marker.dat');
    expect(report.packets.total).toBe(4);
    expect(report.messages.byType).toEqual({});
    expect(report.sessions).toMatchObject([{ application: 'not ITCH 5.0' }]);
  });
});

describeCaptures('other feeds', () => {
  const feeds = ['jnx', 'cta', 'utp', 'mdp3', 'ouch', 'ilink3', 'other'];

  test.each(feeds)('%s is never taken for ITCH 5.0, nor for MDP 3.0 what is none', async (folder) => {
    const taken: string[] = [];
    let read = 0;
    for (const path of listCaptures(folder)) {
      if (isText(path)) continue;
      const report = await inspected(path);
      if (typeof report === 'string') continue;
      read++;
      const isDecoded = report.messages.types.some(({ protocol }) => folder !== 'mdp3' || protocol !== 'mdp3');
      if (speaksItch(report) || isDecoded) taken.push(path);
    }
    expect(taken).toEqual([]);
    expect(read).toBeGreaterThan(0);
  });

  test('Japannext’s ITCH shares the framing and is said to be another dialect', async () => {
    const verdicts = new Set<string | null>();
    for (const path of listCaptures('jnx')) {
      const report = isText(path) ? 'text' : await inspected(path);
      if (typeof report === 'string') continue;
      for (const flow of report.flows)
        if (flow.recognisedAs !== null && flow.messages > 0) verdicts.add(flow.application);
    }
    expect([...verdicts]).toEqual(['not ITCH 5.0']);
  });
});

describeCaptures('file formats', () => {
  test('every file is read or refused with a reason; nothing throws, nothing hangs', async () => {
    const refusals = new Map<string, number>();
    let read = 0;
    for (const path of listCaptures('formats')) {
      if (isText(path)) continue;
      const report = await inspected(path);
      if (typeof report === 'string') refusals.set(report, (refusals.get(report) ?? 0) + 1);
      else {
        read++;
        expect([path, Object.keys(report.messages.byType)]).toEqual([path, []]);
      }
    }
    expect(read).toBeGreaterThan(400);
    expect([...refusals.keys()].sort()).toEqual(['unknown-format']);
  }, 20_000);
});

function parseCounts(text: string): Record<string, number> {
  return Object.fromEntries(text.split(' ').map((part) => [part[0], Number(part.slice(1))]));
}
