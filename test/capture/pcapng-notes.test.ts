import { describe, expect, test } from 'vitest';
import type { CaptureDescription } from '../../src/capture/frame-reader.js';
import { PcapReader } from '../../src/capture/pcap.js';
import { PcapngReader } from '../../src/capture/pcapng.js';
import { MAX_HELD_BLOCK_BYTES } from '../../src/capture/pcapng-blocks.js';
import { MAX_COMMENTS, MAX_DESCRIBED_INTERFACES } from '../../src/capture/pcapng-notes.js';
import { MAX_TEXT_BYTES } from '../../src/capture/pcapng-options.js';
import { ByteQueue } from '../../src/core/byte-queue.js';
import type { Damage } from '../../src/core/seams.js';
import { describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { concat, frame, pcap, Section, text, words } from './build.js';

const data = frame({ payload: text('ng') });

interface Survey {
  kinds: string[];
  blocks: Record<string, number>;
  description: CaptureDescription;
  damage: Damage[];
  frames: number;
}

function survey(bytes: Uint8Array): Survey {
  const damage: Damage[] = [];
  const kinds: string[] = [];
  const queue = new ByteQueue();
  const reader = new PcapngReader(queue, (one) => damage.push(one), { onBlock: (kind) => kinds.push(kind) });
  queue.push(bytes);
  queue.end();
  let frames = 0;
  while (reader.next()) frames++;
  expect(reader.done).toBe(true);
  return { kinds, blocks: reader.blocks, description: reader.describe(), damage, frames };
}

describe.each([true, false])('little-endian: %s', (little) => {
  const s = new Section(little);
  const secrets = concat(words([0x544c534b, 5], little), text('12345\0\0\0'));
  const nameRecord = concat(s.option(1, concat(Uint8Array.of(10, 0, 0, 1), text('host\0'))), s.option(0, []));

  test('every kind of block is counted, in order', () => {
    const file = concat(
      s.header(),
      s.interface(),
      s.packet(data, 0n),
      s.simple(data),
      s.block(4, nameRecord),
      s.statistics(0, {}),
      s.enhanced(data),
      s.block(9, text('__REALTIME_TIMESTAMP=1\nMESSAGE=started\n')),
      s.block(0xa, secrets),
      s.block(0xbad, words([32473, 1, 2], little)),
      s.block(0x40000bad, words([32473], little)),
      s.block(0x80000001, text('anything')),
    );
    const { kinds, blocks, damage, frames } = survey(file);
    expect(kinds.join(' ')).toBe('SHB IDB PB SPB NRB ISB EPB SJE DSB CB DCB unknown');
    expect(blocks).toEqual(Object.fromEntries(kinds.map((kind) => [kind, 1])));
    expect([damage, frames]).toEqual([[], 3]);
  });

  test('interfaces are described, with their last statistics', () => {
    const options = [s.option(2, text('eth0')), s.option(3, text('port 7 \u2014 A side')), s.option(9, [9])];
    const file = concat(
      s.header(),
      s.interface(1, 96, ...options, s.option(0, [])),
      s.interface(113, 0, s.option(9, [0x80 | 20])),
      s.interface(1, 0, s.option(9, [0])),
      s.statistics(0, { 4: 7n, 5: 1n }),
      s.statistics(0, { 4: 1n << 40n, 6: 3n, 7: 4n, 8: 5n }),
      s.header(),
      s.interface(),
      s.statistics(0, { 4: 9n }),
    );
    const { description, damage } = survey(file);
    const none = { received: null, dropped: null, accepted: null, osDropped: null, delivered: null };
    const unnamed = { name: null, description: null, snapLength: 0, ...none };
    expect(description).toEqual({
      sections: 2,
      interfaces: [
        {
          linkType: 1,
          name: 'eth0',
          description: 'port 7 \u2014 A side',
          snapLength: 96,
          resolution: '10^-9',
          received: 2 ** 40,
          dropped: 1,
          accepted: 3,
          osDropped: 4,
          delivered: 5,
        },
        { linkType: 113, resolution: '2^-20', ...unnamed },
        { linkType: 1, resolution: '1', ...unnamed },
        { linkType: 1, resolution: '10^-6', ...unnamed, received: 9 },
      ],
      interfaceCount: 4,
      comments: [],
      commentCount: 0,
      blocks: { SHB: 2, IDB: 4, ISB: 3 },
      droppedPackets: 0,
    });
    expect(damage).toEqual([]);
  });

  test('comments of every block are counted, the first ones kept', () => {
    const comment = s.option(1, text('why\0'));
    const file = concat(
      s.header([1, 0], concat(comment, s.option(0, []))),
      s.interface(1, 0, s.option(1, text(`${'a'.repeat(MAX_TEXT_BYTES - 1)}\u20ac`)), comment),
      s.annotated(data, 0n, comment),
      s.packet(data, 0n, 0, 0, comment),
      s.block(4, concat(nameRecord, comment)),
      s.statistics(0, { 4: 1n }, comment),
      s.block(0xa, concat(secrets, comment)),
      ...Array(4).fill(s.annotated(data, 0n, comment, s.option(0, []), text('rest'))),
    );
    const { description, damage } = survey(file);
    expect(damage).toEqual([]);
    expect(description.commentCount).toBe(12);
    expect(description.comments).toHaveLength(MAX_COMMENTS);
    // The cut falls within a character, which is left out.
    expect(description.comments.slice(0, 3)).toEqual(['why', 'a'.repeat(MAX_TEXT_BYTES - 1), 'why']);
  });

  test('drops of enhanced and obsolete packets are summed', () => {
    const drop = (count: bigint) => s.option(4, s.int64(count));
    const file = concat(
      s.header(),
      s.interface(),
      s.annotated(data, 0n, s.option(2, [1, 0, 0, 0]), drop(5n), drop(7n)),
      s.packet(data, 0n, 0, 100, s.option(2, [1, 0, 0, 0]), drop(3n)),
      s.packet(data, 0n, 0, 0xffff),
      s.annotated(data, 0n, s.option(2988, text('\0\0\0\x01custom'))),
    );
    const { description, damage } = survey(file);
    expect([description.droppedPackets, damage]).toEqual([112, []]);
  });

  const odd: [string, string, Uint8Array][] = [
    ['option', 'option 1 claims 9 bytes and 4 are left', s.annotated(data, 0n, s.option(1, text('four'), 9))],
    ['option', 'epb_dropcount has 4 bytes and not 8', s.annotated(data, 0n, s.option(4, text('four')))],
    ['block', 'it names an interface', s.statistics(1, {})],
    [
      'block',
      'option 4 has 4 bytes and not 8',
      s.block(5, concat(words([0, 0, 0], little), s.option(4, text('four')))),
    ],
    ['block', 'it has 20 bytes and needs 24', s.block(5, words([0, 0], little))],
    ['block', 'it has 12 bytes and needs 16', s.block(0xbad, new Uint8Array(0))],
    ['block', 'a name record claims 99 bytes', s.block(4, s.option(1, text('four'), 99))],
    ['block', 'its secrets claim 1000 bytes and 4 are left', s.block(0xa, words([1, 1000, 0], little))],
    ['block', 'option 4 claims 200 bytes', s.header([1, 0], s.option(4, [], 200))],
  ];
  test.each(odd)('%s: %s; the next block is read', (code, what, block) => {
    const start = concat(s.header(), s.interface());
    const { damage, blocks } = survey(concat(start, block, s.interface(), s.enhanced(data)));
    expect(damage.map((one) => [one.code, one.offset])).toEqual([[code, start.length]]);
    expect(damage[0]?.message).toContain(what);
    expect(blocks.IDB).toBe(2);
    expect(blocks.EPB).toBeGreaterThan(0);
  });
});

test('a block too long to be held is counted and not walked', () => {
  const s = new Section();
  const long = s.block(5, new Uint8Array(MAX_HELD_BLOCK_BYTES));
  const { blocks, damage } = survey(concat(s.header(), long, s.interface(), s.enhanced(data)));
  expect([blocks, damage]).toEqual([{ SHB: 1, ISB: 1, IDB: 1, EPB: 1 }, []]);
});

test('a long interface description is read as far as it is held', () => {
  const s = new Section();
  const comments = Array<Uint8Array>(17).fill(s.option(1, new Uint8Array(65_532)));
  const block = s.interface(1, 0, s.option(9, [9]), ...comments);
  const { description, frames, damage } = survey(concat(s.header(), block, s.enhanced(data)));
  expect([description.interfaces[0]?.resolution, frames]).toEqual(['10^-9', 1]);
  expect(damage.map((one) => one.code)).toEqual(['option']);
});

test('described interfaces are bounded and all of them counted', () => {
  const s = new Section();
  const { description } = survey(concat(s.header(), ...Array<Uint8Array>(100).fill(s.interface())));
  expect([description.interfaces.length, description.interfaceCount]).toEqual([MAX_DESCRIBED_INTERFACES, 100]);
});

test('a classic capture has no description', () => {
  const queue = new ByteQueue();
  queue.push(pcap([{ data }]));
  const reader = new PcapReader(queue, () => {});
  expect(reader.next()).toBe(true);
  expect(reader.describe()).toBeNull();
});

describeCaptures('the pcapng suite holds the blocks that its lists tell, in their order', () => {
  const suite = listCaptures('formats/pcapng-suite').filter((path) => path.endsWith('.pcapng'));
  test.each(suite)('%s', (path) => {
    const list = readCapture(path.replace(/pcapng$/, 'txt'));
    const listing = Buffer.from(list).toString();
    const counts = Object.fromEntries([...listing.matchAll(/^\t([A-Z]+): (\d+)$/gm)].map(([, k, n]) => [k, Number(n)]));
    const { kinds, blocks, damage } = survey(readCapture(path));
    expect(kinds.join(', ')).toBe(/^Block sequence: (.*)$/m.exec(listing)?.[1]);
    expect(blocks).toEqual(counts);
    expect(damage).toEqual([]);
  });
});
