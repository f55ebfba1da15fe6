/**
 * Messages of MDP 3.0 that lie about themselves: cut at every byte, with counts, lengths, versions and templates that
 * are not theirs. Every reader gives the same answer, a fault or values, and reads nothing outside.
 */
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { mdp3, mdp3Table } from '../../../src/protocol/mdp3/index.js';
import { createSbeCodec, type SbeCodec } from '../../../src/schema/sbe/codec.js';
import { checkBytes, checkMutations } from '../../schema/sbe/properties.js';

const codec = createSbeCodec(mdp3Table) as unknown as SbeCodec;
const random = new Random(46);
/** A message of each kind, of the last version that has it. */
const messages = mdp3.schema.messages.map((message) => ({
  name: message.name,
  bytes: mdp3.generate(random, message, { maxBytes: 600 }),
}));

it.each(messages)('$name cut at every byte', ({ bytes }) => {
  const counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
  for (let length = 0; length < bytes.length; length++) checkBytes(codec, bytes.slice(0, length), counts);
  // Only the whole message fits: none of its parts is one.
  expect(counts).toMatchObject({ fits: 0, faults: bytes.length - 8 });
});

describe('lies', () => {
  const lies: readonly [what: string, at: number, values: readonly number[]][] = [
    ['block length', 0, [0, 1, 8, 11, 12, 255, 0xffff]],
    ['template id', 2, [0, 4, 15, 32, 46, 47, 206, 0xffff]],
    ['schema id', 4, [0, 2, 0xffff]],
    ['version', 6, [0, 1, 5, 8, 9, 10, 12, 14, 0xffff]],
  ];
  it.each(lies)('about the %s', (_, at, values) => {
    const counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
    for (const { bytes } of messages) {
      for (const value of values) {
        const lying = bytes.slice();
        new DataView(lying.buffer).setUint16(at, value, true);
        checkBytes(codec, lying, counts);
        counts.messages++;
      }
    }
    expect(counts.messages).toBe(messages.length * values.length);
  });

  it('about the entries of the first group', () => {
    const counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
    for (const { name, bytes } of messages) {
      const [group] = mdp3.schema.messages.find((message) => message.name === name)?.groups ?? [];
      if (group === undefined) continue;
      const at = 8 + new DataView(bytes.buffer).getUint16(0, true);
      for (const [stride, count] of [
        [0, 255],
        [1, 255],
        [0xffff, 1],
        [0xffff, 0],
        [16, 0],
        [32, 1],
        [4, 4],
      ] as const) {
        const lying = bytes.slice();
        const view = new DataView(lying.buffer);
        view.setUint16(at, stride, true);
        view.setUint8(at + group.dimension.numInGroup.offset, count);
        checkBytes(codec, lying, counts);
      }
    }
    expect(Math.min(counts.fits, counts.faults)).toBeGreaterThan(20);
  });

  it('anywhere', () => {
    const counts = { messages: 0, fields: 0, faults: 0, fits: 0 };
    checkMutations(codec, new Random('anywhere'), 10, counts);
    expect(Math.min(counts.fits, counts.faults)).toBeGreaterThan(20);
  });
});
