/** Ctrl-C in the commands of the regression kit: what was there before stays whole, and what was seen is told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { freeTcpPort } from '../../src/run/parser-start.js';
import { fixture, freePort, projectRoot, run, start, temporaryFolder, until } from '../support/cli.js';

vi.setConfig({ testTimeout: 120_000 });

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill();
});

/** Whether something was written there. */
function isBegun(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

describe('golden make', () => {
  /** Enough to be interrupted in. */
  const many = Array.from({ length: 60 }, () => session);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s leaves nothing where there was nothing, and the old record else',
    async (signal) => {
      const [fresh, old] = [join(folder, `${signal}.golden`), join(folder, `${signal}-old.golden`)];
      expect(await run(['golden', 'make', session, '-o', old, '--full'])).toMatchObject({ code: 0 });
      const before = [readFileSync(old), readFileSync(`${old}.ndjson.gz`)];
      for (const path of [fresh, old]) {
        const { child, finished } = start(['golden', 'make', ...many, '-o', path, '--full']);
        await until(() => isBegun(`${path}.part`) || child.exitCode !== null);
        child.kill(signal);
        const { code, stderr } = await finished;
        expect([code, stderr]).toEqual([130, expect.stringContaining('no golden record was made: it was stopped')]);
      }
      const names = readdirSync(folder).filter((name) => name.startsWith(signal));
      expect(names.sort()).toEqual([`${signal}-old.golden`, `${signal}-old.golden.ndjson.gz`]);
      expect([readFileSync(old), readFileSync(`${old}.ndjson.gz`)]).toEqual(before);
      expect(await run(['golden', 'check', old, session])).toMatchObject({ code: 0 });
    },
  );
});

describe('check', () => {
  it('tells what a program that runs on had counted when it was stopped', async () => {
    const [udp, http] = [await freePort(), await freeTcpPort()];
    const program = join(projectRoot, 'test/parsers/counting.mjs');
    const counting = spawn(process.execPath, [program, '--udp', `${udp}`, '--http', `${http}`]);
    started.push(counting);
    const yaml = join(folder, 'running.yml');
    writeFileSync(
      yaml,
      `running: true\naddress: udp://127.0.0.1:${udp}\nspeed: 200pps
count: { from: 'http://127.0.0.1:${http}/metrics', total: 'itch_messages_total{feed="A"}', settle: 30s }\n`,
    );
    let said = '';
    counting.stderr.on('data', (text) => {
      said += text;
    });
    await until(() => said.includes('listening'));
    const junit = join(folder, 'running.xml');
    const { child, finished } = start(['check', '--parser', yaml, '--junit', junit, session]);
    const counted = async () =>
      Number(/feed="A".* (\d+)$/m.exec(await (await fetch(`http://127.0.0.1:${http}/metrics`)).text())?.[1]);
    while ((await counted()) === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    expect(code).toBe(130);
    const [, packets, messages] =
      /stopped when ([\d,]+) packets? had been sent: counted ([\d,]+) of 10,000 messages/.exec(stdout) ?? [];
    expect(Number(packets?.replace(',', ''))).toBeGreaterThan(0);
    expect(messages).toBe((await counted()).toLocaleString('en'));
    expect(stdout).toContain('0 passed, 0 failed, 1 skipped');
    expect(existsSync(junit)).toBe(true);
    expect(readFileSync(junit, 'utf8')).toContain('<skipped');
  });

  it('ends its programs where its terminal hangs up', async () => {
    const mark = join(folder, 'pid');
    const script = `require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 9)`;
    const yaml = join(folder, 'hanging.yml');
    writeFileSync(yaml, JSON.stringify({ command: [process.execPath, '-e', script], timeout: '60s' }));
    const { child, finished } = start(['check', '--parser', yaml, session]);
    await until(() => isBegun(mark) || child.exitCode !== null);
    child.kill('SIGHUP');
    expect(await finished).toMatchObject({ code: 130, stdout: expect.stringContaining('0 passed, 0 failed') });
    expect(() => process.kill(Number(readFileSync(mark, 'utf8')), 0)).toThrow('ESRCH');
  });

  it('leaves off a replay to a program that it ends', async () => {
    const yaml = join(folder, 'started.yml');
    const script = `require('dgram').createSocket('udp4').on('message', () => console.error('got one'))
      .bind(+process.env.TICKREEL_PORT, '127.0.0.1', () => console.error('listening'))`;
    writeFileSync(
      yaml,
      JSON.stringify({ command: [process.execPath, '-e', script], feed: 'udp', ready: 'listening', speed: '100pps' }),
    );
    const { child, finished } = start(['check', '--parser', yaml, session]);
    setTimeout(() => child.kill('SIGINT'), 3000);
    const { code, stdout } = await finished;
    expect([code, stdout]).toEqual([130, expect.stringContaining('0 passed, 0 failed')]);
  });
});
