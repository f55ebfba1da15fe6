import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type ControlServer,
  maxLineBytes,
  openControlServer,
  parseControlAddress,
} from '../../src/io/control-server.js';
import { folderPath } from './support.js';

/** Sends text and resolves with the answers once the server or this end has closed. */
function talk(address: string, text: string, ends = true): Promise<object[]> {
  const at = parseControlAddress(address);
  const socket = at.kind === 'unix' ? connect(at.path) : connect(at.port, at.host);
  return new Promise((resolve, reject) => {
    let received = '';
    socket.setEncoding('utf8').on('data', (part) => {
      received += part;
    });
    socket.on('error', reject);
    socket.on('close', () =>
      resolve(
        received
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      ),
    );
    if (ends) socket.end(text);
    else socket.write(text);
  });
}

const echo = async (line: string) => ({ ok: true, line });

async function listening(address: string, use: (server: ControlServer) => Promise<void>): Promise<void> {
  const server = await openControlServer(parseControlAddress(address), echo);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

describe.each([
  ['unix', `unix:${join(folderPath(), 'control.sock')}`],
  ['tcp', 'tcp://127.0.0.1:0'],
])('%s', (_name, address) => {
  test('each line is answered, in order, however it is cut; empty ones are not', () =>
    listening(address, async (server) => {
      const socket = talk(server.address, 'a\r\n\n  \nb\nc\nwithout an end');
      expect(await socket).toEqual(['a', 'b', 'c'].map((line) => ({ ok: true, line })));
    }));

  test('several clients at a time', () =>
    listening(address, async (server) => {
      const all = Array.from({ length: 10 }, (_, index) => talk(server.address, `${index}\n`));
      expect(await Promise.all(all)).toEqual(all.map((_, index) => [{ ok: true, line: `${index}` }]));
    }));

  test('a line without end ends its client, and no other', () =>
    listening(address, async (server) => {
      const endless = await talk(server.address, `fine\n${'x'.repeat(maxLineBytes + 1)}`, false);
      expect(endless).toEqual([
        { ok: true, line: 'fine' },
        { ok: false, error: expect.stringMatching(/longer than/) },
      ]);
      expect(await talk(server.address, 'b\n')).toHaveLength(1);
    }));

  test('closing ends the clients that are there', async () => {
    const server = await openControlServer(parseControlAddress(address), echo);
    const client = talk(server.address, 'a\n', false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
    expect(await client).toEqual([{ ok: true, line: 'a' }]);
  });
});

test('a socket that a run which is gone has left is taken over; one that answers, or another file, is not', async () => {
  const path = join(folderPath(), 'left.sock');
  const address = `unix:${path}`;
  await listening(address, async () => {
    await expect(openControlServer(parseControlAddress(address), echo)).rejects.toThrow(/listens there already/);
  });
  expect(existsSync(path)).toBe(false);
  // A process that dies leaves its socket behind.
  const { spawnSync } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  expect(existsSync(path)).toBe(true);
  await listening(address, async () => {
    expect(await talk(address, 'a\n')).toHaveLength(1);
  });
  writeFileSync(path, 'a file');
  await expect(openControlServer(parseControlAddress(address), echo)).rejects.toThrow(/left\.sock: something listens/);
});

test('a port that is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const at = parseControlAddress(`tcp://127.0.0.1:${port}`);
  await expect(openControlServer(at, echo)).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: something listens/);
  other.close();
});

describe('addresses', () => {
  test.each([
    ['unix:/tmp/a.sock', { kind: 'unix', path: '/tmp/a.sock' }],
    ['unix:///tmp/a.sock', { kind: 'unix', path: '/tmp/a.sock' }],
    ['tcp://127.0.0.1:9000', { kind: 'tcp', host: '127.0.0.1', port: 9000 }],
    ['tcp://:9000', { kind: 'tcp', host: '127.0.0.1', port: 9000 }],
    ['tcp://[::1]:9000', { kind: 'tcp', host: '::1', port: 9000 }],
  ])('%s', (text, expected) => expect(parseControlAddress(text)).toEqual(expected));

  test.each(['unix:', 'tcp://127.0.0.1', 'tcp://127.0.0.1:70000', '9000', `unix:/${'x'.repeat(120)}`])('%s', (text) =>
    expect(() => parseControlAddress(text)).toThrow(/--control '/),
  );
});
