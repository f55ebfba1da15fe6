import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pacings } from '../../src/core/waiter.js';
import type { ReplayReport } from '../../src/run/replay-spec.js';
import { fixture, run, start, temporaryFolder } from '../support/cli.js';

const capture = fixture('itch50-session.pcap');
const folder = temporaryFolder();
/** Those that keep the time themselves. */
const waiting = pacings.filter((pacing) => pacing !== 'kernel');

describe('replay --pacing', () => {
  test.each(waiting)('%s plays everything, and the report says how it waited', async (pacing) => {
    const path = join(folder, `${pacing}.json`);
    const args = ['replay', capture, '--to', 'null', '--speed', '100x', '--pacing', pacing, '--report', path];
    const { code, stderr } = await run(args);
    const report = JSON.parse(readFileSync(path, 'utf8')) as ReplayReport;
    expect([code, report.packets, report.pacing?.mode]).toEqual([0, 8610, pacing]);
    expect(report.pacing?.spinBelowNs).toBe(pacing === 'hybrid' ? 300_000 : null);
    expect(report.pacing?.sleep === null).toBe(pacing === 'spin');
    expect(stderr).toContain(`Pacing: ${pacing}`);
    // Nothing is sent before its time.
    expect(report.histograms.sendLateness.min).toBeGreaterThanOrEqual(0);
  });

  test.each(waiting)('%s: ended by SIGINT while nothing is due for long', async (pacing) => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const isUnderWay = new Promise((resolve) => socket.once('message', resolve));
    const to = `udp://127.0.0.1:${socket.address().port}`;
    const { child, finished } = start(['replay', capture, '--to', to, '--speed', '0.00001x', '--pacing', pacing]);
    await isUnderWay;
    socket.close();
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect([code, /Ended: stopped/.test(stderr)]).toEqual([130, true]);
  });

  test("a threshold of its own is hybrid's alone", async () => {
    const path = join(folder, 'threshold.json');
    const args = ['replay', capture, '--to', 'null', '--speed', '100x', '--spin-below', '50us', '--report', path];
    const { stderr } = await run(args);
    expect((JSON.parse(readFileSync(path, 'utf8')) as ReplayReport).pacing?.spinBelowNs).toBe(50_000);
    expect(stderr).toContain('until 50.0 us before a deadline, the rest spun');
    const refused = await run([...args, '--pacing', 'spin']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--spin-below goes with --pacing hybrid: spin has no threshold');
  });

  test.each([
    ['null', 2, /which null does not pass: use --to udp:\/\/HOST:PORT/],
    // No discipline of the loopback interface keeps times, unless somebody has given it one; nor is `tc` everywhere.
    ['udp://127.0.0.1:26477', 1, /kernel pacing: /],
  ])('kernel is refused where no queue keeps times: %s', async (to, expected, message) => {
    const { code, stderr } = await run(['replay', capture, '--to', to, '--pacing', 'kernel']);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
  });

  test('on a virtual clock there is nothing to wait for', async () => {
    const path = join(folder, 'dry.json');
    const { stderr } = await run(['replay', capture, '--dry-run', '--pacing', 'spin', '--report', path]);
    expect((JSON.parse(readFileSync(path, 'utf8')) as ReplayReport).pacing).toBeNull();
    expect(stderr).not.toContain('Pacing');
  });
});
