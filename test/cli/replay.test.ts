import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pcapOf } from '../run/support.js';
import {
  fixture,
  freePort,
  interruptReader,
  lines,
  run,
  start,
  startListening,
  temporaryFolder,
  until,
} from '../support/cli.js';

const folder = temporaryFolder();
const pcap = fixture('itch50-session.pcap');
const binaryFile = fixture('itch50-session.NASDAQ_ITCH50.gz');

interface Report {
  packets: number;
  bytes: number;
  messages: number;
  seconds: number;
  rate: Record<string, number>;
  late: Record<string, number>;
  histograms: Record<string, Record<string, number>>;
  endReason: string;
  sink: Record<string, number>;
  loops: number;
}

function reportAt(name: string): Report {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report;
}

describe('replay', () => {
  it('intoUdpAndListenLosesNothing', async () => {
    const port = await freePort();
    const listener = await startListening(port, '--strict', '--idle', '5s', '--json', '--duration', '30s');
    const report = join(folder, 'udp.json');
    const sent = await run([
      'replay',
      pcap,
      '--to',
      `udp://127.0.0.1:${port}`,
      '--speed',
      '10kpps',
      '--report',
      report,
    ]);
    const heard = await listener.finished;
    expect(sent.code).toBe(0);
    expect(sent.stdout).toBe('');
    expect(sent.stderr).toMatch(/^Actual: 8,610 packets \(488,627 bytes of payload, 10,000 messages\) sent in \d/);
    expect(sent.stderr).toMatch(/^Rated: .* Bps, .* Mbps \(layer 2\), .* pps/m);
    expect(heard.code).toBe(0);
    expect(lines(heard.stdout)).toHaveLength(1);
    expect(lines(heard.stdout)[0]).toMatchObject({
      packets: { total: 8610 },
      messages: { total: 10_000 },
      kernelDrops: 0,
      endReason: 'end of session',
      sessions: [{ session: 'TICKREEL01', first: 1, last: 10_000, gaps: [], duplicates: 0, outOfOrder: 0 }],
    });
    const { packets, bytes, messages, rate, late, histograms } = reportAt('udp.json');
    expect({ packets, bytes, messages }).toEqual({ packets: 8610, bytes: 488_627, messages: 10_000 });
    expect(Object.keys(rate)).toEqual(['packetsPerSecond', 'messagesPerSecond', 'bitsPerSecond']);
    expect(late).toMatchObject({ count: expect.any(Number), share: expect.any(Number), maxNs: expect.any(Number) });
    for (const name of ['sendLateness', 'sendTime', 'gapError']) {
      expect(histograms[name]).toMatchObject({
        p50: expect.any(Number),
        p90: expect.any(Number),
        p99: expect.any(Number),
        p999: expect.any(Number),
        p9999: expect.any(Number),
        max: expect.any(Number),
      });
    }
    expect(histograms.sendLateness.count).toBe(8610);
    expect(histograms.gapError.count).toBe(8609);
  });

  it('listenStrictExitsWith4OnGaps', async () => {
    const port = await freePort();
    const listener = await startListening(port, '--strict', '--idle', '500ms');
    await run(['replay', fixture('itch50-gaps.pcap'), '--to', `udp://127.0.0.1:${port}`, '--speed', '10kpps']);
    const heard = await listener.finished;
    expect(heard.code).toBe(4);
    expect(heard.stdout).toMatch(/\d+ messages lost in 2 gaps, 1 duplicate, 1 out of order/);
  });

  it('referenceAndOriginGiveLatencyAgainstTheSchedule', async () => {
    const port = await freePort();
    const origin = `${Math.floor(Date.now() / 1000) + 8}000000000`;
    const rate = ['--speed', '5kpps'];
    const listener = await startListening(
      port,
      ...rate,
      '--reference',
      pcap,
      '--origin',
      origin,
      '--json',
      '--idle',
      '4s',
      '--limit',
      '2000',
    );
    await run(['replay', pcap, '--to', `udp://127.0.0.1:${port}`, ...rate, '--start-at', origin, '--limit', '2000']);
    const heard = lines((await listener.finished).stdout)[0] as {
      reference: object;
      latency: { schedule: { count: number; min: number; p50: number } };
    };
    expect(heard.reference).toEqual({ packets: 8609, matched: 2000, unmatched: 0 });
    const { schedule } = heard.latency;
    expect(schedule.count).toBe(2000);
    // Two processes read the same clocks: earlier than due by their calibration at most, later by seconds never.
    expect(schedule.min).toBeGreaterThan(-1e6);
    expect(schedule.p50).toBeLessThan(3e9);
  });

  it('toPcapAndDecodeGivesTheSameMessagesAndStamps', async () => {
    const copy = join(folder, 'copy.pcap');
    expect((await run(['replay', pcap, '--to', `pcap:${copy}`])).code).toBe(0);
    expect((await run(['decode', copy])).stdout).toBe((await run(['decode', pcap])).stdout);
    const inspected = JSON.parse((await run(['inspect', copy, '--json'])).stdout) as { packets: { counts: object } };
    expect(inspected.packets.counts).toMatchObject({ badIpChecksums: 0, badUdpChecksums: 0 });
  });

  it('packsABinaryFileIntoMoldUDP64', async () => {
    const made = join(folder, 'made.pcap');
    const { code } = await run([
      'replay',
      binaryFile,
      '--to',
      `pcap:${made}`,
      '--date',
      '2026-01-05',
      '--session',
      'S1',
      '--pack',
      'mtu',
    ]);
    expect(code).toBe(0);
    const fields = ['--fields', 'type,name,stockLocate,timestamp,price'];
    expect((await run(['decode', made, ...fields])).stdout).toBe((await run(['decode', binaryFile, ...fields])).stdout);
    const report = JSON.parse((await run(['inspect', made, '--json'])).stdout) as Record<string, never>;
    expect(report).toMatchObject({
      sessions: [{ session: 'S1', first: 1, last: 10_000, gaps: [], endOfSession: true }],
      timeRange: { to: '1767623403000000000' },
    });
  });

  it('intoThisProcess', async () => {
    for (const [to, expected] of [
      ['inproc', ['handOver', 'handlerTime']],
      ['inproc:ring', ['ringHop', 'handlerTime']],
    ] as const) {
      const { code, stdout } = await run(['replay', pcap, '--to', to, '--topspeed', '--report', '-']);
      const report = JSON.parse(stdout) as Report;
      expect(code).toBe(0);
      expect(report.sink).toMatchObject({ messagesDecoded: 10_000, messagesUnknown: 0, gaps: 0 });
      for (const name of expected) expect(report.histograms[name].count).toBe(8610);
    }
  });

  it('dryRunComputesTheScheduleAndSendsNothing', async () => {
    const { code, stderr } = await run(['replay', pcap, '--dry-run', '--speed', '1kpps']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/Planned: 8,610 packets .* would be sent in 8\.609000 seconds of schedule/);
  });

  it('fromStandardInput', async () => {
    const { code, stderr } = await run(['replay', '-', '--to', 'null', '--speed', 'max'], readFileSync(pcap));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('8,610 packets') });
  });

  it('loopsLimitsAndDuration', async () => {
    const loops = await run([
      'replay',
      pcap,
      '--to',
      `pcap:${join(folder, 'loops.pcap')}`,
      '--loop',
      '3',
      '--loop-sequence',
      'continue',
      '--report',
      '-',
    ]);
    expect(JSON.parse(loops.stdout)).toMatchObject({ packets: 3 * 8610, messages: 30_000, loops: 3 });
    const inspected = JSON.parse((await run(['inspect', join(folder, 'loops.pcap'), '--json'])).stdout) as object;
    expect(inspected).toMatchObject({ sessions: [{ first: 1, last: 30_000, gaps: [], duplicates: 0 }] });
    const limited = await run(['replay', pcap, '--to', 'null', '--speed', 'max', '--limit', '10', '--report', '-']);
    expect(JSON.parse(limited.stdout)).toMatchObject({ packets: 10, endReason: 'limit' });
    const timed = await run(['replay', pcap, '--to', 'null', '--loop', '0', '--duration', '200ms', '--report', '-']);
    expect(JSON.parse(timed.stdout)).toMatchObject({ endReason: 'duration' });
  });

  it('sigintStopsAReplayThatWaitsForAPipe', async () => {
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [
      fixture('../dist/cli/main.js'),
      'replay',
      '-',
      '--to',
      'null',
      '--topspeed',
    ]);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    interruptReader(child, readFileSync(pcap));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Actual: 8,610 packets/);
  });

  it('sigintStopsCleanlyAndStillReports', async () => {
    const [report, log] = [join(folder, 'stopped.json'), join(folder, 'stopped.hlog')];
    const flags = ['--to', 'null', '--loop', '0', '--report', report, '--hlog', log];
    const running = start(['replay', pcap, ...flags]);
    // Opened before the first packet; the log of a second follows.
    await until(() => existsSync(log) && statSync(log).size > 0);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Actual: [\d,]+ packets/);
    expect(reportAt('stopped.json').endReason).toBe('stopped');
  });

  it('aBreachOfMaxLateP99ExitsWith5', async () => {
    const impossible = ['--speed', '1Gpps', '--max-late-p99', '1ns'];
    const { code, stderr } = await run(['replay', pcap, '--to', 'null', ...impossible]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/the rate was missed/);
    expect((await run(['replay', pcap, '--to', 'null', '--limit', '5', '--max-late-p99', '100s'])).code).toBe(0);
  });

  it('aBreachIsABreachWhereEveryPacketWasLeftOut', async () => {
    const flags = ['--speed', '1Gpps', '--on-late', 'drop', '--late-after', '1ns', '--max-late-p99', '1us'];
    const { code, stderr } = await run(['replay', pcap, '--to', 'null', ...flags]);
    expect(code).toBe(5);
    expect(stderr).not.toMatch(/nothing was sent/);
  });

  it('damageWinsOverAMissedRate', async () => {
    const cut = readFileSync(pcap).subarray(0, 100_000);
    const { code } = await run(['replay', '-', '--to', 'null', '--speed', '1Gpps', '--max-late-p99', '1ns'], cut);
    expect(code).toBe(3);
  });

  it('writesDistributionsAndAnIntervalLog', async () => {
    const prefix = join(folder, 'run');
    await run(['replay', pcap, '--to', 'null', '--hgrm', prefix, '--hlog', `${prefix}.hlog`]);
    expect(readFileSync(`${prefix}.sendLateness.hgrm`, 'utf8')).toMatch(/Value\s+Percentile\s+TotalCount/);
    const log = readFileSync(`${prefix}.hlog`, 'utf8').split('\n');
    expect(log.filter((line) => line.startsWith('Tag=sendLateness,')).length).toBeGreaterThanOrEqual(3);
  });
});

