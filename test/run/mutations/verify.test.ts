/** Our own reader against what the specifications expect: every kind of mutation in every framing, alone and together. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../../src/analysis/input.js';
import { flowBetween } from '../../../src/capture/endpoint.js';
import { Conversion } from '../../../src/run/convert.js';
import { convertSpecOf } from '../../../src/run/convert-spec.js';
import { type MutationSource, readMutationSource } from '../../../src/run/mutations/source.js';
import { verifyMutations } from '../../../src/run/mutations/verify.js';
import { type MutationFormat, type WrittenPacket, writeMutations } from '../../../src/run/mutations/write.js';
import { mutationKinds } from '../../../src/sim/mutations/kinds.js';
import { concat, type MutationFraming, packetOf } from '../../../src/sim/mutations/model.js';
import { type Mutated, mutate } from '../../../src/sim/mutations/mutate.js';
import { capturePath, describeCaptures, listCaptures } from '../../support/captures.js';

// Programs are started, or the whole of a specification is read, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), 'tickreel-mutations-'));
const sources = new Map<MutationFraming, MutationSource>();
const seeds = [1, 2, 3];

beforeAll(async () => {
  const soup = join(folder, 'soup.pcap');
  const spec = convertSpecOf('fixtures/itch50-session.pcap', soup, { framing: 'soupbintcp' });
  await (await Conversion.open(spec, () => {})).run();
  const file = inputSpecOf('fixtures/itch50-session.NASDAQ_ITCH50.gz');
  sources.set('moldudp64', await readMutationSource('fixtures/itch50-session.pcap'));
  sources.set('soupbintcp', await readMutationSource(soup));
  sources.set('binaryfile', await readMutationSource(file, 'binaryfile'));
  sources.set('mdp3', await readMutationSource('fixtures/mdp3-session.pcap'));
  sources.set('mdp3-tcp', await overTcp(sources.get('mdp3') as MutationSource));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The same packets in MDP's TCP form, as a capture of a connection has them. */
async function overTcp({ packets }: MutationSource): Promise<MutationSource> {
  const flow = flowBetween('TCP', { address: '10.0.0.1', port: 9000 }, { address: '10.0.0.2', port: 9001 });
  const [first] = packets;
  const chain = packets
    .filter(({ framing, flow: { name } }) => framing === 'mdp3' && name === first?.flow.name)
    .map((packet, index) => ({
      ...packetOf('mdp3-tcp', flow, packet.seconds, packet.nanoseconds, 0),
      header: concat([Uint8Array.of(0xfe, 0xca), packet.header]),
      blocks: packet.blocks,
      connects: index === 0,
    }));
  const { path } = write({ packets: chain, applied: new Map(), unplaced: [] }, 'pcapng');
  const source = await readMutationSource(path);
  expect(source.leftOut).toBe(0);
  expect(source.packets).toHaveLength(chain.length);
  return source;
}

function write(mutated: Mutated, format: MutationFormat): { path: string; written: WrittenPacket[] } {
  const parts: Uint8Array[] = [];
  const written = writeMutations(mutated.packets, format, (bytes) => parts.push(bytes));
  const path = join(folder, `mutated.${format === 'binaryfile' ? 'NASDAQ_ITCH50' : format}`);
  writeFileSync(path, concat(parts));
  return { path, written };
}

describe.each(['moldudp64', 'soupbintcp', 'binaryfile', 'mdp3', 'mdp3-tcp'] as const)('%s', (framing) => {
  const kinds = mutationKinds.filter((kind) => kind.framings.includes(framing));
  const format = framing === 'binaryfile' ? 'binaryfile' : 'pcapng';

  it('unmutated', async () => {
    const { packets } = sources.get(framing) as MutationSource;
    const { path, written } = write(mutate(packets, { seed: 1, kinds: [], count: 0 }), format);
    expect(await verifyMutations(path, written)).toEqual([]);
  });

  it.each(kinds.map((kind) => [kind.name, kind] as const))('%s', async (_name, kind) => {
    const { packets } = sources.get(framing) as MutationSource;
    for (const seed of seeds) {
      const mutated = mutate(packets.slice(0, 300), { seed, kinds: [kind], count: 1 });
      expect([...mutated.applied], 'applied').toEqual([[kind.name, 1]]);
      const { path, written } = write(mutated, format);
      const label = written.find(({ packet }) => packet.label !== null)?.packet.label;
      expect(await verifyMutations(path, written), `seed ${seed}: ${label?.what}`).toEqual([]);
    }
  });

  it('all together', async () => {
    const { packets } = sources.get(framing) as MutationSource;
    const mutated = mutate(packets, { seed: 7, kinds, count: 3 });
    const { path, written } = write(mutated, format);
    expect(await verifyMutations(path, written)).toEqual([]);
  });
});

it('MDP over TCP has the mutations of order and number that it has over UDP', () => {
  const ofStream = mutationKinds.filter(({ layer }) => layer === 'stream');
  const namesOf = (framing: MutationFraming) =>
    ofStream.filter(({ framings }) => framings.includes(framing)).map(({ name }) => name);
  expect(namesOf('mdp3-tcp')).toEqual(namesOf('mdp3'));
  expect(namesOf('mdp3-tcp')).toContain('packets-swapped');
});

describeCaptures('mutated', () => {
  it('our reader makes of every mutation what is expected', async () => {
    const paths = ['itch50/moldudp64', 'mdp3'].flatMap(listCaptures).filter((path) => !path.endsWith('.md'));
    let applied = 0;
    for (const capture of paths) {
      if (statSync(capturePath(capture)).size > 3 << 20) continue;
      const { packets } = await readMutationSource(capturePath(capture));
      const mutated = mutate(packets, { seed: 3, kinds: mutationKinds, count: 1 });
      applied += mutated.applied.size;
      const { path, written } = write(mutated, 'pcapng');
      expect(await verifyMutations(path, written), capture).toEqual([]);
    }
    expect(applied).toBeGreaterThan(20);
  });
});
