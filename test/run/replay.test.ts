import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CaptureError, SinkError, UsageError } from '../../src/core/errors.js';
import { formatEpochNs } from '../../src/core/halves.js';
import { parseWhen } from '../../src/core/time.js';
import { ReplayControl } from '../../src/replay/control.js';
import { noFilter } from '../../src/replay/filter.js';
import { runReplay } from '../../src/run/replay.js';
import type { ReplayReport, ReplaySpec } from '../../src/run/replay-spec.js';
import { parseTarget, type Target } from '../../src/run/target.js';
import {
  gapsFixture,
  gzipFixture,
  inputOf,
  itch,
  linesIn,
  makeFlow,
  mold,
  openSeconds,
  type Packet,
  pcapFixture,
  pcapOf,
  scratch,
  specOf,
} from './support.js';

const { folder, write } = scratch();
const out = join(folder, 'out.pcap');
const toFile: Target = { kind: 'pcap', path: out };
const ms = 1e6;
const second = 1e9;

async function run(path: string, options: Partial<ReplaySpec> & { speed?: string } = {}): Promise<ReplayReport> {
  return (await runReplay(specOf(path, options))).report;
}

/** What a replay to a file wrote. */
async function written(path: string, options: Partial<ReplaySpec> & { speed?: string } = {}) {
  const report = await run(path, { target: toFile, ...options });
  return { report, lines: await linesIn(out) };
}

const packets: Packet[] = [
  { atNs: 0, payload: mold(1, [itch('S')]) },
  { atNs: 7, payload: mold(2, [itch('A'), itch('D')]), flow: makeFlow(1) },
  { atNs: 40 * ms, payload: Uint8Array.of(1, 2, 3) },
  { atNs: 1.5 * second, payload: mold(4, [], { count: 0xffff }) },
];
const small = write('small.pcap', pcapOf(packets));

