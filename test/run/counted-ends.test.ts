/** Programs that are only counted, and how they end: late, with a flood, by themselves, with a counter that is stale. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkParser } from '../../src/run/check-capture.js';
import type { CheckOptions } from '../../src/run/check-spec.js';
import { Conversion } from '../../src/run/convert.js';
import { convertSpecOf } from '../../src/run/convert-spec.js';
import { parserSpecFrom, parserSpecOf } from '../../src/run/parser-spec.js';
import { freeTcpPort } from '../../src/run/parser-start.js';
import { fixture, freePort, temporaryFolder } from '../support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const input = inputSpecOf(fixture('itch50-session.pcap'));
const gaps = inputSpecOf(fixture('itch50-gaps.pcap'));
const metrics = 'http://127.0.0.1:0/metrics';

/** A script of Node's. */
function check(script: string, count: unknown, more: object = {}, options: Partial<CheckOptions> = {}) {
  const command = [process.execPath, '-e', script];
  const spec = parserSpecFrom({ command, count, timeout: '10s', ...more }, 'my.yml', folder);
  return checkParser(spec, { input, ...options });
}

/** Counts messages behind their lengths, and goes on with `rest`. */
const counting = (rest: string): string => `
  let held = Buffer.alloc(0), n = 0;
  process.stdin.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    let at = 0;
    while (at + 2 <= held.length && at + 2 + held.readUInt16BE(at) <= held.length) {
      if (held.readUInt16BE(at) > 0) n++;
      at += 2 + held.readUInt16BE(at);
    }
    held = held.subarray(at);
  });
  ${rest}`;

const serve = (answer: string): string =>
  `require('http').createServer((q, a) => a.end(${answer})).listen(+process.env.TICKREEL_COUNT_PORT, '127.0.0.1');`;

describe('a count', () => {
  it('that comes late, but goes on, is waited for', async () => {
    const late = 'let shown = 0; setInterval(() => { if (shown < n) shown += 250; }, 100);';
    const count = { from: metrics, total: 'n', settle: '1s' };
    const report = await check(counting(late + serve("'n ' + shown + '\\n'")), count, { timeout: '1s' });
    expect([report.verdict, report.message]).toEqual(['pass', '']);
  });

  it('may appear with the first that it counts', async () => {
    const late = serve("(n > 0 ? 'n ' + n + '\\n' : '') + 'other 1\\n'");
    const types = { A: 'adds', Z: 'others' };
    const report = await check(counting(late), { from: metrics, total: 'n', settle: '300ms' });
    expect([report.verdict, report.message]).toEqual(['pass', '']);
    const typed = await check(counting(late), { from: metrics, total: 'n', types: { Z: 'z' }, settle: '300ms' });
    expect([typed.verdict, typed.message]).toEqual(['pass', '']);
    const absent = await check(counting(late), { from: metrics, total: 'n', types, settle: '300ms' });
    expect([absent.verdict, absent.message]).toEqual(['rubbish', expect.stringMatching(/has no adds: there are n/)]);
  });

  it('is accepted with its numbers alone', async () => {
    const script = (count: number): string => `process.stdin.resume().on('end', () => console.log(${count}))`;
    const first = await check(script(9998), 'stdout');
    const accepted = new Set(first.divergences.causes.map(({ cause }) => cause));
    expect([...accepted]).toEqual(['messages counted: 9,998 of 10,000']);
    expect(await check(script(9998), 'stdout', {}, { accepted })).toMatchObject({ verdict: 'pass' });
    expect(await check(script(3), 'stdout', {}, { accepted })).toMatchObject({ verdict: 'differs' });
  });
});

