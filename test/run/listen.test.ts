import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { WallClock } from '../../src/core/clock.js';
import { SinkError } from '../../src/core/errors.js';
import { formatEpochNs } from '../../src/core/halves.js';
import { batchedSockets } from '../../src/io/native/batched-sockets.js';
import { Listener, type ListenReport, type ListenSpec } from '../../src/run/listen.js';
import { runReplay } from '../../src/run/replay.js';
import type { Target } from '../../src/run/target.js';
import { inputOf, itch, message, mold, pcapFixture, pcapOf, scratch, specOf } from './support.js';

const { write } = scratch();
const senders: Socket[] = [];
const deadlineMs = 10_000;

afterEach(() => {
  for (const socket of senders.splice(0)) socket.close();
});

function listenSpec(options: Partial<ListenSpec> = {}): ListenSpec {
  return {
    host: '127.0.0.1',
    port: 0,
    iface: null,
    bufferBytes: 4 << 20,
    input: inputOf('-'),
    durationMs: deadlineMs,
    limit: Number.POSITIVE_INFINITY,
    idleMs: Number.POSITIVE_INFINITY,
    reference: null,
    ...options,
  };
}

/** Listens while `send` sends, and reports. */
async function listened(
  options: Partial<ListenSpec>,
  send: (port: number, listener: Listener) => Promise<void>,
): Promise<ListenReport> {
  const listener = await Listener.open(listenSpec(options));
  const running = listener.run();
  await send(listener.receiver?.port ?? 0, listener);
  await running;
  const report = listener.report();
  listener.destroy();
  return report;
}