describe('to a file', () => {
  test('the same datagrams at the same time', async () => {
    const { report, lines } = await written(pcapFixture);
    expect(lines).toEqual(await linesIn(pcapFixture));
    expect(report).toMatchObject({
      capture: pcapFixture,
      target: `pcap:${out}`,
      asked: '1x',
      clock: 'virtual',
      endReason: 'end',
      packets: lines.length,
      messages: 10_000,
      late: { count: 0, share: 0, maxNs: 0, thresholdNs: 100_000 },
      dropped: 0,
      skipped: 0,
      loops: 1,
      sendErrors: {},
      damageTotal: 0,
      sink: { fileBytes: readFileSync(out).length },
    });
    expect(report.originNs).toBe(formatEpochNs(openSeconds, lines[0].atNs));
  });

  test('a file is not waited for, so max keeps the stamps', async () => {
    const { report, lines } = await written(pcapFixture, { speed: 'max' });
    expect(lines).toEqual(await linesIn(pcapFixture));
    expect(report.asked).toBe('max');
  });

  test.each<[string, (ns: number) => number]>([
    ['10x', (ns) => Math.floor(ns / 10)],
    ['0.5x', (ns) => ns * 2],
    ['3x', (ns) => Math.floor(ns / 3)],
  ])('%s scales the stamps', async (speed, scaled) => {
    const { lines } = await written(small, { speed });
    expect(lines.map(({ atNs }) => atNs)).toEqual([0, 7, 40 * ms, 1.5 * second].map(scaled));
  });

  test('counting rates count, from the first stamp on', async () => {
    const at = async (speed: string) => (await written(small, { speed })).lines.map(({ atNs }) => atNs);
    expect(await at('10pps')).toEqual([0, 0.1 * second, 0.2 * second, 0.3 * second]);
    expect(await at('1msg/s')).toEqual([0, second, 3 * second, 3 * second]);
    const bits = packets.map(({ payload }) => (payload.length + 42) * 8);
    const sums = bits.map((_, index) => bits.slice(0, index).reduce((sum, count) => sum + count, 0));
    expect(await at('1kbps')).toEqual(sums.map((sum) => sum * ms));
  });

  test('stamps that go back are held to the highest before; order and bytes stay', async () => {
    const { report, lines } = await written(gapsFixture);
    const captured = await linesIn(gapsFixture);
    let highest = 0;
    const held = captured.map((line) => {
      highest = Math.max(highest, line.atNs);
      return { ...line, atNs: highest };
    });
    expect(lines).toEqual(held);
    const back = captured.filter(
      ({ atNs }, index) => atNs < Math.max(...captured.slice(0, index + 1).map((l) => l.atNs)),
    );
    expect(report.timeline).toEqual({
      backwardTimestamps: back.length,
      farTimestamps: 0,
      squeezedGaps: 0,
      squeezedNs: 0,
    });
    expect(back.length).toBeGreaterThan(0);
  });

  test('from a BinaryFILE: the same messages as the pcap made of it', async () => {
    const { report, lines } = await written(gzipFixture);
    const captured = await linesIn(pcapFixture);
    expect(lines.map(({ bytes }) => bytes)).toEqual(captured.map(({ bytes }) => bytes));
    expect(report).toMatchObject({ packets: captured.length, messages: 10_000 });
  });

  test('a gap of sixty days passes at once, one of a year counts as none', async () => {
    const day = 86_400 * second;
    const path = write('far.pcap', pcapOf([...packets, { atNs: 60 * day, payload: mold(5, []) }]));
    expect((await written(path)).lines.at(-1)?.atNs).toBe(60 * day);
    const farther = write('farther.pcap', pcapOf([...packets, { atNs: 365 * day, payload: mold(5, []) }]));
    const { report, lines } = await written(farther);
    expect(lines.at(-1)?.atNs).toBe(1.5 * second);
    expect(report.timeline.farTimestamps).toBe(1);
  });

  test('idle gaps cut, a start of its own', async () => {
    const startAt = { seconds: openSeconds + 100, nanoseconds: 5 };
    const { report, lines } = await written(small, { maxGapNs: 10 * ms, startAt });
    const first = 100 * second + 5;
    expect(lines.map(({ atNs }) => atNs)).toEqual([first, first + 7, first + 10 * ms + 7, first + 20 * ms + 7]);
    expect(report.timeline).toMatchObject({ squeezedGaps: 2, squeezedNs: 1.5 * second - 20 * ms - 7 });
    expect(report.originNs).toBe(formatEpochNs(startAt.seconds, 5));
  });

  test('window, filter, limit and duration', async () => {
    const headers = async (options: Partial<ReplaySpec>) => {
      const { report, lines } = await written(small, options);
      return [report.endReason, report.skipped, ...lines.map(({ header }) => header)];
    };
    expect(await headers({ from: parseWhen('+1ns'), until: parseWhen('+1s') })).toEqual(['end', 2, 'SESSION 2 2', '-']);
    expect(await headers({ filter: { ...noFilter, types: ['D'] } })).toEqual(['end', 3, 'SESSION 2 2']);
    expect(await headers({ limit: 2 })).toEqual(['limit', 0, 'SESSION 1 1', 'SESSION 2 2']);
    expect(await headers({ durationNs: 40 * ms })).toEqual(['duration', 0, 'SESSION 1 1', 'SESSION 2 2', '-']);
  });

  test.each<[ReplaySpec['loopSequence'], string[]]>([
    [
      'keep',
      ['SESSION 1 1', 'SESSION 2 2', '-', 'SESSION 4 65535', 'SESSION 1 1', 'SESSION 2 2', '-', 'SESSION 4 65535'],
    ],
    [
      'new-session',
      [
        'SESSION 1 1',
        'SESSION 2 2',
        '-',
        'SESSION 4 65535',
        'SESSIO0002 1 1',
        'SESSIO0002 2 2',
        '-',
        'SESSIO0002 4 65535',
      ],
    ],
  ])('loops: %s', async (loopSequence, headers) => {
    const { report, lines } = await written(small, { loops: 2, loopSequence });
    expect(lines.map(({ header }) => header)).toEqual(headers);
    expect(lines.map(({ atNs }) => atNs)).toEqual([
      0,
      7,
      40 * ms,
      1500 * ms,
      1500 * ms,
      1500 * ms + 7,
      1540 * ms,
      3 * second,
    ]);
    expect(report).toMatchObject({ loops: 2, packets: 8, messages: 6 });
  });

  test('loops: continue, of a capture and of a BinaryFILE', async () => {
    const one = write('one.pcap', pcapOf(packets.map(({ atNs, payload }) => ({ atNs, payload }))));
    const { lines } = await written(one, { loops: 3, loopSequence: 'continue' });
    const ends = lines.map(({ header }) => header);
    expect(ends).toEqual([
      ...['SESSION 1 1', 'SESSION 2 2', '-', 'SESSION 4 0'],
      ...['SESSION 4 1', 'SESSION 5 2', '-', 'SESSION 7 0'],
      ...['SESSION 7 1', 'SESSION 8 2', '-', 'SESSION 10 65535'],
    ]);
    const file = await written(gzipFixture, { loops: 2, loopSequence: 'continue' });
    expect(file.report.messages).toBe(20_000);
    expect(file.lines.at(-1)?.header).toBe('TICKREEL01 20001 65535');
  });

  test('the capture that is read is never written', async () => {
    const target: Target = { kind: 'pcap', path: small };
    await expect(run(small, { target })).rejects.toThrow(SinkError);
    expect(await linesIn(small)).toHaveLength(4);
  });

  test('a file that cannot be written', async () => {
    await expect(run(small, { target: { kind: 'pcap', path: join(folder, 'no', 'x') } })).rejects.toThrow(
      /cannot write/,
    );
  });
});

