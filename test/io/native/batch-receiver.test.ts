import { describe, expect, test, vi } from 'vitest';
import { openBatchSink } from '../../../src/io/native/batch-sink.js';
import { batchedSockets } from '../../../src/io/native/batched-sockets.js';
import type { Libc } from '../../../src/io/native/libc.js';
import { openUdpReceiver, type UdpReceiver, type UdpReceiverOptions } from '../../../src/io/udp-receiver.js';
import { embed, makeFlow } from '../../session/support.js';

const { libc, absence } = batchedSockets();

interface Received {
  readonly text: string;
  readonly port: number;
  readonly time: number;
}

describe.skipIf(libc === null)(`BatchReceiver${absence === null ? '' : ` (skipped: ${absence})`}`, () => {
  const here = libc as Libc;

  async function receiving(options: Partial<UdpReceiverOptions> = {}, onEach: (text: string) => void = () => {}) {
    const got: Received[] = [];
    const receiver = await openUdpReceiver(
      { host: '127.0.0.1', port: 0, iface: null, bufferBytes: 4 << 20, via: 'recvmmsg', ...options },
      (view, offset, length, { port }, seconds, nanoseconds) => {
        const text = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length).toString('latin1');
        got.push({ text, port, time: seconds + nanoseconds / 1e9 });
        onEach(text);
      },
    );
    const sink = await sinkTo(receiver);
    const close = async () => {
      await sink.close();
      await receiver.close();
    };
    return { got, receiver, sink, close };
  }

  function sinkTo({ address, port }: UdpReceiver, gso: 'auto' | 'off' = 'auto') {
    return openBatchSink(here, { host: address, port, ttl: 1, iface: null, loopback: true, gso });
  }

  function flush(sink: Awaited<ReturnType<typeof sinkTo>>, texts: readonly string[], flow = makeFlow()): void {
    for (const text of texts) {
      const { view, offset, length } = embed(Buffer.from(text, 'latin1'));
      sink.stage(view, offset, length, 0, flow);
    }
    sink.flush();
  }

  test('takes coalesced datagrams apart, each with the stamp of the kernel', async () => {
    const { got, receiver, sink, close } = await receiving();
    const before = Date.now() / 1000;
    flush(sink, ['aaaa', 'bbbb', 'cc', '', 'dddd', 'eeee']);
    await vi.waitFor(() => expect(got.length).toBe(6));
    expect(got.map(({ text }) => text)).toEqual(['aaaa', 'bbbb', 'cc', '', 'dddd', 'eeee']);
    expect(new Set(got.map(({ port }) => port)).size).toBe(1);
    for (const { time } of got) {
      expect(time).toBeGreaterThan(before - 0.1);
      expect(time).toBeLessThan(Date.now() / 1000 + 0.1);
    }
    expect(receiver.counts()).toMatchObject({
      coalesced: 2,
      coalescedDatagrams: 5,
      softwareStamps: 3,
      hardwareStamps: 0,
      truncated: 0,
      errors: {},
    });
    expect(receiver.path).toBe('recvmmsg+gro');
    expect(receiver.kernelDrops()).toBe(0);
    await close();
  });

  test('more than one turn of the event loop holds, in order', async () => {
    const { got, receiver, close } = await receiving();
    const sink = await sinkTo(receiver, 'off');
    const texts = [...Array(5000).keys()].map(String);
    for (let at = 0; at < texts.length; at += 200) flush(sink, texts.slice(at, at + 200));
    await vi.waitFor(() => expect(got.length).toBe(5000));
    expect(got.map(({ text }) => text)).toEqual(texts);
    expect(receiver.path).toBe('recvmmsg');
    await sink.close();
    await close();
  });

  test('every datagram is received or counted as dropped, also the last', async () => {
    const { got, receiver, sink, close } = await receiving({ bufferBytes: 20_000 });
    for (let round = 0; round < 40; round++) flush(sink, [`${round}`.padStart(3), `${round}`.padStart(4)]);
    await vi.waitFor(() => expect(got.length + (receiver.kernelDrops() ?? 0)).toBe(80));
    expect(receiver.kernelDrops()).toBeGreaterThan(0);
    const drops = receiver.kernelDrops();
    await close();
    expect(receiver.kernelDrops()).toBe(drops);
  });

  test('a handler may close the receiver; nothing comes after', async () => {
    const { got, receiver, sink, close } = await receiving({}, () => void receiver.close());
    flush(sink, ['a', 'b', 'cc', 'd']);
    await vi.waitFor(() => expect(got.length).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(got.length).toBe(1);
    await close();
  });

  test('busy polling goes on for a while after the latest datagram', async () => {
    const asked = receiving({ busyPollUs: 2000 });
    const { got, receiver, sink, close } = await asked.catch((error: Error) => {
      // Without CAP_NET_ADMIN it is refused, and that is said.
      expect(error.message).toMatch(/busy polling for 2000 us is not permitted: it needs CAP_NET_ADMIN/);
      return receiving();
    });
    flush(sink, ['a']);
    await vi.waitFor(() => expect(got.length).toBe(1));
    if (
      await asked.then(
        () => true,
        () => false,
      )
    )
      expect(receiver.counts()?.calls).toBeGreaterThan(10);
    await close();
  });

  test('IPv6', async (context) => {
    const { got, receiver, sink, close } = await receiving({ host: '::1' }).catch((error: Error) =>
      context.skip(`no IPv6 on the loopback interface: ${error.message}`),
    );
    const second = await sinkTo(receiver);
    flush(sink, ['six', 'six']);
    flush(second, ['other']);
    flush(sink, ['six']);
    await vi.waitFor(() => expect(got.length).toBe(4));
    const [first, , other, last] = got.map(({ port }) => port);
    expect(last).toBe(first);
    expect(other).not.toBe(first);
    await second.close();
    await close();
  });
});
