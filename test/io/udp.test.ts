import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import { SinkError } from '../../src/core/errors.js';
import type { Flow, Sink } from '../../src/core/seams.js';
import { interfaceAddress, isMulticast } from '../../src/io/address.js';
import { batchedSockets } from '../../src/io/native/batched-sockets.js';
import { openUdpSender } from '../../src/io/open-udp-sink.js';
import type { Sender } from '../../src/io/senders.js';
import { openUdpReceiver, type ReceivePath, type UdpReceiverOptions } from '../../src/io/udp-receiver.js';
import { openUdpSink, type UdpSinkOptions } from '../../src/io/udp-sink.js';
import { embed, makeFlow } from '../session/support.js';

const sinkOptions = { ttl: 1, iface: null, loopback: true };

type SinkTo = typeof sinkTo;

function sinkTo(host: string | null, port: number | null, options: Partial<UdpSinkOptions> = {}) {
  return openUdpSink({ host, port, ...sinkOptions, ...options });
}

async function batchSinkTo(host: string | null, port: number | null, options: Partial<UdpSinkOptions> = {}) {
  const { sink } = await openUdpSender({ host, port, via: 'sendmmsg', ...sinkOptions, ...options });
  return {
    errors: sink.errors,
    send: (...args: Parameters<Sink['send']>) => sink.send(...args),
    unsettled: 0,
    settle: async () => {},
    close: async () => sink.close?.(),
  };
}

/** Both ways of sending keep the same promises. */
const sinks: [string, SinkTo | typeof batchSinkTo][] = [['UdpSink', sinkTo]];
const { absence } = batchedSockets();
if (absence === null) sinks.push(['BatchSink', batchSinkTo]);
else console.log(`not tested: BatchSink, ${absence}`);

/** A receiver on loopback that keeps what comes, as text. */
async function receiving(options: Partial<UdpReceiverOptions> = {}) {
  const got: string[] = [];
  let awaited = 0;
  let enough: () => void = () => {};
  const receiver = await openUdpReceiver(
    { host: '127.0.0.1', port: 0, iface: null, bufferBytes: 4 << 20, ...options },
    (view, offset, length) => {
      got.push(length > 100 ? `${length} bytes` : textOf(view, offset, length));
      if (got.length === awaited) enough();
    },
  );
  const wait = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      awaited = count;
      enough = resolve;
      if (got.length >= count) resolve();
      setTimeout(() => reject(new Error(`${got.length} of ${count} datagrams came: ${got}`)), 3000);
    });
  return { receiver, got, wait };
}

function textOf(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length).toString('latin1');
}

function send(
  sink: { send: (...args: [DataView, number, number, number, Flow]) => void },
  text: string,
  flow = makeFlow(),
) {
  const { view, offset, length } = embed(Buffer.from(text, 'latin1'));
  sink.send(view, offset, length, 0, flow);
}

const flowTo = (destination: string, destinationPort: number): Flow => ({
  ...makeFlow(),
  destination,
  destinationPort,
});

