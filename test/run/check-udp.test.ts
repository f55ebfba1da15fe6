/** Programs that read UDP: when they are done or hang, whatever they log, and who has a port to itself. */
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

it.each([
  ['200ms', 'listening'],
  ['300ms', null],
])('a timeout of %s, ready %s, is no hang of who reads all', async (timeout, ready) => {
  // Begun before it is timed, where it is not told when it is ready.
  const { verdict, message } = await checkParser(
    listening('', { timeout, ...(ready === null ? { ready: undefined } : {}) }),
    { input },
  );
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
