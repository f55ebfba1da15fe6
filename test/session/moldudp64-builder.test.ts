import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { MoldUDP64Decoder } from '../../src/session/moldudp64.js';
import {
  MAX_MOLD_MESSAGE,
  MoldUDP64Builder,
  type MoldUDP64BuilderOptions,
} from '../../src/session/moldudp64-builder.js';
import { EventLog, makeFlow, text } from './support.js';

/** A message for the builder: its bytes, its stamp and its number (0: not told). */
type Given = [bytes: string, ns?: number, sequence?: number];

function build(given: Given[], options: Partial<MoldUDP64BuilderOptions> = {}, ends = false) {
  const builder = new MoldUDP64Builder({ session: 'TEST', mtu: 1500, pack: 'timestamp', ...options });
  const log = new EventLog();
  const decoder = new MoldUDP64Decoder(makeFlow(), log);
  const packets: string[] = [];
  const take = () => {
    const { view, length, sequence, messageCount, seconds, nanoseconds, place } = builder.packet;
    decoder.packet(view, 0, length, 0, packets.length + 1, 0);
    packets.push(`${sequence}+${messageCount} @ ${seconds}.${nanoseconds} from ${place}`);
  };
  for (const [index, [bytes, ns = 0, sequence = 0]] of given.entries()) {
    const message = text(bytes);
    if (builder.add(new DataView(message.buffer), 0, message.length, 7, ns, sequence, index)) take();
  }
  if (builder.flush()) take();
  expect(builder.flush()).toBe(false);
  if (ends) {
    builder.endOfSession(7, 9, 99);
    take();
  }
  return { packets, events: log.events, builder };
}

describe('numbers', () => {
  const vectors: Record<string, [Given[], Partial<MoldUDP64BuilderOptions>, packets: string[]]> = {
    untold: [[['a'], ['b']], {}, ['1+2 @ 7.0 from 0']],
    untoldFromAnother: [[['a'], ['b']], { firstSequence: 40 }, ['40+2 @ 7.0 from 0']],
    told: [
      [
        ['a', 0, 5],
        ['b', 0, 6],
      ],
      {},
      ['5+2 @ 7.0 from 0'],
    ],
    toldThenUntold: [[['a', 0, 5], ['b']], {}, ['5+2 @ 7.0 from 0']],
    gap: [
      [
        ['a', 0, 5],
        ['b', 0, 8],
        ['c', 0, 9],
      ],
      {},
      ['5+1 @ 7.0 from 0', '8+2 @ 7.0 from 1'],
    ],
    gapWhenPackedByMtu: [
      [
        ['a', 0, 5],
        ['b', 1, 8],
        ['c', 2, 9],
      ],
      { pack: 'mtu' },
      ['5+1 @ 7.0 from 0', '8+2 @ 7.2 from 1'],
    ],
    backwards: [
      [
        ['a', 0, 5],
        ['b', 0, 4],
      ],
      {},
      ['5+1 @ 7.0 from 0', '4+1 @ 7.0 from 1'],
    ],
    otherStamp: [
      [
        ['a', 1, 5],
        ['b', 2, 6],
      ],
      {},
      ['5+1 @ 7.1 from 0', '6+1 @ 7.2 from 1'],
    ],
    zeroLength: [
      [
        ['', 1],
        ['b', 1],
      ],
      {},
      ['1+2 @ 7.1 from 0'],
    ],
  };
  test.each(Object.entries(vectors))('%s', (_, [given, options, packets]) => {
    expect(build(given, options).packets).toEqual(packets);
  });
});

test('endOfSession', () => {
  const { packets, events } = build([['a', 3]], { firstSequence: 10 }, true);
  expect(packets).toEqual(['10+1 @ 7.3 from 0', '11+0 @ 7.9 from 99']);
  expect(events).toEqual(['message 10 a', 'end 11']);
  expect(build([], {}, true).events).toEqual(['end 1']);
});

test('a message larger than the MTU goes alone, and one that no datagram holds is left out', () => {
  const { packets, builder } = build(
    [['a'], ['b'.repeat(50)], ['c'], ['d'.repeat(MAX_MOLD_MESSAGE)], ['e'.repeat(MAX_MOLD_MESSAGE + 1)], ['f']],
    { mtu: 80 },
  );
  expect(packets).toEqual([
    '1+1 @ 7.0 from 0',
    '2+1 @ 7.0 from 1',
    '3+1 @ 7.0 from 2',
    '4+1 @ 7.0 from 3',
    '5+1 @ 7.0 from 5',
  ]);
  expect([builder.messages, builder.oversized, builder.tooLong]).toEqual([5, 2, 1]);
});

test('any messages with any numbers come out as they went in', () => {
  const step = fc.record({
    bytes: fc.string({ maxLength: 60 }).map((one) => one.replace(/[^ -~]/g, '?')),
    ns: fc.nat(2),
    skip: fc.constantFrom(0, 0, 0, 1, 5),
  });
  const setup = fc.record({
    mtu: fc.integer({ min: 68, max: 200 }),
    pack: fc.constantFrom('timestamp' as const, 'mtu' as const),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), setup, (steps, options) => {
      let sequence = 0;
      const given = steps.map(({ bytes, ns, skip }): Given => {
        sequence += 1 + skip;
        return [bytes, ns, sequence];
      });
      const { events } = build(given, options);
      expect(events.filter((event) => event.startsWith('message'))).toEqual(
        given.map(([bytes, , number]) => `message ${number} ${bytes}`),
      );
    }),
  );
});

test.each([{ mtu: 67 }, { mtu: 65_536 }, { mtu: 100.5 }, { firstSequence: 0 }, { session: 'ELEVEN CHAR' }])(
  '%j is refused',
  (options) => {
    expect(() => build([], options)).toThrow(UsageError);
  },
);
