/** Programs of which nothing but counts is known: by HTTP, in lines, fed by pipe and UDP, right and wrong in each way. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkParser } from '../../src/run/check-capture.js';
import { caseLines } from '../../src/run/check-text.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { freeTcpPort } from '../../src/run/parser-start.js';
import { fixture, freePort, projectRoot, temporaryFolder, until } from '../support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const program = join(projectRoot, 'test/parsers/counting.mjs');
const input = inputSpecOf(fixture('itch50-session.pcap'));
const metrics = 'http://127.0.0.1:0/metrics';
const total = 'itch_messages_total{feed="A"}';
/** Of the fixture: 10,000 messages in so many packets. */
const packets = 8610;

interface Keys {
  readonly [key: string]: unknown;
}

function counted(args: readonly string[], count: unknown, more: Keys = {}, wrong = '') {
  const command = ['env', `WRONG=${wrong}`, process.execPath, program, ...args];
  const spec = parserSpecFrom({ command, count, timeout: '10s', name: 'counting', ...more }, 'my.yml', folder);
  return checkParser(spec, { input });
}

const overHttp = (wrong = '', more: Keys = {}) =>
  counted(['--http', '{count-port}'], { from: metrics, total, settle: '600ms' }, more, wrong);

describe('by HTTP, fed by a pipe', () => {
  it('counts all, from wherever it began', async () => {
    const report = await overHttp();
    expect(report).toMatchObject({ verdict: 'pass', message: '', divergences: { total: 0 } });
    expect(report.counted).toEqual({
      unit: 'messages',
      parts: [{ name: 'messages', expected: 10_000, counted: 10_000 }],
    });
    expect(report.counts).toMatchObject({ left: 10_000, right: 10_000, missing: 0 });
    expect(caseLines(report)[0]).toContain('against counting: 10,000 messages');
  });

  it('adds up series, reads JSON and patterns', async () => {
    for (const selector of ['itch_messages_total', '$.feeds[0].counted', '/feed="A".* (\\d+)$/']) {
      const path = selector.startsWith('$') ? '/stats' : '/metrics';
      const from = `http://127.0.0.1:0${path}`;
      const report = await counted(['--http', '{count-port}'], { from, total: selector, settle: '600ms' });
      expect([selector, report.verdict, report.message]).toEqual([selector, 'pass', '']);
    }
  });

  it('tells what is short, by type, and what of it was accepted', async () => {
    const types = { A: 'itch_type_total{type="A"}', OrderDelete: 'itch_type_total{type="D"}' };
    const of = (wrong: string) =>
      counted(['--http', '{count-port}'], { from: metrics, total, types, settle: '600ms' }, {}, wrong);
    expect((await of('')).counted?.parts.map(({ name }) => name)).toEqual(['messages', 'A AddOrder', 'D OrderDelete']);
    const report = await of('misses-adds');
    expect(report.verdict).toBe('differs');
    expect(report.message).toMatch(/^counted 9,99\d of 10,000 messages \(A AddOrder \d short\)$/);
    const hint = expect.stringMatching(/^\d short$/);
    expect(report.divergences.causes).toEqual([
      expect.objectContaining({
        kind: 'count',
        cause: expect.stringMatching(/^messages counted: 9,99\d of 10,000$/),
        hint,
      }),
      expect.objectContaining({ kind: 'count', cause: expect.stringMatching(/^A AddOrder counted: /), hint }),
    ]);
    const only = await counted(['--http', '{count-port}'], { from: metrics, types, settle: '600ms' }, { only: ['A'] });
    // Of a type that it is not asked for there is none.
    expect(only.message).toMatch(/^counted otherwise: OrderDelete [\d,]+ too many$/);
  });

  it.each([
    ['doubles', 'differs', /^counted 20,000 messages where there are 10,000$/],
    ['dies', 'crash', /^ended with code 5$/],
    ['begins-anew', 'rubbish', /its count went back from \d+ to 5/],
    ['no-number', 'rubbish', /itch_messages_total\{feed="A"\} is many, which is no count/],
    ['status', 'rubbish', /answered 503 Service Unavailable, where 200 was wanted/],
    ['silent', 'hang', /did not answer within 1500 ms/],
  ] as const)('%s: %s', async (wrong, verdict, message) => {
    const report = await overHttp(wrong, wrong === 'silent' ? { timeout: '1500ms' } : {});
    expect([report.verdict, report.message]).toEqual([verdict, expect.stringMatching(message)]);
  });

  it('tells which metrics there are where the one asked for is not', async () => {
    const report = await counted(['--http', '{count-port}'], { from: metrics, total: 'itch_total' });
    expect(report).toMatchObject({ verdict: 'rubbish' });
    expect(report.message).toMatch(
      /has no itch_total: there are itch_messages_total, itch_type_total, itch_packets_total/,
    );
  });

  it('nobody listens there', async () => {
    const report = await counted([], { from: metrics, total }, { timeout: '1s' });
    expect(report).toMatchObject({ verdict: 'not-started' });
    expect(report.message).toContain('cannot be reached: nobody listens there');
  });
});

