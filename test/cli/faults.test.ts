/** Faults as a user asks for them: what is reported is what a receiver finds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReplayReport } from '../../src/run/replay-spec.js';
import { fixture, freePort, lines, run, startListening, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const pcap = fixture('itch50-session.pcap');
const lineB = '239.255.42.2:26478';

interface Heard {
  sessions: { missing: number; duplicates: number; outOfOrder: number; messages: number }[];
  damage: { code: string }[];
  damageTotal: number;
}

interface MdpFigures {
  destination: string;
  packets: number;
  restarts: number;
  missing: number;
  duplicates: number;
  outOfOrder: number;
}

interface ArbitratedReport {
  lines: {
    lines: { missing: number; duplicates: number; received: number }[];
    missingOnAll: { missing: number };
  }[];
}

type Faults = NonNullable<ReplayReport['faults']>;

function pathOf(name: string): string {
  return join(folder, name);
}

function bytesOf(name: string): Buffer {
  return readFileSync(pathOf(name));
}

/** Replays the fixture into a file, on the virtual clock. */
async function replayTo(name: string, ...flags: string[]) {
  const report = pathOf(`${name}.json`);
  const finished = await run(['replay', pcap, '--to', `pcap:${pathOf(name)}`, '--report', report, ...flags]);
  return { ...finished, faults: finished.code === 0 ? faultsAt(report) : null };
}

function faultsAt(path: string): Faults {
  const { faults } = JSON.parse(readFileSync(path, 'utf8')) as ReplayReport;
  if (faults === null) throw new Error('no faults in the report');
  return faults;
}

async function inspect(name: string): Promise<Heard> {
  const { stdout } = await run(['inspect', pathOf(name), '--json']);
  return JSON.parse(stdout) as Heard;
}

