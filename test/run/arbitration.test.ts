/** Generated sessions on two lines with faults: what is told of the lines is what was done to them, and the rest whole. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noLines } from '../../src/analysis/line-names.js';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { loadProtocols } from '../../src/analysis/protocols.js';
import { initHistograms } from '../../src/core/histogram.js';
import type { Flow } from '../../src/core/seams.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { Arbitration } from '../../src/run/arbitration.js';
import { Generation } from '../../src/run/generate.js';
import { Mdp3Generation } from '../../src/run/generate-mdp3.js';
import { SessionDemux } from '../../src/session/demux.js';
import type { FaultsTruth, FaultTruth } from '../../src/sim/faults.js';
import { embed, makeFlow, mold } from '../session/support.js';
import { temporaryFolder } from '../support/cli.js';
import { inputOf } from './support.js';

const folder = temporaryFolder();

beforeAll(initHistograms);

/** Reads a capture through an `Arbitration`, and what comes out through a demux. */
async function arbitrate(path: string, channels: string | null = null) {
  const input = { ...inputOf(path), channels };
  const protocols = loadProtocols(input);
  let previous = 0;
  const messages = new Map<string, number>();
  const bad: string[] = [];
  const merged = new SessionDemux(
    {
      onMessage: (_view, _offset, _length, _ns, _sequence, { flow, isDuplicate }) => {
        if (isDuplicate) bad.push('duplicate');
        messages.set(flow?.name ?? '', (messages.get(flow?.name ?? '') ?? 0) + 1);
      },
      onDamage: ({ message }) => bad.push(message),
    },
    { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3 },
  );
  const stamps = new Map<Flow, number>();
  const arbitration = new Arbitration(
    {
      onPacket: (view, offset, length, seconds, nanoseconds, flow) => {
        const ns = (seconds % 1e6) * 1e9 + nanoseconds;
        if (ns < (stamps.get(flow) ?? 0)) bad.push(`stamp ${ns}`);
        stamps.set(flow, ns);
        merged.datagram(view, offset, length, 0, flow, ++previous, 0);
      },
      onDamage: ({ message }) => bad.push(message),
    },
    { input, protocols, lines: noLines },
  );
  const feed = await MessageFeed.open(input, {
    onRecord: ({ view, offset, length, seconds, nanoseconds }, flow) =>
      arbitration.datagram(view, offset, length, seconds, nanoseconds, flow as Flow),
  });
  await feed.run();
  arbitration.flush();
  const report = arbitration.report();
  arbitration.destroy();
  expect(bad).toEqual([]);
  return { report, sessions: merged.sessions(), messages };
}

const rangesOf = ({ ranges }: FaultTruth) => ranges.map(({ from, to }) => ({ from, to, count: to - from + 1 }));

/** What has to be told of the lines, by what was done to them; of MDP packets are what has numbers. */
function expectedOf({ lines, lostOnAllLines }: FaultsTruth, unit: 'messages' | 'packets') {
  return {
    lines: lines.map(({ lost, duplicated, packets }, index) => ({
      line: 'AB'[index],
      missing: lost[unit],
      ...(lost.rangesLeftOut === 0 ? { gaps: rangesOf(lost) } : {}),
      duplicates: duplicated[unit],
      packets: {
        received: packets,
        missing: lost.packets - lostOnAllLines.packets,
        duplicates: duplicated.packets,
      },
      late: 0,
      unmeasured: 0,
    })),
    missingOnAll: { missing: lostOnAllLines[unit], gaps: rangesOf(lostOnAllLines) },
    merged: { missing: lostOnAllLines[unit], gaps: rangesOf(lostOnAllLines), late: 0 },
  };
}

