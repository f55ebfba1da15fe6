import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHistograms } from '../../src/core/histogram.js';
import { SessionDemux } from '../../src/session/demux.js';
import { type LinesOptions, MAX_LINE_SESSIONS, MoldUDP64Lines } from '../../src/session/moldudp64-lines.js';
import { EventLog, embed, lengthOf, makeFlow, mold } from './support.js';

const flows = Array.from({ length: 4 }, (_, index) => makeFlow(index));

beforeAll(initHistograms);

/** A packet: its line, its payload, and when it came, ns. */
type Sent = [line: number, payload: Uint8Array, atNs?: number];

const numbered = (sequence: number, count = 1, session?: string) =>
  mold(
    sequence,
    Array.from({ length: count }, (_, index) => `m${sequence + index}`),
    session === undefined ? {} : { session },
  );
const heartbeat = (next: number) => mold(next, []);
const end = (next: number) => mold(next, [], { count: 0xffff });

/** What comes out: packets as `5-7 @ns`, heartbeats as `heartbeat 8`, gaps as `gap 5-7`. */
function put(sent: readonly Sent[], options: LinesOptions = {}, atEnd: 'flush' | number = 'flush') {
  const events: string[] = [];
  const log = new EventLog();
  const demux = new SessionDemux(log, { lengthOf, force: () => 'moldudp64' });
  let previousNs = 0;
  const lines = new MoldUDP64Lines(
    {
      onPacket: (view, offset, length, seconds, nanoseconds, flow) => {
        const ns = seconds * 1e9 + nanoseconds;
        expect(ns).toBeGreaterThanOrEqual(previousNs);
        previousNs = ns;
        const from = Number(view.getBigUint64(offset + 10));
        const count = view.getUint16(offset + 18);
        const kind = count === 0 ? `heartbeat ${from}` : count === 0xffff ? `end ${from}` : null;
        events.push(kind ?? `${from}${count > 1 ? `-${from + count - 1}` : ''} @${ns}`);
        demux.datagram(view, offset, length, 0, flow, 0, 0);
      },
      onGap: (from, to) => events.push(`gap ${from}-${to}`),
    },
    options,
  );
  for (const [line, payload, atNs = 0] of sent) {
    const { view, offset, length } = embed(payload);
    lines.packet(view, offset, length, Math.floor(atNs / 1e9), atNs % 1e9, flows[line] as (typeof flows)[number]);
    new Uint8Array(view.buffer).fill(0xdd);
  }
  if (atEnd === 'flush') lines.flush();
  else lines.advance(Math.floor(atEnd / 1e9), atEnd % 1e9);
  const report = lines.report();
  lines.destroy();
  return { events, log, demux, report };
}

const vectors: Record<string, [Sent[], string[]]> = {
  'two lines, each packet once': [
    [
      [0, numbered(1, 2), 1],
      [1, numbered(1, 2), 2],
      [1, numbered(3), 3],
      [0, numbered(3), 4],
    ],
    ['1-2 @1', '3 @3'],
  ],
  'what one line lost comes from the other; what waited bears its stamp': [
    [
      [0, numbered(1), 1],
      [0, numbered(4, 2), 2],
      [0, numbered(6), 3],
      [1, numbered(1), 11],
      [1, numbered(2, 2), 12],
    ],
    ['1 @1', '2-3 @12', '4-5 @12', '6 @12'],
  ],
  'what both lost is a gap': [
    [
      [0, numbered(1), 1],
      [0, numbered(4), 2],
      [1, numbered(1), 3],
      [1, numbered(4), 4],
    ],
    ['1 @1', 'gap 2-3', '4 @2'],
  ],
  'lines that cut packets otherwise: each message once': [
    [
      [0, numbered(1, 3), 1],
      [1, numbered(1, 2), 2],
      [1, numbered(3, 3), 3],
      [0, numbered(4, 4), 4],
    ],
    ['1-3 @1', '4-5 @3', '6-7 @4'],
  ],
  'heartbeats and ends of session, once for all lines': [
    [
      [0, numbered(1), 1],
      [0, heartbeat(2), 2],
      [1, numbered(1), 3],
      [1, heartbeat(2), 4],
      [1, heartbeat(2), 5],
      [1, end(2), 6],
      [0, heartbeat(2), 7],
      [0, end(2), 8],
      [0, end(2), 9],
    ],
    ['1 @1', 'heartbeat 2', 'heartbeat 2', 'end 2', 'end 2'],
  ],
  'the end waits for what the other line brings': [
    [
      [0, numbered(1), 1],
      [0, end(3), 2],
      [1, numbered(1), 3],
      [1, numbered(2), 4],
      [1, end(3), 5],
    ],
    ['1 @1', '2 @4', 'end 3'],
  ],
  'a heartbeat tells of what no line brings, in time': [
    [
      [0, numbered(1), 1],
      [0, heartbeat(3), 2],
      [1, heartbeat(3), 1_000_000_002],
      [1, heartbeat(3), 1_000_000_003],
    ],
    ['1 @1', 'gap 2-2', 'heartbeat 3', 'heartbeat 3'],
  ],
  'a heartbeat before all messages passes': [
    [
      [0, heartbeat(1), 1],
      [1, heartbeat(1), 2],
      [1, numbered(1), 3],
    ],
    ['heartbeat 1', '1 @3'],
  ],
  'what has no number passes': [
    [
      [0, numbered(1), 1],
      [0, numbered(0), 2],
      [1, numbered(0), 3],
    ],
    ['1 @1', '0 @2', '0 @3'],
  ],
  'a wrong number far ahead is left out, and what it stands for comes from the other line': [
    [
      [0, numbered(1), 1],
      [0, numbered(2 ** 40), 2],
      [1, numbered(1), 3],
      [0, numbered(3), 4],
      [1, numbered(2), 5],
    ],
    ['1 @1', '2 @5', '3 @5'],
  ],
  'a long loss of all lines is one, when a packet goes on behind it': [
    [
      [0, numbered(1), 1],
      [0, numbered(5000), 2],
      [0, numbered(5002), 3],
    ],
    ['1 @1', 'gap 2-4999', '5000 @2', 'gap 5001-5001', '5002 @3'],
  ],
  'or when both lines tell of it': [
    [
      [0, numbered(1), 1],
      [0, numbered(5000), 2],
      [1, numbered(5000), 3],
    ],
    ['1 @1', 'gap 2-4999', '5000 @2'],
  ],
  'or at the end': [
    [
      [0, numbered(1), 1],
      [0, end(5000), 2],
    ],
    ['1 @1', 'gap 2-4999', 'end 5000'],
  ],
  'two sessions': [
    [
      [0, numbered(1, 1, 'ONE'), 1],
      [1, numbered(1, 1, 'TWO'), 2],
      [2, numbered(1, 1, 'ONE'), 3],
    ],
    ['1 @1', '1 @2'],
  ],
  'flows without a session name are feeds of their own': [
    [
      [0, numbered(1, 1, ''), 1],
      [1, numbered(1, 1, ''), 2],
    ],
    ['1 @1', '1 @2'],
  ],
};