describe('nothing to send', () => {
  it.each([
    ['anEmptyCapture', ['empty.pcap'], /nothing was sent: the capture holds no datagram$/m],
    ['filters', [pcap, '--symbol', 'NOPE', '--from', '+1s'], /nothing was sent: .* passed --symbol and --from$/m],
  ])('%s', async (_name, [path = '', ...flags], says) => {
    writeFileSync(join(folder, 'empty.pcap'), pcapOf([]));
    const { stderr } = await run(['replay', resolve(folder, path), ...flags, '--to', 'null', '--topspeed']);
    expect(stderr).toMatch(says);
  });
});

describe('demo', () => {
  it('playsACaptureOfTheUsersOwnBothWays', async () => {
    const { code, stdout } = await run(['demo', fixture('itch50-gaps.pcap')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/4 messages lost in 2 gaps, 1 duplicate, 1 out of order/);
    expect(stdout).toMatch(/Every one of the 3483 messages arrived and was decoded, both ways/);
  });

  it.each([
    ['aFileThatIsNotThere', 'nope.pcap', 1, /^tickreel: There is no file nope\.pcap in \//],
    ['aFolder', folder, 1, /^tickreel: .* is a directory; name a capture file in it\.$/m],
    ['aPipe', '-', 2, /^tickreel: demo plays its capture twice/],
  ])('%s: saysSoAndEndsBeforeTheHeading', async (_name, path, code, says) => {
    const { stdout, stderr, ...result } = await run(['demo', path]);
    expect({ ...result, stdout }).toEqual({ code, stdout: '' });
    expect(stderr).toMatch(says);
  });
});
