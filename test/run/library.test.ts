import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { SinkError, UsageError } from '../../src/core/errors.js';
import { createRing, RingWriter } from '../../src/core/ring.js';
import { ReplayControl } from '../../src/replay/control.js';
import { RingSink } from '../../src/replay/sinks.js';
import { type DatagramBatch, type ReplayOptions, replay, replayBatches } from '../../src/run/library.js';
import { hex } from '../replay/rig.js';
import { gzipFixture, itch, linesIn, mold, pcapFixture, pcapOf, projectRoot, scratch } from './support.js';

const { folder, write } = scratch();
const ms = 1e6;
const five = write(
  'five.pcap',
  pcapOf([0, 1, 2, 3, 4].map((n) => ({ atNs: n * ms, payload: mold(1 + n, [itch('D')]) }))),
);

/** The batch's datagrams as text. */
function bytesOf({ view, offsets, lengths }: DatagramBatch): string[] {
  return offsets.map((offset, index) => hex(view, offset, lengths[index]));
}

describe('replay into a handler', () => {
  test('is called on this thread with every datagram, in order', async () => {
    const captured = await linesIn(pcapFixture);
    const heard: { bytes: string; flow: string }[] = [];
    const report = await replay(pcapFixture, {
      speed: 'max',
      onDatagram: (view, offset, length, _scheduledNs, flow) =>
        heard.push({ bytes: hex(view, offset, length), flow: flow.name }),
    });
    expect(heard).toEqual(captured.map(({ bytes, flow }) => ({ bytes, flow })));
    expect(report).toMatchObject({ packets: captured.length, messages: 10_000, target: 'null', clock: 'real' });
    expect(report.histograms.handlerTime.count).toBe(captured.length);
  });

  test('scheduled times are the capture’s', async () => {
    const due: number[] = [];
    await replay(five, { onDatagram: (_view, _offset, _length, scheduledNs) => due.push(scheduledNs) });
    expect(due.map((ns) => ns - due[0])).toEqual([0, 1, 2, 3, 4].map((n) => n * ms));
  });

  test('a slow handler makes the packets behind it late', async () => {
    let calls = 0;
    const report = await replay(five, {
      onDatagram: () => {
        if (calls++ > 0) return;
        const until = performance.now() + 30;
        while (performance.now() < until);
      },
    });
    expect(report.packets).toBe(5);
    expect(report.late.count).toBeGreaterThanOrEqual(4);
    expect(report.late.maxNs).toBeGreaterThan(25 * ms);
  });

  test('what a handler throws ends the run', async () => {
    const onDatagram = () => {
      throw new RangeError('of my own');
    };
    await expect(replay(five, { onDatagram, speed: 'max' })).rejects.toThrow(RangeError);
  });

  test('a dry run calls nobody', async () => {
    const onDatagram = () => {
      throw new Error('called');
    };
    expect(await replay(five, { onDatagram, dryRun: true })).toMatchObject({ packets: 5, seconds: 0.004 });
    expect(await replay(five, { dryRun: true })).toMatchObject({ packets: 5, clock: 'virtual' });
  });

  test('a handler stops the run through its control', async () => {
    const control = new ReplayControl();
    const report = await replay(five, { onDatagram: () => control.stop(), control, loops: 0 });
    expect(report).toMatchObject({ packets: 1, endReason: 'stopped' });
  });
});

describe('options', () => {
  const onDatagram = () => {};

  test('undefined leaves the default', async () => {
    const options = {
      onDatagram,
      speed: 'max',
      loops: undefined,
      limit: undefined,
      filter: undefined,
      date: undefined,
    };
    expect(await replay(five, options as unknown as ReplayOptions)).toMatchObject({ packets: 5, loops: 1 });
  });

  test.each<[string, ReplayOptions]>([
    ['no destination', {}],
    ['two destinations', { to: 'null', onDatagram }],
    ['a sink and a handler', { sink: { send() {} }, onDatagram }],
    ['a rate that is none', { onDatagram, speed: 'fast' }],
    ['a target that is none', { to: 'nowhere' }],
    ['negative loops', { onDatagram, loops: -1 }],
    ['broken loops', { onDatagram, loops: 1.5 }],
    ['a limit that is no number', { onDatagram, limit: Number.NaN }],
    ['a negative duration', { onDatagram, durationNs: -1 }],
    ['a negative gap', { onDatagram, maxGapNs: -5 }],
  ])('refuses: %s', async (_name, options) => {
    await expect(replay(five, options)).rejects.toThrow(UsageError);
  });

  test('a sink is told when the run is over', async () => {
    const calls: string[] = [];
    const sink = {
      send: () => void calls.push('send'),
      close: async () => void calls.push('close'),
    };
    await replay(five, { sink, speed: 'max' });
    expect(calls).toEqual([...Array(5).fill('send'), 'close']);
    const failing = { ...sink, send: fail };
    await expect(replay(five, { sink: failing, speed: 'max' })).rejects.toThrow(SinkError);
    expect(calls.at(-1)).toBe('close');
  });
});