describe('a last line without its end', () => {
  const fed = (
    rest: string,
  ): string => `const s = require('dgram').createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    let n = 0; s.on('message', (d) => { const c = d.readUInt16BE(18); if (c !== 0xffff) n += c; });
    s.bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening')); ${rest}`;
  const more = { feed: 'udp', ready: 'listening', speed: '5kpps' };

  it('is no count where the program was ended by us', async () => {
    // What a buffer held of the next line when it was ended.
    const cut = (text: string): string =>
      fed(`setInterval(() => { if (n === 10000) { n++; process.stdout.write('${text}'); } }, 20);`);
    const report = await check(cut('10000\\n100'), 'stdout', more);
    expect([report.verdict, report.message]).toEqual(['pass', '']);
    const alone = await check(cut('100'), 'stdout', more);
    expect([alone.verdict, alone.message]).toEqual([
      'rubbish',
      expect.stringContaining('it printed no line to its end'),
    ]);
  });

  it('counts where it ended by itself once it was asked to', async () => {
    const script = fed("process.on('SIGTERM', () => { require('fs').writeSync(1, String(n)); process.exit(0); });");
    const report = await check(script, 'stdout', more);
    expect([report.verdict, report.message]).toEqual(['pass', '']);
  });

  it('counts where it ended by itself', async () => {
    const script = counting("process.stdin.on('end', () => process.stdout.write(String(n)));");
    expect(await check(script, 'stdout')).toMatchObject({ verdict: 'pass', message: '' });
  });
});

describe('a flood', () => {
  it.each([
    ['without a number', 'x'],
    ['of the same number', '10000'],
  ])('%s is ended', async (_name, line) => {
    const script = `process.stdin.resume();
      const go = () => process.stdout.write('${line}\\n'.repeat(20000), go); go();`;
    const report = await check(script, 'stdout', { timeout: '3s' });
    expect([report.verdict, report.message]).toEqual(['flood', expect.stringMatching(/^wrote \d+ bytes without ano/)]);
  });

  it('of numbers that go on and on is ended', async () => {
    const script = `process.stdin.resume(); let n = 0;
      const go = () => { let s = ''; for (let i = 0; i < 5000; i++) s += n++ + '\\n'; process.stdout.write(s, go); };
      go();`;
    expect(await check(script, 'stdout', { timeout: '3s' })).toMatchObject({ verdict: 'flood' });
  });

  it('beside a counter, of a program that does not read, is ended', async () => {
    const script = `${serve("'n 0\\n'")} const go = () => process.stdout.write('x'.repeat(100000), go); go();`;
    expect(await check(script, { from: metrics, total: 'n' }, { timeout: '3s' })).toMatchObject({ verdict: 'flood' });
  });
});

describe('a program that ends by itself', () => {
  const whenOver = (rest: string): string => counting(`process.stdin.on('end', () => { ${rest} });`);

  it('tells its last in a file', async () => {
    const count = { from: 'file:last.txt', settle: '300ms' };
    const script = whenOver("require('fs').writeFileSync('last.txt', n + '\\n'); process.exit(0)");
    expect(await check(script, count)).toMatchObject({ verdict: 'pass', message: '' });
  });

  it('tells its last at a socket', async () => {
    const path = join(folder, 'last.sock');
    const listen = `let to; require('net').createServer((s) => { to = s; s.on('error', () => {}); s.write('0\\n');
      s.resume(); }).listen('last.sock');`;
    const script = `${listen} ${whenOver("to.end(n + '\\n', () => process.exit(0))")}`;
    rmSync(path, { force: true });
    const report = await check(script, { from: 'unix:last.sock', settle: '300ms' });
    expect([report.verdict, report.message]).toEqual(['pass', '']);
  });

  it('fed by UDP prints its total at the end of the session', async () => {
    const script = `const s = require('dgram').createSocket({ type: 'udp4', recvBufferSize: 4 << 20 }); let n = 0;
      s.on('message', (d) => { const c = d.readUInt16BE(18); if (c !== 0xffff) n += c;
        if (n >= 10000) { console.log(n); process.exit(0); } });
      s.bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening'));`;
    const more = { feed: 'udp', ready: 'listening', speed: '3kpps' };
    const report = await check(script, 'stdout', more);
    expect([report.verdict, report.message]).toEqual(['pass', '']);
  });

  it('early, fed by UDP, has not counted what it was not sent', async () => {
    const script = `const s = require('dgram').createSocket('udp4'); let n = 0;
      s.on('message', () => { if (++n === 100) { console.log(n); process.exit(0); } });
      s.bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening'));`;
    const more = { feed: 'udp', ready: 'listening', speed: '500pps' };
    const report = await check(script, { from: 'stdout', unit: 'packets' }, more);
    expect([report.verdict, report.message]).toEqual(['differs', 'counted 100 of 8,610 packets']);
  });

  it('leaves nothing behind that holds up the check', async () => {
    const command = ['sh', '-c', 'setsid yes 10000 & exit 0'];
    for (const count of ['stdout', undefined]) {
      const spec = parserSpecFrom({ command, count, timeout: '500ms' }, 'my.yml', folder);
      const report = await checkParser(spec, { input });
      expect(report.seconds).toBeLessThan(20);
    }
  });
});

