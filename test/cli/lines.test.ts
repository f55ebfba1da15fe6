/** What the commands say of lines A and B, against what generate did to them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinesReport } from '../../src/analysis/lines-report.js';
import type { FaultsTruth } from '../../src/sim/faults.js';
import { fixture, lines, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const inFolder = (name: string) => join(folder, name);
const capture = inFolder('lines.pcap');
const messages = 6000;
let truth: FaultsTruth;

beforeAll(async () => {
  const faults = ['--gaps', '2%', '--dups', '1%', '--reorder', '1%', '--b-line'];
  const session = ['--messages', `${messages}`, '--symbols', '8', '--duration', '20s', '--seed', '5'];
  const made = await run(['generate', '-o', capture, ...session, ...faults, '--truth', inFolder('truth.json')]);
  expect(made.code).toBe(0);
  truth = (JSON.parse(readFileSync(inFolder('truth.json'), 'utf8')) as { faults: FaultsTruth }).faults;
});

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
    const named = ['--line-b', '239.255.42.1:26477', '--line-a', '127.0.0.1:26401'];
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
    expect(stderr).toContain('  A 239.255.42.1:26477: first with ');
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
