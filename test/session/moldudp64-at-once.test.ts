/** Packets' messages in one call, and as blocks: the same events, counts and damage as one by one, whatever the packets are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockTaker, MessageListener, Stream } from '../../src/core/seams.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { SessionDemux } from '../../src/session/demux.js';
import { concat, embed, latin1, lengthOf, makeFlow, mold, text } from './support.js';

/** Events of one run; `atOnce` takes packets' messages in one call where they are offered so. */
function listen(packets: readonly Uint8Array[], atOnce: boolean) {
  const events: unknown[] = [];
  let calls = 0;
  const onMessage: MessageListener['onMessage'] = (view, offset, length, ns, sequence, stream) => {
    events.push([latin1(view, offset, length), ns, sequence, (stream as Stream).isDuplicate]);
  };
  const listener: MessageListener = {
    onMessage,
    onGap: (from, to) => events.push(['gap', from, to]),
    onHeartbeat: (next) => events.push(['heartbeat', next]),
    onEndOfSession: (next) => events.push(['end', next]),
    onDamage: ({ code, message, record }) => events.push([code, message, record]),
  };
  if (atOnce) {
    listener.onMessages = (view, offset, end, count, ns, sequence, stream) => {
      calls++;
      let at = offset;
      for (let index = 0; index < count; index++) {
        const length = view.getUint16(at);
        onMessage(view, at + 2, length, ns, sequence === 0 ? 0 : sequence + index, stream);
        at += 2 + length;
      }
      expect(at).toBe(end);
    };
  }
  const demux = new SessionDemux(listener, { lengthOf, force: () => 'moldudp64' });
  const flow = makeFlow();
  for (const [index, packet] of packets.entries()) {
    const { view, offset, length } = embed(packet);
    demux.datagram(view, offset, length, index * 1000, flow, index + 1, index * 100);
  }
  return { events, calls, sessions: demux.sessions(), flows: demux.flows() };
}

const message = fc.string({ maxLength: 6 }).map((string) => text(string.replace(/[^ -~]/g, '?')));
const packet = fc
  .record({
    sequence: fc.oneof(fc.integer({ min: 0, max: 25 }), fc.constant(2n ** 53n - 2n)),
    session: fc.constantFrom('SESSION', 'OTHER'),
    messages: fc.array(message, { maxLength: 4 }),
    count: fc.option(fc.constantFrom(0, 1, 3, 0xffff), { nil: undefined }),
    tail: fc.uint8Array({ maxLength: 3 }),
    cut: fc.nat(12),
  })
  .map(({ sequence, messages, session, count, tail, cut }) => {
    const bytes = mold(sequence, messages, { session, tail, ...(count === undefined ? {} : { count }) });
    return cut < 4 ? bytes.slice(0, bytes.length - cut) : bytes;
  });
// In order more often than not: each goes on where the one before it ended.
const run = fc
  .tuple(fc.nat(9), fc.array(fc.array(message, { maxLength: 4 }), { maxLength: 8 }))
  .map(([first, lists]) => {
    let sequence = first + 1;
    return lists.map((messages) => {
      sequence += messages.length;
      return mold(sequence - messages.length, messages);
    });
  });
const groups = fc
  .array(
    fc.oneof(
      packet.map((one) => [one]),
      run,
    ),
    { maxLength: 10 },
  )
  .map((lists) => lists.flat());

/** What a walk over blocks by the book takes, and the messages that it took. */
class Blocks implements BlockTaker {
  readonly taken: string[] = [];
  behind = 0;
  zeroLength = 0;

  takeBlocks(view: DataView, offset: number, end: number, most: number): number {
    let count = 0;
    this.behind = offset;
    this.zeroLength = 0;
    while (count < most && this.behind + 2 <= end && this.behind + 2 + view.getUint16(this.behind) <= end) {
      const length = view.getUint16(this.behind);
      this.taken.push(latin1(view, this.behind + 2, length));
      if (length === 0) this.zeroLength++;
      this.behind += 2 + length;
      count++;
    }
    return count;
  }
}

/** Messages and events apart, of a listener that has `blocks` or one that has not. */
function listenTo(packets: readonly Uint8Array[], blocks: BlockTaker | null, messages: string[]) {
  const events: unknown[] = [];
  const listener: MessageListener = {
    onMessage: (view, offset, length) => messages.push(latin1(view, offset, length)),
    onGap: (from, to) => events.push(['gap', from, to]),
    onHeartbeat: (next) => events.push(['heartbeat', next]),
    onEndOfSession: (next) => events.push(['end', next]),
    onDamage: ({ code, message, record }) => events.push([code, message, record]),
    ...(blocks === null ? {} : { blocks }),
  };
  const demux = new SessionDemux(listener, { lengthOf, force: () => 'moldudp64' });
  const flow = makeFlow();
  for (const [index, packet] of packets.entries()) {
    const { view, offset, length } = embed(packet);
    demux.datagram(view, offset, length, index * 1000, flow, index + 1, index * 100);
  }
  return { events, messages, sessions: demux.sessions(), flows: demux.flows() };
}

