/** What the commands say of lines A and B, against what generate did to them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinesReport } from '../../src/analysis/lines-report.js';
import type { FaultsTruth } from '../../src/sim/faults.js';
import { fixture, freePort, lines, run, start, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const inFolder = (name: string) => join(folder, name);
const capture = inFolder('lines.pcap');
const messages = 6000;
const groups = ['239.255.43.1', '239.255.43.2'];
let truth: FaultsTruth;
let port = 0;

beforeAll(async () => {
  port = await freePort();
  const [a, b] = groups.map((group) => `${group}:${port}`) as [string, string];
  const faults = ['--gaps', '2%', '--dups', '1%', '--reorder', '1%', '--destination', a, '--b-line', b];
  const session = ['--messages', `${messages}`, '--symbols', '8', '--duration', '20s', '--seed', '5'];
  const made = await run(['generate', '-o', capture, ...session, ...faults, '--truth', inFolder('truth.json')]);
  expect(made.code).toBe(0);
  truth = (JSON.parse(readFileSync(inFolder('truth.json'), 'utf8')) as { faults: FaultsTruth }).faults;
}, 60_000);

interface Reported {
  lines: LinesReport[];
  gapsTotal: number;
}

/** Checks a report of the two lines against the truth. */
function expectTruth([feed]: readonly LinesReport[]): void {
  expect(feed).toMatchObject({ protocol: 'MoldUDP64', session: 'TICKREEL01', unit: 'message', numbers: messages });
  const lost = truth.lostOnAllLines.messages;
  expect(feed?.missingOnAll.missing).toBe(lost);
  for (const [index, { lost: own, duplicated, packets }] of truth.lines.entries()) {
    expect(feed?.lines[index]).toMatchObject({
      line: 'AB'[index],
      missing: own.messages,
      gaps: own.ranges.map(({ from, to }) => ({ from, to, count: to - from + 1 })),
      duplicates: duplicated.messages,
      late: 0,
      packets: {
        received: packets,
        missing: own.packets - truth.lostOnAllLines.packets,
        duplicates: duplicated.packets,
      },
    });
  }
  const [a, b] = feed?.lines ?? [];
  expect((a?.first ?? 0) + (b?.first ?? 0)).toBe(messages - lost);
}

describe('inspect', () => {
  it('says what each line lost, who was first and by how much', async () => {
    const { stdout, code } = await run(['inspect', capture, '--json']);
    expect(code).toBe(0);
    const [{ lines: feeds }] = lines<Reported>(stdout);
    expectTruth(feeds);
    expect(feeds[0]?.merged).toBeNull();
    // Line B is 20 to 120 us behind, unless not told otherwise.
    expect(feeds[0]?.lines[0]?.lead?.p50).toBeGreaterThanOrEqual(20_000);
  });

  it('names lines as it is told', async () => {
    const named = ['--line-b', `${groups[0]}:${port}`, '--line-a', '127.0.0.1:26401'];
    const [{ lines: feeds }] = lines<Reported>((await run(['inspect', capture, ...named, '--json'])).stdout);
    expect(feeds[0]?.lines.map(({ line, source }) => [line, source])).toEqual([
      ['A', '127.0.0.1:26401'],
      ['B', '127.0.0.1:26400'],
    ]);
  });

  it('tells people, channel by channel', async () => {
    const { stdout } = await run(['inspect', fixture('mdp3-session.pcap')]);
    expect(stdout).toContain('lines     239.255.42.31:14310 (MDP3), 919 packets: nothing missing on all lines');
    expect(stdout).toMatch(/ {2}A 239\.255\.42\.31:14310: first with 919 \(100\.0 %\) by p50 /);
    expect(stdout).toMatch(/ {4}nothing missing, 0 duplicates, 0 out of order, 0 late/);
    const one = await run(['inspect', fixture('itch50-session.pcap')]);
    expect(one.stdout).not.toContain('lines ');
  });

  it.each([
    [['--line-a', '239.1.1.1:5', '--line-b', '239.1.1.1:5'], 'cannot be line A and line B'],
    [['--line-a', '239.1.1.1'], "'239.1.1.1' is not ADDRESS:PORT"],
    [['--line-a', '239.1.1.1:5@eth0'], 'only sockets have an interface; leave @eth0 out'],
  ])('%j is refused', async (flags, said) => {
    const { code, stderr } = await run(['inspect', capture, ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });
});

describe('convert', () => {
  it.each([
    ['messages framed anew', ['-o', inFolder('whole.pcap'), '--framing', 'moldudp64'], true],
    ['messages', ['-o', inFolder('whole.itch')], true],
    ['datagrams as they were', ['-o', inFolder('same.pcapng')], false],
  ])('%s', async (_, flags, isMerged) => {
    const { stdout, stderr, code } = await run(['convert', capture, ...flags, '--json']);
    expect(code).toBe(0);
    const [{ lines: feeds, gapsTotal }] = lines<Reported>(stdout);
    expectTruth(feeds);
    const { messages: missing, ranges } = truth.lostOnAllLines;
    if (isMerged) {
      expect(feeds[0]?.merged).toMatchObject({
        passed: messages - missing,
        missing,
        gapsTotal: ranges.length,
        late: 0,
      });
      expect(gapsTotal).toBe(ranges.length);
    } else expect(feeds[0]?.merged).toBeNull();
    expect(stderr).toContain(`  A ${groups[0]}:${port}: first with `);
  });

  it('packets of MDP 3.0', async () => {
    const flags = ['-o', inFolder('whole-mdp3.pcap'), '--framing', 'mdp3', '--json'];
    const [{ lines: feeds }] = lines<Reported>((await run(['convert', fixture('mdp3-session.pcap'), ...flags])).stdout);
    expect(feeds.map(({ numbers, restarts, merged }) => [numbers, restarts, merged?.passed])).toEqual([
      [919, 0, 919],
      [141, 12, 141],
      [129, 11, 129],
      [129, 11, 129],
    ]);
  });
});

describe('listen --arbitrate', () => {
  it('decodes what either line has, and says what each lost', async () => {
    const addresses = groups.map((group) => `udp://${group}:${port}?iface=127.0.0.1`);
    const listening = start(['listen', ...addresses, '--arbitrate', '--json', '--idle', '20s']);
    await new Promise<void>((resolve) => {
      listening.child.stderr?.on('data', (text: string) => {
        if (text.includes('listening')) resolve();
      });
    });
    await run(['replay', capture, '--to', 'udp://?iface=127.0.0.1', '--keep-destinations', '--speed', '10kpps']);
    const { stdout, code } = await listening.finished;
    const [report] = lines<Reported & { messages: { total: number }; sessions: { missing: number }[] }>(stdout);
    expect(code).toBe(0);
    const { messages: lost } = truth.lostOnAllLines;
    expect(report.messages.total).toBe(messages - lost);
    expect(report.sessions).toMatchObject([{ missing: lost, duplicates: 0, outOfOrder: 0 }]);
    expect(report.lines).toMatchObject([
      {
        numbers: messages,
        lines: truth.lines.map(({ lost: own }, index) => ({ line: 'AB'[index], missing: own.messages })),
        merged: { passed: messages - lost, missing: lost },
      },
    ]);
  });

  it.each([
    [['udp://127.0.0.1:1', '--line-a', '127.0.0.1:1'], '--line-a and --line-b name the lines that --arbitrate merges'],
    [['udp://127.0.0.1:1?via=dgram', 'udp://127.0.0.1:2'], 'via, busypoll and gro hold for all addresses'],
  ])('%j is refused', async (args, said) => {
    const { code, stderr } = await run(['listen', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });
});