describe('in lines that it prints', () => {
  const adds = '/, (\\d+) adds/';

  it('fed by a pipe: the last line counts', async () => {
    const report = await counted(['--lines'], { from: 'stdout', total: '/handled (\\d+)/', types: { A: adds } });
    expect([report.verdict, report.message]).toEqual(['pass', '']);
  });

  it.each([
    ['misses-adds', 'differs', /^counted 9,99\d of 10,000 messages$/],
    ['prints-nothing', 'rubbish', /^printed no line with \/handled .*; its first line is: ready to work$/],
    ['dies', 'crash', /^ended with code 5$/],
  ] as const)('%s: %s', async (wrong, verdict, message) => {
    const report = await counted(['--lines'], { from: 'stdout', total: '/handled (\\d+)/' }, {}, wrong);
    expect([report.verdict, report.message]).toEqual([verdict, expect.stringMatching(message)]);
  });

  it('a number alone is wanted where no pattern is given', async () => {
    const script = 'process.stdin.resume().on("end", () => console.log("10000 in all"))';
    const spec = parserSpecFrom({ command: [process.execPath, '-e', script], count: 'stdout' }, 'my.yml', folder);
    expect(await checkParser(spec, { input })).toMatchObject({ verdict: 'pass' });
  });

  it('one that does not come to its end, or does not read, hangs', async () => {
    for (const script of ['process.stdin.resume(); setInterval(() => {}, 1000)', 'setInterval(() => {}, 1000)']) {
      const keys = { command: [process.execPath, '-e', script], count: 'stdout', timeout: '1500ms' };
      const report = await checkParser(parserSpecFrom(keys, 'my.yml', folder), { input });
      expect([report.verdict, report.counted]).toEqual(['hang', { unit: 'messages', parts: [] }]);
    }
  });

  it('fed by UDP it tells when it is asked to end', async () => {
    const more = { feed: 'udp', ready: 'listening', speed: '5kpps' };
    const report = await counted(['--udp', '{port}', '--lines'], { from: 'stdout', total: '/handled (\\d+)/' }, more);
    expect([report.verdict, report.message]).toEqual(['pass', '']);
  });
});

