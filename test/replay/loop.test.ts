import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/core/seams.js';
import { FeedLoopRewriter, type LoopSequence } from '../../src/replay/loop.js';
import { SessionDemux } from '../../src/session/demux.js';
import { readMessageCount, readSequence, readSession } from '../../src/session/moldudp64.js';
import { embed, makeFlow, mold } from '../session/support.js';
import { hex } from './rig.js';

const flow = makeFlow();
const heartbeat = (sequence: number, session?: string) => mold(sequence, [], session ? { session } : {});
const endOfSession = (sequence: number, session?: string) =>
  mold(sequence, [], { count: 0xffff, ...(session ? { session } : {}) });

type Packet = Uint8Array | [Uint8Array, Flow];

/** Each packet as it leaves: `session sequence count`, loop by loop. */
function loops(mode: LoopSequence, packets: readonly Packet[], count: number, told = count): string[][] {
  const rewriter = new FeedLoopRewriter(mode, told, () => 'moldudp64');
  return Array.from({ length: count }, (_, index) => {
    rewriter.startLoop(index + 1);
    return packets.map((packet) => {
      const [bytes, its] = packet instanceof Uint8Array ? [packet, flow] : packet;
      const { view, offset, length } = embed(bytes);
      const before = hex(view, 0, view.byteLength);
      rewriter.rewrite(view, offset, length, its);
      expect(hex(view, 0, view.byteLength), 'the borrowed bytes are not touched').toBe(before);
      expect(rewriter.length).toBe(length);
      expect(hex(rewriter.view, rewriter.offset + 20, length - 20)).toBe(hex(view, offset + 20, length - 20));
      const messages = readMessageCount(rewriter.view, rewriter.offset);
      const kind = messages === 0 ? 'heartbeat' : messages === 0xffff ? 'end' : messages;
      return `${readSession(rewriter.view, rewriter.offset)} ${readSequence(rewriter.view, rewriter.offset)} ${kind}`;
    });
  });
}

describe('keep', () => {
  test('sends every loop as captured, without a copy', () => {
    const rewriter = new FeedLoopRewriter('keep', 2, () => 'moldudp64');
    for (const loop of [1, 2]) {
      rewriter.startLoop(loop);
      const { view, offset, length } = embed(endOfSession(9));
      rewriter.rewrite(view, offset, length, flow);
      expect(rewriter).toMatchObject({ view, offset, length });
    }
  });
});

describe('continue', () => {
  test('numbers go on where the last loop ended', () => {
    const packets = [mold(100, ['a', 'b']), mold(102, ['c']), heartbeat(103), mold(103, ['d', 'e', 'f'])];
    expect(loops('continue', packets, 3)).toEqual([
      ['SESSION 100 2', 'SESSION 102 1', 'SESSION 103 heartbeat', 'SESSION 103 3'],
      ['SESSION 106 2', 'SESSION 108 1', 'SESSION 109 heartbeat', 'SESSION 109 3'],
      ['SESSION 112 2', 'SESSION 114 1', 'SESSION 115 heartbeat', 'SESSION 115 3'],
    ]);
  });

  test('end of session becomes a heartbeat, in the last loop it stays', () => {
    const packets = [mold(1, ['a']), endOfSession(2)];
    expect(loops('continue', packets, 2)).toEqual([
      ['SESSION 1 1', 'SESSION 2 heartbeat'],
      ['SESSION 2 1', 'SESSION 3 end'],
    ]);
    expect(loops('continue', packets, 2, 0).flat()).not.toContain('SESSION 3 end');
  });

  test('gaps, repeats and disorder are repeated as they are', () => {
    const packets = [mold(10, ['a']), mold(15, ['b']), mold(12, ['c']), mold(15, ['b'])];
    expect(loops('continue', packets, 2)[1]).toEqual(['SESSION 16 1', 'SESSION 21 1', 'SESSION 18 1', 'SESSION 21 1']);
  });

  test('a heartbeat or an end reveals what was lost at the end of a loop', () => {
    const packets = [mold(1, ['a']), heartbeat(5), endOfSession(7)];
    expect(loops('continue', packets, 2)[1]).toEqual(['SESSION 7 1', 'SESSION 11 heartbeat', 'SESSION 13 end']);
  });

  test('unsequenced packets stay, and do not count', () => {
    const packets = [mold(0, ['x']), mold(1000, ['a', 'b']), mold(0, ['y'])];
    expect(loops('continue', packets, 2)).toEqual([
      ['SESSION 0 1', 'SESSION 1000 2', 'SESSION 0 1'],
      ['SESSION 0 1', 'SESSION 1002 2', 'SESSION 0 1'],
    ]);
  });

  test('an end of session without a number becomes a heartbeat as well', () => {
    expect(loops('continue', [endOfSession(0)], 2)).toEqual([['SESSION 0 heartbeat'], ['SESSION 0 end']]);
  });

  test('numbers from 2^53 on stay, and do not count', () => {
    const packets = [mold(2n ** 60n, ['x']), mold(5, ['a'])];
    expect(loops('continue', packets, 3).map(([, own]) => own)).toEqual(['SESSION 5 1', 'SESSION 6 1', 'SESSION 7 1']);
    expect(loops('continue', packets, 2)[1][0]).toBe(`SESSION ${2 ** 60} 1`);
  });

  test('a number that would pass 2^53 in a later loop stays as it is', () => {
    const packets = [mold(1, ['a']), mold(Number.MAX_SAFE_INTEGER - 2, ['b'])];
    expect(loops('continue', packets, 2)[1]).toEqual([
      `SESSION ${Number.MAX_SAFE_INTEGER - 1} 1`,
      `SESSION ${Number.MAX_SAFE_INTEGER - 2} 1`,
    ]);
  });

  test('sessions and flows are counted apart', () => {
    const other = makeFlow(1);
    const packets: Packet[] = [
      mold(1, ['a', 'b'], { session: 'ONE' }),
      mold(50, ['c'], { session: 'TWO' }),
      [mold(1, ['a'], { session: 'ONE' }), other],
      mold(51, ['d'], { session: 'TWO' }),
    ];
    expect(loops('continue', packets, 3)).toEqual([
      ['ONE 1 2', 'TWO 50 1', 'ONE 1 1', 'TWO 51 1'],
      ['ONE 3 2', 'TWO 52 1', 'ONE 2 1', 'TWO 53 1'],
      ['ONE 5 2', 'TWO 54 1', 'ONE 3 1', 'TWO 55 1'],
    ]);
  });

  test('sessions that differ in one unprintable byte are not the same', () => {
    const packets = ['\x01', '\x02', 'A\x00', 'A '].map((session, index) => mold(10 + index, ['a'], { session }));
    const second = loops('continue', packets, 2)[1];
    expect(second.map((text) => text.split(' ').at(-2))).toEqual(['11', '12', '13', '14']);
  });

  test('more sessions than are kept go out unchanged and are counted', () => {
    const rewriter = new FeedLoopRewriter('continue', 2, () => 'moldudp64');
    for (const loop of [1, 2]) {
      rewriter.startLoop(loop);
      for (let index = 0; index < 1028; index++) {
        const { view, offset, length } = embed(mold(7, ['a'], { session: `S${index}` }));
        rewriter.rewrite(view, offset, length, flow);
        expect(readSequence(rewriter.view, rewriter.offset)).toBe(loop === 2 && index < 1024 ? 8 : 7);
      }
    }
    expect(rewriter.untracked).toBe(8);
  });

  test('a receiver takes any number of loops for one feed', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 20 });
    const start = fc.integer({ min: 1, max: 1e12 });
    fc.assert(
      fc.property(sizes, start, fc.integer({ min: 2, max: 5 }), fc.boolean(), (counts, first, total, ends) => {
        const packets: Uint8Array[] = [];
        let next = first;
        for (const count of counts) {
          packets.push(mold(next, Array(count).fill('message')));
          next += count;
        }
        if (ends) packets.push(endOfSession(next));
        const rewriter = new FeedLoopRewriter('continue', total, () => 'moldudp64');
        const demux = new SessionDemux({ onMessage() {} }, { lengthOf: () => 0, force: () => 'moldudp64' });
        for (let loop = 1; loop <= total; loop++) {
          rewriter.startLoop(loop);
          for (const packet of packets) {
            rewriter.rewrite(new DataView(packet.buffer, packet.byteOffset), 0, packet.length, flow);
            demux.datagram(rewriter.view, rewriter.offset, rewriter.length, 0, flow, 1, 0);
            expect(demux.streams[0].endOfSession).toBe(ends && loop === total && packet === packets.at(-1));
          }
        }
        const messages = total * (next - first);
        const [session] = demux.sessions();
        expect(session).toMatchObject({ messages, gaps: [], duplicates: 0, outOfOrder: 0 });
        if (messages > 0) expect(session).toMatchObject({ first, last: first + messages - 1 });
      }),
    );
  });
});

