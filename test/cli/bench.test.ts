/** `tickreel bench` as a user runs it: shapes, checksums, exit codes and refusals, never times. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { BenchReport } from '../../src/run/bench/report.js';
import { parseXml } from '../plot/xml.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');
const quick = ['--runs', '3', '--warm-up', '0s', '--latency-for', '0s'];
const decode = [...quick, '--stages', '^decode$'];

async function bench(...args: string[]) {
  const { code, stdout, stderr } = await run(['bench', ...args, '--json']);
  return { code, stderr, report: (stdout === '' ? null : JSON.parse(stdout)) as BenchReport };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('stages', () => {
  it('of a gzipped pcap, with sums that agree', async () => {
    const bytes = gzipSync(readFileSync(session));
    const path = file('session.pcap.gz', bytes);
    const plot = join(folder, 'cost.svg');
    const { code, stderr, report } = await bench(path, ...quick, '--threads', '2', '--plot', plot);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(report.input).toMatchObject({
      files: [
        { format: 'pcap', compression: 'gzip', isWhole: true, sizeBytes: bytes.length, measuredBytes: bytes.length },
      ],
      messages: 10_000,
    });
    expect(report.input.files[0]?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const names = report.stages.map(({ name }) => name);
    const all = [
      'read-warm',
      'inflate',
      'frames',
      'network',
      'session',
      'scan',
      'decode',
      'decode-batch',
      'decode-threads',
      'json',
      'end-to-end',
    ];
    // Whether the pages could be dropped depends on the machine, and is told.
    const skipped = Object.keys(report.skipped);
    expect([...names, ...skipped].sort()).toEqual(['read-cold', ...all].sort());
    const sumOf = (name: string) => report.stages.find((one) => one.name === name)?.checksum;
    expect(sumOf('end-to-end')).toBe(sumOf('decode'));
    expect(sumOf('decode-batch')).toBe(sumOf('decode'));
    const shared = report.stages.find(({ name }) => name === 'decode-threads');
    expect(shared).toMatchObject({ checksum: sumOf('decode'), threads: { count: 2, beside: 'decode-batch' } });
    expect(sumOf('frames')).toBe(8610);
    expect(sumOf('inflate')).toBe(readFileSync(session).length);
    const nsOf = (name: string) => report.stages.find((one) => one.name === name)?.nsPerMessage as number;
    expect(report.inflateShare).toBeCloseTo(nsOf('inflate') / nsOf('end-to-end'), 9);
    for (const { runsNs, nsPerMessage, messagesPerSecond, after, ownNsPerMessage } of report.stages) {
      expect(runsNs).toHaveLength(3);
      expect(nsPerMessage * messagesPerSecond).toBeCloseTo(1e9, -1);
      if (after === null) expect(ownNsPerMessage).toBe(nsPerMessage);
    }
    expect(report.types.reduce((sum, { messages }) => sum + messages, 0)).toBe(10_000);
    expect(report.machine.command).toContain('tickreel bench');
    expect(parseXml(readFileSync(plot, 'utf8')).name).toBe('svg');
  });

  it('of a BinaryFILE sum up the same fields as of its pcap', async () => {
    const day = fixture('itch50-session.NASDAQ_ITCH50.gz');
    const both = await Promise.all([
      bench(session, ...decode),
      bench(day, ...quick, '--stages', '^(decode$|frames|end)'),
    ]);
    const sums = both.map(({ report }) => report.stages.map(({ name, checksum }) => [name, checksum]));
    expect(sums[1]).toEqual([sums[0]?.[0], ['end-to-end', sums[0]?.[0]?.[1]]]);
    expect(both[1]?.report.skipped).toEqual({ frames: 'a BinaryFILE has no packets' });
  });

  it('of MDP 3.0, by template', async () => {
    const { code, report } = await bench(fixture('mdp3-session.pcap'), ...quick, '--stages', 'decode|end');
    expect(code).toBe(0);
    expect(report.types[0]).toMatchObject({ protocol: 'mdp3', name: expect.stringMatching(/^MD/) });
    const [first, last] = report.stages;
    expect(last?.checksum).toBe(first?.checksum);
  });

  it('of two files are over both', async () => {
    const gaps = fixture('itch50-gaps.pcap');
    const { report } = await bench(session, gaps, ...decode);
    expect(report.input.files.map(({ records }) => records)).toEqual([8610, 2997]);
    expect(report.input.messages).toBe(10_000 + 3483);
  });

  it('a sample ends with its last whole record, and no damage is told', async () => {
    const { code, stderr, report } = await bench(session, ...quick, '--stages', 'decode|end', '--sample', '100kB');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(report.input).toMatchObject({ inflatedBytes: 100_000, files: [{ isWhole: false, measuredBytes: 100_000 }] });
    expect(report.input.messages).toBeLessThan(1500);
    expect(report.stages[1]?.checksum).toBe(report.stages[0]?.checksum);
  });

  it('damage is told, what stands around it measured, and the exit code is 3', async () => {
    const hurt = Buffer.from(readFileSync(session));
    hurt.write('garbage here!!!!', 200_000);
    const { code, stderr, report } = await bench(file('hurt.pcap', hurt), ...decode, '--recover');
    expect(code).toBe(3);
    expect(stderr).toMatch(/hurt\.pcap: .*\[packet \d+, byte \d+/);
    expect(report.input.messages).toBe(9999);
  });
});

describe('your own parser', () => {
  const count = `
    export class Counter {
      constructor() { this.reset(); }
      reset() { this.count = 0; }
      onMessage(view, offset, length) { if (view.byteLength >= offset + length) this.count++; }
      checksum() { return this.count; }
    }`;

  it('as a class, its checksum compared from run to run', async () => {
    const path = file('counter.mjs', count);
    const { code, report } = await bench(session, ...decode, '--parser', path);
    expect(code).toBe(0);
    expect(report.parsers[0]).toMatchObject({
      name: path,
      kind: 'module',
      checksum: 10_000,
      failure: null,
      latency: null,
    });
    expect(report.parsers[0]?.runsNs).toHaveLength(3);
  });

  it('paced, beside our own decoding, each message counted once', async () => {
    const path = file(
      'plain.mjs',
      'let n = 0; export function onMessage(view, offset) { if (n++ === 0) console.log(view.byteLength); }',
    );
    const paced = ['--latency-rate', '50kmsg/s', '--latency-for', '100ms'];
    const { code, report } = await bench(session, ...decode, '--parser', path, ...paced);
    expect(code).toBe(0);
    expect(report.parsers[0]?.latency).toMatchObject({
      askedPerSecond: 50_000,
      messages: 5000,
      latency: { count: 5000 },
    });
    expect(report.ownLatency).toMatchObject({ messages: 5000, latency: { count: 5000 } });
  });

  it('that fails in one way or another is told, and the rest is measured', async () => {
    const throws = 'export default { onMessage(v, o) { if (v.getUint8(o) === 80) throw new RangeError("no P"); } }';
    const failing: Record<string, readonly [source: string, message: RegExp]> = {
      throws: [
        throws,
        /threw on message 88 of 10000 \(first byte P\), called with offset \d+ and length 44: RangeError: no P \(at /,
      ],
      changes: [
        'let n = 0; export const onMessage = () => n++; export const checksum = () => n;',
        /the checksum of .*changes\.mjs changed from one run to the next/,
      ],
      hangs: [
        'export function onMessage() { for (;;); }',
        /hangs\.mjs did not come back within 5 s at message 1, and was ended/,
      ],
      leaves: ['export function onMessage() { process.exit(0); }', /leaves\.mjs ended its thread with code 0/],
    };
    const paths = Object.entries(failing).map(([name, [source]]) => file(`${name}.mjs`, source));
    const parsers = paths.flatMap((path) => ['--parser', path]);
    const { code, stderr, report } = await bench(session, ...decode, ...parsers, '--parser-timeout', '5s');
    expect(code).toBe(1);
    for (const [index, [, message]] of Object.values(failing).entries()) {
      expect(stderr).toMatch(message);
      expect(report.failures[paths[index] as string]).toMatch(message);
    }
    expect(report.stages.map(({ name }) => name)).toEqual(['decode']);
  });

  it.each([
    ['is not there', ['--parser', './none.mjs'], /there is no file/],
    ['does not load', ['--parser', file('broken.mjs', 'export const = 3;')], /broken\.mjs does not load: SyntaxError/],
    [
      'has no onMessage',
      ['--parser', file('odd.mjs', 'export const parse = 3;')],
      /odd\.mjs exports parse: no onMessage/,
    ],
    ['is named twice', ['--parser', session, '--parser', session], /is named twice/],
  ])('that %s is refused', async (_name, args, message) => {
    const { code, stdout, stderr } = await run(['bench', session, ...decode, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('a program', () => {
  const node = `'${process.execPath}'`;
  /** Counts messages behind their lengths, and tells after each chunk. */
  const counting = file(
    'counting.mjs',
    `let n = 0, rest = Buffer.alloc(0);
     process.stdin.on('data', (chunk) => {
       const bytes = Buffer.concat([rest, chunk]);
       let at = 0;
       for (; bytes.length - at >= 2 && bytes.length - at >= 2 + bytes.readUInt16BE(at); n++) at += 2 + bytes.readUInt16BE(at);
       rest = bytes.subarray(at);
       console.log(n);
     });`,
  );

  it('that counts is measured to its last count, and paced by its counts', async () => {
    const paced = ['--latency-rate', '20kmsg/s', '--latency-for', '100ms'];
    const args = ['--parser-cmd', `${node} ${counting}`, ...paced];
    const { code, stderr, report } = await bench(session, ...decode, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(report.parsers[0]).toMatchObject({
      ...{ kind: 'command', counted: 10_000, lost: 0, failure: null },
      latency: {
        messages: 2000,
        latency: { count: 2000 },
        includes: expect.stringContaining('a count that covers it'),
      },
    });
  });

  it('that only ends is measured to its end, by the pipe, and told what it printed', async () => {
    const paced = ['--latency-rate', '20kmsg/s', '--latency-for', '50ms'];
    const { code, stderr, report } = await bench(
      session,
      ...decode,
      '--parser-cmd',
      'cat > /dev/null; echo done',
      ...paced,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/printed what is no count: done/);
    expect(report.parsers[0]).toMatchObject({
      counted: null,
      latency: { includes: expect.stringContaining('into the pipe') },
    });
  });

  it('is fed the capture as it is, cut behind its last whole packet', async () => {
    const copy = join(folder, 'fed.pcap');
    const args = ['--parser-feed', 'capture', '--sample', '100kB', '--parser-cmd', `cat > '${copy}'`];
    expect((await bench(session, ...decode, ...args)).code).toBe(0);
    const fed = readFileSync(copy);
    expect(fed.length).toBeGreaterThan(99_000);
    expect(Buffer.compare(fed, readFileSync(session).subarray(0, fed.length))).toBe(0);
    expect((await run(['inspect', copy])).code).toBe(0);
  });

  it('that fails in one way or another is told, and the rest is measured', async () => {
    const failing: Record<string, RegExp> = {
      'cat > /dev/null; echo oh no >&2; exit 3': /ended with code 3.*it said: oh no/,
      'no-such-program-here': /ended with code 127/,
      'kill -9 $$': /was ended by SIGKILL/,
      'head -c 10 > /dev/null': /ended with code 0, when \d+ of 316427 bytes/,
      'cat > /dev/null; echo 9999': /counted 9999 where 10000 messages were in its input/,
      'sleep 30': /did not end within 5 s.*and was killed/,
    };
    const programs = Object.keys(failing).flatMap((command) => ['--parser-cmd', command]);
    const { code, stderr, report } = await bench(session, ...decode, ...programs, '--parser-timeout', '5s');
    expect(code).toBe(1);
    for (const [command, message] of Object.entries(failing)) {
      expect(stderr).toMatch(message);
      expect(report.parsers.find(({ name }) => name === command)?.failure).toMatch(message);
    }
    expect(report.stages.map(({ name }) => name)).toEqual(['decode']);
  });

  it('over UDP is measured by its counter', async () => {
    const ack = `unix:${join(folder, 'bench-ack')}`;
    const to = 'udp://127.0.0.1:36477';
    const listen = `${node} dist/cli/main.js listen ${to} --ack ${ack}`;
    const paced = ['--latency-rate', '5kmsg/s', '--latency-for', '100ms'];
    const args = ['--parser-feed', to, '--parser-ack', ack, '--parser-cmd', listen, ...paced];
    const { code, stderr, report } = await bench(session, ...decode, ...args);
    const [parser] = report.parsers;
    expect((parser?.counted ?? 0) + (parser?.lost ?? 0)).toBeGreaterThanOrEqual(8609);
    // On a busy machine datagrams may be lost even at so low a rate, and then that is what is told.
    if (code === 0) expect(parser?.latency?.latency.count).toBe(parser?.latency?.messages);
    else expect(stderr).toMatch(/lost \d+ of \d+ packets/);
  });

  it.each([
    ['over UDP without a counter', ['--parser-feed', 'udp://127.0.0.1:1', '--parser-cmd', 'cat'], /--parser-ack/],
    ['to another machine', ['--parser-feed', 'udp://192.0.2.1:1', '--parser-cmd', 'cat'], /--allow-remote/],
    ['no program', ['--parser-feed', 'capture'], /--parser-cmd/],
  ])('%s is refused', async (_name, args, message) => {
    const { code, stderr } = await run(['bench', session, ...decode, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('that would have MDP as a BinaryFILE is refused', async () => {
    const args = ['--parser-feed', 'binaryfile', '--parser-cmd', 'cat'];
    const { code, stderr } = await run(['bench', fixture('mdp3-session.pcap'), ...decode, ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('use --parser-feed capture')]);
  });
});

describe('baseline', () => {
  it('that was faster by far is a regression: exit code 6', async () => {
    const runs = ['--runs', '5', '--warm-up', '0s', '--latency-for', '0s', '--stages', '^decode$'];
    const { code, report } = await bench(session, ...runs);
    expect(code).toBe(0);
    const fasterBy = (factor: number): string => {
      const stages = report.stages.map((one) => ({ ...one, runsNs: one.runsNs.map((ns) => ns * factor) }));
      return file(`baseline-${factor}.json`, JSON.stringify({ ...report, stages }));
    };
    const regressed = await bench(session, ...runs, '--baseline', fasterBy(0.01));
    expect(regressed.code).toBe(6);
    expect(regressed.stderr).toMatch(/^tickreel: decode has become slower: \d+\.\d % more time than in /m);
    expect(regressed.report.baseline).toMatchObject({ slower: ['decode'], leastEffect: 0.05 });
    const improved = await bench(session, ...runs, '--baseline', fasterBy(100));
    expect([improved.code, improved.report.baseline?.stages[0]?.verdict]).toEqual([0, 'faster']);
  });

  it('of another input is refused', async () => {
    const { report } = await bench(session, ...decode);
    const path = file('session.json', JSON.stringify(report));
    const { code, stderr } = await run(['bench', fixture('itch50-gaps.pcap'), ...decode, '--baseline', path]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('measured other bytes')]);
  });
});

describe('input that cannot be measured', () => {
  it.each([
    ['standard input', ['-'], 2, /can be read once: save it to a file/],
    ['no file', ['none.pcap'], 1, /There is no file none\.pcap/],
    ['an empty file', [file('empty.pcap', '')], 1, /is empty/],
    ['text', [file('text.pcap', 'not a capture at all, whatever it is called\n')], 1, /no capture that is understood/],
    ['no capture named', [], 2, /missing required argument/],
    ['too few runs', [session, '--runs', '2'], 2, /at least 3/],
    ['no expression', [session, '--stages', '('], 2, /no regular expression/],
    ['no such stage', [session, '--stages', 'brew'], 2, /no stage matches --stages brew; there are read-cold, /],
    ['packets where messages are wanted', [session, '--latency-rate', '5kpps'], 2, /messages a second are needed/],
  ])('%s', async (_name, args, code, message) => {
    const ended = await run(['bench', ...args]);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('a capture without a known message', async () => {
    const { code, stderr } = await run(['bench', session, '--protocol', 'none']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no message of a known layout')]);
  });
});