describe('dry run', () => {
  test('computes the schedule of an hour at once and sends nothing', async () => {
    const hour = write('hour.pcap', pcapOf([...packets, { atNs: 3600 * second, payload: mold(5, []) }]));
    const absent = join(folder, 'absent.pcap');
    const report = await run(hour, { dryRun: true, target: { kind: 'pcap', path: absent } });
    expect(report).toMatchObject({ clock: 'virtual', packets: 5, seconds: 3600, late: { count: 0 }, sink: {} });
    expect(existsSync(absent)).toBe(false);
  });

  test('opens no socket either', async () => {
    const report = await run(small, { dryRun: true, target: parseTarget('udp://host.invalid:9') });
    expect(report).toMatchObject({ packets: 4, sendErrors: {} });
  });
});

describe('in this process', () => {
  test('a handler decodes everything; gaps are found', async () => {
    const whole = await run(pcapFixture, { target: parseTarget('inproc'), speed: 'max' });
    expect(whole).toMatchObject({ clock: 'real', sink: { messagesDecoded: 10_000, messagesUnknown: 0, gaps: 0 } });
    expect(whole.histograms.handlerTime.count).toBe(whole.packets);
    expect(Object.keys(whole.histograms).sort()).toEqual(['feedLatency', 'handOver', 'handlerTime', 'sendTime']);
    const gaps = await run(gapsFixture, { target: parseTarget('inproc'), speed: 'max' });
    expect(gaps.sink.gaps).toBeGreaterThan(0);
  });

  test('many loops are one feed to it: sequences go on, flows stay', async () => {
    const one = write('one.pcap', pcapOf(packets.slice(0, 2).map(({ atNs, payload }) => ({ atNs, payload }))));
    const options = { target: parseTarget('inproc'), speed: 'max', loops: 50, loopSequence: 'continue' } as const;
    expect((await run(one, options)).sink).toEqual({ messagesDecoded: 150, messagesUnknown: 0, gaps: 0 });
  });

  test('feed latency: capture stamp less exchange stamp', async () => {
    const { histograms } = await run(pcapFixture, { dryRun: true });
    expect(histograms.feedLatency).toMatchObject({ negative: { count: 0 } });
    // The fixture's packets are stamped 20 to 60 us after the exchange's time, later only where order asks for it.
    expect(histograms.feedLatency.min).toBeGreaterThanOrEqual(20_000);
  });
});

