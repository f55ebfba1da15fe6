/** Packets recorded at one go, as those of one call are, give what recording each of them gives. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { ReplayControl } from '../../src/replay/control.js';
import { LatencyRecorder } from '../../src/replay/latency.js';
import type { RunObserver } from '../../src/replay/run-trace.js';
import { type LatePolicy, SendRecord } from '../../src/replay/send-record.js';

beforeAll(initHistograms);

interface Packet {
  readonly gapNs: number;
  readonly messages: number;
  readonly lengthBytes: number;
  readonly feedLatencyNs: number;
}

interface Call {
  readonly lateNs: number;
  readonly tookNs: number;
  readonly packets: readonly Packet[];
}

const packet: fc.Arbitrary<Packet> = fc.record({
  gapNs: fc.constantFrom(0, 0, 0, 1, 700, 5000),
  messages: fc.nat(5),
  lengthBytes: fc.nat(1500),
  feedLatencyNs: fc.constantFrom(Number.NaN, -200, 3, 40_000),
});
const call: fc.Arbitrary<Call> = fc.record({
  lateNs: fc.constantFrom(-3, 0, 20, 999, 1000, 1001, 2_000_000),
  tookNs: fc.nat(9000),
  packets: fc.array(packet, { minLength: 1, maxLength: 12 }),
});

/** Records all calls, packets one by one or together, and gives all that can be seen of it. */
function recorded(calls: readonly Call[], paced: boolean, latePolicy: LatePolicy, together: boolean) {
  const recorder = new LatencyRecorder();
  const told: unknown[] = [];
  const trace = {
    sent: (...all: unknown[]) => void told.push(['sent', ...all]),
    due: (...all: unknown[]) => void told.push(['due', ...all]),
  } as unknown as RunObserver;
  const log = { sent: (...all: unknown[]) => void told.push(['log', ...all]) };
  const control = new ReplayControl();
  const record = new SendRecord({
    recorder,
    control,
    trace,
    log: log as never,
    schedule: { paced },
    measuresFeedLatency: true,
    latePolicy,
    lateAfterNs: 1000,
    headerBytes: 42,
  });
  record.begin(0);
  let dueNs = 0;
  for (const { lateNs, tookNs, packets } of calls) {
    const { shiftedNs } = record.result;
    const deadlines = Float64Array.from(packets, ({ gapNs }) => (dueNs += gapNs)).map((due) => due + shiftedNs);
    const startNs = deadlines[0] + lateNs;
    const endNs = startNs + tookNs;
    if (together) {
      const of = (name: 'messages' | 'lengthBytes' | 'feedLatencyNs') => Float64Array.from(packets, (one) => one[name]);
      const sent = { count: packets.length, deadlines, messages: of('messages'), lengths: of('lengthBytes') };
      record.sentTogether({ ...sent, feedLatencies: of('feedLatencyNs') }, startNs, endNs);
    } else {
      for (const [index, { messages, lengthBytes, feedLatencyNs }] of packets.entries()) {
        const deadlineNs = deadlines[index] + (record.result.shiftedNs - shiftedNs);
        record.sent(startNs, endNs, deadlineNs, messages, lengthBytes, feedLatencyNs);
      }
    }
  }
  const seen = { result: record.result, histograms: recorder.summaries(), figures: [...control.figures], told };
  recorder.destroy();
  return seen;
}

test.each(['catch-up', 'shift'] as const)('%s: together as one by one', (latePolicy) => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 8 }), fc.boolean(), (calls, paced) => {
      const together = recorded(calls, paced, latePolicy, true);
      expect(together).toEqual(recorded(calls, paced, latePolicy, false));
      expect(together.result.packets).toBe(calls.reduce((sum, { packets }) => sum + packets.length, 0));
    }),
  );
});
