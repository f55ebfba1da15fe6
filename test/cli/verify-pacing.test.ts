import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VerifyReport } from '../../src/run/verify-pacing.js';
import { wordsOf } from '../plot/xml.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const capture = fixture('itch50-session.pcap');
const folder = temporaryFolder();
/** What a machine that is busy with tests keeps as well. */
const lenient = ['--max-p50', '1h', '--max-p99', '1h', '--max-duration-error', '1h'];

describe('verify-pacing', () => {
  test('prints scheduled, sent and received side by side, and draws them', async () => {
    const plot = join(folder, 'pacing.svg');
    const { code, stdout, stderr } = await run([
      'verify-pacing',
      capture,
      '--speed',
      '10x',
      ...lenient,
      '--plot',
      plot,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^scheduled {2}8,610 packets in 0\.300002472 s \(asked: 10x\)$/m);
    expect(stdout).toMatch(/^sent {7}8,610 packets in \d\.\d{9} s, [+-].*; the last \+.*, pacing hybrid \(/m);
    expect(stdout).toMatch(/^received {3}8,610 packets in \d\.\d{9} s, [+-].*, stamped by /m);
    expect(stdout).toMatch(/^lost {7}0/m);
    expect(stdout).toMatch(/^ {2}longest +264 us /m);
    const words = wordsOf(readFileSync(plot, 'utf8'));
    expect(words[0]).toContain('itch50-session.pcap');
    for (const name of ['Gaps between packets', 'Lateness', 'Errors of gaps']) expect(words).toContain(name);
  });

  test('a limit that is not kept is named, and the exit code is 5', async () => {
    const args = ['verify-pacing', capture, '--speed', '100x', ...lenient, '--max-p50', '0ns', '--json'];
    const { code, stdout, stderr } = await run(args);
    const report = JSON.parse(stdout) as VerifyReport;
    expect(code).toBe(5);
    const was = report.histograms.sendLateness.p50;
    expect(report.breaches).toEqual([{ limit: 'p50Ns', most: 0, was }]);
    expect(report.replay.histograms.sendLateness).toEqual(report.histograms.sendLateness);
    expect(stderr).toMatch(/^tickreel: not kept: send lateness p50 was .*, at most 0 ns \(--max-p50\)\n$/);
  });

  test('without a capture a session is generated, repeated until its end, and taken away', async () => {
    const args = ['verify-pacing', '--generate', '500', '--seed', '7', '--pps', '20000', '--limit', '4001', '--json'];
    const { stdout } = await run([...args, ...lenient]);
    const { packets, duration, replay } = JSON.parse(stdout) as VerifyReport;
    expect([packets.sent, packets.lost, duration.scheduledNs]).toEqual([4001, 0, 200e6]);
    expect(replay.loops).toBeGreaterThan(1);
    const [generated] = replay.capture.match(/tickreel-[^/]+/) ?? [''];
    expect(readdirSync(tmpdir())).not.toContain(generated);
  });

  test.each([
    [['--speed', 'max'], /needs a schedule to compare with/],
    [['--loop', '0'], /--loop 0 never ends: add --duration or --limit/],
    [['--generate', '10'], /--generate makes the packets that a capture would hold/],
    [['--json', '--plot', '-'], /both want standard output/],
    [['--host', '192.0.2.1'], /192\.0\.2\.1 is no loopback address/],
    [['--pacing', 'doze'], /Allowed choices are hybrid, sleep, spin/],
  ])('%j is refused', async (flags, message) => {
    const { code, stdout, stderr } = await run(['verify-pacing', capture, ...flags]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  test('a capture that is not there', async () => {
    const { code, stderr } = await run(['verify-pacing', join(folder, 'none.pcap')]);
    expect([code, /There is no file .*none\.pcap/.test(stderr)]).toEqual([1, true]);
  });
});
