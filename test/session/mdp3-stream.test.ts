import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_RESTART_GAP, Mdp3Stream } from '../../src/session/mdp3-stream.js';
import { MAX_GAPS } from '../../src/session/sequence-tracker.js';
import { demuxPackets, packet, sbe } from './mdp3-build.js';

type Sent = [sequence: number, atNs: number];

/** What a stream says to packets: `5` in order, `gap 2-4`, `restart 1`, `5 again`; and what it reports. */
function follow(sent: readonly Sent[]) {
  const { events, stream } = demuxPackets(
    sent.map(([sequence, atNs]) => packet(sequence, atNs, ['x'])),
    'mdp3',
  );
  const said = events.map((event) => event.replace('message ', '').replace(' x', ''));
  return { said, stream, report: stream.sequenceReport() };
}

/** Packets sent one by one, `atNs` apart. */
const run = (from: number, to: number, atNs: number): Sent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, atNs + index]);

describe('one numbering', () => {
  const vectors: [string, Sent[], string[]][] = [
    ['in order, joined in the middle', run(900, 902, 0), ['900', '901', '902']],
    [
      'a gap',
      [
        [1, 0],
        [4, 3],
      ],
      ['1', 'gap 2-3', '4'],
    ],
    [
      'a late packet',
      [
        [1, 0],
        [3, 2],
        [2, 1],
      ],
      ['1', 'gap 2-2', '3', '2'],
    ],
    [
      'a late packet of the same time',
      [
        [1, 0],
        [3, 2],
        [2, 2],
      ],
      ['1', 'gap 2-2', '3', '2'],
    ],
    [
      'a repeated packet',
      [
        [1, 0],
        [2, 1],
        [1, 0],
        [2, 1],
      ],
      ['1', '2', '1 again', '2 again'],
    ],
    [
      'below the first',
      [
        [5, 4],
        [3, 2],
        [4, 3],
      ],
      ['5', 'gap 4-4', '3', '4'],
    ],
    [
      'a clock that goes back',
      [
        [1, 100],
        [2, 50],
        [3, 51],
        [5, 52],
      ],
      ['1', '2', '3', 'gap 4-4', '5'],
    ],
    [
      'times that differ by one nanosecond of a large number',
      [
        [5, 256],
        [6, 257],
        [5, 257],
      ],
      ['5', '6', '5 again'],
    ],
  ];
  // biome-ignore format: a table
  test.each(vectors)('%s', (_name, sent, expected) => {
    const { said, stream } = follow(sent);
    expect(said).toEqual(expected);
    expect(stream.restarts).toBe(0);
  });
});

describe('a wrong number, far ahead', () => {
  const wrong = (number: number, last: number): Sent[] =>
    run(41, last, 0).map(([one, atNs]) => [one === 44 ? number : one, atNs]);

  test('leaves a gap of one packet', () => {
    const { said, report, stream } = follow(wrong(94, 143));
    const told = run(41, 143, 0).map(([one]) => `${one === 44 ? 94 : one}${one === 94 ? ' again' : ''}`);
    told.splice(3, 0, 'gap 44-93');
    expect(said).toEqual(told);
    const gaps = [{ from: 44, to: 44, count: 1 }];
    expect(report).toMatchObject({ messages: 103, gaps, missing: 1, duplicates: 1, outOfOrder: 49 });
    expect(stream.restarts).toBe(0);
  });

  test('and the largest one breaks nothing that follows, nor does a second one', () => {
    const largest = 2 ** 32 - 1;
    const sent: Sent[] = [...wrong(largest, 60), [62, 30], [61, 29], [63, 31], ...run(1, 3, 40), ...run(2, 3, 50)];
    const { said, stream } = follow(sent);
    const line = run(41, 60, 0).map(([one]) => `${one === 44 ? largest : one}`);
    line.splice(3, 0, `gap 44-${largest - 1}`);
    const anew = ['restart 1', '1', '2', '3', 'restart 2', 'gap 1-1', '2', '3'];
    expect(said).toEqual([...line, '62', '61', '63', ...anew]);
    expect(stream.restarts).toBe(2);
  });

  const vectors: [string, Sent[], string[]][] = [
    [
      'two in a row',
      [
        [30, 0],
        [90, 1],
        [32, 2],
        [99, 3],
        [34, 4],
      ],
      ['30', 'gap 31-89', '90', '32', 'gap 91-98', '99', '34'],
    ],
    [
      'of a packet that comes again with its own',
      [
        [30, 0],
        [90, 1],
        [31, 2],
        [32, 3],
      ],
      ['30', 'gap 31-89', '90', '31', '32'],
    ],
    [
      'a jump that is confirmed is none: numbers begin anew behind it',
      [
        [30, 0],
        [90, 1],
        [91, 2],
        [32, 3],
      ],
      ['30', 'gap 31-89', '90', '91', 'restart 32', 'gap 1-31', '32'],
    ],
    [
      'nor is the loss of the last packets but one of a round, and of the first ones of the next',
      [
        [1, 0],
        [4, 3],
        [2, 5],
        [4, 7],
        [1, 8],
      ],
      ['1', 'gap 2-3', '4', 'restart 2', 'gap 1-1', '2', 'gap 3-3', '4', 'restart 1', '1'],
    ],
  ];
  // biome-ignore format: a table
  test.each(vectors)('%s', (_name, sent, expected) => {
    expect(follow(sent).said).toEqual(expected);
  });
});

