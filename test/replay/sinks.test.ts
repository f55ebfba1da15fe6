import { beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.js';
import { SinkError } from '../../src/core/errors.js';
import { initHistograms } from '../../src/core/histogram.js';
import { createRing, RingReader, RingWriter } from '../../src/core/ring.js';
import type { Flow } from '../../src/core/seams.js';
import { LatencyRecorder } from '../../src/replay/latency.js';
import { HandlerSink, NullSink, RingSink } from '../../src/replay/sinks.js';
import { embed, makeFlow } from '../session/support.js';
import { hex } from './rig.js';

beforeAll(initHistograms);

describe('NullSink', () => {
  test('takes anything and owes nothing', () => {
    const sink: { send(): void; unsettled?: number } = new NullSink();
    expect(sink.send()).toBeUndefined();
    expect(sink.unsettled).toBeUndefined();
  });
});

describe('HandlerSink', () => {
  test('hands over the view as it is, and measures the handler', () => {
    const clock = new VirtualClock(1000);
    const recorder = new LatencyRecorder();
    const calls: unknown[][] = [];
    const sink = new HandlerSink(
      (...args) => {
        calls.push(args);
        clock.advance(700 * calls.length);
      },
      clock,
      recorder,
    );
    const { view, offset, length } = embed(Uint8Array.of(1, 2, 3));
    sink.send(view, offset, length, 900, makeFlow(3));
    sink.send(view, offset, 0, 1700, makeFlow(4));
    expect(calls).toEqual([
      [view, offset, 3, 900, makeFlow(3)],
      [view, offset, 0, 1700, makeFlow(4)],
    ]);
    recorder.closeInterval(0);
    expect(recorder.summaries()).toMatchObject({
      handOver: { count: 2, min: 0, max: 0 },
      handlerTime: { count: 2, min: 700, max: 1400 },
    });
  });

  test("a handler's error is the sender's", () => {
    const sink = new HandlerSink(
      () => {
        throw new TypeError('in the handler');
      },
      new VirtualClock(),
      new LatencyRecorder(),
    );
    expect(() => sink.send(new DataView(new ArrayBuffer(1)), 0, 1, 0, makeFlow())).toThrow(TypeError);
  });
});

describe('RingSink', () => {
  const { view, offset, length } = embed(Uint8Array.of(9, 8, 7, 6, 5));

  test('writes datagrams with their times, and tells each flow once, before its first record', () => {
    const memory = createRing(1 << 12);
    const reader = new RingReader(memory);
    const clock = new VirtualClock(50);
    const told: string[] = [];
    const sink = new RingSink(new RingWriter(memory, { full: 'drop' }), clock, (flow: Flow) => {
      told.push(`${flow.index} ${reader.poll()}`);
    });
    const flows = [makeFlow(0), makeFlow(2)];
    sink.send(view, offset, length, 40, flows[0]);
    expect(told).toEqual(['0 false']);
    clock.advance(7);
    sink.send(view, offset, 0, 41, flows[1]);
    sink.send(view, offset + 1, 2, 42, flows[0]);
    expect(told).toEqual(['0 false', '2 true']);
    expect(sink.flows).toEqual([flows[0], undefined, flows[1]]);
    const read: unknown[] = [[reader.flowIndex, reader.scheduledNs, reader.sentNs, reader.length]];
    while (reader.poll()) read.push([reader.flowIndex, reader.scheduledNs, reader.sentNs, reader.length]);
    expect(read).toEqual([
      [0, 40, 50, 5],
      [2, 41, 57, 0],
      [0, 42, 57, 2],
    ]);
    expect(hex(reader.view, reader.offset, reader.length)).toBe('0807');
  });

  test('counts what a full ring did not take, and closes it', async () => {
    const memory = createRing(256);
    const reader = new RingReader(memory);
    const sink = new RingSink(new RingWriter(memory, { full: 'drop' }), new VirtualClock());
    for (let index = 0; index < 10; index++) sink.send(view, offset, length, index, makeFlow());
    expect(sink.dropped).toBe(4);
    expect(reader.done).toBe(false);
    await sink.close();
    let read = 0;
    while (reader.poll()) read++;
    expect([read, reader.done]).toEqual([6, true]);
  });

  test('a reader that went away, or that stalls, does not hang the sender', () => {
    const memory = createRing(64);
    const sink = new RingSink(new RingWriter(memory, { full: 'wait', longestWaitMs: 20 }), new VirtualClock());
    sink.send(view, offset, 0, 0, makeFlow());
    sink.send(view, offset, 0, 0, makeFlow());
    expect(() => sink.send(view, offset, 0, 0, makeFlow())).toThrow(SinkError);
    new RingReader(memory).close();
    sink.send(view, offset, 0, 0, makeFlow());
    expect(sink.dropped).toBe(1);
  });
});
