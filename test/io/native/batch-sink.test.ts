import { describe, expect, test, vi } from 'vitest';
import { BatchSink, type BatchSinkOptions, openBatchSink } from '../../../src/io/native/batch-sink.js';
import { batchedSockets } from '../../../src/io/native/batched-sockets.js';
import type { Libc } from '../../../src/io/native/libc.js';
import { openUdpReceiver } from '../../../src/io/udp-receiver.js';
import { makeFlow } from '../../session/support.js';

const { libc, absence } = batchedSockets();
const options = { port: 9, ttl: 1, iface: null, loopback: true };
const EIO = 5;
const EAGAIN = 11;
const EINVAL = 22;
const EPERM = 1;
const ENOBUFS = 105;

interface Message {
  readonly bytes: string;
  readonly control: number[];
}

/** A libc whose `sendmmsg` keeps what it is given, and refuses a message where `refuse` names an error number. */
function recording(real: Libc, refuse: (message: Message) => number = () => 0) {
  const calls: Message[][] = [];
  const waits: number[] = [];
  let errno = 0;
  const sendmmsg = (_descriptor: number, address: number, count: number): number => {
    const taken: Message[] = [];
    for (let index = 0; index < count; index++) {
      const message = readMessage(real, address + 64 * index);
      errno = refuse(message);
      if (errno !== 0) break;
      taken.push(message);
    }
    if (taken.length > 0) calls.push(taken);
    return taken.length === 0 ? -1 : taken.length;
  };
  /** One datagram alone is sent without a description. */
  const send = (_descriptor: number, address: number, length: number): number => {
    const bytes = length === 0 ? '' : Buffer.from(real.viewOf(address, length)).toString('latin1');
    const message = { bytes, control: [] };
    errno = refuse(message);
    if (errno !== 0) return -1;
    calls.push([message]);
    return length;
  };
  const fake: Libc = {
    ...real,
    errno: () => (errno === 0 ? real.errno() : errno),
    declare: (prototype) => {
      if (prototype.startsWith('int sendmmsg(')) return sendmmsg as ReturnType<Libc['declare']>;
      if (prototype.startsWith('int send(')) return send as ReturnType<Libc['declare']>;
      if (prototype.startsWith('int poll(')) return ((...args: number[]) => waits.push(args[2] as number)) as never;
      return real.declare(prototype);
    },
  };
  return { fake, calls, waits };
}

/** One `mmsghdr` as the kernel reads it. */
function readMessage(real: Libc, address: number): Message {
  const header = new DataView(real.viewOf(address, 64));
  const pointer = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));
  const vector = new DataView(real.viewOf(pointer(header, 16), 16));
  const length = Number(vector.getBigUint64(8, true));
  const controlLength = Number(header.getBigUint64(40, true));
  return {
    bytes: length === 0 ? '' : Buffer.from(real.viewOf(pointer(vector, 0), length)).toString('latin1'),
    control: controlLength === 0 ? [] : [...new Uint8Array(real.viewOf(pointer(header, 32), controlLength))],
  };
}

/** Stages text, flow by flow where an index follows a slash, and flushes. */
function flush(sink: BatchSink, ...texts: string[]): void {
  for (const text of texts) stage(sink, text);
  sink.flush();
}