describe('messages at once', () => {
  it('come in one call where they go on, open the session, or follow a gap', () => {
    const packets = [mold(5, ['a', 'b']), mold(7, ['c']), mold(10, ['d', '', 'e']), mold(13, []), mold(13, ['f'])];
    const { events, calls } = listen(packets, true);
    expect(calls).toBe(4);
    expect(events).toEqual([
      ...[
        ['a', 0, 5, false],
        ['b', 0, 6, false],
        ['c', 1000, 7, false],
      ],
      ['gap', 8, 9],
      ...[
        ['d', 2000, 10, false],
        ['', 2000, 11, false],
        ['e', 2000, 12, false],
      ],
      ['heartbeat', 13],
      ['f', 4000, 13, false],
    ]);
  });

  it('come one by one where some were seen, and not at all from a packet without a whole one', () => {
    const cut = mold(3, ['c', 'd'], { count: 3 });
    const { events, calls } = listen([mold(1, ['a', 'b']), mold(2, ['b', 'c']), cut.slice(0, 22)], true);
    expect(calls).toBe(1);
    expect(events.slice(2, 4)).toEqual([
      ['b', 1000, 2, true],
      ['c', 1000, 3, false],
    ]);
    expect(events.at(-1)).toEqual(['block-overrun', expect.stringContaining('the 0 before it are kept'), 3]);
  });

  it('tell what single messages tell', () => {
    fc.assert(
      fc.property(groups, (packets) => {
        const { calls: _, ...atOnce } = listen(packets, true);
        const { calls: __, ...single } = listen(packets, false);
        expect(atOnce).toEqual(single);
      }),
      { numRuns: 500 },
    );
  });

  it('tell the same as blocks, which their taker walks over', () => {
    fc.assert(
      fc.property(groups, (packets) => {
        const blocks = new Blocks();
        expect(listenTo(packets, blocks, blocks.taken)).toEqual(listenTo(packets, null, []));
      }),
      { numRuns: 500 },
    );
  });

  it('are taken by a decoder of batches as by a walk by the book', () => {
    fc.assert(
      fc.property(
        groups,
        fc.constantFrom('compiled', 'interpreted'),
        fc.integer({ min: 1, max: 40 }),
        (all, engine, size) => {
          // One view, as decoders take whole captures, and each packet whole or cut as it comes.
          const joined = concat(...all);
          const view = new DataView(joined.buffer, joined.byteOffset, joined.length);
          const taken: [number, number, string][] = [];
          const take = (position: number, offset: number, length: number) =>
            taken.push([position, offset, latin1(view, offset, length)]);
          const decoder = itch50.createBatchDecoder(
            {
              onBatch: (_type, offsets, count, { positions, message }) => {
                for (let index = 0; index < count; index++) {
                  const at = decoder.firstPosition + (positions[index] as number);
                  take(at, offsets[index] as number, message?.length ?? 0);
                }
              },
              onUnknown: (_view, offset, length) => take(-1, offset, length),
            },
            { engine: engine as 'compiled', blockBytes: size },
          );
          const blocks = new Blocks();
          let at = 0;
          for (const { length } of all) {
            const most = length % 4;
            const end = at + length;
            const from = Math.min(at + 20, end);
            expect(decoder.takeBlocks(view, from, end, most)).toBe(blocks.takeBlocks(view, from, end, most));
            expect([decoder.behind, decoder.zeroLength]).toEqual([blocks.behind, blocks.zeroLength]);
            at = end;
          }
          decoder.flush();
          const inOrder = taken.sort(([, one], [, other]) => one - other).map(([, , message]) => message);
          expect(inOrder).toEqual(blocks.taken);
          expect(decoder.firstPosition).toBe(blocks.taken.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('packets that were read elsewhere', () => {
  const sessionNames = fc.constantFrom('SESSION', 'OTHER');
  const packet = fc.record({
    from: fc.constantFrom(0, 1, 2, 3, 5, 9, 10, 11, 12, 20, 4000, Number.MAX_SAFE_INTEGER - 1),
    messages: fc.array(fc.constantFrom('a', 'bc', ''), { maxLength: 6 }),
    session: sessionNames,
    control: fc.constantFrom(undefined, undefined, undefined, 0, 0xffff),
  });

  it('leave numbers, gaps, heartbeats and counts as if their messages were told', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 25 }), (given) => {
        const packets = given.map(({ from, messages, session, control }) =>
          control === undefined
            ? mold(from, messages.length === 0 ? ['x'] : messages, { session })
            : mold(from, [], { session, count: control }),
        );
        const told: unknown[] = [];
        const followed: unknown[] = [];
        let zeroLength = 0;
        const demuxOf = (events: unknown[], onMessage: MessageListener['onMessage']) =>
          new SessionDemux(
            {
              onMessage,
              onGap: (from, to) => events.push(['gap', from, to]),
              onHeartbeat: (next) => events.push(['heartbeat', next]),
              onEndOfSession: (next) => events.push(['end', next]),
              onDamage: ({ code, message, record }) => events.push([code, message, record]),
            },
            { lengthOf, force: () => 'moldudp64' },
          );
        const one = demuxOf(told, (_view, _offset, length) => {
          if (length === 0) zeroLength++;
        });
        const other = demuxOf(followed, () => followed.push('a message'));
        const flow = makeFlow();
        for (const [index, bytes] of packets.entries()) {
          const { view, offset, length } = embed(bytes);
          one.datagram(view, offset, length, 0, flow, index + 1, index * 100);
          expect(other.follow(view, offset, length, flow, index + 1, index * 100)).toBe(true);
        }
        expect(followed).toEqual(told);
        expect(other.flows()).toEqual(one.flows());
        const withoutEmpty = (demux: SessionDemux) => demux.sessions().map((report) => ({ ...report, zeroLength: 0 }));
        expect(withoutEmpty(other)).toEqual(withoutEmpty(one));
        expect(one.sessions().reduce((sum, report) => sum + report.zeroLength, 0)).toBe(zeroLength);
      }),
    );
  });
});