describe('by UDP', () => {
  const args = ['--udp', '{port}', '--http', '{count-port}'];

  it('messages and packets', async () => {
    const more = { feed: 'udp', ready: 'listening', speed: '5kpps' };
    expect(await counted(args, { from: metrics, total }, more)).toMatchObject({ verdict: 'pass', message: '' });
    const report = await counted(args, { from: `${metrics}#itch_packets_total`, unit: 'packets' }, more);
    expect(report.counted?.parts).toEqual([{ name: 'packets', expected: packets, counted: packets }]);
    expect(caseLines(report)[0]).toContain('8,610 packets');
  });

  it('one that dies while it is fed', async () => {
    const more = { feed: 'udp', ready: 'listening', speed: '5kpps' };
    const report = await counted(args, { from: metrics, total }, more, 'dies');
    expect(report).toMatchObject({ verdict: 'crash', message: 'ended with code 5' });
  });

  it('one that was running, two captures one after the other', async () => {
    const [udp, http] = [await freePort(), await freeTcpPort()];
    const child = spawn(process.execPath, [program, '--udp', `${udp}`, '--http', `${http}`], {
      env: { ...process.env, BASE: '77' },
    });
    afterAll(() => child.kill());
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await until(() => said.includes('listening'));
    const spec = parserSpecFrom(
      {
        ...{ running: true, address: `udp://127.0.0.1:${udp}`, speed: '5kpps' },
        count: { from: `http://127.0.0.1:${http}/metrics`, total },
      },
      'my.yml',
      folder,
    );
    const gaps = inputSpecOf(fixture('itch50-gaps.pcap'));
    const reports = await Promise.all([checkParser(spec, { input }), checkParser(spec, { input: gaps })]);
    expect(reports.map(({ verdict, counts }) => [verdict, counts.right])).toEqual([
      ['pass', 10_000],
      ['pass', 3483],
    ]);
    child.kill();
    await until(() => child.exitCode !== null || child.signalCode !== null);
    expect(await checkParser(spec, { input: gaps })).toMatchObject({ verdict: 'not-started' });
  });
});

it('a counter at a socket, as find-limit has it', async () => {
  const path = join(folder, 'count.sock');
  const report = await counted(['--unix', path], `unix:${path}`);
  expect([report.verdict, report.message]).toEqual(['pass', '']);
  const wrong = await counted(['--unix', `${path}2`], `unix:${path}2`, {}, 'doubles');
  expect(wrong).toMatchObject({ verdict: 'differs', message: 'counted 20,000 messages where there are 10,000' });
});

it.each([
  [{ count: 'http://127.0.0.1:1/x' }, 'my.yml: count: say which number it is'],
  [{ count: { from: 'stdout', total: '/(/' } }, 'my.yml: count.total: it is no regular expression'],
  [{ count: { from: 'stdout', total: '$.' } }, "my.yml: count.total: '$.' is no path into JSON"],
  [{ count: { from: 'stdout', total: 'a b' } }, "my.yml: count.total: 'a b' picks no number"],
  [{ count: { from: 'somewhere' } }, 'my.yml: count.from: wants stdout, http://HOST:PORT/PATH'],
  [{ count: { from: 'stdout', unit: 'bytes' } }, 'my.yml: count.unit: one of messages, packets'],
  [{ count: { from: 'stdout', unit: 'packets' } }, 'a BinaryFILE has no packets'],
  [{ count: { from: 'stdout', every: 1 } }, "my.yml: count: 'every' is no key here"],
  [{ count: 'stdout', fields: { price: 'px' } }, 'writes no fields: leave out fields'],
  [{ count: 'unix:x.sock', records: { size: 8 } }, 'writes no fields: leave out records'],
  [{ count: 'stdout', command: undefined, module: 'x.mjs' }, 'a module is called'],
  [{ command: undefined, running: true }, 'can only be counted'],
  [{ command: undefined, running: true, count: 'unix:x.sock' }, 'say where it listens'],
  [
    { command: undefined, running: true, count: 'stdout', address: 'udp://127.0.0.1:9' },
    'of a program that runs already: an address with its port',
  ],
  [{ running: true, count: 'stdout' }, 'by one of the keys module and command, or running: true'],
])('%j is refused', (keys, told) => {
  expect(() => parserSpecFrom({ command: 'x', ...keys }, 'my.yml', folder)).toThrow(told);
});
