import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { book, lines, mdpPacket } from '../run/mdp3.js';
import { itch, mold, type Packet, pcapOf } from '../run/support.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const out = (name: string) => join(folder, name);
const mdp = fixture('mdp3-session.pcap');
const ms = 1e6;

function write(name: string, packets: readonly Packet[]): string {
  writeFileSync(out(name), pcapOf(packets));
  return out(name);
}

/** Packets of these numbers, 3 behind its gap by more than packets are waited for. */
const numbers = [1, 2, 4, 5, 6, 3];
const atMs = [0, 1, 3, 4, 1500, 1501];

describe('what is too late is left out, which is exit code 3', () => {
  it('of MDP 3.0', async () => {
    const packets = numbers.map((number, index) => ({
      atNs: (atMs[index] ?? 0) * ms,
      payload: mdpPacket(number, number * ms, [book(number, 505)]),
      flow: lines.a,
    }));
    const { code, stderr } = await run([
      'convert',
      write('late.pcap', packets),
      '-o',
      out('x.pcap'),
      '--framing',
      'mdp3',
    ]);
    expect(stderr).toMatch(/^tickreel: 1 packets left out: they came when their gap had been given up/m);
    expect(code).toBe(3);
  });

  it('of ITCH', async () => {
    const packets = numbers.map((number, index) => ({
      atNs: (atMs[index] ?? 0) * ms,
      payload: mold(number, [itch('S')]),
    }));
    const { code, stderr } = await run(['convert', write('late.itch.pcap', packets), '-o', out('x.itch')]);
    expect(stderr).toMatch(/^tickreel: 1 messages left out: they came when their gap had been given up/m);
    expect(code).toBe(3);
  });
});

it('one message in one packet is told as one', async () => {
  const one = { atNs: 0, payload: mdpPacket(1, 0, [book(1, 505)]), flow: lines.a };
  const { stderr } = await run(['convert', write('one-packet.pcap', [one]), '-o', out('one-packet.pcapng')]);
  expect(stderr).toContain('1 message in 1 packet, ');
});

describe('one address for several feeds', () => {
  const to = ['--remap-destination', '239.1.1.1:1'];

  it.each<[string, string[], string]>([
    ['framed anew', ['--framing', 'mdp3'], '4 feeds'],
    ['as they are', [], '8 flows'],
  ])('%s is warned of, once', async (_name, flags, what) => {
    const { code, stderr } = await run(['convert', mdp, '-o', out('one.pcap'), ...to, ...flags]);
    expect(stderr.match(/go to one address/g)).toHaveLength(1);
    expect(stderr).toContain(`${what} of MDP 3.0 go to one address, where their numbers mix: give each its own`);
    expect(stderr).toMatch(/OLD=NEW.*--channel, --feed or --destination/);
    expect(code).toBe(0);
  });

  it('is all right for one of them', async () => {
    const flags = ['--destination', '239.255.42.31:14310', '--framing', 'mdp3'];
    const { stderr } = await run(['convert', mdp, '-o', out('one.pcap'), ...to, ...flags]);
    expect(stderr).not.toContain('one address');
  });
});

describe('--framing mdp3', () => {
  it('says that nothing passed --session', async () => {
    const flags = ['--framing', 'mdp3', '--session', 'X'];
    const { code, stderr } = await run(['convert', mdp, '-o', out('nothing.pcap'), ...flags]);
    expect(stderr).toMatch(/^tickreel: nothing was written: no message passed --session$/m);
    expect([code, existsSync(out('nothing.pcap'))]).toEqual([1, false]);
  });

  it('says how to choose ITCH beside it', async () => {
    const packets = [
      { atNs: 0, payload: mdpPacket(1, 0, [book(1, 505)]), flow: lines.a },
      { atNs: ms, payload: mold(1, [itch('S')]) },
    ];
    const mixed = write('mixed.pcap', packets);
    const { code, stderr } = await run(['convert', mixed, '-o', out('mixed-out.pcap'), '--framing', 'mdp3']);
    expect(stderr).toMatch(/session SESSION: 1 messages left out.*--destination, without --framing mdp3\)$/m);
    expect(stderr).not.toContain('--session');
    expect(code).toBe(3);
  });
});
