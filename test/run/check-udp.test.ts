/** Programs that read UDP: when they are done or hang, whatever they log, and who has a port to itself. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkParser } from '../../src/run/check-capture.js';
import { runCases } from '../../src/run/check-cases.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { fixture, freePort, temporaryFolder } from '../support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const input = inputSpecOf(fixture('itch50-gaps.pcap'));

/** Reads datagrams and does `more`; no message of the capture is of the type that it is asked for. */
function listening(more: string, keys: object = {}) {
  const script = `const s = require('dgram').createSocket('udp4').on('message', () => {});
    s.on('error', (error) => { console.error(error.message); process.exit(4); });
    s.bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening')); ${more}`;
  const command = [process.execPath, '-e', script];
  const all = { command, feed: 'udp', ready: 'listening', speed: 'max', only: ['O'], timeout: '5s', ...keys };
  return parserSpecFrom(all, 'my.yml', folder);
}

describe('what a program writes on standard error now and then', () => {
  const alive = "setInterval(() => console.error('alive'), 100);";

  it('does not hold up the end of a right one', async () => {
    const { verdict, message } = await checkParser(listening(alive), { input });
    expect([verdict, message]).toEqual(['pass', '']);
  });

  it('does not keep one that reads nothing from being a hang', async () => {
    const command = [process.execPath, '-e', alive];
    const spec = parserSpecFrom({ command, feed: 'binaryfile', timeout: '1s' }, 'my.yml', folder);
    expect(await checkParser(spec, { input })).toMatchObject({
      verdict: 'hang',
      errorText: expect.stringMatching(/alive$/),
    });
  });
});

it('a timeout of under half a second is no hang of who reads all', async () => {
  // It is not told when the program is ready: how long that takes to start is no matter.
  const { verdict, message } = await checkParser(listening('', { timeout: '450ms', ready: undefined }), { input });
  expect([verdict, message]).toEqual(['pass', '']);
});

it('two captures at a time take turns at one port', async () => {
  const parser = listening('', { address: `udp://127.0.0.1:${await freePort()}` });
  const one = { input, parser, golden: null, accepted: new Set<string>(), isOptional: false };
  const reports = await runCases(
    [
      { ...one, name: 'a' },
      { ...one, name: 'b' },
    ],
    { jobs: 2 },
  );
  expect(reports.map(({ verdict, message }) => [verdict, message])).toEqual([
    ['pass', ''],
    ['pass', ''],
  ]);
});

it('what others at its port leave unread is not waited for', async () => {
  const port = await freePort();
  const bind = `require('dgram').createSocket('udp4').bind(${port}, '127.0.0.2', () => console.log('bound'))`;
  const other = spawn(process.execPath, ['-e', bind]);
  await new Promise((resolve) => other.stdout.once('data', resolve));
  other.kill('SIGSTOP');
  const socket = createSocket('udp4');
  const sending = setInterval(() => socket.send(Buffer.alloc(500), port, '127.0.0.2'), 50);
  try {
    const parser = listening('', { address: `udp://127.0.0.1:${port}`, timeout: '2s' });
    const { verdict, message } = await checkParser(parser, { input });
    expect([verdict, message]).toEqual(['pass', '']);
  } finally {
    clearInterval(sending);
    socket.close();
    other.kill('SIGKILL');
  }
});

it('what it leaves unread itself is a hang', async () => {
  // Busy once the first has come.
  const script = `const s = require('dgram').createSocket('udp4').on('message', () => { for (;;) {} });
    s.bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening'));`;
  const command = [process.execPath, '-e', script];
  const keys = { command, feed: 'udp', ready: 'listening', speed: 'max', only: ['O'], timeout: '1s' };
  const { verdict } = await checkParser(parserSpecFrom(keys, 'my.yml', folder), { input });
  expect(verdict).toBe('hang');
});
