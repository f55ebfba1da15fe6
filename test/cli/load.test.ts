import { describe, expect, it } from 'vitest';
import { fixture, run } from '../support/cli.js';

const capture = fixture('itch50-session.pcap');

async function planned(...flags: string[]) {
  const { code, stdout, stderr } = await run(['replay', capture, '--dry-run', '--report', '-', ...flags]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Planned') });
  return JSON.parse(stdout);
}

describe('--shape', () => {
  it('rampsToARateAndHoldsIt', async () => {
    // 5,250 packets in the ramp, the last of 8,610 is 3,359 intervals of 50 us behind it.
    const report = await planned('--shape', 'ramp 1kpps..20kpps over 500ms');
    expect(report).toMatchObject({ packets: 8610, seconds: 0.66795, asked: '1kpps' });
  });

  it('isTheSameInMultiplesOfARateUnderAnyName', async () => {
    for (const rate of [
      ['--speed', '2kpps'],
      ['--pps', '2000'],
    ]) {
      const report = await planned(...rate, '--shape', 'ramp 0.5x..10x over 500ms');
      expect(report).toMatchObject({ packets: 8610, seconds: 0.66795, asked: '2kpps' });
    }
  });

  it('endsWithTheDurationOverLoops', async () => {
    const shape = ['--shape', 'hold 1kpps for 2s; burst 0x for 500ms at 1s; hold 3kpps'];
    const report = await planned(...shape, '--loop', '0', '--duration', '12s');
    // 1.5 s at 1 kpps, 10 s at 3 kpps, and the packet that is due at the end itself.
    expect(report).toMatchObject({ packets: 31_501, endReason: 'duration', seconds: 12, loops: 4 });
  });

  it('reportsWhatWasAskedOfEveryPartAndReached', async () => {
    const { stdout, stderr } = await run([
      ...['replay', capture, '--dry-run', '--report', '-'],
      ...['--shape', 'hold 2kpps for 2s; hold 8kpps'],
    ]);
    expect(stderr).toMatch(/asked: 2kpps, shaped\)\nShape +time +asked +reached\n/);
    expect(stderr).toMatch(/^hold 2kpps for 2s +2.00 s +2.00 kpps +2.00 kpps$/m);
    expect(stderr).toMatch(/^hold 8kpps +576 ms +8.00 kpps +8.00 kpps$/m);
    const { shape } = JSON.parse(stdout);
    expect(shape.text).toBe('hold 2kpps for 2s; hold 8kpps');
    expect(shape.parts[0]).toEqual({
      part: 'hold 2kpps for 2s',
      seconds: 2,
      asked: { packetsPerSecond: 2000, messagesPerSecond: expect.any(Number), bitsPerSecond: expect.any(Number) },
      reached: shape.parts[0].asked,
    });
  });

  it('refusesWithThePartThatIsWrong', async () => {
    const { code, stderr } = await run([
      'replay',
      capture,
      '--dry-run',
      '--shape',
      'ramp 1x..2x over 3s; bust 3x for 1s',
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^tickreel: --shape "bust 3x for 1s": there is no "bust"; there are ramp, hold, step, burst/,
    );
  });
});
