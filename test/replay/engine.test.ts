import { beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.js';
import { initHistograms } from '../../src/core/histogram.js';
import type { Sink } from '../../src/core/seams.js';
import { ReplayControl } from '../../src/replay/control.js';
import { LatencyRecorder } from '../../src/replay/latency.js';
import { headerBytes, type LoopRewriter } from '../../src/replay/scheduled-reader.js';
import { HandlerSink, NullSink } from '../../src/replay/sinks.js';
import { datagramsAt, FakeSource, hex, LazySink, LogSink, openGate, payloadOf, play, type RigOptions } from './rig.js';
import { exactDeadline, originalSpeeds, pacedSpeeds, rateOf, unitsOf } from './schedule-oracle.js';

const us = 1e3;
const ms = 1e6;
const second = 1e9;

/** Zero gaps, a backward stamp, gaps above and below what is slept on, one of two minutes. */
const timesNs = [0, 0, 1, 7 * us, 7 * us, 5 * us, 3 * ms, 3 * ms + 1, 40 * ms, 39 * ms, 120 * second, 120 * second + 5];
const datagrams = datagramsAt(timesNs);

/** When each datagram is due, worked out in BigInt; deadlines never go back. */
function deadlines(speed: string): number[] {
  const rate = rateOf(speed);
  let units = 0n;
  let latest = 0n;
  return datagrams.map(({ atNs, messages = 0, payload }) => {
    const due = exactDeadline(rate, BigInt(atNs), units);
    units += BigInt(unitsOf(rate, messages, (payload.length + headerBytes) * 8));
    if (due > latest) latest = due;
    return Number(latest);
  });
}

async function playLog(source: FakeSource, options: RigOptions = {}, stalls = new Map<number, number>()) {
  let sink = new LogSink(new VirtualClock());
  const run = await play(
    source,
    (clock) => {
      sink = new LogSink(clock, stalls);
      return sink;
    },
    options,
  );
  return { ...run, sink };
}

beforeAll(initHistograms);

describe('rates', () => {
  const payloads = datagrams.map(({ payload }) => Buffer.from(payload).toString('hex'));

  test.each([...originalSpeeds, '10x', '0.5x', ...pacedSpeeds])('%s: sent exactly when due', async (speed) => {
    const { sink, result } = await playLog(new FakeSource(datagrams), { speed });
    const due = deadlines(speed);
    expect(sink.timesNs).toEqual(due);
    expect(sink.scheduledNs).toEqual(due);
    expect(sink.sent.map(({ bytes }) => bytes)).toEqual(payloads);
    expect(result).toMatchObject({
      packets: 12,
      bytes: 12 * 20,
      wireBytes: 12 * 62,
      messages: 24,
      elapsedNs: due.at(-1),
      loops: 1,
      late: { count: 0, maxNs: 0 },
      dropped: 0,
      shiftedNs: 0,
      skipped: 0,
      endReason: 'end',
    });
  });

  test('max waits for nothing', async () => {
    const { sink, result, rests, recorder } = await playLog(new FakeSource(datagrams), { speed: 'max' });
    expect(sink.timesNs).toEqual(datagrams.map(() => 0));
    expect(rests).toEqual([]);
    expect(result).toMatchObject({ packets: 12, late: { count: 0, maxNs: 0 } });
    expect(Object.keys(recorder.summaries())).toEqual(['sendTime']);
  });

  test.each(['1x', '10x', '7Mmsg/s', '100kpps', '1Gbps', 'max'])('%s: whatever the sink', async (speed) => {
    const lazy = new LazySink();
    await play(new FakeSource(datagrams), lazy, { speed });
    expect(lazy.sent).toEqual(payloads);

    const recorder = new LatencyRecorder();
    const heard: [number, string][] = [];
    const handler = (clock: VirtualClock): Sink =>
      new HandlerSink(
        (view, offset, length, scheduledNs) => heard.push([scheduledNs, hex(view, offset, length)]),
        clock,
        recorder,
      );
    await play(new FakeSource(datagrams), handler, { speed, recorder });
    expect(heard).toEqual(deadlines(speed).map((due, index) => [due, payloads[index]]));
    expect(recorder.summaries().handlerTime.count).toBe(12);

    const { result } = await play(new FakeSource(datagrams), new NullSink(), { speed });
    expect(result.packets).toBe(12);
  });

  test('a day at its own timing: far deadlines are slept on, every stamp is kept', async () => {
    const day = Array.from({ length: 24 * 60 }, (_, minute) => minute * 60 * second + (minute % 7));
    const { sink, rests } = await playLog(new FakeSource(datagramsAt(day), 100));
    expect(sink.timesNs).toEqual(day);
    expect(rests.length).toBe(day.length - 1);
  });
});

describe('origin', () => {
  test('is the clock at the first datagram', async () => {
    const { sink, result } = await playLog(new FakeSource(datagramsAt([0, 5])), { clock: new VirtualClock(1e15) });
    expect(sink.timesNs).toEqual([0, 5]);
    expect(result.originNs).toBe(1e15);
  });

  test('may lie before the zero of the clock', async () => {
    const { sink, result } = await playLog(new FakeSource(datagramsAt([0, 5, 9])), { clock: new VirtualClock(-50) });
    expect(sink.timesNs).toEqual([0, 5, 9]);
    expect([result.originNs, result.elapsedNs]).toEqual([-50, 9]);
  });

  test.each(['1x', '7pps', 'max'])('a later start holds up the first packet: %s', async (speed) => {
    const starts = { speed, chooseOrigin: (nowNs: number) => nowNs + 5 * second + 1 };
    const { sink, result } = await playLog(new FakeSource(datagramsAt([0])), starts);
    expect(sink.sent).toMatchObject([{ atNs: 5 * second + 1, scheduledNs: 5 * second + 1 }]);
    expect([result.originNs, result.elapsedNs, result.late.count]).toEqual([5 * second + 1, 0, 0]);
  });

  test('an empty source has none', async () => {
    const { sink, result, recorder } = await playLog(new FakeSource([]));
    expect(sink.sent).toEqual([]);
    expect(result).toMatchObject({ packets: 0, elapsedNs: 0, originNs: 0, loops: 1, endReason: 'end' });
    expect(recorder.summaries()).toEqual({});
  });
});

describe('loops', () => {
  const three = datagramsAt([100, 110, 150]);

  test('each goes on where the last one ended', async () => {
    const source = new FakeSource(three);
    const { sink, result } = await playLog(source, { loops: 3 });
    expect(sink.timesNs).toEqual([0, 10, 50, 50, 60, 100, 100, 110, 150]);
    expect(result).toMatchObject({ packets: 9, loops: 3, endReason: 'end' });
    expect(source.restarts).toBe(2);
  });

  test('a counting rate goes on counting', async () => {
    const { sink } = await playLog(new FakeSource(three), { loops: 2, speed: '10pps' });
    expect(sink.timesNs).toEqual([0, 1e8, 2e8, 3e8, 4e8, 5e8]);
  });

  test('for ever, until stopped', async () => {
    const control = new ReplayControl();
    const sink: Sink = {
      send: () => {
        if (control.read('packets') === 999) control.stop();
      },
    };
    const { result } = await play(new FakeSource(three), sink, { loops: 0, control });
    expect(result).toMatchObject({ packets: 1000, loops: 334, endReason: 'stopped' });
  });

  test('for ever, until the limit', async () => {
    const { result } = await playLog(new FakeSource(three), { loops: 0, limit: 7 });
    expect(result).toMatchObject({ packets: 7, loops: 3, endReason: 'limit' });
  });

  test('a limit at the end of a loop begins no other one', async () => {
    const source = new FakeSource(three);
    const { result } = await playLog(source, { loops: 0, limit: 3 });
    expect(result).toMatchObject({ packets: 3, loops: 1, endReason: 'limit' });
    expect(source.restarts).toBe(0);
  });

  test('for ever, until the duration is over', async () => {
    const { sink, result } = await playLog(new FakeSource(three), { loops: 0, durationNs: 110 });
    expect(sink.timesNs).toEqual([0, 10, 50, 50, 60, 100, 100, 110]);
    expect(result).toMatchObject({ packets: 8, loops: 3, endReason: 'duration' });
  });

  test('a source of nothing is not played for ever', async () => {
    const source = new FakeSource([]);
    const { result } = await playLog(source, { loops: 0 });
    expect(result).toMatchObject({ packets: 0, loops: 1, endReason: 'end' });
    const shut = { ...openGate, admit: () => 'no' as const };
    const refused = await playLog(new FakeSource(three), { loops: 0, gate: shut });
    expect(refused.result).toMatchObject({ packets: 0, skipped: 3, loops: 1, endReason: 'end' });
  });

  test('rewriter, gate and source are told of each loop; what is sent is the copy', async () => {
    const told: string[] = [];
    const copy = new DataView(new ArrayBuffer(100));
    const rewriter: LoopRewriter = {
      view: copy,
      offset: 1,
      length: 2,
      startLoop: (loop) => told.push(`rewriter ${loop}`),
      rewrite: (view, offset) => copy.setUint16(1, view.getUint16(offset) ^ 0xffff),
    };
    const gate = { ...openGate, startLoop: () => told.push('gate') };
    const { sink, result } = await playLog(new FakeSource(three), { loops: 2, rewriter, gate });
    expect(told).toEqual(['rewriter 1', 'gate', 'rewriter 2', 'gate']);
    const inverted = [0, 1, 2].map((index) => {
      const [high, low] = payloadOf(index);
      return Buffer.of(high ^ 0xff, low ^ 0xff).toString('hex');
    });
    expect(sink.sent.map(({ bytes }) => bytes)).toEqual([...inverted, ...inverted]);
    expect(result.bytes).toBe(6 * 2);
  });
});

describe('limits and gates', () => {
  const ten = datagramsAt([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

  test('a limit of nothing sends nothing', async () => {
    const { result } = await playLog(new FakeSource(ten), { limit: 0 });
    expect(result).toMatchObject({ packets: 0, endReason: 'limit' });
  });

  test('a limit that is reached asks for no further datagram', async () => {
    const source = new FakeSource(ten, 4);
    const { result } = await playLog(source, { limit: 4 });
    expect(result).toMatchObject({ packets: 4, endReason: 'limit' });
    expect(source.fills).toBe(1);
  });

  test('a packet due exactly at the end of the duration is sent', async () => {
    const { result } = await playLog(new FakeSource(ten), { durationNs: 4 });
    expect(result).toMatchObject({ packets: 5, elapsedNs: 4, endReason: 'duration' });
  });

  test('a run that falls behind for good still ends soon after its duration', async () => {
    const stalls = new Map(ten.map((_, index) => [index, second]));
    const { result } = await playLog(new FakeSource(ten), { durationNs: 2 * second }, stalls);
    expect(result.endReason).toBe('duration');
    expect(result.elapsedNs).toBeGreaterThanOrEqual(2 * second);
    expect(result.elapsedNs).toBeLessThanOrEqual(4 * second);
  });

  test('with max the duration is that of the clock', async () => {
    const stalls = new Map(ten.map((_, index) => [index, 10]));
    const { result } = await playLog(new FakeSource(ten), { speed: 'max', durationNs: 45 }, stalls);
    expect(result).toMatchObject({ packets: 5, endReason: 'duration' });
  });

  test('what the gate leaves out takes no time and no message', async () => {
    const gate = {
      ...openGate,
      admit: ({ packetNumber }: { packetNumber: number }) =>
        packetNumber < 3 ? ('before' as const) : packetNumber > 8 ? ('after' as const) : ('yes' as const),
    };
    const { sink, result } = await playLog(new FakeSource(ten), { gate, speed: '1pps' });
    expect(sink.timesNs).toEqual([0, 1, 2, 3, 4, 5].map((n) => n * second));
    expect(result).toMatchObject({ packets: 6, skipped: 2, messages: 2 * (3 + 1 + 2), endReason: 'end' });
  });

  test('a gap above max-gap counts as that', async () => {
    const { sink } = await playLog(new FakeSource(datagramsAt([0, 5, 3600 * second, 3600 * second + 7])), {
      maxGapNs: second,
    });
    expect(sink.timesNs).toEqual([0, 5, second + 5, second + 12]);
  });
});

describe('late', () => {
  /** Ten packets, one a millisecond; the third send takes 5 ms longer. */
  const tenMs = datagramsAt([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * ms));
  const stall = new Map([[2, 5 * ms]]);

  test('catch-up: all that is due goes out at once, then on time again', async () => {
    const { sink, result, recorder } = await playLog(new FakeSource(tenMs), {}, stall);
    expect(sink.timesNs).toEqual([0, 1, 2, 7, 7, 7, 7, 7, 8, 9].map((n) => n * ms));
    expect(sink.scheduledNs).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * ms));
    expect(result).toMatchObject({ packets: 10, late: { count: 4, maxNs: 4 * ms }, dropped: 0, shiftedNs: 0 });
    // The stall counts against each packet that it held up: 4, 3, 2, 1 ms.
    const { sendLateness, gapError, sendTime } = recorder.summaries();
    expect(sendLateness).toMatchObject({ count: 10, max: 4 * ms, min: 0, mean: ms });
    expect(sendTime).toMatchObject({ count: 10, max: 5 * ms, min: 0 });
    // Gaps: one too long by 4 ms, then four too short by 1 ms each.
    expect(gapError).toMatchObject({ count: 9, max: 4 * ms, min: -ms, mean: 0 });
    expect(gapError.negative).toMatchObject({ count: 4, max: ms, min: ms });
  });

  test('shift: the schedule moves by the lag, gaps stay', async () => {
    const { sink, result, recorder } = await playLog(new FakeSource(tenMs), { latePolicy: 'shift' }, stall);
    expect(sink.timesNs).toEqual([0, 1, 2, 7, 8, 9, 10, 11, 12, 13].map((n) => n * ms));
    expect(sink.scheduledNs).toEqual([0, 1, 2, 3, 8, 9, 10, 11, 12, 13].map((n) => n * ms));
    expect(result).toMatchObject({ packets: 10, late: { count: 1, maxNs: 4 * ms }, shiftedNs: 4 * ms });
    expect(recorder.summaries().gapError).toMatchObject({ count: 9, max: 4 * ms, min: 0, negative: { count: 0 } });
  });

  test('shift: two stalls add up', async () => {
    const two = new Map([...stall, [5, 2 * ms + 300 * us]]);
    const { sink, result } = await playLog(new FakeSource(tenMs), { latePolicy: 'shift' }, two);
    expect(sink.timesNs.slice(-4)).toEqual([11.3 * ms, 12.3 * ms, 13.3 * ms, 14.3 * ms]);
    expect(result.shiftedNs).toBe(4 * ms + 1.3 * ms);
  });

  test('drop: what is too late is left out and counted', async () => {
    const { sink, result, recorder } = await playLog(new FakeSource(tenMs), { latePolicy: 'drop' }, stall);
    expect(sink.timesNs).toEqual([0, 1, 2, 7, 8, 9].map((n) => n * ms));
    expect(result).toMatchObject({ packets: 6, late: { count: 4, maxNs: 4 * ms }, dropped: 4, shiftedNs: 0 });
    // What was left out was late all the same: a bound on p99 must see it.
    expect(recorder.summaries().sendLateness).toMatchObject({ count: 10, max: 4 * ms });
  });

  test('drop: a rewriter sees the dropped ones too, for it counts their messages', async () => {
    let seen = 0;
    const view = new DataView(new ArrayBuffer(20));
    const rewriter: LoopRewriter = { view, offset: 0, length: 20, startLoop() {}, rewrite: () => void seen++ };
    const { result } = await playLog(new FakeSource(tenMs), { latePolicy: 'drop', rewriter }, stall);
    expect([result.packets, seen]).toEqual([6, 10]);
  });

  test.each(['catch-up', 'shift', 'drop'] as const)(
    '%s: a lag within the threshold is not late',
    async (latePolicy) => {
      const { sink, result } = await playLog(
        new FakeSource(tenMs),
        { latePolicy, lateAfterNs: 4 * ms },
        new Map([[2, 5 * ms]]),
      );
      expect(sink.timesNs).toEqual([0, 1, 2, 7, 7, 7, 7, 7, 8, 9].map((n) => n * ms));
      expect(result).toMatchObject({ packets: 10, late: { count: 0, maxNs: 4 * ms }, dropped: 0, shiftedNs: 0 });
    },
  );

  test('a timer that fires late counts like any stall', async () => {
    const clock = new VirtualClock();
    const rest = async (ns: number) => clock.advance(ns + 10 * ms);
    const { sink, result } = await playLog(new FakeSource(datagramsAt([0, second])), { clock, rest });
    expect(sink.timesNs[1]).toBeGreaterThan(second);
    expect(result.late).toEqual({ count: 1, maxNs: sink.timesNs[1] - second });
  });
});

describe('stop', () => {
  test('while waiting: nothing more is sent', async () => {
    const control = new ReplayControl();
    const { sink, result } = await playLog(new FakeSource(datagramsAt([0, 3600 * second])), {
      control,
      rest: async () => control.stop(),
    });
    expect(sink.timesNs).toEqual([0]);
    expect(result).toMatchObject({ packets: 1, endReason: 'stopped' });
  });

  test('before the start', async () => {
    const control = new ReplayControl();
    control.stop();
    const { sink, result } = await playLog(new FakeSource(datagrams), { control });
    expect(sink.sent).toEqual([]);
    expect(result).toMatchObject({ packets: 0, endReason: 'stopped' });
  });

  test('before a start that lies ahead: the report is of a run that never began', async () => {
    const control = new ReplayControl();
    const intervals: [number, number][] = [];
    const { result } = await playLog(new FakeSource(datagrams), {
      control,
      chooseOrigin: (nowNs) => nowNs + 3600 * second,
      rest: async () => control.stop(),
      recorder: new LatencyRecorder((_series, fromNs, toNs) => intervals.push([fromNs, toNs])),
    });
    expect(result).toMatchObject({ packets: 0, elapsedNs: 0, endReason: 'stopped' });
    expect(intervals.every(([fromNs, toNs]) => fromNs <= toNs)).toBe(true);
  });

  test('while nothing passes the gate', async () => {
    const control = new ReplayControl();
    const source = new FakeSource(datagramsAt(Array.from({ length: 1000 }, (_, index) => index)));
    source.onFill = () => {
      if (source.fills === 10) control.stop();
    };
    const { result } = await playLog(source, { control, gate: { ...openGate, admit: () => 'no' } });
    expect(result).toMatchObject({ packets: 0, endReason: 'stopped' });
    expect(source.fills).toBe(10);
  });

  test('with max', async () => {
    const control = new ReplayControl();
    const sink: Sink = { send: () => control.stop() };
    const { result } = await play(new FakeSource(datagrams), sink, { speed: 'max', control });
    expect(result).toMatchObject({ packets: 1, endReason: 'stopped' });
  });
});

describe('borrowed views', () => {
  test('are settled before the reader moves or is fed, and at the end', async () => {
    const many = datagramsAt(Array.from({ length: 100 }, (_, index) => index * 10));
    const sink = new LazySink();
    await play(new FakeSource(many, 7), sink);
    expect(sink.sent).toEqual(many.map(({ payload }) => Buffer.from(payload).toString('hex')));
    expect(sink.unsettled).toBe(0);
  });

  test('so is the copy of a rewriter', async () => {
    const own = new DataView(new ArrayBuffer(20));
    let number = 0;
    const rewriter: LoopRewriter = {
      view: own,
      offset: 0,
      length: 4,
      startLoop() {},
      rewrite: () => own.setUint32(0, number++),
    };
    const sink = new LazySink();
    await play(new FakeSource(datagrams, 2), sink, { rewriter });
    expect(sink.sent).toEqual(datagrams.map((_, index) => index.toString(16).padStart(8, '0')));
  });
});

describe('turns of the event loop', () => {
  const burst = datagramsAt(Array.from({ length: 2000 }, () => 0));

  test('one after 512 sends without a pause', async () => {
    expect((await play(new FakeSource(burst, 5000), new NullSink())).turns).toBe(3);
    expect((await play(new FakeSource(burst, 5000), new NullSink(), { speed: 'max' })).turns).toBe(3);
  });

  test('more often where there is time', async () => {
    const { turns, rests } = await play(new FakeSource(burst, 5000), new NullSink(), { speed: '1500pps' });
    expect([turns, rests]).toEqual([Math.floor(1999 / 32), []]);
  });

  test('and where the source waits for one', async () => {
    const source = new FakeSource(burst, 5000);
    source.wantsTurn = true;
    expect((await play(source, new NullSink())).turns).toBe(Math.floor(1999 / 32));
  });

  test('not more often where a turn could take as long as there is time', async () => {
    const { turns, rests } = await play(new FakeSource(burst, 5000), new NullSink(), { speed: '2kpps' });
    expect([turns, rests]).toEqual([3, []]);
  });

  test('none where a rest does the same', async () => {
    const { turns, rests } = await play(new FakeSource(burst, 5000), new NullSink(), { speed: '10pps' });
    expect([turns, rests.length]).toEqual([0, 1999]);
  });
});

describe('failures', () => {
  test('of the source end the run', async () => {
    const source = new FakeSource(datagrams, 2);
    source.onFill = () => {
      if (source.fills === 3) source.failure = new Error('the disk is gone');
    };
    const sink = new LazySink();
    await expect(play(source, sink)).rejects.toThrow('the disk is gone');
    expect(sink.sent.length).toBe(4);
  });

  test('of the sink end the run, in a slice or after a rest', async () => {
    for (const at of [1, 10]) {
      let sends = 0;
      const sink: Sink = {
        send: () => {
          if (sends++ === at) throw new Error(`send ${at} failed`);
        },
      };
      await expect(play(new FakeSource(datagrams), sink)).rejects.toThrow(`send ${at} failed`);
    }
  });

  test('of settling end the run', async () => {
    const sink: Sink = { send() {}, unsettled: 1, settle: () => Promise.reject(new Error('not settled')) };
    await expect(play(new FakeSource(datagrams), sink)).rejects.toThrow('not settled');
  });
});

describe('what a watcher sees', () => {
  test('figures grow as packets are sent', async () => {
    const control = new ReplayControl();
    const seen: number[][] = [];
    const names = ['packets', 'bytes', 'messages', 'positionNs', 'elapsedNs', 'loop'] as const;
    const sink: Sink = { send: () => void seen.push(names.map((name) => control.read(name))) };
    await play(new FakeSource(datagramsAt([0, 10, 30])), sink, { control, loops: 2 });
    expect(seen).toEqual([
      [0, 0, 0, 0, 0, 1],
      [1, 20, 1, 10, 0, 1],
      [2, 40, 3, 30, 10, 1],
      [3, 60, 6, 30, 30, 2],
      [4, 80, 7, 40, 30, 2],
      [5, 100, 9, 60, 40, 2],
    ]);
  });

  test('the longest lag and the p99 of the last second', async () => {
    const control = new ReplayControl();
    const everyMs = datagramsAt(Array.from({ length: 1500 }, (_, index) => index * ms));
    await playLog(new FakeSource(everyMs, 50), { control }, new Map([[100, 30 * ms]]));
    expect(control.read('longestLagNs')).toBe(29 * ms);
    expect(control.read('latenessP99Ns')).toBeGreaterThan(15 * ms);
    expect(control.read('latenessP99Ns')).toBeLessThan(20 * ms);
  });

  test('intervals of a second, without holes, the last one short', async () => {
    const intervals: [number, number][] = [];
    const counts: number[] = [];
    const recorder = new LatencyRecorder((series, fromNs, toNs) => {
      intervals.push([fromNs, toNs]);
      counts.push(series[0].interval.count);
    });
    const tenth = datagramsAt(Array.from({ length: 25 }, (_, index) => index * 100 * ms));
    await playLog(new FakeSource(tenth), { recorder });
    expect(intervals).toEqual([
      [0, second],
      [second, 2 * second],
      [2 * second, 2.4 * second],
    ]);
    expect(counts).toEqual([11, 10, 4]);
    expect(recorder.summaries().sendLateness.count).toBe(25);
  });

  test('an interval that is over waits for a pause of the schedule, but not for long', async () => {
    const ends: number[] = [];
    const recorder = new LatencyRecorder((_series, _fromNs, toNs) => ends.push(toNs));
    const every = (gapNs: number, fromNs: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => fromNs + index * gapNs);
    // Without a pause from 0.9 s on, but for one at 1.1 s; none after.
    const times = [0, ...every(100 * us, 0.9 * second, 2000), ...every(100 * us, 1.101 * second, 20_000)];
    await playLog(new FakeSource(datagramsAt(times), 30_000), { recorder });
    const [first = 0, next = 0] = ends;
    expect(first).toBeCloseTo(1.0999 * second, -6);
    expect(next).toBeCloseTo(2.25 * second, -6);
  });

  test('feed latency, where the datagram has one', async () => {
    const { recorder } = await playLog(new FakeSource(datagramsAt([0, 1, 2, 3])), {
      feedLatencyOf: ({ packetNumber }) => (packetNumber % 2 === 0 ? Number.NaN : 50 - 30 * packetNumber),
    });
    expect(recorder.summaries().feedLatency).toMatchObject({ count: 2, max: 20, min: -40, negative: { count: 1 } });
  });
});
