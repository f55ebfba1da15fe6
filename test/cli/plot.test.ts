import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wordsOf } from '../plot/xml.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const pcap = fixture('itch50-session.pcap');
const capture = join(folder, 'capture.pcap');
copyFileSync(pcap, capture);

/** Both commands, as short as they get. */
const commands: [string, string[], string][] = [
  ['inspect', ['inspect', capture], '--json'],
  ['replay', ['replay', capture, '--dry-run'], '--report'],
];

describe.each(commands)('%s --plot', (name, args, other) => {
  it('writesTheFileAndStillReports', async () => {
    const path = join(folder, `${name}.svg`);
    const plain = await run(args);
    const { code, stdout, stderr } = await run([...args, '--plot', path]);
    expect({ code, stdout, stderr }).toEqual({ ...plain, code: 0 });
    expect(wordsOf(readFileSync(path, 'utf8'))[0]).toContain('capture.pcap');
  });

  it('hasStandardOutputForItself', async () => {
    const { code, stdout } = await run([...args, '--plot', '-']);
    expect(code).toBe(0);
    expect(wordsOf(stdout)[0]).toContain('capture.pcap');
    const both = await run([...args, '--plot', '-', other, ...(other === '--report' ? ['-'] : [])]);
    expect(both).toMatchObject({ code: 2, stdout: '' });
    expect(both.stderr).toMatch(/both want standard output; give one of them a file/);
  });

  it('doesNotWriteOverTheCapture', async () => {
    const before = readFileSync(capture);
    const { code, stdout, stderr } = await run([...args, '--plot', capture]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/capture\.pcap is the capture that is being read; name another file/);
    expect(readFileSync(capture).equals(before)).toBe(true);
  });

  it('fails1BeforeItReadsWhereItCannotWrite', async () => {
    const path = join(folder, 'no-such-folder', 'plot.svg');
    const { code, stdout, stderr } = await run([...args, '--plot', path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot write .*plot\.svg: there is no folder .*no-such-folder; make it with mkdir -p /);
    expect(stdout + stderr).not.toMatch(/10,?000/);
    expect(existsSync(path)).toBe(false);
  });
});

describe('replay --plot', () => {
  it('isDrawnFromTheWorkersRun', async () => {
    const path = join(folder, 'run.svg');
    const flags = ['--to', 'inproc:ring', '--speed', '50kpps', '--limit', '2000', '--plot', path];
    expect((await run(['replay', pcap, ...flags])).code).toBe(0);
    const words = wordsOf(readFileSync(path, 'utf8'));
    for (const label of ['send lateness', 'time in send', 'ring hop', 'handler time', 'feed latency']) {
      expect(words.some((text) => text.startsWith(`${label}: p50 `))).toBe(true);
    }
  });
});

describe('replay', () => {
  it.each([
    ['--report', 1, /is the capture that is being read/],
    ['--hlog', 1, /is the capture that is being read/],
  ])('%s is not written over the capture', async (option, code, text) => {
    const before = readFileSync(capture);
    const finished = await run(['replay', capture, '--dry-run', option, capture]);
    expect(finished.stderr).toMatch(text);
    expect(finished.code).toBe(code);
    expect(readFileSync(capture).equals(before)).toBe(true);
  });

  it('doesNotWriteTwoOutputsIntoOneFile', async () => {
    const path = join(folder, 'two.out');
    const { code, stderr } = await run(['replay', capture, '--to', `pcap:${path}`, '--plot', path]);
    expect(stderr).toMatch(/two\.out is named for two outputs/);
    expect({ code, exists: existsSync(path) }).toEqual({ code: 2, exists: false });
  });
});

describe('inspect --plot --json', () => {
  it('writesBoth', async () => {
    const path = join(folder, 'both.svg');
    const { code, stdout } = await run(['inspect', capture, '--json', '--plot', path]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ messages: { total: 10_000 } });
    expect(wordsOf(readFileSync(path, 'utf8'))).toContain('capture.pcap');
  });
});
