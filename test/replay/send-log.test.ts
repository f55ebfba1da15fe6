import { describe, expect, test } from 'vitest';
import { createRing, RingReader } from '../../src/core/ring.js';
import type { Sink, StagingSink } from '../../src/core/seams.js';
import { fingerprint, SendLog } from '../../src/replay/send-log.js';
import { makeFlow, payloadOf } from './rig.js';

const flow = makeFlow();

/** Writes down what it is asked. */
class Asked implements StagingSink {
  readonly calls: string[] = [];
  room = 3;

  stage(_view: DataView, _offset: number, length: number, scheduledNs: number): void {
    this.calls.push(`stage ${length} for ${scheduledNs}`);
  }

  flush(): void {
    this.calls.push('flush');
  }

  discard(): void {
    this.calls.push('discard');
  }

  send(_view: DataView, _offset: number, length: number, scheduledNs: number): void {
    this.calls.push(`send ${length} for ${scheduledNs}`);
  }
}

type Entry = [print: number, dueNs: number, startNs: number];

function entriesOf(memory: SharedArrayBuffer): Entry[] {
  const reader = new RingReader(memory);
  const read: Entry[] = [];
  while (reader.poll()) read.push([reader.flowIndex, reader.scheduledNs, reader.sentNs]);
  return read;
}

const views = Array.from({ length: 4 }, (_, index) => new DataView(payloadOf(index, 20 + index).buffer as ArrayBuffer));
const prints = views.map((view) => fingerprint(view, 0, view.byteLength));

describe('fingerprint', () => {
  test('depends on length and each of the first 24 bytes, not on where they lie', () => {
    const bytes = payloadOf(1, 40);
    const view = new DataView(bytes.buffer as ArrayBuffer);
    const whole = fingerprint(view, 0, 40);
    const others = new Set([whole, fingerprint(view, 0, 39), fingerprint(view, 0, 0)]);
    for (let index = 0; index < 24; index++) {
      const changed = bytes.slice();
      changed[index] ^= 1;
      others.add(fingerprint(new DataView(changed.buffer as ArrayBuffer), 0, 40));
    }
    expect(others.size).toBe(27);
    const shifted = new Uint8Array([9, 9, 9, ...bytes]);
    expect(fingerprint(new DataView(shifted.buffer), 3, 40)).toBe(whole);
  });

  test.each([0, 1, 2, 3, 5, 23, 25])('reads nothing beyond %d bytes', (length) => {
    const bytes = payloadOf(1, length);
    const longer = new Uint8Array([...bytes, 1, 2, 3, 4]);
    const print = fingerprint(new DataView(bytes.buffer as ArrayBuffer), 0, length);
    expect(fingerprint(new DataView(longer.buffer), 0, length)).toBe(print);
  });
});

describe('SendLog', () => {
  test('staged datagrams are told once they were sent, in order, and the sink is asked what it would be', () => {
    const memory = createRing(1 << 12);
    const log = new SendLog(memory);
    const inner = new Asked();
    const sink = log.wrap(inner) as StagingSink;
    expect(sink.room).toBe(3);
    for (const [index, view] of views.slice(0, 2).entries()) sink.stage(view, 0, view.byteLength, index, flow);
    expect(entriesOf(memory)).toEqual([]);
    sink.flush();
    log.sent(100, 101);
    log.sent(200, 202);
    expect(entriesOf(memory)).toEqual([
      [prints[0], 100, 101],
      [prints[1], 200, 202],
    ]);
    expect(inner.calls).toEqual(['stage 20 for 0', 'stage 21 for 1', 'flush']);
  });

  test('what is discarded is not told', () => {
    const memory = createRing(1 << 12);
    const log = new SendLog(memory);
    const sink = log.wrap(new Asked()) as StagingSink;
    const stage = (view: DataView): void => sink.stage(view, 0, view.byteLength, 0, flow);
    stage(views[0]);
    stage(views[1]);
    sink.discard();
    stage(views[2]);
    log.sent(1, 2);
    expect(entriesOf(memory)).toEqual([[prints[2], 1, 2]]);
  });

  test('a sink that cannot stage: told after the send', async () => {
    const memory = createRing(1 << 12);
    const log = new SendLog(memory);
    const calls: string[] = [];
    const inner: Sink = {
      send: () => calls.push('send'),
      unsettled: 2,
      settle: async () => void calls.push('settle'),
      close: async () => void calls.push('close'),
    };
    const sink = log.wrap(inner);
    expect(['stage' in sink, sink.unsettled]).toEqual([false, 2]);
    sink.send(views[3], 0, 23, 5, flow);
    log.sent(5, 6);
    await sink.settle?.();
    await sink.close?.();
    expect(calls).toEqual(['send', 'settle', 'close']);
    expect(entriesOf(memory)).toEqual([[prints[3], 5, 6]]);
  });

  test('a reader that is behind costs entries, never a wait', () => {
    const memory = createRing(64);
    const log = new SendLog(memory);
    const sink = log.wrap(new Asked());
    for (let index = 0; index < 5; index++) {
      sink.send(views[0], 0, 20, 0, flow);
      log.sent(index, index);
    }
    expect(entriesOf(memory).map(([, dueNs]) => dueNs)).toEqual([0, 1]);
    expect(new RingReader(memory).dropped).toBe(3);
  });
});