/** Sends payloads one after the other from a socket of its own, unless one is given. */
async function sendAll(port: number, payloads: readonly Uint8Array[], socket = newSender()): Promise<void> {
  for (const payload of payloads) {
    await new Promise<void>((resolve, reject) => {
      socket.send(payload, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
    });
  }
}

function newSender(): Socket {
  const socket = createSocket('udp4');
  senders.push(socket);
  return socket;
}

const udpTo = (port: number): Target => ({
  kind: 'udp',
  host: '127.0.0.1',
  port,
  ttl: 1,
  iface: null,
  loopback: true,
});

const endOfSession = (sequence: number, session = 'SESSION') => mold(sequence, [], { count: 0xffff, session });

describe('what is received', () => {
  test('messages, gaps, repeats, disorder, heartbeats and the end of the session', async () => {
    const packets = [
      mold(1, [itch('S'), itch('R')]),
      mold(5, [itch('A')]),
      mold(3, [itch('D')]),
      mold(5, [itch('A')]),
      mold(8, []),
      endOfSession(9),
    ];
    const report = await listened({}, (port) => sendAll(port, packets));
    expect(report.endReason).toBe('end of session');
    expect(report.packets).toEqual({ total: 6, bytes: packets.reduce((sum, { length }) => sum + length, 0) });
    expect(report.messages).toMatchObject({ total: 5, byType: { S: 1, R: 1, A: 2, D: 1 }, unknownLayout: 0 });
    expect(report.sessions).toMatchObject([
      {
        session: 'SESSION',
        first: 1,
        last: 5,
        messages: 5,
        gaps: [
          { from: 4, to: 4, count: 1 },
          { from: 6, to: 8, count: 3 },
        ],
        duplicates: 1,
        outOfOrder: 1,
        heartbeats: 1,
        endOfSession: true,
      },
    ]);
    expect(report.kernelDrops).toBe(process.platform === 'linux' ? 0 : null);
    expect(report.latency.exchange?.count).toBe(5);
    const { absence } = batchedSockets();
    expect(report.path).toBe(absence === null ? 'recvmmsg' : `dgram: ${absence}`);
    if (absence === null) {
      expect(report.receiving).toMatchObject({ softwareStamps: 6, truncated: 0, errors: {} });
      expect(report.latency.delivery?.count).toBe(1);
    } else expect(report.latency.delivery).toBeNull();
    expect(report.latency.schedule).toBeNull();
    expect(report.reference).toBeNull();
    expect(report.damageTotal).toBe(0);
  });

  test('damage and unknown layouts are counted and named, the rest goes on', async () => {
    const packets = [
      mold(1, [itch('S'), Uint8Array.of(0x7a, 1, 2)]),
      mold(3, [itch('A')], { count: 2 }),
      Uint8Array.of(1),
      mold(4, [new Uint8Array(0)]),
      endOfSession(5),
    ];
    const damages: string[] = [];
    const listener = await Listener.open(listenSpec(), (damage) => damages.push(damage.code));
    const running = listener.run();
    await sendAll(listener.receiver?.port ?? 0, packets);
    await running;
    const report = listener.report();
    listener.destroy();
    expect(damages).toEqual(['truncated', 'short-packet']);
    expect(report.damage.map(({ code, record }) => [code, record])).toEqual([
      ['truncated', 2],
      ['short-packet', 3],
    ]);
    expect(report.messages).toMatchObject({ total: 4, unknownLayout: 1, zeroLength: 1 });
  });

  test('through Node alone: no stamps of the kernel', async () => {
    const report = await listened({ via: 'dgram', limit: 1 }, (port) => sendAll(port, [mold(1, [itch('S')])]));
    expect(report).toMatchObject({ path: 'dgram', receiving: null, latency: { delivery: null } });
    expect(report.latency.exchange?.count).toBe(1);
  });

  test('another dialect is not decoded, what is no MoldUDP64 is only counted', async () => {
    const report = await listened({ limit: 3 }, (port) =>
      sendAll(port, [new Uint8Array(40).fill(0xff), mold(1, ['zz', 'yyy', 'x']), new Uint8Array(0)]),
    );
    expect(report).toMatchObject({ endReason: 'limit', messages: { total: 3, unknownLayout: 3 } });
    expect(report.latency.exchange).toBeNull();
    expect(report.flows).toMatchObject([{ packets: 3, unrecognisedPackets: 1 }]);
  });

  test('senders are told apart', async () => {
    const report = await listened({ limit: 4 }, async (port) => {
      for (const from of [1, 2]) await sendAll(port, [mold(1, [itch('S')]), mold(1 + from, [itch('A')])]);
    });
    expect(report.flows.length).toBe(2);
    expect(report.sessions.map(({ gaps }) => gaps.length)).toEqual([0, 1]);
  });

  test('latency against the exchange: arrival less the time in the message', async () => {
    const wall = new WallClock();
    const { seconds } = wall.toEpoch(wall.nowNs());
    const sinceMidnight = newYorkSeconds(seconds);
    const aMinuteAgo = itch('S', ((sinceMidnight + 86_400 - 60) % 86_400) * 1e9);
    const report = await listened({}, (port) => sendAll(port, [mold(1, [aMinuteAgo]), endOfSession(2)]));
    // Just after midnight a minute ago is yesterday's last, and the difference negative.
    const expected = sinceMidnight < 60 ? -86_340e9 : 60e9;
    expect(report.latency.exchange?.max).toBeGreaterThan(expected - 1e9);
    expect(report.latency.exchange?.max).toBeLessThan(expected + 30e9);
  });
});

describe('lines that are merged', () => {
  const two = { more: [{ host: '127.0.0.1', port: 0 }], arbitrate: true };
  const bound = (listener: Listener) => (listener.receiver?.bound ?? []).map(({ port }) => port);

  test('what one line lost comes from the other; gaps are where both did', async () => {
    const lineA = [mold(1, [itch('S')]), mold(2, [itch('R')]), mold(5, [itch('A')]), endOfSession(6)];
    const lineB = [mold(1, [itch('S')]), mold(3, [itch('D')]), mold(5, [itch('A')]), endOfSession(6)];
    const report = await listened(two, async (_port, listener) => {
      const [a, b] = bound(listener) as [number, number];
      await sendAll(a, lineA);
      await sendAll(b, lineB);
    });
    expect(report.endReason).toBe('end of session');
    expect(report.packets.total).toBe(8);
    expect(report.messages).toMatchObject({ total: 4, byType: { S: 1, R: 1, D: 1, A: 1 } });
    expect(report.sessions).toMatchObject([
      { first: 1, last: 5, messages: 4, gaps: [{ from: 4, to: 4 }], duplicates: 0, outOfOrder: 0, endOfSession: true },
    ]);
    expect(report.addresses.length).toBe(2);
    expect(report.lines).toMatchObject([
      {
        numbers: 5,
        missingOnAll: { missing: 1 },
        merged: { passed: 4, missing: 1, gaps: [{ from: 4, to: 4 }], late: 0 },
      },
    ]);
    const lines = report.lines[0]?.lines.map(({ destination, missing }) => [destination, missing]);
    expect(lines?.sort()).toEqual(report.addresses.map((address) => [address.slice('udp://'.length), 2]).sort());
  });

  test('a gap is declared when its time has run out, though nothing comes', async () => {
    await listened(two, async (_port, listener) => {
      const [a, b] = bound(listener) as [number, number];
      for (const port of [a, b]) await sendAll(port, [mold(1, [itch('S')]), mold(3, [itch('A')])]);
      const until = Date.now() + deadlineMs;
      while (listener.messages < 2 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(listener.messages).toBe(2);
      expect(listener.progress().missing).toBe(1);
      listener.stop();
    });
  });

  test('senders to one address are lines', async () => {
    const report = await listened({ arbitrate: true }, async (port) => {
      await sendAll(port, [mold(1, [itch('S')]), mold(3, [itch('A')])]);
      await sendAll(port, [mold(1, [itch('S')]), mold(2, [itch('R')]), endOfSession(4)]);
      await sendAll(port, [endOfSession(4)], senders[0]);
    });
    expect(report.messages.total).toBe(3);
    expect(report.lines[0]?.lines.map(({ missing }) => missing).sort()).toEqual([1, 1]);
    expect(report.lines[0]?.missingOnAll.missing).toBe(0);
  });

  test('damage is told of the line that it came on', async () => {
    const report = await listened(two, async (_port, listener) => {
      const [a, b] = bound(listener) as [number, number];
      await sendAll(a, [mold(1, [itch('S')], { count: 2 }), endOfSession(3)]);
      await sendAll(b, [mold(1, [itch('S'), itch('R')]), endOfSession(3)]);
    });
    expect(report.damage.map(({ code }) => code)).toEqual(['truncated']);
    expect(report).toMatchObject({ messages: { total: 2 }, sessions: [{ gaps: [] }] });
  });
});

describe('when it ends', () => {
  test('at the limit, however many packets come', async () => {
    const report = await listened({ limit: 2 }, (port) =>
      sendAll(
        port,
        [1, 2, 3, 4].map((sequence) => mold(sequence, [itch('D')])),
      ),
    );
    expect(report).toMatchObject({ endReason: 'limit', packets: { total: 2 } });
  });

  test('after its duration', async () => {
    const report = await listened({ durationMs: 1 }, async () => {});
    expect(report).toMatchObject({ endReason: 'duration', packets: { total: 0 }, seconds: 0, sessions: [] });
    expect(report.rate).toEqual({ packetsPerSecond: 0, messagesPerSecond: 0 });
  });

  test('when nothing came for so long after the first packet', async () => {
    const report = await listened({ idleMs: 60 }, (port) => sendAll(port, [mold(1, [itch('S')])]));
    expect(report).toMatchObject({ endReason: 'idle', packets: { total: 1 } });
  });

  test('when stopped, also before it runs', async () => {
    expect((await listened({}, async (_port, listener) => listener.stop())).endReason).toBe('stopped');
    const listener = await Listener.open(listenSpec());
    listener.stop();
    await listener.run();
    expect(listener.report().endReason).toBe('stopped');
    listener.destroy();
  });

  test('not before every session has ended', async () => {
    const report = await listened({}, async (port) => {
      const socket = newSender();
      const starts = ['ONE', 'TWO'].map((session) => mold(1, [itch('S')], { session }));
      await sendAll(port, [...starts, endOfSession(2, 'ONE')], socket);
      await new Promise((resolve) => setTimeout(resolve, 250));
      await sendAll(port, [mold(2, [itch('D')], { session: 'TWO' }), endOfSession(3, 'TWO')], socket);
    });
    expect(report).toMatchObject({ endReason: 'end of session', packets: { total: 5 } });
  });

  test('a late packet is waited for', async () => {
    const report = await listened({}, async (port) => {
      const socket = newSender();
      await sendAll(port, [mold(1, [itch('S')]), endOfSession(3)], socket);
      await sendAll(port, [mold(2, [itch('D')])], socket);
    });
    expect(report.sessions[0]).toMatchObject({ messages: 2, gaps: [] });
    expect(report.endReason).toBe('end of session');
  });

  test('a session that begins as another ends keeps it listening', async () => {
    const loops = [1, 2, 3].flatMap((loop) => {
      const session = `LOOP${loop}`;
      return [mold(1, [itch('S')], { session }), endOfSession(2, session)];
    });
    const report = await listened({}, (port) => sendAll(port, [...loops, endOfSession(2, 'LOOP3')]));
    expect(report).toMatchObject({ endReason: 'end of session', packets: { total: 7 }, messages: { total: 3 } });
  });
});

describe('against the schedule of a replay', () => {
  test('every packet is matched, by session and sequence, and none is early', async () => {
    const wall = new WallClock();
    const startAt = wall.toEpoch(wall.nowNs() + 3e9);
    const timing = { speed: '20kpps', startAt };
    const reference = { replay: specOf(pcapFixture, timing), origin: startAt };
    let origin = '';
    const report = await listened({ reference }, async (port) => {
      const { report: sent } = await runReplay(specOf(pcapFixture, { ...timing, target: udpTo(port) }));
      origin = sent.originNs;
    });
    expect(origin).toBe(formatEpochNs(startAt.seconds, startAt.nanoseconds));
    expect(report.endReason).toBe('end of session');
    // All but the end of the session, which carries no message.
    const { total } = report.packets;
    expect(report.reference).toEqual({ packets: total - 1, matched: total - 1, unmatched: 0 });
    expect(report.latency.schedule).toMatchObject({ count: total - 1 });
    // The two wall clocks agree within some microseconds.
    expect(report.latency.schedule?.min).toBeGreaterThan(-1e6);
  });

  test('packets that the reference does not have are counted', async () => {
    const path = write('reference.pcap', pcapOf([{ atNs: 0, payload: mold(1, [message('S')]) }]));
    const reference = { replay: specOf(path), origin: { seconds: 0, nanoseconds: 0 } };
    const packets = [mold(1, [itch('S')]), mold(2, [itch('S')]), mold(3, []), mold(0, [itch('S')]), endOfSession(3)];
    const report = await listened({ reference }, (port) => sendAll(port, packets));
    expect(report.reference).toEqual({ packets: 1, matched: 1, unmatched: 2 });
  });
});

describe('the socket', () => {
  test('says what the kernel gave for a receive buffer', async () => {
    const report = await listened({ bufferBytes: 1 << 30, durationMs: 1 }, async () => {});
    expect(report.receiveBuffer?.askedBytes).toBe(1 << 30);
    expect(report.receiveBuffer?.grantedBytes).toBeGreaterThan(0);
    const small = await listened({ bufferBytes: 64 << 10, durationMs: 1 }, async () => {});
    expect(small.receiveBuffer).toEqual({ askedBytes: 64 << 10, grantedBytes: 64 << 10 });
  });

  test('an address that is not ours, or taken, is refused', async () => {
    await expect(Listener.open(listenSpec({ host: '192.0.2.1', port: 5000 }))).rejects.toThrow(SinkError);
    const taken = createSocket('udp4');
    senders.push(taken);
    await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
    await expect(Listener.open(listenSpec({ port: taken.address().port }))).rejects.toThrow(/another program has it/);
  });
});

function newYorkSeconds(seconds: number): number {
  const text = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/New_York', timeStyle: 'medium' }).format(
    seconds * 1000,
  );
  const [hour, minute, second] = text.split(':').map(Number);
  return hour * 3600 + minute * 60 + second;
}