function stage(sink: BatchSink, text: string, dueNs = 0): void {
  const [payload = '', index = '0'] = text.split('/');
  const bytes = Buffer.from(`..${payload}`, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  sink.stage(view, 2, payload.length, dueNs, makeFlow(Number(index)));
}

/** The control message of a train: length 18, level SOL_UDP, type UDP_SEGMENT, the size. */
const segment = (size: number) => [18, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 103, 0, 0, 0, size, 0];

describe.skipIf(libc === null)(`BatchSink${absence === null ? '' : ` (skipped: ${absence})`}`, () => {
  const here = libc as Libc;
  const sinkWith = (fake: Libc, more: Partial<BatchSinkOptions> = {}) =>
    new BatchSink(fake, { host: '127.0.0.1', ...options, ...more }, '127.0.0.1');

  test('neighbours of one flow and size become a train, whose last may be shorter', () => {
    const { fake, calls } = recording(here);
    const sink = sinkWith(fake);
    flush(sink, 'aaaa', 'bbbb', 'cc', 'dddd', '', 'e', 'f', 'gg', 'hh/1', 'ii/1');
    const sent = calls.flat();
    expect(sent.map(({ bytes }) => bytes)).toEqual(['aaaabbbbcc', 'dddd', '', 'ef', 'gg', 'hhii']);
    expect(sent.map(({ control }) => control.slice(0, 18))).toEqual([segment(4), [], [], segment(1), [], segment(2)]);
    // A call for each socket's run.
    expect(calls.map((call) => call.length)).toEqual([5, 1]);
    expect(sink.counters()).toMatchObject({ systemCalls: 2, trains: 3, trainDatagrams: 7 });
    expect(sink.path).toBe('sendmmsg+gso');
  });

  test('without trains each datagram is a message', () => {
    const { fake, calls } = recording(here);
    const sink = sinkWith(fake, { gso: 'off' });
    flush(sink, 'aaaa', 'bbbb');
    expect(calls).toEqual([
      [
        { bytes: 'aaaa', control: [] },
        { bytes: 'bbbb', control: [] },
      ],
    ]);
    expect(sink.path).toBe('sendmmsg');
  });

  test('a train ends at 64 datagrams and at the longest payload of UDP', () => {
    const { fake, calls } = recording(here);
    const sink = sinkWith(fake);
    flush(sink, ...Array<string>(130).fill('ab'));
    expect(calls.flat().map(({ bytes }) => bytes.length)).toEqual([128, 128, 4]);
    calls.length = 0;
    flush(sink, ...Array<string>(5).fill('x'.repeat(21_835)));
    expect(calls.flat().map(({ bytes }) => bytes.length)).toEqual([65_505, 43_670]);
  });

  test('there is room for 256 datagrams, or for half a megabyte', () => {
    const { fake, calls } = recording(here);
    const sink = sinkWith(fake);
    for (let left = 256; left > 0; left--) {
      expect(sink.room).toBe(left);
      stage(sink, 'x');
    }
    expect(sink.room).toBe(0);
    sink.flush();
    expect(sink.room).toBe(256);
    let staged = 0;
    for (; sink.room > 0; staged++) stage(sink, 'x'.repeat(65_507));
    expect(staged).toBe(9);
    sink.discard();
    expect(sink.room).toBe(256);
    calls.length = 0;
    flush(sink, 'after');
    expect(calls).toEqual([[{ bytes: 'after', control: [] }]]);
  });

  test.each([
    ['EIO: the interface cannot; no more trains', EIO, 4],
    ['EINVAL: such segments do not fit; shorter ones still become trains', EINVAL, 3],
  ])('a refused train is sent datagram by datagram. %s', (_name, errno, callsOfShorter) => {
    const isLongTrain = ({ control, bytes }: Message) => control.length > 0 && bytes.length > 4;
    const { fake, calls } = recording(here, (message) => (isLongTrain(message) ? errno : 0));
    const sink = sinkWith(fake);
    flush(sink, 'aaaa', 'bbbb', 'cc');
    flush(sink, 'dddd', 'eeee');
    flush(sink, 'f', 'g');
    const sent = calls.flat().map(({ bytes }) => bytes);
    expect(sent.slice(0, 5)).toEqual(['aaaa', 'bbbb', 'cc', 'dddd', 'eeee']);
    expect(sent.slice(5)).toEqual(callsOfShorter === 3 ? ['fg'] : ['f', 'g']);
    expect([...sink.errors]).toEqual([]);
    expect(sink.counters()).toMatchObject({ trainsRefused: 1 });
  });

  test('errors are counted for exactly the datagrams that failed', () => {
    const { fake, calls } = recording(here, ({ bytes }) => (/b|train/.test(bytes) ? EPERM : 0));
    const sink = sinkWith(fake);
    flush(sink, 'a', 'bb', 'ccc', 'train', 'TRAIN', 'tr');
    expect(calls.flat().map(({ bytes }) => bytes)).toEqual(['a', 'ccc', 'TRAIN', 'tr']);
    expect([...sink.errors]).toEqual([['EPERM', 2]]);
    flush(sink, 'after');
    expect(calls.at(-1)).toEqual([{ bytes: 'after', control: [] }]);
  });

  test.each([
    ['EAGAIN', EAGAIN, 100],
    ['ENOBUFS', ENOBUFS, 1],
  ])('%s is waited for', (_name, errno, pollMs) => {
    let refusals = 3;
    const { fake, calls, waits } = recording(here, () => (refusals-- > 0 ? errno : 0));
    const sink = sinkWith(fake);
    flush(sink, 'a', 'bb');
    expect(calls.flat().map(({ bytes }) => bytes)).toEqual(['a', 'bb']);
    expect(waits).toEqual([pollMs, pollMs, pollMs]);
    expect([...sink.errors]).toEqual([]);
    expect(sink.counters()).toMatchObject({ waits: 3 });
  });

  test('… for a bounded time: then they are errors', () => {
    const { fake } = recording(here, () => EAGAIN);
    const sink = sinkWith(fake);
    const startMs = performance.now();
    flush(sink, 'a', 'bb', 'ccc');
    expect([...sink.errors]).toEqual([['EAGAIN', 3]]);
    expect(performance.now() - startMs).toBeGreaterThan(990);
  });

  test('times to leave are on the clock of the queueing discipline', () => {
    const { fake, calls } = recording(here);
    const base = { timeOriginMs: 0, performanceNs: 0, seconds: 4_000_000_000, nanoseconds: 999_999_999 };
    const sink = sinkWith(fake, { txtime: { clock: 'monotonic', base } });
    for (const [text, dueNs] of [
      ['aa', 1],
      ['bb', 1],
      ['cc', 2 ** 40 + 5],
    ] as const) {
      stage(sink, text, dueNs);
    }
    sink.flush();
    const due = calls.flat().map(({ control }) => Buffer.from(control).readBigUInt64LE(16));
    expect(due).toEqual([4_000_000_001_000_000_000n, 4_000_001_100_511_627_780n]);
    expect(calls.flat().map(({ bytes }) => bytes)).toEqual(['aabb', 'cc']);
    const [first] = calls.flat();
    expect(first?.control.slice(0, 16)).toEqual([24, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 61, 0, 0, 0]);
    expect(first?.control.slice(24, 42)).toEqual(segment(2));
  });

  test('trains arrive as the datagrams they were, and each flow from its own port', async () => {
    const got: string[] = [];
    const ports = new Set<number>();
    const receiver = await openUdpReceiver(
      { host: '127.0.0.1', port: 0, iface: null, bufferBytes: 1 << 20 },
      (view, offset, length, { port }) => {
        got.push(Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length).toString('latin1'));
        ports.add(port);
      },
    );
    const sink = await openBatchSink(here, { ...options, host: '127.0.0.1', port: receiver.port });
    const texts = [...Array(100).keys()].map((index) => `packet ${1000 + index}/${index >> 5}`);
    flush(sink, ...texts, 'end/9');
    for (let turn = 0; turn < 200 && got.length < 101; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(got).toEqual([...texts.map((text) => text.replace(/\/.*/, '')), 'end']);
    expect(ports.size).toBe(5);
    expect(sink.counters()).toMatchObject({ trains: 4, trainDatagrams: 100 });
    await sink.close();
    await receiver.close();
  });

  test('flows beyond 64 share sockets, also within one flush', async () => {
    const got: string[] = [];
    const receiver = await openUdpReceiver(
      { host: '127.0.0.1', port: 0, iface: null, bufferBytes: 1 << 20 },
      (view, offset, length) => {
        got.push(Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length).toString('latin1'));
      },
    );
    const sink = await openBatchSink(here, { ...options, host: '127.0.0.1', port: receiver.port });
    const texts = [...Array(140).keys()].map((index) => `${index}/${index % 70}`);
    flush(sink, ...texts);
    await vi.waitFor(() => expect(got.length).toBe(140));
    expect(new Set(got).size).toBe(140);
    expect([...sink.errors]).toEqual([]);
    await sink.close();
    await receiver.close();
  });

  test('a peer that is away for a while costs nothing sent after, and the port stays', async () => {
    const got: [string, number][] = [];
    const open = (port: number) =>
      openUdpReceiver({ host: '127.0.0.1', port, iface: null, bufferBytes: 1 << 20 }, (view, offset, length, from) => {
        const text = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length).toString('latin1');
        got.push([text, from.port]);
      });
    const before = await open(0);
    const { port } = before;
    const sink = await openBatchSink(here, { ...options, host: '127.0.0.1', port });
    flush(sink, 'a', 'b');
    await vi.waitFor(() => expect(got.length).toBe(2));
    await before.close();
    flush(sink, 'lost', 'too', 'lost');
    flush(sink, 'gone');
    const after = await open(port);
    flush(sink, 'c', 'dd', 'ee');
    await vi.waitFor(() => expect(got.length).toBe(5));
    expect(got.map(([text]) => text)).toEqual(['a', 'b', 'c', 'dd', 'ee']);
    expect(new Set(got.map(([, from]) => from)).size).toBe(1);
    expect([...sink.errors]).toEqual([]);
    await sink.close();
    await after.close();
  });

  test('transmit time stamps come for each datagram that was taken, by its number', async () => {
    const stamps: [number, number][] = [];
    const onSent = (id: number, seconds: number, nanoseconds: number) => stamps.push([id, seconds + nanoseconds / 1e9]);
    const sink = await openBatchSink(here, { ...options, host: '127.0.0.1', onSent });
    const before = Date.now() / 1000;
    flush(sink, 'aa', 'bb', 'cc/1');
    flush(sink, 'x'.repeat(65_508), 'dd', 'ee/1', 'ff/1');
    await sink.close();
    expect([...sink.errors]).toEqual([['EMSGSIZE', 1]]);
    expect(stamps.map(([id]) => id).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6]);
    for (const [, time] of stamps) {
      expect(time).toBeGreaterThan(before - 0.1);
      expect(time).toBeLessThan(Date.now() / 1000 + 0.1);
    }
  });
});