describe('a counter in a file', () => {
  const count = { from: 'file:n.txt', settle: '300ms' };

  it('of an earlier run is not this one’s, and stands where the YAML file does', async () => {
    writeFileSync(join(folder, 'n.txt'), '10000\n');
    const never = await check('process.stdin.resume()', count);
    expect([never.verdict, never.message]).toEqual(['rubbish', expect.stringMatching(/n\.txt was never written$/)]);
    const script = counting("setInterval(() => require('fs').writeFileSync('n.txt', n + '\\n'), 20);");
    for (let run = 0; run < 2; run++) {
      expect(await check(script, count)).toMatchObject({ verdict: 'pass', message: '' });
    }
  });

  it('that is never there is told', async () => {
    const report = await check('process.stdin.resume()', { from: 'file:none.txt', settle: '300ms' });
    expect([report.verdict, report.message]).toEqual([
      'rubbish',
      expect.stringMatching(/none\.txt was never written$/),
    ]);
  });
});

it('a feed of the command line that its counts do not go with is refused', async () => {
  const path = join(folder, 'fed.yml');
  writeFileSync(path, 'command: x\nfeed: pcap\ncount: { from: stdout, unit: packets }\n');
  await expect(parserSpecOf(path, { feed: 'binaryfile' })).rejects.toThrow('a BinaryFILE has no packets');
  expect(await parserSpecOf(path, { feed: 'udp' })).toMatchObject({ feed: 'udp' });
});

it('two captures at a time take turns at one counter', async () => {
  const [port, udp] = [await freeTcpPort(), await freePort()];
  const listen = `require('http').createServer((q, a) => a.end('n ' + n)).listen(${port}, '127.0.0.1');`;
  const from = { from: `http://127.0.0.1:${port}/`, total: 'n', settle: '300ms' };
  const reports = await Promise.all([
    check(counting(listen), from),
    check(counting(listen), from, {}, { input: gaps }),
  ]);
  expect(reports.map(({ verdict, message }) => [verdict, message])).toEqual([
    ['pass', ''],
    ['pass', ''],
  ]);
  const script = `const s = require('dgram').createSocket({ type: 'udp4', recvBufferSize: 4 << 20 }); let n = 0;
    s.on('message', (d) => { const c = d.readUInt16BE(18); if (c !== 0xffff) n += c; });
    s.bind(${udp}, '127.0.0.1', () => console.error('listening'));
    process.on('SIGTERM', () => { console.log(n); process.exit(0); });`;
  const more = { feed: 'udp', address: `udp://127.0.0.1:${udp}`, ready: 'listening', speed: '3kpps' };
  const fed = await Promise.all([check(script, 'stdout', more), check(script, 'stdout', more, { input: gaps })]);
  expect(fed.map(({ verdict, counts }) => [verdict, counts.right])).toEqual([
    ['pass', 10_000],
    ['pass', 3483],
  ]);
});

describe('a capture over TCP', () => {
  it('is counted like any other', async () => {
    const path = join(folder, 'soup.pcap');
    const spec = convertSpecOf(input, path, { format: 'pcap', framing: 'soupbintcp' });
    await (await Conversion.open(spec, () => {})).run();
    const tcp = inputSpecOf(path);
    const right = await check(counting("process.stdin.on('end', () => console.log(n))"), 'stdout', {}, { input: tcp });
    expect([right.verdict, right.counts.right]).toEqual(['pass', right.counts.left]);
    expect(right.counts.left).toBeGreaterThan(0);
    const wrong = await check("process.stdin.resume().on('end', () => console.log(0))", 'stdout', {}, { input: tcp });
    expect(wrong).toMatchObject({ verdict: 'differs' });
  });
});