describe('replayBatches', () => {
  test.each(['max', '1x', '100kpps'])('%s: every datagram once, in order', async (speed) => {
    const captured = await linesIn(five);
    const bytes: string[] = [];
    const due: number[] = [];
    const iterator = replayBatches(five, { speed });
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) {
        expect(value).toMatchObject({ packets: 5, endReason: 'end' });
        break;
      }
      expect(value.count).toBe(value.offsets.length);
      expect(value.flows.map(({ name }) => name)).toEqual(Array(value.count).fill(captured[0].flow));
      bytes.push(...bytesOf(value));
      due.push(...value.scheduledNs);
    }
    expect(bytes).toEqual(captured.map((line) => line.bytes));
    expect(due).toEqual([...due].sort((a, b) => a - b));
  });

  test('batches are of 1024 at most, and stay valid', async () => {
    const captured = (await linesIn(pcapFixture)).map(({ bytes }) => bytes);
    const batches: DatagramBatch[] = [];
    for await (const batch of replayBatches(pcapFixture, { speed: 'max' })) {
      batches.push(batch);
      expect(batch.count).toBeLessThanOrEqual(1024);
      // Nothing but the datagrams is kept.
      expect(batch.view.byteLength).toBe(batch.lengths.reduce((sum, length) => sum + length, 0));
    }
    expect(batches.flatMap(bytesOf)).toEqual(captured);
  });

  test('a consumer that is slow gets larger batches, and loses nothing', async () => {
    const bytes: string[] = [];
    let batches = 0;
    for await (const batch of replayBatches(pcapFixture, { speed: '50kpps' })) {
      bytes.push(...bytesOf(batch));
      batches++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(bytes).toEqual((await linesIn(pcapFixture)).map((line) => line.bytes));
    expect(batches).toBeLessThan(bytes.length);
  });

  test('large datagrams grow the batch', async () => {
    const payloads = Array.from({ length: 40 }, (_, index) => new Uint8Array(60_000 + index).fill(index));
    const path = write('large.pcap', pcapOf(payloads.map((payload, atNs) => ({ atNs, payload }))));
    const bytes: string[] = [];
    for await (const batch of replayBatches(path, { speed: 'max' })) bytes.push(...bytesOf(batch));
    expect(bytes).toEqual(payloads.map((payload) => Buffer.from(payload).toString('hex')));
  });

  test('leaving the loop ends the run', async () => {
    for (const speed of ['max', '1x']) {
      const control = new ReplayControl();
      let count = 0;
      for await (const batch of replayBatches(pcapFixture, { speed, control, loops: 0 })) {
        count += batch.count;
        break;
      }
      expect(count).toBeGreaterThan(0);
      expect(control.stopped).toBe(true);
      const packets = control.read('packets');
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(control.read('packets')).toBe(packets);
    }
  });

  test('what the consumer throws ends the run, and stays the error', async () => {
    const consume = async () => {
      for await (const batch of replayBatches(five, { loops: 0 })) throw new RangeError(`after ${batch.count}`);
    };
    await expect(consume()).rejects.toThrow(RangeError);
  });

  test('what cannot be played is told by the first step', async () => {
    await expect(replayBatches(`${folder}/none.pcap`, {}).next()).rejects.toThrow(/There is no file/);
    await expect(replayBatches(five, { speed: 'fast' }).next()).rejects.toThrow(UsageError);
  });

  test('a capture without datagrams has no batches', async () => {
    const iterator = replayBatches(write('empty.pcap', pcapOf([])), {});
    expect(await iterator.next()).toMatchObject({ done: true, value: { packets: 0 } });
  });
});

describe('a ring to a worker of the user', () => {
  test('the worker sees every datagram', async () => {
    const captured = (await linesIn(gzipFixture)).map(({ bytes }) => bytes);
    const memory = createRing(1 << 16);
    const worker = new Worker(workerScript, {
      eval: true,
      workerData: { memory, index: `${projectRoot}/dist/index.js` },
    });
    const finished = new Promise<{ read: string[]; flows: number[] }>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    let ring: RingSink | undefined;
    const report = await replay(gzipFixture, {
      speed: 'max',
      sink: (clock) => {
        ring = new RingSink(new RingWriter(memory, { full: 'wait' }), clock);
        return ring;
      },
    });
    const { read, flows } = await finished;
    await worker.terminate();
    expect(read).toEqual(captured);
    expect(flows).toEqual([0]);
    expect(ring?.dropped).toBe(0);
    expect(ring?.flows.map(({ name }) => name)).toEqual(['127.0.0.1:26400 > 127.0.0.1:26477']);
    expect(report.packets).toBe(captured.length);
  });
});

const workerScript = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.index).then(({ RingReader }) => {
    const reader = new RingReader(workerData.memory);
    const read = [];
    const flows = new Set();
    while (!reader.done) {
      if (!reader.poll()) continue;
      const bytes = new Uint8Array(reader.view.buffer, reader.offset, reader.length);
      read.push(Buffer.from(bytes).toString('hex'));
      flows.add(reader.flowIndex);
    }
    parentPort.postMessage({ read, flows: [...flows] });
  });`;

function fail(): never {
  throw new SinkError('x', 'not sent');
}
