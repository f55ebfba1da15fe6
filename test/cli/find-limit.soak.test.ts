import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LimitResult } from '../../src/run/find-limit.js';
import { fixture, lines, start, temporaryFolder } from '../support/cli.js';
import { startLimitedReceiver } from '../support/limited-receiver.js';

const folder = temporaryFolder();

it.each([3000, 9000])(
  'the knee of a receiver that takes %d packets a second, within a third',
  async (capacity) => {
    const ack = join(folder, `ack${capacity}`);
    const receiver = await startLimitedReceiver(capacity, { kind: 'unix', path: ack });
    const flags = ['--ack', `unix:${ack}`, '--precision', '20%', '--step', '1s', '--lowest', `${capacity / 4}pps`];
    const to = `udp://127.0.0.1:${receiver.port}`;
    const { child, finished } = start(['find-limit', fixture('itch50-session.pcap'), '--to', to, ...flags]);
    const { stdout } = await finished;
    receiver.close();
    expect(child.exitCode).toBe(0);
    const result = lines<LimitResult>(stdout).at(-1) as LimitResult;
    // The receiver may take a fifth of a second's packets at once, on top of what a step of a second brings.
    expect(result.verdict).toBe('knee');
    expect(result.keptPerSecond).toBeGreaterThan(capacity * 0.7);
    expect(result.keptPerSecond).toBeLessThan(capacity * 1.3);
    expect(result.behindPerSecond).toBeGreaterThan(capacity * 0.9);
    expect(result.behindPerSecond).toBeLessThan(capacity * 1.6);
  },
  300_000,
);