describe.each(sinks)('%s', (_sink, sinkTo) => {
  test('sends the bytes at the offset, in order, also none', async () => {
    const { receiver, got, wait } = await receiving();
    const sink = await sinkTo('127.0.0.1', receiver.port);
    for (const text of ['first', '', 'third']) send(sink, text);
    await wait(3);
    expect(got).toEqual(['first', '', 'third']);
    await sink.close();
    await receiver.close();
    expect([...sink.errors]).toEqual([]);
  });

  test('each flow has a sender of its own, beyond 64 they share; order is kept across them', async () => {
    const from: number[] = [];
    const texts: string[] = [];
    let done: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    const receiver = await openUdpReceiver(
      { host: '127.0.0.1', port: 0, iface: null, bufferBytes: 4 << 20 },
      (view, offset, length, { port }) => {
        from.push(port);
        texts.push(textOf(view, offset, length));
        if (from.length === 140) done();
      },
    );
    const sink = await sinkTo('127.0.0.1', receiver.port);
    // Twice round 70 flows, the first of them not the one of index 0.
    const order = [...Array(140).keys()].map((count) => (count + 3) % 70);
    for (const index of order) send(sink, `${index}`, makeFlow(index));
    await sink.settle();
    await all;
    await sink.close();
    await receiver.close();
    expect(texts).toEqual(order.map(String));
    expect(from.slice(70)).toEqual(from.slice(0, 70));
    expect(new Set(from).size).toBe(64);
    expect(new Set(from.slice(0, 64)).size).toBe(64);
    expect([...sink.errors]).toEqual([]);
  });

  test('host and port each may be left to the flow', async () => {
    const { receiver, got, wait } = await receiving();
    const { port } = receiver;
    for (const [sink, flow] of [
      [await sinkTo('127.0.0.1', null), flowTo('10.255.255.1', port)],
      [await sinkTo(null, port), flowTo('127.0.0.1', 9)],
      [await sinkTo(null, null), flowTo('127.0.0.1', port)],
    ] as const) {
      send(sink, 'here', flow);
      await sink.close();
    }
    await wait(3);
    expect(got).toEqual(['here', 'here', 'here']);
    await receiver.close();
  });

  test.each([
    ['port 0', flowTo('233.54.12.111', 0)],
    ['address 0.0.0.0', flowTo('0.0.0.0', 26477)],
  ])('kept destinations: %s is refused with what to do', async (_name, flow) => {
    const sink = await sinkTo(null, null);
    expect(() => send(sink, 'x', flow)).toThrow(SinkError);
    expect(() => send(sink, 'x', flow)).toThrow(/zeroed by its publisher.*--to udp:\/\/host:port/);
    await sink.close();
  });

  test('what the kernel refuses is counted by code, and the rest goes out', async () => {
    const { receiver, got, wait } = await receiving();
    const sink = await sinkTo('127.0.0.1', receiver.port);
    for (const length of [65_507, 65_508, 65_535, 1472])
      sink.send(new DataView(new ArrayBuffer(length)), 0, length, 0, makeFlow());
    await wait(2);
    expect(got).toEqual(['65507 bytes', '1472 bytes']);
    await sink.close();
    expect([...sink.errors]).toEqual([['EMSGSIZE', 2]]);
    await receiver.close();
  });

  test('a receiver that is not there yet costs no later datagram', async () => {
    const { receiver } = await receiving();
    const { port } = receiver;
    await receiver.close();
    const sink = await sinkTo('127.0.0.1', port);
    for (let index = 0; index < 5; index++) {
      send(sink, 'lost');
      await sink.settle();
    }
    const again = await receiving({ port });
    for (let index = 0; index < 5; index++) send(sink, `${index}`);
    await again.wait(5);
    expect(again.got).toEqual(['0', '1', '2', '3', '4']);
    expect([...sink.errors]).toEqual([]);
    await sink.close();
    await again.receiver.close();
  });

  test('settles: nothing is left to read from a view', async () => {
    const { receiver, wait } = await receiving();
    const sink = await sinkTo('127.0.0.1', receiver.port);
    for (let index = 0; index < 300; index++) send(sink, 'x');
    await sink.settle();
    expect(sink.unsettled).toBe(0);
    await wait(300);
    await sink.close();
    await receiver.close();
  });

  test('options that the system refuses', async () => {
    await expect(sinkTo('127.0.0.1', 9, { ttl: 0 })).rejects.toThrow(SinkError);
    await expect(sinkTo('127.0.0.1', 9, { ttl: 300 })).rejects.toThrow(/ttl 300/);
    await expect(sinkTo('239.1.1.1', 9, { iface: 'no-such-interface' })).rejects.toThrow(/interfaces: .*lo/);
    await expect(sinkTo('239.1.1.1', 9, { iface: '192.0.2.77' })).rejects.toThrow(/iface 192\.0\.2\.77/);
    await expect(sinkTo('a..b', 9)).rejects.toThrow(/host 'a\.\.b' does not resolve/);
  });

  test('IPv6', async (context) => {
    const { got, receiver, wait } = await receiving({ host: '::1' }).catch((error: Error) =>
      context.skip(`no IPv6 on the loopback interface: ${error.message}`),
    );
    const sink = await sinkTo('::1', receiver.port);
    send(sink, 'six');
    await wait(1);
    expect(got).toEqual(['six']);
    expect(receiver.kernelDrops()).toBe(process.platform === 'linux' ? 0 : null);
    await sink.close();
    await receiver.close();
  });
});

