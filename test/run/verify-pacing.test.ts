/**
 * What the sender says of its lateness, held against what the kernel saw, datagram by datagram. Nothing here depends
 * on how late a busy machine is.
 */
import { networkInterfaces } from 'node:os';
import { defaultPacingLimits, initHistograms, SignedHistogram, type VerifySpec, verifyPacing } from 'tickreel';
import { beforeAll, describe, expect, test } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { batchedSockets } from '../../src/io/native/batched-sockets.js';
import { noFilter } from '../../src/replay/filter.js';
import { parseSpeed } from '../../src/replay/rate.js';
import { replayDefaults } from '../../src/run/replay-spec.js';
import { fixture } from '../support/cli.js';

beforeAll(initHistograms);

const isBatched = batchedSockets().libc !== null;
const hasIpv6 = Object.values(networkInterfaces()).some((entries) => entries?.some(({ address }) => address === '::1'));
const packets = 8610;
/** How far the clock that stamps may be off the one that paces: they are brought together by pairs of readings. */
const clocksApartNs = 20_000;

function specOf(
  over: Partial<Omit<VerifySpec, 'replay'>> & { replay?: Partial<VerifySpec['replay']> } = {},
): VerifySpec {
  return {
    send: {},
    receive: { bufferBytes: 8 << 20, via: 'auto' },
    limits: defaultPacingLimits,
    ...over,
    replay: {
      ...replayDefaults,
      input: inputSpecOf(fixture('itch50-session.pcap')),
      filter: noFilter,
      rate: parseSpeed('10x'),
      ...over.replay,
    },
  };
}

describe('what was sent against what was received', () => {
  test.each([
    ['auto', 'auto'],
    ['dgram', 'auto'],
    ['auto', 'dgram'],
    ['dgram', 'dgram'],
  ] as const)('sent by %s, received by %s: the recorded lateness is that of the datagrams', async (send, receive) => {
    const pairs: [dueNs: number, startNs: number, stampNs: number][] = [];
    const spec = specOf({ send: { via: send }, receive: { bufferBytes: 8 << 20, via: receive } });
    const { report } = await verifyPacing(spec, undefined, (...pair) => pairs.push(pair));
    const { histograms, replay } = report;
    expect(report.packets).toMatchObject({ sent: packets, received: packets, lost: 0, strange: 0, unlogged: 0 });
    expect(report.stamps).toBe(isBatched && receive === 'auto' ? 'kernel' : 'program');

    const lateness = new SignedHistogram();
    for (const [dueNs, startNs] of pairs) lateness.record(startNs - dueNs);
    expect(lateness.summary()).toEqual(replay.histograms.sendLateness);
    expect(lateness.summary()).toEqual(histograms.sendLateness);
    lateness.destroy();

    // No datagram is sent before its time, and none is there before it was sent.
    expect(pairs.filter(([dueNs, startNs]) => startNs < dueNs)).toEqual([]);
    expect(pairs.filter(([, startNs, stampNs]) => stampNs < startNs - clocksApartNs)).toEqual([]);
    // So the distribution at the receiver lies behind the sender's at every rank.
    for (const rank of ['p50', 'p90', 'p99', 'p999', 'max'] as const) {
      expect(histograms.receiveLateness[rank]).toBeGreaterThanOrEqual(
        histograms.sendLateness[rank] * 0.998 - clocksApartNs,
      );
    }
    expect(histograms.receiveLateness.mean).toBeCloseTo(histograms.sendLateness.mean + histograms.transit.mean, 0);
    expect(report.duration.sentErrorNs).toBe(report.duration.sentNs - report.duration.scheduledNs);
    expect(histograms.scheduledGap.count).toBe(packets - 1);
  });

  test.skipIf(!hasIpv6)('over IPv6 as over IPv4', async () => {
    for (const [host, target] of [
      ['::1', /^udp:\/\/\[::1\]:\d+$/],
      ['[::1]', /^udp:\/\/\[::1\]:\d+$/],
      ['127.0.0.2', /^udp:\/\/127\.0\.0\.2:\d+$/],
    ] as const) {
      const { report } = await verifyPacing(specOf({ host, replay: { limit: 500 } }));
      expect(report.packets).toMatchObject({ sent: 500, received: 500, lost: 0, strange: 0 });
      expect(report.replay.target).toMatch(target);
    }
  });

  test.each(['192.0.2.1', '::', 'fe80::1', '224.0.0.1'])('%s is not this machine alone', async (host) => {
    await expect(verifyPacing(specOf({ host }))).rejects.toThrow(/is no loopback address: .* 127\.0\.0\.1 or ::1/);
  });

  test('limits that cannot be kept are breaches, those that are not given are none', async () => {
    const none = { p50Ns: null, p99Ns: null, receivedP99Ns: null, durationErrorNs: null, lost: null };
    const replay = { limit: 500 };
    const { report } = await verifyPacing(specOf({ replay, limits: { ...none, receivedP99Ns: 0 } }));
    const was = report.histograms.receiveLateness.p99;
    expect(report.breaches).toEqual([{ limit: 'receivedP99Ns', most: 0, was }]);
    expect((await verifyPacing(specOf({ replay, limits: none }))).report.breaches).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')(
    'what a full receive buffer loses is lost, and the rest compared',
    async () => {
      // A train that is dropped counts as one: none are made.
      const spec = { send: { gso: 'off' }, receive: { bufferBytes: 4096, via: 'auto' } } as const;
      const { report } = await verifyPacing(specOf({ ...spec, replay: { rate: parseSpeed('1000kpps') } }));
      const { sent, received, lost, kernelDrops, strange } = report.packets;
      expect([sent, received + lost, strange]).toEqual([packets, packets, 0]);
      expect(lost).toBeGreaterThan(0);
      expect(kernelDrops).toBe(lost);
      expect(report.histograms.receiveLateness.count).toBe(received);
      expect(report.breaches).toContainEqual({ limit: 'lost', most: 0, was: lost });
    },
  );
});