describe('numbers begin anew', () => {
  const vectors: [string, Sent[], string[]][] = [
    ['at 1', [...run(100, 102, 0), ...run(1, 2, 10)], ['100', '101', '102', 'restart 1', '1', '2']],
    ['with the first packet lost', [...run(8, 9, 0), ...run(2, 3, 9)], ['8', '9', 'restart 2', 'gap 1-1', '2', '3']],
    [
      'at once',
      [
        [5, 0],
        [1, 1],
        [1, 2],
        [1, 3],
      ],
      ['5', 'restart 1', '1', 'restart 1', '1', 'restart 1', '1'],
    ],
    [
      'one nanosecond later',
      [
        [5, 256],
        [6, 257],
        [5, 258],
      ],
      ['5', '6', 'restart 5', 'gap 1-4', '5'],
    ],
    [
      'by a wrap',
      [
        [2 ** 32 - 1, 0],
        [1, 1],
        [2, 2],
      ],
      ['4294967295', 'restart 1', '1', '2'],
    ],
    [
      'by a wrap over 0',
      [
        [2 ** 32 - 1, 0],
        [0, 1],
        [1, 2],
      ],
      ['4294967295', '0', 'restart 1', '1'],
    ],
    [
      'joined far in',
      [
        [200_000, 0],
        [100_000, 5],
        [100_001, 6],
      ],
      ['200000', 'restart 100000', '100000', '100001'],
    ],
    [
      'its first packets in the wrong order',
      [
        [9, 0],
        [2, 6],
        [1, 5],
        [3, 7],
      ],
      ['9', 'restart 2', 'gap 1-1', '2', '1', '3'],
    ],
    [
      'late packets of the numbering before',
      [
        [98, 0],
        [100, 2],
        [1, 10],
        [99, 1],
        [2, 11],
        [99, 1],
        [100, 2],
        [3, 12],
      ],
      ['98', 'gap 99-99', '100', 'restart 1', '1', '99', '2', '99 again', '100 again', '3'],
    ],
    [
      'the last packet of the numbering before comes late, over a gap',
      [
        [98, 0],
        [1, 10],
        [100, 2],
        [99, 1],
        [2, 11],
      ],
      ['98', 'restart 1', '1', 'gap 99-99', '100', '99', '2'],
    ],
    [
      'a late packet of the numbering before whose number is the next one',
      [
        [1, 0],
        [2, 1],
        [4, 3],
        [1, 10],
        [2, 11],
        [3, 2],
        [3, 12],
      ],
      ['1', '2', 'gap 3-3', '4', 'restart 1', '1', '2', '3', '3'],
    ],
    [
      'a clock that goes back behind a restart',
      [
        [9, 0],
        [1, 10],
        [2, 5],
        [3, 6],
        [4, 12],
      ],
      ['9', 'restart 1', '1', '2', '3', '4'],
    ],
    [
      'sent within the same nanosecond, one packet late',
      [
        [7, 5],
        [1, 5],
        [2, 6],
        [3, 7],
      ],
      ['7', 'gap 2-6', '1', 'restart 2', 'gap 1-1', '2', '3'],
    ],
    [
      'loops of three',
      [...run(1, 3, 0), ...run(1, 3, 10), ...run(1, 3, 20)],
      ['1', '2', '3', 'restart 1', '1', '2', '3', 'restart 1', '1', '2', '3'],
    ],
  ];
  // biome-ignore format: a table
  test.each(vectors)('%s', (_name, sent, expected) => {
    expect(follow(sent).said).toEqual(expected);
  });

  test('behind a ChannelReset number 1 of the same time does, and only that', () => {
    const reset = sbe('r', { template: 4 });
    const { events, stream } = demuxPackets(
      [
        packet(7, 5, ['a', reset]),
        packet(1, 5, ['b']),
        packet(2, 5, ['c', reset]),
        packet(2, 5, ['c']),
        packet(1, 5, ['b']),
      ],
      'mdp3',
    );
    const expected = ['message 7 a', 'message 7 r', 'restart 1', 'message 1 b', 'message 2 c', 'message 2 r'];
    expect(events).toEqual([...expected, 'message 2 c again', 'message 1 b again']);
    expect([stream.resets, stream.restarts]).toEqual([2, 1]);
  });

  test('a ChannelReset behind which numbers go on', () => {
    const reset = sbe('r', { template: 4 });
    const { events } = demuxPackets([packet(7, 5, [reset]), packet(8, 6, ['a'])], 'mdp3');
    expect(events).toEqual(['message 7 r', 'message 8 a']);
  });

  test('the gaps of all numberings are reported, each with its own', () => {
    const { report, stream } = follow([
      [1, 0],
      [3, 1],
      [2, 10],
      [4, 11],
      [1, 20],
      [5, 21],
    ]);
    expect(report).toEqual({
      first: 1,
      last: 5,
      messages: 6,
      gaps: [
        { from: 2, to: 2, count: 1, numbering: 0 },
        { from: 1, to: 1, count: 1, numbering: 1 },
        { from: 3, to: 3, count: 1, numbering: 1 },
        { from: 2, to: 4, count: 3, numbering: 2 },
      ],
      gapsDropped: 0,
      missing: 6,
      duplicates: 0,
      outOfOrder: 0,
    });
    expect([stream.missing, stream.restarts]).toEqual([6, 2]);
  });

  test('the packets before a numbering’s first are missing up to a bound', () => {
    const far = 10 * MAX_RESTART_GAP;
    expect(
      follow([
        [far, 0],
        [MAX_RESTART_GAP + 1, 1],
      ]).report.missing,
    ).toBe(MAX_RESTART_GAP);
    expect(
      follow([
        [far, 0],
        [MAX_RESTART_GAP + 2, 1],
      ]).report.missing,
    ).toBe(0);
  });

  test('gaps are bounded over all numberings', () => {
    const stream = new Mdp3Stream(0, null, 'MDP3');
    const rounds = 300;
    const gaps = Math.ceil(MAX_GAPS / rounds) + 10;
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index <= gaps; index++) {
        stream.timeLow++;
        stream.take(1 + 2 * index);
      }
    }
    const report = stream.sequenceReport();
    expect([report.gaps.length, report.gapsDropped, report.missing, stream.restarts]).toEqual([
      MAX_GAPS,
      rounds * gaps - MAX_GAPS,
      rounds * gaps,
      rounds - 1,
    ]);
  });
});

describe('properties', () => {
  /** Rounds of packets numbered from 1, sent a nanosecond apart, moved by at most `reach` places, some left out. */
  const loops = fc.record({
    rounds: fc.integer({ min: 1, max: 5 }),
    length: fc.integer({ min: 4, max: 20 }),
    moves: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 100, maxLength: 100 }),
  });

  test('any order within two places: every packet is new, none is missing, every restart is seen', () => {
    fc.assert(
      fc.property(loops, ({ rounds, length, moves }) => {
        const sent = Array.from({ length: rounds * length }, (_, index): Sent => [1 + (index % length), index]);
        const keyed = sent.map((one, index) => ({ one, key: index + 1.1 * (moves[index] ?? 0) }));
        // What joins first is packet 1 of the first round, so that nothing lies before it.
        keyed.sort((left, right) => left.key - right.key);
        const order = keyed.map(({ one }) => one);
        if (order[0] !== sent[0]) order.unshift(sent[0] as Sent);
        const repeated = order.length - sent.length;
        const { report, stream } = follow(order);
        expect([stream.restarts, report.missing, report.duplicates, report.messages]).toEqual([
          rounds - 1,
          0,
          repeated,
          order.length,
        ]);
      }),
    );
  });
});