describe('UDP', () => {
  /** Receives on a free port while `send` runs. */
  async function received(
    count: number,
    send: (port: number) => Promise<ReplayReport>,
    options: { group?: string } = {},
  ) {
    const socket = createSocket({ type: 'udp4', reuseAddr: options.group !== undefined });
    const got: string[] = [];
    let enough: () => void = () => {};
    const complete = new Promise<void>((resolve) => {
      enough = resolve;
    });
    socket.on('message', (bytes) => {
      got.push(bytes.toString('hex'));
      if (got.length >= count) enough();
    });
    await new Promise<void>((resolve) => socket.bind(0, options.group ?? '127.0.0.1', resolve));
    socket.setRecvBufferSize(8 << 20);
    if (options.group) socket.addMembership(options.group, '127.0.0.1');
    const report = await send(socket.address().port);
    await Promise.race([complete, new Promise((resolve) => setTimeout(resolve, 3000))]);
    socket.close();
    return { got, report };
  }

  test('every datagram arrives as it was captured, in order', async () => {
    const captured = (await linesIn(pcapFixture)).map(({ bytes }) => bytes);
    const { got, report } = await received(captured.length, (port) =>
      run(pcapFixture, { speed: '20kpps', target: parseTarget(`udp://127.0.0.1:${port}`) }),
    );
    expect(got).toEqual(captured);
    expect(report).toMatchObject({ packets: captured.length, sendErrors: {}, clock: 'real' });
    const { sendLateness, sendTime, gapError } = report.histograms;
    expect([sendLateness.count, sendTime.count, gapError.count]).toEqual([
      captured.length,
      captured.length,
      captured.length - 1,
    ]);
    expect(sendLateness.min).toBeGreaterThanOrEqual(0);
  });

  test('to a multicast group over loopback, if the kernel has it', async (context) => {
    const group = '239.255.42.7';
    const capturedSmall = (await linesIn(small)).map(({ bytes }) => bytes);
    let result: Awaited<ReturnType<typeof received>>;
    try {
      const send = (port: number) =>
        run(small, { speed: 'max', target: parseTarget(`udp://${group}:${port}?iface=127.0.0.1&ttl=1`) });
      result = await received(4, send, { group });
    } catch (error) {
      context.skip(`no multicast on the loopback interface: ${(error as Error).message}`);
      return;
    }
    if (result.got.length === 0) context.skip('the kernel does not carry multicast on the loopback interface');
    expect(result.got).toEqual(capturedSmall);
  });

  test('kept destinations: each flow goes where it was captured to', async () => {
    const ports: number[] = [];
    const { got } = await received(1, async (first) => {
      const second = await received(1, async (other) => {
        ports.push(first, other);
        const flows = ports.map((port, index) => ({ ...makeFlow(index, port), destination: '127.0.0.1' }));
        const path = write(
          'kept.pcap',
          pcapOf(flows.map((flow, index) => ({ atNs: index, payload: Uint8Array.of(index), flow }))),
        );
        return run(path, { keepDestinations: true, target: parseTarget('udp://', true), speed: 'max' });
      });
      expect(second.got).toEqual(['01']);
      return second.report;
    });
    expect(got).toEqual(['00']);
  });

  test.each([
    { destination: '233.54.12.111', destinationPort: 0 },
    { destination: '0.0.0.0', destinationPort: 26477 },
  ])('kept destinations: $destination:$destinationPort is refused', async (zeroed) => {
    const path = write('zeroed.pcap', pcapOf([{ ...packets[0], flow: { ...makeFlow(), ...zeroed } }]));
    const target = parseTarget('udp://', true);
    await expect(run(path, { keepDestinations: true, target, speed: 'max' })).rejects.toThrow(SinkError);
    await expect(run(path, { keepDestinations: true, target, speed: 'max' })).rejects.toThrow(
      /zeroed by its publisher/,
    );
  });

  test('a host that does not resolve', async () => {
    await expect(run(small, { target: parseTarget('udp://a..b:9') })).rejects.toThrow(/does not resolve/);
  });
});