describe('new-session', () => {
  test('each loop after the first has a session of its own, numbers as captured', () => {
    const packets = [mold(5, ['a'], { session: '000008112A' }), heartbeat(6, 'AB'), endOfSession(6, '000008112A')];
    expect(loops('new-session', packets, 3)).toEqual([
      ['000008112A 5 1', 'AB 6 heartbeat', '000008112A 6 end'],
      ['0000080002 5 1', 'AB    0002 6 heartbeat', '0000080002 6 end'],
      ['0000080003 5 1', 'AB    0003 6 heartbeat', '0000080003 6 end'],
    ]);
  });

  test('four digits, then again from 0', () => {
    const rewriter = new FeedLoopRewriter('new-session', 0, () => 'moldudp64');
    const { view, offset, length } = embed(mold(1, ['a'], { session: 'ABCDEFGHIJ' }));
    const names = [9999, 10_000, 12_345].map((loop) => {
      rewriter.startLoop(loop);
      rewriter.rewrite(view, offset, length, flow);
      return readSession(rewriter.view, rewriter.offset);
    });
    expect(names).toEqual(['ABCDEF9999', 'ABCDEF0000', 'ABCDEF2345']);
  });
});

describe('other datagrams', () => {
  test.each(['continue', 'new-session'] as const)('%s: what is no MoldUDP64 is never changed', (mode) => {
    const rewriter = new FeedLoopRewriter(mode, 3, (_view, _offset, length) => (length >= 20 ? 'moldudp64' : null));
    for (const loop of [1, 2, 3]) {
      rewriter.startLoop(loop);
      const { view, offset, length } = embed(Uint8Array.of(1, 2, 3));
      rewriter.rewrite(view, offset, length, flow);
      expect(rewriter).toMatchObject({ view, offset, length });
    }
  });

  test.each(['continue', 'new-session'] as const)('%s: the longest datagram fits', (mode) => {
    const rewriter = new FeedLoopRewriter(mode, 2, () => 'moldudp64');
    const longest = mold(1, ['x'.repeat(65_535 - 22)]);
    rewriter.startLoop(1);
    rewriter.rewrite(new DataView(longest.buffer), 0, longest.length, flow);
    rewriter.startLoop(2);
    rewriter.rewrite(new DataView(longest.buffer), 0, longest.length, flow);
    expect(hex(rewriter.view, rewriter.offset + 20, 65_515)).toBe(Buffer.from(longest.subarray(20)).toString('hex'));
  });
});