test.each(Object.entries(vectors))('%s', (_, [sent, events]) => expect(put(sent).events).toEqual(events));

test('blank sessions of flows that have names are lines', () => {
  const sent: Sent[] = [
    [0, numbered(1, 1, ''), 1],
    [1, numbered(1, 1, ''), 2],
  ];
  const nameOf = ({ index }: { index: number }) => 'AB'[index] as string;
  expect(put(sent, { nameOf }).events).toEqual(['1 @1']);
});

test('a gap is declared by time, when nothing comes', () => {
  const sent: Sent[] = [
    [0, numbered(1), 0],
    [0, numbered(3), 10],
  ];
  expect(put(sent, {}, 1e9 + 10).events).toEqual(['1 @0']);
  expect(put(sent, {}, 1e9 + 11).events).toEqual(['1 @0', 'gap 2-2', '3 @10']);
  expect(
    put(
      [
        [0, numbered(1), 0],
        [0, end(3), 10],
      ],
      {},
      1e9 + 11,
    ).events,
  ).toEqual(['1 @0', 'gap 2-2', 'end 3']);
});

test('a number far ahead is believed when nothing has contradicted it in time', () => {
  const sent: Sent[] = [
    [0, numbered(1), 0],
    [0, numbered(5000), 10],
  ];
  expect(put(sent, {}, 1e9 + 10).events).toEqual(['1 @0']);
  expect(put([...sent, [0, heartbeat(5001), 3e9]]).events).toEqual([
    '1 @0',
    'gap 2-4999',
    '5000 @10',
    'heartbeat 5001',
  ]);
});

test('wrong numbers are counted, and no loss', () => {
  const wrong = [10, 20, 30].flatMap((number): Sent[] => [
    [0, numbered(number, 9), number],
    [0, numbered(2 ** 30 + number), number],
    [1, numbered(number, 10), number + 1],
  ]);
  const [report] = put([
    [0, numbered(1, 9), 0],
    [1, numbered(1, 9), 1],
    ...wrong,
    [0, numbered(40), 50],
    [1, numbered(40), 51],
  ]).report;
  expect(report).toMatchObject({ numbers: 40, wrongNumbers: 3, missingOnAll: { missing: 0 } });
  expect(report?.lines.map(({ missing }) => missing)).toEqual([3, 0]);
});

test('a packet that is cut short is passed on as far as it is whole, and its gap filled by the other line', () => {
  const cut = mold(2, ['m2'], { count: 2 });
  const { events, log, report } = put([
    [0, numbered(1), 1],
    [0, cut, 2],
    [0, numbered(4), 3],
    [1, numbered(2, 2), 4],
  ]);
  expect(events).toEqual(['1 @1', '2 @2', '3 @4', '4 @4']);
  expect(log.events.filter((event) => event.startsWith('damage'))).toEqual([]);
  expect(report[0]?.lines.map(({ line, gaps }) => [line, gaps.map(({ from, to }) => [from, to])])).toEqual([
    ['A', [[3, 3]]],
    [
      'B',
      [
        [1, 1],
        [4, 4],
      ],
    ],
  ]);
});