describe('MoldUDP64', () => {
  test.each([
    ['losses', { gaps: { rate: 0.05 } }],
    ['losses, copies and reorderings', { gaps: { rate: 0.08 }, dups: { rate: 0.05 }, reorder: { rate: 0.05 } }],
    ['a line far behind', { gaps: { rate: 0.02 }, skew: { leastNs: 300e6, mostNs: 400e6 } }],
    ['nothing', {}],
  ])('%s', async (name, faults) => {
    const path = join(folder, `${name}.pcap`);
    const session = { messages: 8_000, symbols: 20, seed: name, durationNs: 60e9 };
    const generation = new Generation({
      session,
      output: { path, format: 'pcap', source: undefined, destination: { address: '239.1.1.1', port: 5000 } },
      lineB: { address: '239.1.1.2', port: 5000 },
      ...faults,
    });
    await generation.run();
    const truth = generation.truth().faults as FaultsTruth;
    const { report, sessions } = await arbitrate(path);
    expect(report).toMatchObject([{ protocol: 'MoldUDP64', session: 'TICKREEL01', unit: 'message', numbers: 8_000 }]);
    expect(report).toMatchObject([expectedOf(truth, 'messages')]);
    const [{ lines, merged }] = report;
    const common = 8_000 - lines[0].missing - lines[1].missing + truth.lostOnAllLines.messages;
    expect(lines[0].first + lines[1].first).toBe(8_000 - truth.lostOnAllLines.messages);
    expect((lines[0].lead?.count ?? 0) + (lines[1].lead?.count ?? 0)).toBe(common);
    expect(merged?.passed).toBe(8_000 - truth.lostOnAllLines.messages);
    expect(sessions).toMatchObject([
      { messages: merged?.passed, missing: merged?.missing, duplicates: 0, outOfOrder: 0, endOfSession: true },
    ]);
  });
});

describe('MDP 3.0', () => {
  test.each([
    ['by configuration', true, { gaps: { rate: 0.05 }, dups: { rate: 0.03 }, reorder: { rate: 0.03 } }],
    ['by content', false, { gaps: { rate: 0.05 }, dups: { rate: 0.03 }, reorder: { rate: 0.03 } }],
  ])('%s', async (name, isConfigured, faults) => {
    const path = join(folder, `${name}.pcap`);
    const session = { messages: 8_000, durationNs: 4e9, seed: name };
    const generation = new Mdp3Generation({ session, output: { path, format: 'pcap' }, lineB: true, ...faults });
    await generation.run();
    const config = join(folder, `${name}.xml`);
    writeFileSync(config, generation.channels());
    const { faults: truths, feeds, flows } = generation.truth();
    const { report, sessions } = await arbitrate(path, isConfigured ? config : null);
    for (const truth of truths ?? []) {
      const index = report.findIndex(({ lines }) => truth.lines[0].flow.endsWith(lines[0].destination));
      const { restarts, ...told } = report[index];
      const expected = expectedOf(truth, 'packets');
      const isAnew = restarts > 0;
      // Ranges that cross from one round to the next are two, one in each numbering.
      const lines = expected.lines.map(({ gaps: _, ...line }) => line);
      const { missing } = expected.missingOnAll;
      expect({ feed: truth.feed, ...told }).toMatchObject({
        feed: truth.feed,
        ...(isAnew ? { lines, missingOnAll: { missing }, merged: { missing } } : expected),
      });
      const sent = feeds.find(({ feed }) => feed === truth.feed)?.packets ?? 0;
      expect(told.numbers).toBe(sent);
      expect(told.channel).toEqual(
        isConfigured ? { channel: '310', feedType: truth.feed, feedName: expect.any(String) } : null,
      );
    }
    expect(flows.length).toBe(8);
    expect(sessions.reduce((sum, one) => sum + one.missing, 0)).toBe(
      (truths ?? []).reduce((sum, { lostOnAllLines }) => sum + lostOnAllLines.packets, 0),
    );
  });
});

test('a timer declares gaps where nothing comes, and not while datagrams wait to be read', () => {
  const numbers: number[] = [];
  const flows = [makeFlow(0), makeFlow(1)];
  const input = inputOf('-');
  const arbitration = new Arbitration(
    { onPacket: (view, offset) => numbers.push(Number(view.getBigUint64(offset + 10))) },
    { input, protocols: loadProtocols(input), lines: noLines },
  );
  const send = (line: number, sequence: number, seconds: number): void => {
    const { view, offset, length } = embed(mold(sequence, ['message']));
    arbitration.datagram(view, offset, length, seconds, 0, flows[line] as Flow);
  };
  send(0, 1, 100);
  send(0, 3, 100);
  // The program was held up: time is far on, and line B's datagrams of then are still to be read.
  arbitration.advance(105, 0);
  send(1, 2, 100);
  expect(numbers).toEqual([1, 2, 3]);
  send(0, 5, 100);
  for (const tick of [0, 1]) {
    arbitration.advance(105 + tick, 0);
    expect(numbers).toEqual([1, 2, 3]);
  }
  arbitration.advance(107, 0);
  expect(numbers).toEqual([1, 2, 3, 5]);
  arbitration.destroy();
});
