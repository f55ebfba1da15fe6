import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { SinkError, UsageError } from '../../src/core/errors.js';
import { openSoupServer, type SoupBinTCPServer, type SoupServerOptions } from '../../src/io/soupbintcp-server.js';
import { packet, sbe } from '../session/mdp3-build.js';
import { embed, lengthOf, makeFlow, mold } from '../session/support.js';
import { SoupClient, type SoupClientOptions, soupPacket } from '../support/soup-client.js';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(options: Partial<SoupServerOptions> = {}): Promise<SoupBinTCPServer> {
  const server = await openSoupServer({
    host: '127.0.0.1',
    port: 0,
    session: 'SESSION01',
    lengthOf,
    reorderNs: 10e6,
    user: null,
    password: null,
    historyBytes: 1 << 20,
    bufferBytes: 1 << 20,
    slow: 'disconnect',
    maxClients: 8,
    clientTimeoutMs: 15_000,
    gatherBytes: 0,
    drainMs: 500,
    ...options,
  });
  open.push(() => server.close());
  return server;
}

function connect({ port }: SoupBinTCPServer, options: Partial<SoupClientOptions> = {}): SoupClient {
  const client = new SoupClient({ port, ...options });
  open.push(async () => void client.socket.destroy());
  return client;
}

/** A client that has logged in. */
function join(server: SoupBinTCPServer, options: Partial<SoupClientOptions> = {}): Promise<SoupClient> {
  return connect(server, options).until(({ control }) => control !== '');
}

const line = makeFlow();

const lineB = makeFlow(1);

function send(server: SoupBinTCPServer, payload: Uint8Array, flow = line, scheduledNs = 0): void {
  const { view, offset, length } = embed(payload);
  server.send(view, offset, length, scheduledNs, flow);
  // Views are borrowed: what is sent later must not read them.
  new Uint8Array(view.buffer).fill(0xee);
}

const texts = ({ messages }: SoupClient): string[] => messages.map((message) => message.toString('latin1'));

/** Messages that begin with their number, from `from` on. */
function bulk(from: number, count: number, bytes = 1000): Uint8Array {
  const messages = Array.from({ length: count }, (_, index) => {
    const message = new Uint8Array(bytes);
    message.set(Buffer.from(`${from + index}.`));
    return message;
  });
  return mold(from, messages);
}

/** What `bulk` numbered. */
const numbers = ({ messages }: SoupClient): number[] =>
  messages.map((message) => Number.parseInt(message.toString('latin1', 0, 10), 10));

const fromTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('login', () => {
  test('session and next number, padded on the left; then every message in order, and the end', async () => {
    const server = await serve();
    const client = await join(server);
    expect(client.accepted).toEqual([' SESSION01', '1'.padStart(20)]);
    send(server, mold(7, ['one', '', 'three']));
    send(server, mold(10, []));
    send(server, mold(10, ['four']));
    await server.close();
    await client.closed;
    expect(texts(client)).toEqual(['one', '', 'three', 'four']);
    expect(client.control).toBe('AZ');
    expect(client.packets.at(-1)?.type).toBe('Z');
    expect(server.counters()).toMatchObject({ clients: 1, logins: 1, messages: 4, undrained: 0, malformed: 0 });
  });

  test('two clients, one of them late: each gets everything', async () => {
    const server = await serve();
    const early = await join(server);
    send(server, mold(1, ['a', 'b']));
    const late = await join(server);
    send(server, mold(3, ['c']));
    await server.close();
    await Promise.all([early.closed, late.closed]);
    expect(texts(early)).toEqual(['a', 'b', 'c']);
    expect(texts(late)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['a number that is kept', 2, 2, ['b', 'c', 'd']],
    ['the next number', 4, 4, ['d']],
    ['0: the next message', 0, 4, ['d']],
    ['a number beyond the next: the next', 900, 4, ['d']],
  ])('%s', async (_name, sequence, accepted, expected) => {
    const server = await serve();
    send(server, mold(1, ['a', 'b', 'c']));
    const client = await join(server, { sequence });
    expect(client.accepted[1].trim()).toBe(`${accepted}`);
    send(server, mold(4, ['d']));
    await server.close();
    await client.closed;
    expect(texts(client)).toEqual(expected);
  });

  test('user name and password without regard to case, the session by its name or blank', async () => {
    const server = await serve({ user: 'Alice', password: 'PassWord12' });
    const right = { username: 'ALICE', password: 'password12' };
    for (const session of ['', 'SESSION01']) {
      expect((await join(server, { ...right, session })).control).toBe('A');
    }
    for (const wrong of [{ username: 'bob' }, { password: 'pass' }, { username: '' }]) {
      const client = connect(server, { ...right, ...wrong });
      await client.closed;
      expect(client.packets).toEqual([{ type: 'J', payload: Buffer.from('A') }]);
    }
    expect(server.counters()).toMatchObject({ logins: 2, rejected: 3 });
  });

  test('rejected: another session, a number that is none', async () => {
    const server = await serve();
    for (const wrong of [{ session: 'OTHER' }, { session: 'session01' }, { sequence: 'soon' }]) {
      const client = connect(server, wrong);
      await client.closed;
      expect(client.packets).toEqual([{ type: 'J', payload: Buffer.from('S') }]);
    }
    expect(server.counters().rejected).toBe(3);
  });

  test('rejected: numbers that are no longer kept', async () => {
    const server = await serve({ historyBytes: 100_000 });
    for (let from = 1; from <= 3000; from += 20) send(server, bulk(from, 20));
    for (const [sequence, control] of [
      [1, 'J'],
      [2900, 'J'],
      [2910, 'A'],
      [3000, 'A'],
    ] as const) {
      const client = await join(server, { sequence });
      expect(client.control).toBe(control);
      if (control === 'J') continue;
      await client.until(({ messageCount }) => messageCount === 3001 - sequence);
      expect(numbers(client)).toEqual(fromTo(sequence, 3000));
    }
  });

  test('debug and heartbeats before the login are tolerated', async () => {
    const server = await serve();
    const client = connect(server, { login: false });
    client.send('+', 'hello');
    client.send('R');
    client.send('L', `${' '.repeat(26)}${'1'.padStart(20)}`);
    await client.until(({ control }) => control === 'A');
  });

  test('a second login, data before the login: disconnected', async () => {
    const server = await serve();
    const twice = await join(server);
    twice.send('L', ' '.repeat(46));
    await twice.closed;
    const early = connect(server, { login: false });
    early.send('U', 'order');
    await early.closed;
    expect(server.counters()).toMatchObject({ malformed: 2, logins: 1 });
  });

  test('no more clients than were asked for', async () => {
    const server = await serve({ maxClients: 2 });
    await join(server);
    await join(server);
    const third = connect(server);
    await third.closed;
    expect(third.control).toBe('');
    expect(server.counters()).toMatchObject({ clients: 2, refused: 1 });
  });
});

describe('a connected client', () => {
  test('heartbeat after a while without data, as often as that', async () => {
    const server = await serve({ heartbeatMs: 150 });
    const client = await join(server);
    await client.until(({ control }) => control === 'AHH');
    send(server, mold(1, ['data']));
    await client.until(({ control, messageCount }) => control === 'AHHH' && messageCount === 1);
    expect(client.packets.map(({ type }) => type).join('')).toBe('AHHSH');
  });

  test('heartbeats go on while the sender lets no timer fire', async () => {
    const server = await serve({ heartbeatMs: 150 });
    const client = await join(server);
    for (const endMs = performance.now() + 400; performance.now() < endMs; ) send(server, Uint8Array.of(1));
    await client.until(({ control }) => control.length >= 3);
  });

  test('silent for too long: closed, and one with heartbeats is not', async () => {
    const server = await serve({ clientTimeoutMs: 300 });
    const lively = await join(server, { heartbeatMs: 50 });
    const silent = await join(server);
    await silent.closed;
    expect(server.counters().timedOut).toBe(1);
    send(server, mold(1, ['still here']));
    await lively.until(({ messageCount }) => messageCount === 1);
  });

  test('no login for too long: closed', async () => {
    const server = await serve({ loginTimeoutMs: 200 });
    const client = connect(server, { login: false, heartbeatMs: 50 });
    await client.closed;
    expect(server.counters()).toMatchObject({ timedOut: 1, logins: 0 });
  });

  test('what this process slept through is no silence of its clients', async () => {
    const server = await serve({ clientTimeoutMs: 300 });
    const client = await join(server, { heartbeatMs: 50 });
    for (const endMs = performance.now() + 700; performance.now() < endMs; );
    await sleep(150);
    send(server, mold(1, ['still here']));
    await client.until(({ messageCount }) => messageCount === 1);
    expect(server.counters().timedOut).toBe(0);
  });

  test('rejected, it has a while to close its side', async () => {
    const server = await serve({ maxClients: 1, lingerMs: 200 });
    const stubborn = connect(server, { session: 'OTHER', allowHalfOpen: true, heartbeatMs: 50 });
    await stubborn.until(({ control }) => control === 'J');
    await connect(server).closed;
    await stubborn.closed;
    expect(server.counters()).toMatchObject({ rejected: 1, refused: 1, timedOut: 0 });
    await join(server);
  });

  test('logout closes; unsequenced data is counted', async () => {
    const server = await serve();
    const client = await join(server);
    client.send('U', 'order');
    client.send('U', 'x'.repeat(60_000));
    client.send('+', 'bye');
    client.send('O');
    await client.closed;
    expect(client.control).toBe('A');
    expect(server.counters()).toMatchObject({ loggedOut: 1, unsequenced: 2, malformed: 0 });
  });

  test('garbage closes that client and no other', async () => {
    const server = await serve();
    const good = await join(server);
    const bad = await join(server);
    bad.socket.write(soupPacket('?', 'what'));
    const stranger = connect(server, { login: false });
    stranger.socket.write('GET / HTTP/1.1\r\n\r\n');
    await Promise.all([bad.closed, stranger.closed]);
    send(server, mold(1, ['data']));
    await good.until(({ messageCount }) => messageCount === 1);
    expect(server.counters()).toMatchObject({ malformed: 2, clients: 3, logins: 2 });
  });

  test('one that breaks off leaves the others alone', async () => {
    const server = await serve();
    const gone = await join(server);
    const stays = await join(server);
    gone.socket.resetAndDestroy();
    for (let from = 1; from <= 100; from++) send(server, mold(from, ['x']));
    await sleep(20);
    send(server, mold(101, ['last']));
    await stays.until(({ messageCount }) => messageCount === 101);
  });
});

describe('a slow reader', () => {
  /** More than the kernel buffers for one connection on loopback. */
  const packets = 500;

  /** Sends 25 MB, with the turns that an engine gives; returns the number of the next message. */
  async function flood(server: SoupBinTCPServer): Promise<number> {
    let from = 1;
    for (let packet = 0; packet < packets; packet++) {
      send(server, bulk(from, 5, 10_000));
      from += 5;
      if (server.unsettled > 0 || packet % 16 === 0) await server.settle();
    }
    return from;
  }

  test('is disconnected; one that reads gets everything', async () => {
    const server = await serve({ bufferBytes: 1 << 20 });
    const reader = await join(server);
    const sleeper = await join(server);
    sleeper.socket.pause();
    const next = await flood(server);
    expect(server.counters()).toMatchObject({ disconnectedSlow: 1, messages: next - 1 });
    await server.close();
    await reader.closed;
    expect(reader.messageCount).toBe(next - 1);
    expect(reader.packets.at(-1)?.type).toBe('Z');
  });

  test('is waited for', async () => {
    const server = await serve({ bufferBytes: 1 << 20, slow: 'wait', drainMs: 5000 });
    const client = await join(server);
    client.socket.pause();
    let waited = 0;
    const timer = setInterval(() => {
      if (server.unsettled === 0) return;
      waited++;
      client.socket.resume();
    }, 20);
    const next = await flood(server);
    clearInterval(timer);
    await server.close();
    await client.closed;
    expect(waited).toBeGreaterThan(0);
    expect(numbers(client)).toEqual(fromTo(1, next - 1));
    expect(server.counters()).toMatchObject({ disconnectedSlow: 0, undrained: 0 });
  });

  test('is waited for until the run is stopped', async () => {
    const server = await serve({ bufferBytes: 1 << 17, slow: 'wait' });
    const client = await join(server);
    client.socket.pause();
    const stop = { stopped: false };
    await server.waitForClients(1, stop);
    const timer = setInterval(() => {
      if (server.unsettled > 0) stop.stopped = true;
    }, 10);
    await flood(server);
    clearInterval(timer);
    expect(stop.stopped).toBe(true);
    // What would be overwritten before it was read ends that client, whatever the policy.
    expect(server.counters().disconnectedSlow).toBe(1);
  });

  test('is given up at the end', async () => {
    const server = await serve({ bufferBytes: 16 << 20, drainMs: 200 });
    const client = await join(server);
    client.socket.pause();
    for (let from = 1; from < 1500; from += 5) send(server, bulk(from, 5, 10_000));
    await server.close();
    expect(server.counters()).toMatchObject({ undrained: 1, disconnectedSlow: 0 });
  });
});

describe('what is sent', () => {
  test('two lines are one session: the first arrival counts; other datagrams are ignored and counted', async () => {
    const server = await serve();
    const client = await join(server);
    send(server, mold(1, ['a', 'b']));
    send(server, mold(1, ['a', 'b']), lineB);
    send(server, Uint8Array.of(1, 2, 3), makeFlow(2));
    send(server, mold(4, ['d']));
    send(server, mold(3, ['c']), lineB);
    send(server, mold(2, ['b', 'c']));
    await server.close();
    await client.closed;
    expect(texts(client)).toEqual(['a', 'b', 'c', 'd']);
    expect(server.counters()).toMatchObject({ messages: 4, repeats: 4, notMold: 1, gaps: 0, missing: 0, late: 0 });
  });

  test('packets of MDP 3.0 are none of it, whoever says that they are', async () => {
    const server = await serve({ force: () => 'mdp3' });
    send(server, packet(7, 0, [sbe('one'), sbe('two')]));
    expect(server.counters()).toMatchObject({ messages: 0, repeats: 0, notMold: 1 });
  });

  test('a message waits so long for those before it; what comes later still is left out', async () => {
    const server = await serve();
    const client = await join(server);
    send(server, mold(1, ['a']), line, 0);
    send(server, mold(3, ['c']), line, 1e6);
    send(server, mold(4, ['d']), line, 12e6);
    send(server, mold(2, ['b']), lineB, 13e6);
    send(server, mold(9, []), line, 14e6);
    await server.close();
    await client.closed;
    expect(texts(client)).toEqual(['a', 'c', 'd']);
    expect(server.counters()).toMatchObject({ messages: 3, gaps: 2, missing: 5, late: 1, repeats: 0 });
  });

  test('it goes on where nothing else is sent', async () => {
    const server = await serve();
    const client = await join(server);
    send(server, mold(1, ['a']));
    send(server, mold(3, ['c']));
    await client.until(({ messageCount }) => messageCount === 2);
    expect(texts(client)).toEqual(['a', 'c']);
  });

  test('reorder 0: at once, and what comes later is left out', async () => {
    const server = await serve({ reorderNs: 0 });
    const client = await join(server);
    for (const [sequence, message] of [
      [1, 'a'],
      [3, 'c'],
      [2, 'b'],
    ] as const) {
      send(server, mold(sequence, [message]));
    }
    expect(server.counters()).toMatchObject({ messages: 2, gaps: 1, late: 1 });
    await server.close();
    await client.closed;
    expect(texts(client)).toEqual(['a', 'c']);
  });

  test('sessions beyond those that are kept in order take the place of the one unused for the longest', async () => {
    const server = await serve();
    for (let index = 0; index < 70; index++) {
      const session = `S${index}`;
      send(server, mold(1, ['a'], { session }), makeFlow(index));
      send(server, mold(3, ['c'], { session }), makeFlow(index));
    }
    await server.close();
    expect(server.counters()).toMatchObject({ messages: 140, gaps: 70, missing: 70 });
  });

  test('gathered bytes go out with the next turn', async () => {
    const server = await serve({ gatherBytes: 1 << 16 });
    const client = await join(server);
    send(server, mold(1, ['a']));
    send(server, mold(2, ['b']));
    await client.until(({ messageCount }) => messageCount === 2);
    send(server, bulk(3, 60));
    send(server, bulk(63, 10));
    await client.until(({ messageCount }) => messageCount === 72);
  });

  test('a message longer than a packet can be is left out and counted', async () => {
    const server = await serve();
    const client = await join(server);
    send(server, mold(1, ['x'.repeat(65_534), 'y'.repeat(65_535), 'z']));
    await server.close();
    await client.closed;
    expect(client.messages.map((message) => message.length)).toEqual([65_534, 1]);
    expect(server.counters().tooLong).toBe(1);
  });
});

describe('the socket', () => {
  test('waiting ends when the run is stopped', async () => {
    const server = await serve();
    const stop = { stopped: false };
    const waiting = server.waitForClients(2, stop);
    await join(server);
    stop.stopped = true;
    await waiting;
  });

  test('waiting ends with the last client that is waited for', async () => {
    const server = await serve();
    const waiting = server.waitForClients(2, { stopped: false });
    await join(server);
    await join(server);
    await waiting;
  });

  test('a client that has not logged in is closed at the end', async () => {
    const server = await serve();
    const client = connect(server, { login: false });
    client.send('R');
    await new Promise((resolve) => client.socket.once('connect', resolve));
    await sleep(20);
    await server.close();
    await client.closed;
    expect(client.control).toBe('');
  });

  test('port in use', async () => {
    const { port } = await serve();
    await expect(serve({ port })).rejects.toThrow(SinkError);
    await expect(serve({ port })).rejects.toThrow(`cannot listen on 127.0.0.1 port ${port}: the port is in use`);
  });

  test('an address of another machine, a session that does not fit', async () => {
    await expect(serve({ host: '192.0.2.77' })).rejects.toThrow(
      /cannot listen on 192\.0\.2\.77 port 0: .*EADDRNOTAVAIL/,
    );
    await expect(serve({ session: 'elevenchars' })).rejects.toThrow(UsageError);
  });

  test('IPv6', async (context) => {
    const server = await serve({ host: '::1' }).catch((error: Error) =>
      context.skip(`no IPv6 on the loopback interface: ${error.message}`),
    );
    const client = await join(server, { host: '::1' });
    send(server, mold(1, ['six']));
    await client.until(({ messageCount }) => messageCount === 1);
  });
});
