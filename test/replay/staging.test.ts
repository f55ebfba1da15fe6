/** A sink that stages: what is due together goes out in one call, at the very times of a sink that does not. */
import { beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.js';
import { initHistograms } from '../../src/core/histogram.js';
import type { StagingSink } from '../../src/core/seams.js';
import { ReplayControl } from '../../src/replay/control.js';
import { datagramsAt, FakeSource, hex, LogSink, play, type RigOptions, type Sent } from './rig.js';
import { originalSpeeds, pacedSpeeds } from './schedule-oracle.js';

const us = 1e3;
const ms = 1e6;
const second = 1e9;

/** Writes down each call; a stall of `stalls.get(n)` ns happens inside the nth (from 0). */
class BatchLog implements StagingSink {
  readonly calls: Sent[][] = [];
  discarded = 0;
  private staged: Omit<Sent, 'atNs'>[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly capacity = 64,
    private readonly stalls: ReadonlyMap<number, number> = new Map(),
  ) {}

  get room(): number {
    return this.capacity - this.staged.length;
  }

  stage(view: DataView, offset: number, length: number, scheduledNs: number): void {
    if (this.room === 0) throw new Error('staged without room');
    this.staged.push({ scheduledNs, bytes: hex(view, offset, length) });
  }

  flush(): void {
    if (this.staged.length === 0) throw new Error('flushed nothing');
    const atNs = this.clock.nowNs();
    this.calls.push(this.staged.map((sent) => ({ ...sent, atNs })));
    this.staged = [];
    this.clock.advance(this.stalls.get(this.calls.length - 1) ?? 0);
  }

  discard(): void {
    this.discarded += this.staged.length;
    this.staged = [];
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number): void {
    this.stage(view, offset, length, scheduledNs);
    this.flush();
  }

  get sent(): Sent[] {
    return this.calls.flat();
  }

  /** How many datagrams each call had. */
  get sizes(): number[] {
    return this.calls.map(({ length }) => length);
  }
}

const timesNs = [0, 0, 1, 7 * us, 7 * us, 5 * us, 3 * ms, 3 * ms + 1, 40 * ms, 39 * ms, 120 * second, 120 * second + 5];
const datagrams = datagramsAt(timesNs);
const tenMs = datagramsAt([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * ms));

async function playBatches(source: FakeSource, options: RigOptions = {}, capacity = 64, stalls = new Map()) {
  const clock = options.clock ?? new VirtualClock();
  const sink = new BatchLog(clock, capacity, stalls);
  const run = await play(source, sink, { ...options, clock });
  return { ...run, sink };
}

async function playSingly(source: FakeSource, options: RigOptions = {}) {
  const clock = new VirtualClock();
  const sink = new LogSink(clock);
  const { result, recorder } = await play(source, sink, { ...options, clock });
  return { sink, result, recorder };
}

beforeAll(initHistograms);

describe('as if sent one by one', () => {
  const speeds = [...originalSpeeds, ...pacedSpeeds, 'max'];

  test.each(speeds.flatMap((speed) => [1, 2, 64].map((capacity) => [speed, capacity] as const)))(
    '%s, room for %i: same times, bytes, counts and histograms',
    async (speed, capacity) => {
      const batched = await playBatches(new FakeSource(datagrams), { speed }, capacity);
      const single = await playSingly(new FakeSource(datagrams), { speed });
      expect(batched.sink.sent).toEqual(single.sink.sent);
      expect(batched.result).toEqual(single.result);
      expect(batched.recorder.summaries()).toEqual(single.recorder.summaries());
    },
  );

  test.each([1, 5, 7, 12])('in loops, up to a limit of %i', async (limit) => {
    const options = { loops: 0, limit };
    const batched = await playBatches(new FakeSource(datagrams, 4), options);
    const single = await playSingly(new FakeSource(datagrams, 4), options);
    expect(batched.sink.sent).toEqual(single.sink.sent);
    expect(batched.result).toEqual(single.result);
  });

  test.each([0, 1, 7 * us, 39 * ms])('up to a duration of %i ns', async (durationNs) => {
    const batched = await playBatches(new FakeSource(datagrams), { durationNs });
    const single = await playSingly(new FakeSource(datagrams), { durationNs });
    expect(batched.sink.sent).toEqual(single.sink.sent);
    expect(batched.result).toEqual(single.result);
  });
});

describe('calls', () => {
  test('hold what is due at one time', async () => {
    const { sink } = await playBatches(new FakeSource(datagrams, 100));
    expect(sink.sizes).toEqual([2, 1, 3, 1, 1, 2, 1, 1]);
  });

  test('hold what there is room for', async () => {
    const burst = datagramsAt(Array.from({ length: 10 }, () => 0));
    expect((await playBatches(new FakeSource(burst, 100), {}, 4)).sink.sizes).toEqual([4, 4, 2]);
    expect((await playBatches(new FakeSource(burst, 100), { speed: 'max' }, 4)).sink.sizes).toEqual([4, 4, 2]);
  });

  test('end where more bytes are needed', async () => {
    const burst = datagramsAt(Array.from({ length: 10 }, () => 0));
    expect((await playBatches(new FakeSource(burst, 3))).sink.sizes).toEqual([3, 3, 3, 1]);
  });

  test('seldom give the event loop a turn: what a sink has staged it sends within the call', async () => {
    const steady = datagramsAt(Array.from({ length: 20_000 }, (_, index) => index * 10 * us));
    const { turns, sink } = await playBatches(new FakeSource(steady, 30_000));
    expect([sink.calls.length, turns]).toEqual([20_000, 1]);
  });

  test('do not wait for the end to be found', async () => {
    const clock = new VirtualClock();
    const source = new FakeSource(datagramsAt([0, ms, ms, 2 * ms, 2 * ms]), 100);
    source.reader.onEnd = () => clock.advance(90 * us);
    const { sink, result } = await playBatches(source, { clock });
    expect(sink.sizes).toEqual([1, 2, 2]);
    expect(sink.sent.map(({ atNs, scheduledNs }) => atNs - scheduledNs)).toEqual([0, 0, 0, 0, 0]);
    expect(result.late.maxNs).toBe(0);
  });

  test('a call may last as long as it likes: what is due by then goes along', async () => {
    const { sink, result, recorder } = await playBatches(new FakeSource(tenMs, 100), {}, 64, new Map([[2, 5 * ms]]));
    expect(sink.sizes).toEqual([1, 1, 1, 5, 1, 1]);
    expect(sink.sent.map(({ atNs }) => atNs)).toEqual([0, 1, 2, 7, 7, 7, 7, 7, 8, 9].map((n) => n * ms));
    expect(result).toMatchObject({ packets: 10, late: { count: 4, maxNs: 4 * ms } });
    const { sendLateness, gapError, sendTime } = recorder.summaries();
    expect(sendLateness).toMatchObject({ count: 10, max: 4 * ms, min: 0, mean: ms });
    expect(sendTime).toMatchObject({ count: 10, max: 5 * ms });
    expect(gapError).toMatchObject({ count: 9, max: 4 * ms, min: -ms, mean: 0 });
  });
});

describe('late', () => {
  const stall = new Map([[2, 5 * ms]]);

  test('shift: the schedule moves by the lag, once for what is due together', async () => {
    const twice = datagramsAt([0, 1, 2, 3, 3, 4, 5].map((n) => n * ms));
    const { sink, result } = await playBatches(new FakeSource(twice, 100), { latePolicy: 'shift' }, 64, stall);
    expect(sink.sent.map(({ atNs }) => atNs)).toEqual([0, 1, 2, 7, 7, 8, 9].map((n) => n * ms));
    expect(sink.sizes).toEqual([1, 1, 1, 2, 1, 1]);
    expect(result).toMatchObject({ packets: 7, late: { count: 1, maxNs: 4 * ms }, shiftedNs: 4 * ms });
  });

  test('drop: what is too late is left out and counted', async () => {
    const { sink, result, recorder } = await playBatches(new FakeSource(tenMs, 100), { latePolicy: 'drop' }, 64, stall);
    expect(sink.sent.map(({ atNs }) => atNs)).toEqual([0, 1, 2, 7, 8, 9].map((n) => n * ms));
    expect(sink.discarded).toBe(4);
    expect(result).toMatchObject({ packets: 6, late: { count: 4, maxNs: 4 * ms }, dropped: 4 });
    expect(recorder.summaries().sendLateness).toMatchObject({ count: 10, max: 4 * ms });
  });
});

describe('stop', () => {
  test('what is staged and not due is not sent', async () => {
    const control = new ReplayControl();
    const { sink, result } = await playBatches(new FakeSource(datagramsAt([0, 3600 * second])), {
      control,
      rest: async () => control.stop(),
    });
    expect(sink.sizes).toEqual([1]);
    expect(sink.discarded).toBe(1);
    expect(result).toMatchObject({ packets: 1, endReason: 'stopped' });
  });
});
