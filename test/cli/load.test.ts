import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const capture = fixture('itch50-session.pcap');
const folder = temporaryFolder();

async function planned(...flags: string[]) {
  const { code, stdout, stderr } = await run(['replay', capture, '--dry-run', '--report', '-', ...flags]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('Planned') });
  return JSON.parse(stdout);
}

/** Stamps of a little-endian pcap with nanoseconds, ns since the first. */
function stampsOf(path: string): number[] {
  const bytes = readFileSync(path);
  expect(bytes.readUInt32LE(0)).toBe(0xa1b23c4d);
  const stamps: number[] = [];
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    const [seconds, nanoseconds] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    stamps.push((seconds - bytes.readUInt32LE(24)) * 1e9 + nanoseconds - bytes.readUInt32LE(28));
  }
  return stamps;
}

/** The most stamps in any window of so many ns. */
function mostIn(stamps: readonly number[], windowNs: number): number {
  let first = 0;
  let most = 0;
  for (const [index, stamp] of stamps.entries()) {
    while (stamps[first] <= stamp - windowNs) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

async function busiest(path: string) {
  return JSON.parse((await run(['inspect', path, '--json'])).stdout).busiest['10ms'];
}

describe('--peak', () => {
  it('makesThePeakTwiceAsHighAndLeavesTheRest', async () => {
    const path = join(folder, 'peak.pcap');
    const flags = ['--peak', '2x', '--peak-window', '20ms', '--report', '-'];
    const { code, stdout, stderr } = await run(['replay', capture, '--to', `pcap:${path}`, ...flags]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^Peak 2x: \d+ spans of .* compressed/m),
    });
    const { peak, packets } = JSON.parse(stdout);
    const [before, after] = [stampsOf(capture), stampsOf(path)];
    const most = mostIn(before, 20e6);
    expect(peak).toMatchObject({
      factor: '2x',
      windowNs: 20e6,
      share: 0.01,
      before: { packets: most, packetsPerSecond: most * 50 },
      asked: { packetsPerSecond: most * 100 },
      scheduled: { packets: most, packetsPerSecond: most * 100 },
      savedNs: Math.floor(peak.spans.ns / 2),
    });
    expect(mostIn(after, 10e6)).toBe(most);
    // Where nothing was compressed the gaps are as they were.
    const kept = after.slice(1).filter((stamp, index) => stamp - after[index] === before[index + 1] - before[index]);
    expect(kept.length).toBeGreaterThanOrEqual(packets - 1 - peak.spans.packets - peak.spans.count);
    expect(kept.length).toBeLessThan(packets - 1);
    // inspect counts windows that lie at multiples of 10 ms.
    const [calm, hectic] = [await busiest(capture), await busiest(path)];
    expect(hectic.packets).toBeGreaterThan(calm.packets);
    expect(hectic.packets).toBeLessThanOrEqual(most);
  });

  it('goesWithFiltersLoopsSpeedAndShape', async () => {
    const once = await planned('--peak', '3x', '--type', 'A');
    const report = await planned(
      ...['--peak', '3x', '--type', 'A', '--loop', '3'],
      ...['--speed', '2x', '--shape', 'hold 2x'],
    );
    expect(report.peak).toEqual(once.peak);
    expect(report.packets).toBe(3 * once.packets);
    expect(report.seconds).toBeCloseTo((3 * once.seconds) / 4, 6);
  });

  it('needsTheCapturesOwnTimingAndACaptureThatCanBeReadTwice', async () => {
    const dry = ['--dry-run', '--peak', '2x'];
    const bytes = readFileSync(capture);
    for (const [running, message] of [
      [run(['replay', capture, ...dry, '--pps', '10']), /--peak compresses windows of the capture's own timing/],
      [
        run(['replay', '-', ...dry], bytes),
        /--peak must know .* standard input cannot be read twice; save it to a file/,
      ],
    ] as const) {
      const { code, stderr } = await running;
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
    }
  });
});

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

describe('--overlay', () => {
  const destinationOf = ({ destination }: { destination: string }) => destination;
  type Figures = { destination: string; messages: number; duplicates: number; gaps: unknown[] };
  const figuresOf = ({ destination, messages, duplicates, gaps }: Figures) =>
    `${destination} ${messages} ${duplicates} ${JSON.stringify(gaps)}`;

  it('playsCapturesAtOnceThatListenTellsApart', async () => {
    const path = join(folder, 'overlaid.pcap');
    const flags = ['--overlay', '--overlay-offset', '0s,500ms', '--to', `pcap:${path}`, '--report', '-'];
    const { code, stdout, stderr } = await run(['replay', capture, capture, ...flags]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Overlaid: .*session\.pcap, .*session\.pcap at 500 ms$/m);
    expect(stderr).toMatch(/^Session TICKREEL01 of .* sent as TICKREEL02: another capture has one of that name$/m);
    expect(JSON.parse(stdout)).toMatchObject({
      packets: 17_220,
      overlay: { captures: [{ offsetNs: 0 }, { offsetNs: 5e8 }] },
    });
    const found = JSON.parse((await run(['inspect', path, '--json'])).stdout);
    expect(found.sessions).toMatchObject([
      { session: 'TICKREEL01', messages: 10_000, gaps: [], duplicates: 0 },
      { session: 'TICKREEL02', messages: 10_000, gaps: [], duplicates: 0 },
    ]);
  });

  it('tellsSoupBinTCPSessionsOfOneNameApart', async () => {
    const [soup, path] = [join(folder, 'soup.pcap'), join(folder, 'soups.pcap')];
    await run(['convert', capture, '-o', soup, '--framing', 'soupbintcp', '--session-name', 'TODAY']);
    const { code, stderr } = await run(['replay', soup, soup, soup, '--overlay', '--to', `pcap:${path}`]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Session TODAY of .*soup\.pcap sent as TODAY02: another capture has one of that name$/m);
    const found = JSON.parse((await run(['inspect', path, '--json'])).stdout);
    expect(found.sessions).toMatchObject(
      ['TODAY', 'TODAY02', 'TODAY03'].map((session) => ({ session, messages: 10_000, gaps: [], duplicates: 0 })),
    );
  });

  it('saysWhereFeedsOfMdpCanBeToldApartByTheirSendersAlone', async () => {
    const [mdp, path] = [fixture('mdp3-session.pcap'), join(folder, 'mdps.pcap')];
    const to = ['--to', `pcap:${path}`, '--report', `${path}.json`];
    const { code, stderr } = await run(['replay', mdp, mdp, '--overlay', '--overlay-offset', '0s,1ms', ...to]);
    expect(code).toBe(0);
    const { overlay } = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
    const once = JSON.parse((await run(['inspect', mdp, '--json'])).stdout);
    const twice = JSON.parse((await run(['inspect', path, '--json'])).stdout);
    expect(overlay.sharedFeeds.length).toBe(new Set(once.flows.map(destinationOf)).size);
    for (const { destination, captures } of overlay.sharedFeeds) {
      expect(captures).toEqual([0, 1]);
      expect(stderr).toContain(`Packets of MDP 3.0 to ${destination} are of ${mdp} and ${mdp}: their numbers collide`);
    }
    // Whoever goes by senders finds each feed twice, and no numbers lost or repeated that were not.
    const figures = ({ sessions }: typeof once) => sessions.map(figuresOf).toSorted();
    expect(figures(twice)).toEqual([...figures(once), ...figures(once)].toSorted());
  });

  it.each<[string[], RegExp]>([
    [['--overlay'], /--overlay lays captures over each other; name two or more, or one twice/],
    [[capture, '--overlay-offset', '1s'], /--overlay-offset goes with --overlay/],
    [[capture, '--overlay', '--overlay-offset', '1s,2s,3s'], /has 3 times for 2 captures; give one for each/],
    [[capture, '--overlay', '--overlay-offset', '5'], /duration "5": the unit is missing, write 5s/],
  ])('refuses %j', async (flags, message) => {
    const { code, stderr } = await run(['replay', capture, '--dry-run', ...flags]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });
});
