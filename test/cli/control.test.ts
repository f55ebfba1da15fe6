/** A replay of the built command, steered over its socket and by keys of a terminal. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { fixture, projectRoot, run, start, temporaryFolder } from '../support/cli.js';
import { addressOf, converse } from '../support/steer.js';

const folder = temporaryFolder();
const capture = join(folder, 'session.pcap');
copyFileSync(fixture('itch50-session.pcap'), capture);

test.each([
  ['unix', `unix:${join(folder, 'control.sock')}`],
  ['tcp', 'tcp://127.0.0.1:0'],
])('lines on a %s socket steer the run, and its report tells of it', async (_name, control) => {
  const { child, finished } = start([
    'replay',
    capture,
    '--to',
    'null',
    '--paused',
    '--control',
    control,
    '--report',
    '-',
  ]);
  const address = await addressOf(child.stderr as Readable);
  const lines = ['status', 'step 3', 'nonsense', 'seek +1ms', 'speed max', 'help', 'stop'];
  const answers = await converse(address, lines);
  expect(answers).toMatchObject([
    { ok: true, status: { state: 'paused', packets: 0 } },
    { ok: true, sent: { packets: 3 }, status: { packets: 3 } },
    { ok: false, error: expect.stringMatching(/"nonsense" is no command: pause, /) },
    { ok: true, command: 'seek', status: { state: 'paused' } },
    { ok: true, status: { speed: 'max' } },
    { ok: true, commands: { pause: expect.any(String) } },
    { ok: true, command: 'stop' },
  ]);
  const { code, stdout, stderr } = await finished;
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({
    endReason: 'stopped',
    packets: 3,
    steering: { steps: 1, seeks: 1, speedChanges: 1 },
  });
  expect(stderr).toMatch(/Told while it played: .* 1 steps, 1 seeks, 1 changes of speed/);
  if (control.startsWith('unix:')) expect(existsSync(control.slice('unix:'.length))).toBe(false);
});

test('what cannot be: paused with nothing to resume it, an address that is none, a folder that is not there', async () => {
  const base = ['replay', capture, '--to', 'null'];
  expect(await run([...base, '--paused'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/nothing that could/),
  });
  expect(await run([...base, '--control', '9000'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/unix:PATH/),
  });
  const nowhere = `unix:${join(folder, 'nowhere/control.sock')}`;
  expect(await run([...base, '--control', nowhere])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/cannot listen/),
  });
});

/** A terminal for the command: util-linux's `script`, where it is. */
const hasScript = spawnSync('script', ['--version']).status === 0 && process.platform === 'linux';

test.skipIf(!hasScript)('keys of a terminal steer the run, which gives the terminal back', async () => {
  const command = `node dist/cli/main.js replay ${capture} --to null --paused; stty -a`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: projectRoot, timeout: 50_000 });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const press = async (keys: string, until: RegExp): Promise<void> => {
    child.stdin.write(keys);
    await expect.poll(() => output, { timeout: 30_000, interval: 50 }).toMatch(until);
  };
  // A key before the run listens would be the shell's: it is pressed until it is heard.
  await expect
    .poll(
      () => {
        child.stdin.write('i');
        return output;
      },
      { timeout: 30_000, interval: 500 },
    )
    .toMatch(/paused at 2026-/);
  await press('s', /1 packet and \d+ messages? sent/);
  await press('+', /speed 2x/);
  await press('?', /end the run/);
  await press('q', /Ended: stopped/);
  await closed;
  expect(output).toMatch(/ icanon/);
  expect(output).toMatch(/ echo /);
});