describe('replay --fault', () => {
  it('whatListenersFindIsWhatTheReportSays', async () => {
    const ports = [await freePort(), await freePort()];
    const listeners = await Promise.all(
      ports.map((port) => startListening(port, '--idle', '5s', '--duration', '50s', '--json')),
    );
    const [a, b] = ports.map((port) => `udp://127.0.0.1:${port}`);
    const report = pathOf('lines.json');
    const faults = 'A: loss 1%; A: reorder 1-4 1%; B: loss burst 3 1%; B: dup after 20us 2%; both: delay 1ms 1%';
    const sent = await run([
      ...['replay', pcap, '--to', a, '--line-b', b, '--speed', '4kpps'],
      ...['--fault', faults, '--fault-seed', '5', '--report', report],
    ]);
    expect(sent.code).toBe(0);
    const heard = await Promise.all(
      listeners.map(async ({ finished }) => lines<Heard>((await finished).stdout)[0].sessions[0]),
    );
    const told = faultsAt(report);
    expect(told.lines.map(({ line }) => line)).toEqual(['A', 'B']);
    for (const [index, line] of told.lines.entries()) {
      expect(line.in).toEqual({ packets: 8610, messages: 10_000 });
      expect(line.lost.packets).toBeGreaterThan(10);
      expect(heard[index]).toMatchObject({
        missing: line.lost.messages,
        duplicates: line.duplicated.messages,
        outOfOrder: line.outOfOrder.messages,
        messages: line.out.messages,
      });
    }
    expect(told.lines[1].duplicated.packets).toBeGreaterThan(50);
    expect(sent.stderr).toMatch(/^Line A: 8,610 packets, 8,\d+ sent: \d+ lost \(\d+ messages\), \d+ reordered, /m);
  });

  it('aListenerOfBothLinesRecoversAllThatOneLineLost', async () => {
    const ports = [await freePort(), await freePort()];
    const [a, b] = ports.map((port) => `udp://127.0.0.1:${port}`);
    const listener = await startListening(ports[0], b, '--arbitrate', '--idle', '5s', '--duration', '50s', '--json');
    const report = pathOf('arbitrated.json');
    const sent = await run([
      ...['replay', pcap, '--to', a, '--line-b', b, '--speed', '4kpps', '--report', report],
      ...['--fault', 'loss 3%; A: dup 1%; B: delay 20us-80us'],
    ]);
    expect(sent.code).toBe(0);
    const heard = lines<ArbitratedReport>((await listener.finished).stdout)[0].lines[0];
    const { lines: told, lostOnBothLines } = faultsAt(report);
    expect(told.every(({ lost }) => lost.packets > 200)).toBe(true);
    expect(lostOnBothLines?.messages).toBeGreaterThan(2);
    expect(heard.missingOnAll.missing).toBe(lostOnBothLines?.messages);
    for (const [index, { lost, duplicated, out }] of told.entries()) {
      const { missing, duplicates, received } = heard.lines[index];
      expect({ missing, duplicates, received }).toEqual({
        missing: lost.messages,
        duplicates: duplicated.messages,
        received: out.messages,
      });
    }
  });

  it('ofMdpTheListenerFindsThemOnTheFeedTheyBefell', async () => {
    const mdp = fixture('mdp3-session.pcap');
    const figuresOf = (text: string): MdpFigures[] => JSON.parse(text).sessions;
    const before = figuresOf((await run(['inspect', mdp, '--json'])).stdout);
    // Of the feeds whose numbers never begin anew: there nothing goes unseen.
    const [{ destination }] = before.filter(({ restarts }) => restarts === 0).toSorted((a, b) => b.packets - a.packets);
    const port = await freePort();
    const listener = await startListening(port, '--idle', '5s', '--duration', '50s', '--json');
    const faults = ['loss burst 2 2%', 'reorder 40-80 2%', 'dup 2%'].map((fault) => `${destination}: ${fault}`);
    const report = pathOf('mdp.json');
    const to = ['--to', `udp://127.0.0.1:${port}`, '--speed', '4kpps', '--report', report];
    expect((await run(['replay', mdp, ...to, '--fault', faults.join('; ')])).code).toBe(0);
    const [told] = faultsAt(report).lines;
    const [heard] = lines<{ sessions: MdpFigures[] }>((await listener.finished).stdout);
    const sum = (name: 'missing' | 'duplicates' | 'outOfOrder') =>
      heard.sessions.reduce((all, session) => all + session[name], 0);
    expect(told.outOfOrder.packets).toBeGreaterThan(5);
    expect({ missing: sum('missing'), duplicates: sum('duplicates'), outOfOrder: sum('outOfOrder') }).toEqual({
      missing: told.lost.packets,
      duplicates: told.duplicated.packets,
      outOfOrder: told.outOfOrder.packets,
    });
  });

  it('twoLinesPutTogetherMissOnlyWhatBothLost', async () => {
    const { faults } = await replayTo('two.pcap', '--line-b', `udp://${lineB}`, '--fault', 'loss 5%; B: delay 30us');
    const lost = faults?.lostOnBothLines?.messages ?? 0;
    expect(lost).toBeGreaterThan(5);
    expect(faults?.lines.every(({ lost: { packets } }) => packets > 300)).toBe(true);
    const converted = await run(['convert', pathOf('two.pcap'), '-o', pathOf('two.NASDAQ_ITCH50'), '--json']);
    expect(JSON.parse(converted.stdout)).toMatchObject({ messages: 10_000 - lost, missing: lost });
  });

  it('truncatedPacketsAreDamaged', async () => {
    const { faults } = await replayTo('cut.pcap', '--fault', 'truncate by 1 2%');
    const { damageTotal } = await inspect('cut.pcap');
    expect(faults?.lines[0].truncated.packets).toBeGreaterThan(100);
    expect(damageTotal).toBe(faults?.lines[0].truncated.packets);
  });

  it('aStaleChecksumIsWrongAndAFixedOneRight', async () => {
    const stale = await replayTo('stale.pcap', '--fault', 'corrupt stale every 100');
    const wrong = await run(['inspect', pathOf('stale.pcap'), '--json']);
    expect(stale.faults?.lines[0].corrupted.packets).toBe(86);
    expect(wrongChecksums(wrong.stdout)).toBe(86);
    await replayTo('fixed.pcap', '--fault', 'corrupt every 100');
    expect(wrongChecksums((await run(['inspect', pathOf('fixed.pcap'), '--json'])).stdout)).toBe(0);
  });

  it('theSameSeedGivesTheSameFile', async () => {
    const faults = ['--fault', 'loss 1%; jitter pareto 10us 2; corrupt 2 1%; dup after normal 1ms 200us 3%'];
    await replayTo('one.pcap', ...faults);
    await replayTo('again.pcap', ...faults);
    await replayTo('other.pcap', ...faults, '--fault-seed', 'another');
    expect(bytesOf('one.pcap').equals(bytesOf('again.pcap'))).toBe(true);
    expect(bytesOf('one.pcap').equals(bytesOf('other.pcap'))).toBe(false);
  });

  it('aLogReplaysTheVerySameFaults', async () => {
    const log = pathOf('faults.ndjson');
    const faults = 'loss 2%; B: rate 3kpps queue 9; delay 1us-900us 5%; reorder 2 1%; truncate 1%; corrupt 1%';
    const first = await replayTo('first.pcap', '--line-b', `udp://${lineB}`, '--fault', faults, '--fault-log', log);
    const second = await replayTo('second.pcap', '--line-b', `udp://${lineB}`, '--fault-replay', log);
    expect(bytesOf('first.pcap').equals(bytesOf('second.pcap'))).toBe(true);
    expect(second.faults?.lines).toEqual(first.faults?.lines);
    expect(second.faults?.faults.map(({ hit }) => hit)).toEqual(first.faults?.faults.map(({ hit }) => hit));
    expect(second.stderr).toContain(`Faults as in ${log}`);
    const entries = lines<{ kind?: string; line?: string }>(readFileSync(log, 'utf8'));
    const lost = entries.filter(({ kind, line }) => kind === 'loss' && line === 'A').length;
    expect(lost).toBe(first.faults?.lines[0].lost.packets);
    expect(entries.at(-1)).toEqual({ end: true, loop: 1, packet: 8610, complete: true });
    // On one line, or of another capture, it does not fit.
    const alone = await replayTo('third.pcap', '--fault-replay', log);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toMatch(/faults\.ndjson names line B of packet \d+, which it does not have here; replay the/);
    const gaps = ['replay', fixture('itch50-gaps.pcap'), '--to', 'null', '--line-b', `udp://${lineB}`];
    const foreign = await run([...gaps, '--fault-replay', log]);
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toMatch(/faults\.ndjson is of other packets: packet \d+ has/);
  });

  it('convertDoesToAFileWhatReplayDoes', async () => {
    const faults = 'loss 2%; delay 1us-900us 5%; reorder 2 1%; corrupt stale 1%; dup 1%; rate 5kpps queue 20';
    const log = pathOf('convert.ndjson');
    await replayTo('replayed.pcap', '--fault', faults, '--fault-log', log);
    const converted = await run(['convert', pcap, '-o', pathOf('converted.pcap'), '--fault', faults, '--json']);
    expect(converted.code).toBe(0);
    expect(bytesOf('converted.pcap').equals(bytesOf('replayed.pcap'))).toBe(true);
    const report = JSON.parse(converted.stdout) as { faults: Faults; packets: number; messages: number };
    expect(report.faults).toEqual(faultsAt(pathOf('replayed.pcap.json')));
    const [{ out }] = report.faults.lines;
    expect(report).toMatchObject({ packets: out.packets, messages: out.messages });
    const again = await run(['convert', pcap, '-o', pathOf('again.pcapng'), '--fault-replay', log, '--shift', '1h']);
    expect(again.code).toBe(0);
    const moved = await run(['convert', pathOf('again.pcapng'), '-o', pathOf('moved.pcap'), '--shift', '-1h']);
    // What was corrupted is damage to whoever reads it.
    expect(moved.code).toBe(3);
    expect(bytesOf('moved.pcap').length).toBe(bytesOf('replayed.pcap').length);
    const framed = await run(['convert', pcap, '-o', pathOf('x.pcap'), '--framing', 'moldudp64', '--fault', 'loss 1%']);
    expect(framed.code).toBe(2);
    expect(framed.stderr).toContain('faults befall datagrams that are copied as they are');
  });

  it('aRunThatIsCutShortReplaysAsFarAsItWent', async () => {
    const log = pathOf('cut.ndjson');
    await replayTo('cut1.pcap', '--fault', 'loss 5%', '--limit', '500', '--fault-log', log);
    const { faults } = await replayTo('cut2.pcap', '--fault-replay', log);
    expect(bytesOf('cut1.pcap').equals(bytesOf('cut2.pcap'))).toBe(true);
    expect(faults?.lines[0].out.packets).toBe(500);
  });

  it('readsAScriptAndTheHistogramThatItNames', async () => {
    const measured = await run(['replay', pcap, '--to', 'null', '--speed', '100x', '--hgrm', pathOf('run')]);
    expect(measured.code).toBe(0);
    writeFileSync(
      pathOf('faults.yaml'),
      `seed: 7
faults:
  - "loss every 1000"
  - line: A
    from: 1s
    until: 2s
    delay: histogram run.sendTime.hgrm
    corrupt: [1%, packets 3]
`,
    );
    const { faults } = await replayTo('script.pcap', '--fault-script', pathOf('faults.yaml'));
    expect(faults?.seed).toBe(7);
    expect(faults?.faults.map(({ fault }) => fault)).toEqual([
      'loss every 1000',
      'A: delay histogram run.sendTime.hgrm from 1s until 2s',
      'A: corrupt 1% from 1s until 2s',
      'A: corrupt packets 3 from 1s until 2s',
    ]);
    const [, delay, , corrupt] = faults?.faults ?? [];
    expect(delay.hit).toBeGreaterThan(1000);
    expect(delay.seen).toBe(corrupt.seen);
    // The third packet comes before the window.
    expect(corrupt.hit).toBe(0);
  });

  it('saysWhatMetNothing', async () => {
    const { stderr } = await replayTo('idle.pcap', '--fault', 'B: loss 5%; loss seq 20000-');
    expect(stderr).toContain('"B: loss 5%" met no packet: lines here are A');
    expect(stderr).toContain('"loss seq 20000-" befell none of 8,610 packets');
  });

  it.each([
    [['--fault', 'A: loss x%'], `--fault: "A: loss x%": 'x%' does not say which packets`],
    [['--fault', ''], 'it names no fault'],
    [['--fault', 'delay 1ms', '--speed', 'max', '--to', 'null'], '"delay 1ms" needs a schedule'],
  ])('refuses %j', async (flags, message) => {
    const to = flags.includes('--to') ? [] : ['--to', `pcap:${pathOf('refused.pcap')}`];
    const { code, stderr } = await run(['replay', pcap, ...to, ...flags]);
    expect(code).toBe(2);
    expect(stderr.replace(/\s+/g, ' ')).toContain(message);
  });
});

function wrongChecksums(json: string): number {
  return (JSON.parse(json) as { packets: { counts: { badUdpChecksums: number } } }).packets.counts.badUdpChecksums;
}
