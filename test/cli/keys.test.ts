import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { type KeyInput, keyForms, listenForKeys } from '../../src/cli/keys.js';
import type { Answer, Command, ReplayStatus } from '../../src/replay/command.js';

const status: ReplayStatus = {
  state: 'paused',
  timeNs: '1767623400000000001',
  speed: '2x',
  loop: 1,
  packets: 5,
  messages: 6,
  bytes: 7,
  playedSeconds: 1,
  pausedSeconds: 2,
};

class Terminal extends EventEmitter implements KeyInput {
  readonly isTTY = true;
  readonly calls: string[] = [];

  setRawMode(raw: boolean): void {
    this.calls.push(raw ? 'raw' : 'cooked');
  }

  resume(): void {
    this.calls.push('resume');
  }

  pause(): void {
    this.calls.push('pause');
  }
}

async function press(...chunks: string[]) {
  const terminal = new Terminal();
  const sent: Command[] = [];
  const lines: string[] = [];
  const calls: string[] = [];
  const restore = listenForKeys(terminal, {
    send: async (command): Promise<Answer> => {
      sent.push(command);
      return { ok: true, command: command.name, status };
    },
    quit: () => calls.push('quit'),
    interrupt: () => calls.push('interrupt'),
    print: (line) => lines.push(line),
  });
  for (const chunk of chunks) terminal.emit('data', Buffer.from(chunk));
  await new Promise((resolve) => setTimeout(resolve, 5));
  restore();
  restore();
  terminal.emit('data', Buffer.from(' '));
  return { terminal, sent, lines, calls };
}

test('keys become commands, however many come at once', async () => {
  const { sent, lines } = await press(' s', '.t\x1b[C\x1b[D\x1b[A\x1bOB', '0ix\x1b[5~');
  expect(sent).toMatchObject([
    { name: 'toggle' },
    { name: 'step', goal: { kind: 'packets', count: 1 } },
    { name: 'step', goal: { kind: 'packets', count: 1 } },
    { name: 'step', goal: { kind: 'match' } },
    { name: 'seek', target: { kind: 'relative', ns: 10e9 } },
    { name: 'seek', target: { kind: 'relative', ns: -10e9 } },
    { name: 'seek', target: { kind: 'relative', ns: 60e9 } },
    { name: 'seek', target: { kind: 'relative', ns: -60e9 } },
    { name: 'seek', target: { kind: 'start' } },
    { name: 'status' },
  ]);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('paused at 2026-01-05T14:30:00.000000001Z, speed 2x');
});

test('+ and - double and halve the speed that the run has', async () => {
  const { sent } = await press('+', '-');
  expect(sent.filter(({ name }) => name === 'speed')).toEqual([
    { name: 'speed', rate: { mode: 'original', speedup: { numerator: 4, denominator: 1 } } },
    { name: 'speed', rate: { mode: 'original', speedup: { numerator: 1, denominator: 1 } } },
  ]);
});

test('q ends the run, Ctrl-C is the signal that it would be, ? lists the keys', async () => {
  const { calls, lines, sent } = await press('q\x03?');
  expect(calls).toEqual(['quit', 'interrupt']);
  expect(lines).toHaveLength(keyForms.length);
  expect(sent).toEqual([]);
});

test('the terminal is given back once, and hears nothing after', async () => {
  const { terminal, sent } = await press(' ');
  expect(terminal.calls).toEqual(['raw', 'resume', 'cooked', 'pause']);
  expect(sent).toHaveLength(1);
});
