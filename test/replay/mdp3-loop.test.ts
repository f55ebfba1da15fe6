import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/core/seams.js';
import { FeedLoopRewriter, type LoopSequence } from '../../src/replay/loop.js';
import { readMsgSeqNum, readTimeHigh, readTimeLow } from '../../src/session/mdp3-header.js';
import { baseNs, demuxPackets, packet } from '../session/mdp3-build.js';
import { embed, makeFlow, mold } from '../session/support.js';

type Sent = [sequence: number, atNs: number | bigint, flow?: Flow];

const [flowA, flowB] = [makeFlow(0), makeFlow(1)];

/** Each packet as it leaves, loop by loop: its number, and its SendingTime as ns behind `baseNs`. */
function loops(mode: LoopSequence, sent: readonly Sent[], count: number): [number, bigint][][] {
  const rewriter = new FeedLoopRewriter(mode, count, () => 'mdp3');
  return Array.from({ length: count }, (_, index) => {
    rewriter.startLoop(index + 1);
    return sent.map(([sequence, atNs, flow = flowA]) => {
      const { view, offset, length } = embed(packet(sequence, atNs, ['abc']));
      const before = Buffer.from(view.buffer.slice(0));
      rewriter.rewrite(view, offset, length, flow);
      expect(Buffer.from(view.buffer).equals(before), 'the borrowed bytes are not touched').toBe(true);
      expect(rewriter.length).toBe(length);
      const { view: out, offset: at } = rewriter;
      const body = (from: DataView, start: number) =>
        Buffer.from(from.buffer, from.byteOffset + start + 12, length - 12);
      expect(body(out, at).equals(body(view, offset))).toBe(true);
      const time = (BigInt(readTimeHigh(out, at + 4)) << 32n) + BigInt(readTimeLow(out, at + 4));
      return [readMsgSeqNum(out, at), time - baseNs] as [number, bigint];
    });
  });
}

const brief = (all: [number, bigint][][]) => all.map((loop) => loop.map(([number, ns]) => `${number}@${ns}`).join(' '));

describe('MDP 3.0', () => {
  const sent: Sent[] = [
    [10, 100],
    [11, 110],
    [13, 130],
  ];

  test('continue: numbers and times go on where the last loop ended', () => {
    expect(brief(loops('continue', sent, 3))).toEqual([
      '10@100 11@110 13@130',
      '14@131 15@141 17@161',
      '18@162 19@172 21@192',
    ]);
  });

  test('new-session: numbers begin anew, times go on', () => {
    expect(brief(loops('new-session', sent, 3))).toEqual([
      '10@100 11@110 13@130',
      '10@131 11@141 13@161',
      '10@162 11@172 13@192',
    ]);
  });

  test('keep: every loop as captured', () => {
    expect(brief(loops('keep', sent, 2))).toEqual(['10@100 11@110 13@130', '10@100 11@110 13@130']);
  });

  test('repeats and disorder are repeated as they are', () => {
    const disorder: Sent[] = [
      [5, 50],
      [7, 70],
      [6, 60],
      [7, 70],
      [4, 40],
    ];
    expect(brief(loops('continue', disorder, 2))[1]).toBe('9@81 11@101 10@91 11@101 8@71');
  });

  test('each flow goes on by its own numbers, all by one span of times', () => {
    const two: Sent[] = [
      [1, 0, flowA],
      [901, 5, flowB],
      [2, 10, flowA],
      [903, 1000, flowB],
    ];
    expect(brief(loops('continue', two, 2))[1]).toBe('3@1001 904@1006 4@1011 906@2001');
  });

  test('a flow whose numbers begin anew keeps them', () => {
    const rounds: Sent[] = [
      [8, 0],
      [9, 1],
      [1, 2],
      [2, 3],
      [7, 9, flowB],
    ];
    expect(brief(loops('continue', rounds, 2))[1]).toBe('8@10 9@11 1@12 2@13 8@19');
  });

  test('a packet without a number, or whose number would pass 2^32 − 1, keeps it', () => {
    const highest = 2 ** 32 - 1;
    const sent: Sent[] = [
      [highest - 2, 0],
      [highest - 1, 1],
      [0, 2],
    ];
    expect(brief(loops('continue', sent, 2))[1]).toBe(`${highest}@3 ${highest - 1}@4 0@5`);
  });

  test('spans of times beyond 2^32 ns, carried between the halves', () => {
    const span = 3n * 2n ** 32n + 123n;
    const sent: Sent[] = [
      [1, -7n],
      [2, span],
    ];
    const last = loops('continue', sent, 1001).at(-1);
    const shift = 1000n * (span + 8n);
    expect(last).toEqual([
      [2001, shift - 7n],
      [2002, shift + span],
    ]);
  });

  test('times of another century are no times to go by', () => {
    const sent: Sent[] = [
      [1, 0],
      [2, -baseNs],
      [3, 10],
    ];
    expect(brief(loops('new-session', sent, 2))[1]).toBe(`1@11 2@${11n - baseNs} 3@21`);
  });

  test('beside MoldUDP64 in one run', () => {
    const rewriter = new FeedLoopRewriter('continue', 2, (_view, _offset, _length, { index }) =>
      index === 0 ? 'mdp3' : 'moldudp64',
    );
    const all: [Uint8Array, Flow][] = [
      [packet(4, 0, ['a']), flowA],
      [mold(4, ['a']), flowB],
    ];
    const bytes = [1, 2].flatMap((loop) => {
      rewriter.startLoop(loop);
      return all.map(([payload, flow]) => {
        rewriter.rewrite(new DataView(payload.buffer), payload.byteOffset, payload.length, flow);
        return Buffer.from(rewriter.view.buffer, rewriter.view.byteOffset + rewriter.offset, rewriter.length).toString(
          'hex',
        );
      });
    });
    const hex = (payload: Uint8Array) => Buffer.from(payload).toString('hex');
    expect(bytes).toEqual([packet(4, 0, ['a']), mold(4, ['a']), packet(5, 1, ['a']), mold(5, ['a'])].map(hex));
  });

  test('a receiver hears loops as one feed, or as sessions of their own', () => {
    const rounds = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(rounds, fc.integer({ min: 2, max: 4 }), (steps, count) => {
        let number = 0;
        const sent = steps.map((step): Sent => [1 + number++, step + 10 * number]);
        const heard = (mode: LoopSequence) =>
          demuxPackets(
            loops(mode, sent, count).flatMap((loop) => loop.map(([sequence, ns]) => packet(sequence, ns, ['x']))),
            'mdp3',
          ).stream;
        const [going, anew] = [heard('continue'), heard('new-session')];
        expect([going.restarts, going.missing, going.sequenceReport().duplicates]).toEqual([0, 0, 0]);
        expect([anew.restarts, anew.missing, anew.sequenceReport().duplicates]).toEqual([count - 1, 0, 0]);
      }),
    );
  });
});
