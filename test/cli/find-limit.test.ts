import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LimitResult, LimitTry } from '../../src/run/find-limit.js';
import { fixture, freePort, lines, run, start, temporaryFolder } from '../support/cli.js';
import { startLimitedReceiver } from '../support/limited-receiver.js';

const folder = temporaryFolder();
const capture = fixture('itch50-session.pcap');
const quick = ['--lowest', '250pps', '--factor', '4', '--precision', '300%', '--step', '500ms', '--tries', '3'];

describe('find-limit', () => {
  it('findsTheKneeOfAReceiverWhoseLimitIsKnown', async () => {
    const ack = join(folder, 'ack');
    const receiver = await startLimitedReceiver(1500, { kind: 'unix', path: ack });
    const to = `udp://127.0.0.1:${receiver.port}`;
    const { code, stdout, stderr } = await run(['find-limit', capture, '--to', to, '--ack', `unix:${ack}`, ...quick]);
    receiver.close();
    const steps = lines<LimitTry | LimitResult>(stdout);
    const result = steps.pop() as LimitResult;
    const tries = steps as LimitTry[];
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^Knee: it keeps up with .* behind at /m),
    });
    expect(result).toMatchObject({ verdict: 'knee', unit: 'packets' });
    // On a busy machine less is sent than was asked, and the bracket's ends are what was sent.
    expect(result.keptPerSecond).toBeGreaterThanOrEqual(250);
    expect(result.keptPerSecond).toBeLessThan(1800);
    expect(result.behindPerSecond).toBeGreaterThan(1500);
    expect(result.behindPerSecond).toBeLessThanOrEqual(4000);
    const atMost1000 = tries.filter(({ askedPerSecond }) => askedPerSecond <= 1000);
    expect(atMost1000.every(({ lost }) => lost === 0)).toBe(true);
    // Both sides' counts add up.
    const sum = (of: (step: LimitTry) => number): number => tries.reduce((total, step) => total + of(step), 0);
    expect(sum(({ received }) => received)).toBe(receiver.taken);
    expect(sum(({ lost }) => lost)).toBe(receiver.refused);
    expect(tries.every(({ packets, received, lost }) => packets === received + lost)).toBe(true);
  });

  it('startsAListenerOfItsOwnWhichOutlivesTheSession', async () => {
    const to = `udp://127.0.0.1:${await freePort()}`;
    const flags = [
      '--listen',
      '--lowest',
      '3x',
      '--highest',
      '3x',
      '--step',
      '2500ms',
      '--tries',
      '1',
      '--max-lag',
      '9s',
    ];
    const { code, stdout, stderr } = await run(['find-limit', capture, '--to', to, ...flags]);
    // On a busy machine the sender may not keep up with it.
    expect([0, 5]).toContain(code);
    expect(stderr).toMatch(/^No knee: it keeps up with /m);
    const tries = lines<LimitTry & LimitResult>(stdout);
    expect(tries.at(-1)).toMatchObject({ verdict: code === 0 ? 'above' : 'sender', unit: 'x', behind: null });
    expect(tries[0]).toMatchObject({ asked: '3x', lost: 0, outcome: code === 0 ? 'kept' : 'sender' });
    // The capture has 8,610 and ends its session.
    expect(tries[0].packets).toBeGreaterThan(8610);
  });

  it('saysWhereNothingIsCounted', async () => {
    const ack = join(folder, 'idle');
    const receiver = await startLimitedReceiver(1, { kind: 'file', path: ack });
    const to = `udp://127.0.0.1:${await freePort()}`;
    const flags = ['--ack', `file:${ack}`, '--step', '100ms', '--steps', '1', '--tries', '1'];
    const { code, stderr } = await run(['find-limit', capture, '--to', to, ...flags]);
    receiver.close();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/the receiver counted no packet at all/),
    });
  });

  it('endsWithWhatItFoundSoFarOnSigint', async () => {
    const ack = join(folder, 'ack2');
    const receiver = await startLimitedReceiver(1e6, { kind: 'unix', path: ack });
    const to = `udp://127.0.0.1:${receiver.port}`;
    const { child, finished } = start(['find-limit', capture, '--to', to, '--ack', `unix:${ack}`, ...quick]);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    receiver.close();
    expect(code).toBe(130);
    expect(lines<LimitResult>(stdout).at(-1)).toMatchObject({ verdict: 'interrupted', kept: '250pps' });
  });

  it.each<[string[], RegExp]>([
    [['--to', 'udp://127.0.0.1:26477'], /say how to learn the receiver's count: --ack WHERE, or --listen/],
    [['--to', 'udp://192.0.2.1:26477', '--listen'], /192\.0\.2\.1 is not this machine, .* --allow-remote allows it/],
    [['--to', 'udp://239.1.2.3:26477', '--listen'], /multicast stays here with \?iface=127\.0\.0\.1/],
    [
      ['--to', 'udp://127.0.0.1:1', '--ack', 'udp://x'],
      /--ack 'udp:\/\/x' is not tcp:\/\/HOST:PORT, unix:PATH, file:PATH or http/,
    ],
    [['--to', 'udp://127.0.0.1:1', '--listen', '--highest', '10x'], /must be in one unit/],
    [['--to', 'udp://127.0.0.1:1', '--listen', '--highest', '10pps'], /--highest 10pps is below --lowest 1kpps/],
    [['--to', 'udp://127.0.0.1:1', '--listen', '--lowest', 'max'], /--lowest max is no rate to begin or end with/],
    [['--to', 'udp://127.0.0.1:1', '--listen', '--factor', '1'], /a factor above 1 is needed/],
    [['--to', 'udp://127.0.0.1:1', '--listen', '--loss', '1'], /a percentage is needed, such as 5%/],
    [['--to', 'null', '--listen'], /'null' is not udp:\/\/HOST:PORT/],
  ])('refuses %j', async (flags, message) => {
    const { code, stderr } = await run(['find-limit', capture, ...flags]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });
});
