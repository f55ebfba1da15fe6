/** A generated MDP 3.0 session in a file: two lines carry the same, and its faults are found as told. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { parseEndpoint } from '../../src/capture/endpoint.js';
import { type Channel, readChannels } from '../../src/protocol/mdp3/channels.js';
import { type Mdp3GenerateSpec, Mdp3Generation } from '../../src/run/generate-mdp3.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const session = { messages: 4000, durationNs: 2e9, seed: 3 };

interface Packet {
  readonly destination: string;
  readonly ns: number;
  readonly sequence: number;
  readonly bytes: string;
}

async function generate(name: string, spec: Partial<Mdp3GenerateSpec>) {
  const path = join(folder, name);
  const format = name.endsWith('.pcap') ? ('pcap' as const) : ('pcapng' as const);
  const generation = new Mdp3Generation({ session, ...spec, output: { path, format, ...spec.output } });
  await generation.run();
  const reader = new CaptureReader({
    onDamage: ({ message }) => {
      throw new Error(message);
    },
  });
  reader.push(readFileSync(path));
  reader.end();
  const packets: Packet[] = [];
  while (reader.next()) {
    const { view, offset, length, flow, seconds, nanoseconds } = reader;
    packets.push({
      destination: `${flow.destination}:${flow.destinationPort}`,
      ns: (seconds % 1e6) * 1e9 + nanoseconds,
      sequence: view.getUint32(offset, true),
      bytes: Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1'),
    });
  }
  return { packets, truth: generation.truth() };
}

function of(packets: readonly Packet[], destination: string): Packet[] {
  return packets.filter((packet) => packet.destination === destination);
}

describe('channels', () => {
  it.each<[string, Partial<Mdp3GenerateSpec>]>([
    ['one line', {}],
    ['two lines', { lineB: true }],
    [
      'of another channel, to other groups',
      {
        session: { ...session, channel: 382 },
        lineB: parseEndpoint('239.9.9.2:7000'),
        output: { path: join(folder, 'channels.pcap'), format: 'pcap', destination: parseEndpoint('239.9.9.1:7000') },
      },
    ],
  ])('%s: every feed and line is named', async (_name, spec) => {
    const output = { path: join(folder, 'channels.pcap'), format: 'pcap' as const };
    const generation = new Mdp3Generation({ session, output, ...spec });
    const directory = readChannels(generation.channels(), 'config.xml');
    await generation.run();
    const { flows, channel } = generation.truth();
    for (const { feed, line, flow } of flows) {
      const [source = '', destination = ''] = flow.split(' > ');
      expect(directory.lineAt(destination, source)).toMatchObject({
        id: `${channel}${feed}${line}`,
        channel: String(channel),
        label: `Generated channel ${channel}`,
        feedType: feed,
        feed: line,
      });
    }
    const [{ products, connections }] = directory.channels as [Channel];
    expect(connections.length).toBe(flows.length);
    const groups = new Set(generation.truth().instruments.map(({ securityGroup }) => securityGroup));
    expect(new Set(products.flatMap(({ groups: of }) => of))).toEqual(groups);
  });

  it('IPv6 is refused', async () => {
    const output = {
      path: join(folder, 'six.pcap'),
      format: 'pcap' as const,
      destination: parseEndpoint('[ff05::1]:7000'),
    };
    const generation = new Mdp3Generation({ session, output });
    generation.stop();
    await generation.run();
    expect(() => generation.channels()).toThrow(/IPv4 groups only/);
  });
});

const groupsA = ['239.255.42.31:14310', '239.255.42.41:14310', '239.255.42.51:14310', '239.255.42.61:14310'];
const groupsB = ['239.255.42.32:15310', '239.255.42.42:15310', '239.255.42.52:15310', '239.255.42.62:15310'];

describe('Mdp3Generation', () => {
  it.each(['lines.pcap', 'lines.pcapng'])('%s: line B is line A, later by the skew', async (name) => {
    const { packets, truth } = await generate(name, { lineB: true, skew: { leastNs: 3000, mostNs: 9000 } });
    expect(truth.output.packets).toBe(packets.length);
    for (const [feed, group] of groupsA.entries()) {
      const a = of(packets, group);
      const b = of(packets, groupsB[feed]);
      expect(b.map(({ bytes }) => bytes)).toEqual(a.map(({ bytes }) => bytes));
      expect(a.length).toBe(truth.feeds[feed].packets);
      // The packet that ends the session comes behind everything.
      const skews = a.slice(0, -1).map(({ ns }, index) => b[index].ns - ns);
      expect(Math.min(...skews)).toBeGreaterThanOrEqual(3000);
      expect(Math.max(...skews)).toBeLessThanOrEqual(9000);
    }
    const times = packets.map(({ ns }) => ns);
    expect(times).toEqual([...times].sort((x, y) => x - y));
  });

  it('tells the faults that a receiver finds', async () => {
    const spec = { lineB: true, gaps: { rate: 0.05 }, dups: { count: 7 }, reorder: { count: 5 } } as const;
    const { packets, truth } = await generate('faults.pcap', spec);
    const [incremental, ...others] = truth.faults ?? [];
    for (const [line, group] of [groupsA[0], groupsB[0]].entries()) {
      const { lost, duplicated, reordered, packets: count } = incremental.lines[line];
      const numbers = of(packets, group).map(({ sequence }) => sequence);
      expect(numbers.length).toBe(count);
      const seen = new Set(numbers);
      const missing: number[] = [];
      for (let number = 1; number <= truth.feeds[0].packets; number++) if (!seen.has(number)) missing.push(number);
      const told = lost.ranges.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
      expect(missing).toEqual(told);
      expect(missing.length).toBeGreaterThan(20);
      expect(numbers.length - seen.size).toBe(duplicated.packets);
      expect([duplicated.packets, reordered.packets]).toEqual([7, 5]);
    }
    expect(others.map(({ feed }) => feed).sort()).toEqual(['N', 'S', 'SMBO']);
    for (const { lines } of others) {
      for (const { lost, duplicated } of lines) {
        expect(lost.packets).toBeGreaterThan(0);
        // Numbers of packets are of the incremental feed.
        expect(duplicated.packets).toBe(0);
      }
    }
  });

  it('goes where it is told, stamped with a latency', async () => {
    const destination = { address: '127.0.0.1', port: 7000 };
    const output = { path: join(folder, 'told.pcap'), format: 'pcap' as const, destination };
    const plain = await generate('plain.pcap', {});
    const told = await generate('told.pcap', { output, latency: { leastNs: 5000, mostNs: 6000 } });
    expect([...new Set(told.packets.map((packet) => packet.destination))].sort()).toEqual([
      '127.0.0.1:7000',
      '127.0.0.1:7001',
      '127.0.0.1:7002',
      '127.0.0.1:7003',
    ]);
    expect(told.packets.map(({ bytes }) => bytes)).toEqual(plain.packets.map(({ bytes }) => bytes));
    const latencies = told.packets.map(({ ns }, index) => ns - plain.packets[index].ns);
    expect(Math.min(...latencies)).toBeGreaterThanOrEqual(5000);
    expect(Math.max(...latencies)).toBeLessThan(7000);
    expect(told.truth.faults).toBe(null);
  });

  it('gives channels ports of their own', async () => {
    const { truth } = await generate('other.pcap', { session: { ...session, channel: 318 } });
    expect(truth.flows.map(({ feed, line, flow }) => `${feed} ${line} ${flow}`)).toEqual([
      'I A 127.0.0.1:26410 > 239.255.42.31:14318',
      'N A 127.0.0.1:26410 > 239.255.42.41:14318',
      'S A 127.0.0.1:26410 > 239.255.42.51:14318',
      'SMBO A 127.0.0.1:26410 > 239.255.42.61:14318',
    ]);
  });

  it('refuses ports that are not there', () => {
    const output = { path: join(folder, 'no.pcap'), format: 'pcap' as const };
    const destination = { address: '127.0.0.1', port: 65_533 };
    expect(() => new Mdp3Generation({ session, output: { ...output, destination } })).toThrow(
      'take 4 ports from 65533 on',
    );
  });
});