describe.each(sinks)('multicast over the loopback interface, %s', (_sink, sinkTo) => {
  const group = '239.255.42.9';

  test('reaches a member, by address or name of the interface', async (context) => {
    const { receiver, got, wait } = await receiving({ host: group, iface: '127.0.0.1' }).catch((error: Error) =>
      context.skip(`cannot join: ${error.message}`),
    );
    expect(receiver.address).toBe(group);
    const probe = await sinkTo(group, receiver.port, { iface: '127.0.0.1' });
    send(probe, 'probe');
    await probe.close();
    await wait(1).catch(() => context.skip('the kernel does not carry multicast on the loopback interface'));
    const name = Object.entries(networkInterfaces()).find(([, list]) => list?.some(({ internal }) => internal))?.[0];
    for (const [text, iface] of [
      ['by address', '127.0.0.1'],
      ['by name', name ?? '127.0.0.1'],
    ] as const) {
      const sink = await sinkTo(group, receiver.port, { iface });
      send(sink, text);
      await sink.close();
    }
    await wait(3);
    expect(got).toEqual(['probe', 'by address', 'by name']);
    await receiver.close();
  });

  test('two may listen on one group and port', async (context) => {
    const first = await receiving({ host: group, iface: '127.0.0.1' }).catch((error: Error) =>
      context.skip(`cannot join: ${error.message}`),
    );
    const second = await receiving({ host: group, iface: '127.0.0.1', port: first.receiver.port });
    await first.receiver.close();
    await second.receiver.close();
    expect(second.receiver.port).toBe(first.receiver.port);
  });

  test('a group that cannot be joined', async () => {
    await expect(receiving({ host: group, iface: '192.0.2.77' })).rejects.toThrow(/cannot join 239\.255\.42\.9 on 192/);
    await expect(receiving({ host: group, iface: 'no-such-interface' })).rejects.toThrow(SinkError);
  });

  test.each<[string, boolean]>([
    ['224.0.0.1', true],
    ['239.255.255.255', true],
    ['223.255.255.255', false],
    ['240.0.0.1', false],
    ['127.0.0.1', false],
    ['ff02::1', true],
    ['fe80::1', false],
    ['::1', false],
  ])('isMulticast(%s)', (address, is) => {
    expect(isMulticast(address)).toBe(is);
  });
});

const receivers: ReceivePath[] = absence === null ? ['dgram', 'recvmmsg'] : ['dgram'];

describe.each(receivers)('UdpReceiver, %s', (via) => {
  test('tells of each of several addresses, with its senders', async () => {
    const got: string[] = [];
    const groups = [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.2', port: 0 },
    ];
    const seen = new Set<Sender>();
    const receiver = await openUdpReceiver(
      { groups, iface: null, bufferBytes: 1 << 20, via },
      (view, offset, length, from) => {
        seen.add(from);
        got.push(`${textOf(view, offset, length)} from ${from.index} to ${from.group}`);
      },
    );
    expect(receiver.bound.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(receiver).toMatchObject(receiver.bound[0] ?? {});
    const sockets = [createSocket('udp4'), createSocket('udp4')];
    for (const [text, group, from] of [
      ['a', 0, 0],
      ['b', 1, 0],
      ['c', 0, 0],
      ['d', 0, 1],
    ] as const) {
      const { address, port } = receiver.bound[group] ?? {};
      sockets[from]?.send(text, port, address);
      await vi.waitFor(() => expect(got.at(-1)).toMatch(new RegExp(`^${text}`)));
    }
    for (const socket of sockets) socket.close();
    expect(got).toEqual(['a from 0 to 0', 'b from 1 to 1', 'c from 0 to 0', 'd from 2 to 0']);
    expect([...seen].map(({ index }) => index)).toEqual([0, 1, 2]);
    await receiver.close();
  });

  test('counts what the kernel dropped', async () => {
    const { receiver, got } = await receiving({ bufferBytes: 4096, via });
    const sink = await sinkTo('127.0.0.1', receiver.port);
    // Sent in one turn of the event loop, in which nothing is received.
    for (let index = 0; index < 2000; index++) send(sink, 'x'.repeat(50));
    await sink.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const drops = receiver.kernelDrops();
    if (process.platform === 'linux') {
      expect(drops).toBeGreaterThan(0);
      expect((drops ?? 0) + got.length).toBe(2000);
    } else expect(drops).toBeNull();
    await receiver.close();
  });

  test('an address that is taken, not ours, or no address', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
    const { port } = taken.address();
    await expect(receiving({ port, via })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: another program has it`,
    );
    taken.close();
    await expect(receiving({ host: '192.0.2.1', via })).rejects.toThrow(/no address of this machine/);
    await expect(receiving({ host: 'a..b', via })).rejects.toThrow(SinkError);
    await expect(receiving({ host: 'a..b', via })).rejects.toThrow(/host 'a\.\.b' does not resolve/);
  });
});

describe('interfaceAddress', () => {
  test('an address stands for itself, a name for its IPv4 address or its scope', () => {
    const loopback = Object.entries(networkInterfaces()).find(([, list]) => list?.some(({ internal }) => internal));
    const name = loopback?.[0] ?? 'lo';
    expect(interfaceAddress('10.1.2.3', 4)).toBe('10.1.2.3');
    expect(interfaceAddress(name, 4)).toBe('127.0.0.1');
    expect(interfaceAddress(name, 6)).toBe(`::%${name}`);
    expect(() => interfaceAddress('', 4)).toThrow(SinkError);
  });
});
