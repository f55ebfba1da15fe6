import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  type AckCounter,
  formatAckAddress,
  openAckCounter,
  parseAckAddress,
  serveAckCounter,
} from '../../src/io/ack-counter.js';
import { readHttp } from '../../src/io/http-counter.js';

const folder = mkdtempSync(join(tmpdir(), 'tickreel-ack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Asks until the counter has come to a number; the test's own limit of time ends it. */
async function comesTo(counter: AckCounter, wanted: number): Promise<void> {
  while (counter.count !== wanted) {
    counter.ask();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A receiver's own server, told what to do with a connection. */
async function serve(onSocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

describe('parseAckAddress', () => {
  it.each<[string, ReturnType<typeof parseAckAddress>]>([
    ['tcp://127.0.0.1:7001', { kind: 'tcp', host: '127.0.0.1', port: 7001 }],
    ['tcp://[::1]:7001', { kind: 'tcp', host: '::1', port: 7001 }],
    ['unix:run/ack.sock', { kind: 'unix', path: 'run/ack.sock' }],
    ['file:/tmp/count', { kind: 'file', path: '/tmp/count' }],
    ['http://127.0.0.1:9100/m#a{b="c"}', { kind: 'http', url: 'http://127.0.0.1:9100/m', selector: 'a{b="c"}' }],
  ])('%s', (text, address) => {
    expect(parseAckAddress(text)).toEqual(address);
    expect(formatAckAddress(address)).toBe(text);
  });

  it('takesSlashesAsInAUrl', () => {
    expect(parseAckAddress('unix:///tmp/a')).toEqual({ kind: 'unix', path: '/tmp/a' });
  });

  it.each(['', 'tcp://127.0.0.1', 'tcp://127.0.0.1:70000', 'udp://127.0.0.1:1', 'file:', '/tmp/a'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseAckAddress(text)).toThrow(/is not tcp:\/\/HOST:PORT, unix:PATH, file:PATH or http:/);
    },
  );
});

describe('counter', () => {
  it.each(['unix', 'file'] as const)('isServedAndHeardOver %s', async (kind) => {
    let packets = 7;
    const address = { kind, path: join(folder, kind) };
    const server = await serveAckCounter(address, () => packets);
    const counter = await openAckCounter(address);
    await comesTo(counter, 7);
    packets = 1_000_000;
    await comesTo(counter, 1_000_000);
    expect(counter.failure).toBeNull();
    counter.close();
    server.close();
    expect(existsSync(address.path)).toBe(kind === 'file');
  });

  it('isServedAgainWhereASocketWasLeftBehind', async () => {
    const path = join(folder, 'left');
    writeFileSync(path, '');
    const server = await serveAckCounter({ kind: 'unix', path }, () => 1);
    server.close();
  });

  it('isHeardFromAReceiverThatOnlyWrites', async () => {
    const { server, port } = await serve((socket) => socket.write('1\n2 packets\nnonsense\n12'));
    const counter = await openAckCounter({ kind: 'tcp', host: '127.0.0.1', port });
    await comesTo(counter, 2);
    counter.close();
    server.close();
  });

  it('putsNumbersTogetherThatComeInPieces', async () => {
    const { server, port } = await serve((socket) => {
      let sent = 0;
      socket.on('data', () => socket.write(['4', '5\n', ''][sent++] ?? ''));
    });
    const counter = await openAckCounter({ kind: 'tcp', host: '127.0.0.1', port });
    await comesTo(counter, 45);
    counter.close();
    server.close();
  });

  it('saysThatTheReceiverHasGone', async () => {
    const { server, port } = await serve((socket) => socket.end('3\n'));
    const counter = await openAckCounter({ kind: 'tcp', host: '127.0.0.1', port });
    while (counter.failure === null)
      await comesTo(counter, 3).then(() => new Promise((resolve) => setTimeout(resolve, 2)));
    expect(counter.failure).toBe(`the counter at tcp://127.0.0.1:${port} closed the connection`);
    counter.close();
    server.close();
  });

  it('takesTheLastLineOfAFileThatIsAppendedToOrWrittenAnew', async () => {
    const path = join(folder, 'growing');
    const counter = await openAckCounter({ kind: 'file', path });
    expect(counter.count).toBeNull();
    writeFileSync(path, '5');
    await comesTo(counter, 5);
    writeFileSync(path, `${Array.from({ length: 100 }, (_, index) => index).join('\n')}\n123`);
    await comesTo(counter, 99);
    appendFileSync(path, '4\n');
    await comesTo(counter, 1234);
    writeFileSync(path, '');
    counter.ask();
    expect(counter.count).toBe(1234);
    counter.close();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('cannotBeServedWhereThereIsNoFolder', async () => {
    const path = join(folder, 'none', 'ack');
    await expect(serveAckCounter({ kind: 'unix', path }, () => 1)).rejects.toThrow(/cannot serve the counter at unix:/);
    await expect(serveAckCounter({ kind: 'file', path }, () => 1)).rejects.toThrow(/cannot write the counter to/);
  });
});

describe('by HTTP', () => {
  it('isAskedAndTellsWhyNot', async () => {
    let received = 7;
    const server = createHttpServer((_request, response) => response.end(`received_total ${received}\n`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/metrics`;
    const counter = await openAckCounter({ kind: 'http', url, selector: 'received_total' });
    expect(counter.count).toBe(7);
    received = 900;
    await comesTo(counter, 900);
    received = Number.NaN;
    counter.ask();
    while (counter.failure === null) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(counter.failure).toBe('received_total is NaN, which is no count');
    counter.close();
    server.close();
  });

  it('is refused where its address is none that can be asked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await expect(readHttp('http://us%er@127.0.0.1:1/', 5000)).rejects.toThrow(
        'the counter at http://us%er@127.0.0.1:1/ cannot be read: URI malformed',
      );
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves no question under way where it is closed', async () => {
    let isSilent = false;
    const server = createHttpServer((_request, response) => {
      if (!isSilent) response.end('x 7\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const counter = await openAckCounter({ kind: 'http', url, selector: 'x' });
    isSilent = true;
    const closed = new Promise<string>((resolve) => {
      server.once('request', (request) => {
        request.socket.on('close', () => resolve('closed by who asked'));
        counter.close();
      });
    });
    counter.ask();
    const late = new Promise<string>((resolve) => setTimeout(resolve, 3000, 'still open').unref());
    expect(await Promise.race([closed, late])).toBe('closed by who asked');
    expect(counter.failure).toBeNull();
    server.close();
  });

  it('isNotServed', async () => {
    const address = parseAckAddress('http://127.0.0.1:1/#a');
    await expect(serveAckCounter(address, () => 0)).rejects.toThrow('and not by HTTP');
  });
});