test('a packet in its turn passes as it is, whatever is behind its messages', () => {
  const { log } = put([[0, mold(1, ['m1'], { tail: Uint8Array.of(1, 2, 3) })]]);
  expect(log.events).toEqual(['message 1 m1', 'damage trailing-bytes']);
});

test('sessions beyond the bound pass as they come', () => {
  const sent = Array.from({ length: MAX_LINE_SESSIONS + 1 }, (_, index): Sent[] => {
    const payload = numbered(1, 1, `S${index}`);
    return [
      [0, payload],
      [1, payload],
    ];
  }).flat();
  expect(put(sent).events.length).toBe(MAX_LINE_SESSIONS + 2);
});

test('letters go by address, whichever came first; lines of one feed only are told', () => {
  const { report } = put([
    [1, numbered(1), 0],
    [0, numbered(1), 5],
    [2, numbered(1, 1, 'OTHER'), 6],
  ]);
  expect(
    report.map(({ session, lines }) => [session, lines.map(({ line, source, first }) => [line, source, first])]),
  ).toEqual([
    [
      'SESSION',
      [
        ['A', '10.0.0.1:1000', 0],
        ['B', '10.0.0.1:1001', 1],
      ],
    ],
  ]);
});

describe('what at least one line brought in time comes out once, in order', () => {
  const fate = fc.record({ lost: fc.constantFrom(false, false, true), again: fc.boolean(), delay: fc.nat(6) });
  const session = fc.record({
    first: fc.constantFrom(1, 500),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 40 }),
    lines: fc.array(
      fc.record({ skew: fc.nat(12), fates: fc.array(fate, { minLength: 40, maxLength: 40 }), cuts: fc.boolean() }),
      { minLength: 1, maxLength: 3 },
    ),
  });

  test('for any losses, copies, reorderings, skews and cuts', () => {
    fc.assert(
      fc.property(session, ({ first, sizes, lines }) => {
        const sent: { line: number; payload: Uint8Array; at: number }[] = [];
        const brought = new Set<number>();
        let from = first;
        for (const [index, count] of sizes.entries()) {
          for (const [line, { skew, fates, cuts }] of lines.entries()) {
            const { lost, again, delay } = fates[index] as (typeof fates)[number];
            if (lost) continue;
            const at = (index + skew + delay) * 10 + line;
            const parts =
              cuts && count > 1
                ? [
                    [from, 1],
                    [from + 1, count - 1],
                  ]
                : [[from, count]];
            for (const [start = 0, length = 0] of parts) {
              for (let number = start; number < start + length; number++) brought.add(number);
              for (let copy = again ? 0 : 1; copy < 2; copy++)
                sent.push({ line, payload: numbered(start, length), at });
            }
          }
          from += count;
        }
        sent.sort((a, b) => a.at - b.at);
        const { events, log, report } = put(sent.map(({ line, payload, at }): Sent => [line, payload, at]));
        const numbers = [...brought].sort((a, b) => a - b);
        expect(log.events.filter((event) => !event.startsWith('gap'))).toEqual(
          numbers.map((one) => `message ${one} m${one}`),
        );
        const gaps = numbers.flatMap((number, index) => {
          const before = index === 0 ? number - 1 : (numbers[index - 1] as number);
          return number === before + 1 ? [] : [`gap ${before + 1}-${number - 1}`];
        });
        expect(events.filter((event) => event.startsWith('gap'))).toEqual(gaps);
        expect(log.events.filter((event) => event.startsWith('gap'))).toEqual(gaps);
        for (const { merged, missingOnAll } of report) {
          expect(merged).toMatchObject({
            passed: numbers.length,
            late: 0,
            missing: missingOnAll.missing,
            gaps: missingOnAll.gaps,
          });
        }
      }),
      { numRuns: 150 },
    );
  });
});

test('a request has no messages, though those of its packet are known to be whole', () => {
  const request = mold(4, [], { count: 5 });
  const sent: Sent[] = [
    [0, numbered(1, 3)],
    [1, request],
    [0, numbered(9, 2)],
    [1, numbered(4, 5)],
  ];
  const compared = (isWhole: boolean) => {
    const lines = new MoldUDP64Lines(null);
    for (const [line, payload] of sent) {
      const { view, offset, length } = embed(payload);
      lines.packet(view, offset, length, 1, 0, flows[line] as (typeof flows)[number], isWhole);
    }
    lines.flush();
    const report = JSON.stringify(lines.report());
    lines.destroy();
    return report;
  };
  expect(compared(true)).toBe(compared(false));
  expect(JSON.parse(compared(true))[0].lines[1].duplicates).toBe(0);
});