describe('on the real clock', () => {
  test('a named pipe is read once and whole: nothing of it is spent on warming up', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('sh', ['-c', `cat '${pcapFixture}' > '${pipe}'`]);
    const report = await run(pipe, { speed: 'max', target: parseTarget('inproc') });
    writer.kill();
    expect(report).toMatchObject({ messages: 10_000, damageTotal: 0, sink: { messagesDecoded: 10_000 } });
  });

  test('a stop that is asked for beforehand', async () => {
    const control = new ReplayControl();
    control.stop();
    const { report } = await runReplay(specOf(small), { control });
    expect(report).toMatchObject({ endReason: 'stopped', packets: 0, histograms: {} });
    expect(report.originNs).toMatch(/^\d{19}$/);
  });

  test('a stop while it waits', async () => {
    const control = new ReplayControl();
    const path = write('long.pcap', pcapOf([packets[0], { atNs: 3600 * second, payload: mold(2, []) }]));
    const running = runReplay(specOf(path), { control });
    const watch = setInterval(() => {
      if (control.read('packets') === 1) control.stop();
    }, 10);
    const { report } = await running;
    clearInterval(watch);
    expect(report).toMatchObject({ endReason: 'stopped', packets: 1 });
  });

  test('all dropped: a share of one', async () => {
    const times = Array.from({ length: 20 }, (_, index) => ({ atNs: index, payload: mold(1 + index, [itch('D')]) }));
    const report = await run(write('burst.pcap', pcapOf(times)), { latePolicy: 'drop', lateAfterNs: 0 });
    expect(report.packets + report.dropped).toBe(20);
    expect(report.dropped).toBeGreaterThan(0);
    expect(report.late.share).toBe(report.late.count / 20);
    expect(report.late.count).toBeGreaterThanOrEqual(report.dropped);
  });

  test('histograms as text', async () => {
    const start = Math.floor(Date.now() / 1000);
    const hlogPath = join(folder, 'run.hlog');
    const { hgrm, report } = await runReplay(specOf(small, { hlogPath, keepDistributions: true, speed: '10x' }));
    const hlog = readFileSync(hlogPath, 'utf8');
    expect(Object.keys(hgrm)).toEqual(expect.arrayContaining(['sendLateness', 'sendTime']));
    const since = /StartTime: (\d+)\.\d+ /.exec(hlog);
    expect(Number(since?.[1])).toBeGreaterThanOrEqual(start);
    expect(`${since?.[1]}`).toBe(report.originNs.slice(0, -9));
    expect(hlog.split('\n').filter((line) => line.startsWith('Tag=sendLateness,')).length).toBeGreaterThan(0);
  });

  test('the log has the intervals that recorded anything, and nothing of the hours between', async () => {
    const times = [0, 5e8, 3600e9, 7200e9, 7200e9 + 1].map((atNs, index) => ({ atNs, payload: mold(index, []) }));
    const hlogPath = join(folder, 'gaps.hlog');
    const path = write('hours.pcap', pcapOf(times));
    const { hgrm } = await runReplay(specOf(path, { dryRun: true, hlogPath }));
    const lines = readFileSync(hlogPath, 'utf8').split('\n');
    const lateness = lines.filter((line) => line.startsWith('Tag=sendLateness,'));
    expect(lateness.length).toBeGreaterThanOrEqual(3);
    expect(lateness.length).toBeLessThanOrEqual(5);
    expect(lines.at(-1)).toBe('');
    expect(hgrm).toEqual({});
  });

  test('a log grows while the run goes on', async () => {
    const path = write('slow.pcap', pcapOf([0, 1.2e9, 3600e9].map((atNs) => ({ atNs, payload: mold(1, []) }))));
    const hlogPath = join(folder, 'growing.hlog');
    const control = new ReplayControl();
    const running = runReplay(specOf(path, { hlogPath }), { control });
    while (control.read('packets') < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const before = readFileSync(hlogPath, 'utf8');
    control.stop();
    await running;
    expect(before).toContain('Tag=sendLateness,');
    expect(readFileSync(hlogPath, 'utf8').startsWith(before)).toBe(true);
  });

  test('a log that cannot be written fails before anything is sent', async () => {
    const control = new ReplayControl();
    const hlogPath = join(folder, 'none', 'run.hlog');
    const failing = runReplay(specOf(small, { hlogPath }), { control });
    await expect(failing).rejects.toThrow(SinkError);
    await expect(failing).rejects.toThrow(hlogPath);
    expect(control.read('packets')).toBe(0);
    const before = readFileSync(small);
    await expect(runReplay(specOf(small, { hlogPath: small, dryRun: true }))).rejects.toThrow(/being read/);
    expect(readFileSync(small)).toEqual(before);
  });

  test.runIf(existsSync('/dev/full'))('a log on a full disk fails with its path', async () => {
    const failing = runReplay(specOf(small, { hlogPath: '/dev/full', dryRun: true }));
    await expect(failing).rejects.toThrow(/cannot write \/dev\/full: the disk is full/);
  });
});

describe('damage and what cannot be opened', () => {
  test('a truncated capture is played to where it ends, and said so', async () => {
    const whole = readFileSync(small);
    const path = write('cut.pcap', whole.subarray(0, -1));
    const report = await run(path, { dryRun: true, loops: 3 });
    expect(report).toMatchObject({ packets: 9, damageTotal: 1 });
    expect(report.damage).toMatchObject([{ file: path, record: 4 }]);
  });

  test('datagrams cut by the snap length are left out and counted', async () => {
    const bytes = Buffer.from(pcapOf(packets.slice(0, 2)));
    // The second record: its captured length is 10 bytes less than its wire length.
    const at = 24 + 16 + bytes.readUInt32LE(24 + 8);
    bytes.writeUInt32LE(bytes.readUInt32LE(at + 8) - 10, at + 8);
    const report = await run(write('snapped.pcap', bytes.subarray(0, -10)), { dryRun: true });
    expect(report).toMatchObject({ packets: 1, skipped: 0, truncated: 1, messages: 1 });
  });

  test.each<[string, Partial<ReplaySpec>, new (...args: never[]) => Error]>([
    ['no such file', { input: inputOf(join(folder, 'none.pcap')) }, CaptureError],
    ['a day that is none', { input: inputOf(gzipFixture, { date: '2026-02-30' }) }, UsageError],
    ['an empty window', { from: parseWhen('+2s'), until: parseWhen('+1s'), dryRun: true }, UsageError],
    ['an empty window on the real clock', { from: parseWhen('+2s'), until: parseWhen('+1s') }, UsageError],
  ])('%s', async (_name, options, type) => {
    await expect(run(small, options)).rejects.toThrow(type);
  });
});
