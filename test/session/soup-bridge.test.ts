import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Damage, Flow } from '../../src/core/seams.js';
import { readMessageCount, readSequence, readSession } from '../../src/session/moldudp64-header.js';
import { SoupBridge, type SoupBridgeOptions } from '../../src/session/soup-bridge.js';
import { MAX_STREAMS } from '../../src/session/stream.js';
import { type Input, Pieces, server } from './pieces.js';
import { accepted, clientHeartbeat, endOfSession, heartbeat, login, sequenced, tcpFlow, unsequenced } from './soup.js';
import { concat, itch, latin1, lengthOf, makeFlow, mold, text } from './support.js';

const client = tcpFlow(1);

/** What comes out, as `packet seconds session sequence: messages`, or the text of what passes through. */
function bridge(inputs: readonly (Input | Uint8Array)[], options: Partial<SoupBridgeOptions> = {}) {
  const damages: Damage[] = [];
  const given = inputs.map((input) => (input instanceof Uint8Array ? { bytes: input } : input));
  const onDamage = (damage: Damage): number => damages.push(damage);
  const reader = new SoupBridge(new Pieces(given), { session: 'BUILT', mtu: 1500, lengthOf, onDamage, ...options });
  const lines: string[] = [];
  const packets: { flow: Flow; truncated: boolean; messageCount: number; fileOffset: number; length: number }[] = [];
  while (reader.next()) {
    const { view, offset, length, flow, truncated, messageCount, fileOffset } = reader;
    packets.push({ flow, truncated, messageCount, fileOffset, length });
    const isBuilt = flow !== udp;
    lines.push(
      isBuilt
        ? `${reader.packetNumber} ${reader.seconds}.${reader.nanoseconds} ${describePacket(view, offset, length)}`
        : latin1(view, offset, length),
    );
  }
  expect(reader.done).toBe(true);
  return { lines, packets, damages, reader };
}

const udp = makeFlow(7);

function describePacket(view: DataView, offset: number, length: number): string {
  const count = readMessageCount(view, offset);
  const head = `${readSession(view, offset)} ${readSequence(view, offset)}`;
  if (count === 0) return `${head} heartbeat`;
  if (count === 0xffff) return `${head} end`;
  const found: string[] = [];
  let at = offset + 20;
  for (let index = 0; index < count; index++) {
    found.push(latin1(view, at + 2, view.getUint16(at)));
    at += 2 + view.getUint16(at);
  }
  expect(at).toBe(offset + length);
  return `${head}: ${found.join(' ')}`;
}

const letters = (...all: string[]): Uint8Array => concat(...all.map(sequenced));

describe('SoupBridge', () => {
  test.each<[string, (Input | Uint8Array)[], string[]]>([
    [
      'the messages of a piece share a packet',
      [accepted('S1', 7), letters('a', 'b'), letters('c')],
      ['2 102.5 S1 7: a b', '3 103.5 S1 9: c'],
    ],
    ['login and messages in one piece', [concat(accepted('S1', 1), letters('a'))], ['1 101.5 S1 1: a']],
    [
      'a message over two pieces comes with the second',
      [
        concat(accepted('S1', 1), letters('a'), sequenced('hello').subarray(0, 5)),
        concat(sequenced('hello').subarray(5), letters('b')),
      ],
      ['1 101.5 S1 1: a', '2 102.5 S1 2: hello b'],
    ],
    ['empty messages', [concat(accepted('S1', 1), letters('', 'a', ''))], ['1 101.5 S1 1:  a ']],
    [
      'heartbeats and the end of the session',
      [accepted('S1', 4), concat(heartbeat, letters('a'), heartbeat, letters('b'), endOfSession)],
      ['2 102.5 S1 4 heartbeat', '2 102.5 S1 4: a', '2 102.5 S1 5 heartbeat', '2 102.5 S1 5: b', '2 102.5 S1 6 end'],
    ],
    [
      'no login seen: counted from 1, under the name that was given',
      [{ bytes: letters('a', 'b', 'c'), join: 'lost' }, heartbeat, letters('d')],
      ['1 101.5 BUILT 1: a b c', '2 102.5 BUILT 4 heartbeat', '3 103.5 BUILT 4: d'],
    ],
    [
      'bytes lost: counted on',
      [concat(accepted('S1', 7), letters('a')), { bytes: letters('b', 'c'), join: 'lost' }],
      ['1 101.5 S1 7: a', '2 102.5 S1 8: b c'],
    ],
    [
      'another login: its session and numbers',
      [
        concat(accepted('S1', 7), letters('a')),
        { bytes: concat(accepted('S2', 1), letters('b')), join: 'start' },
        { bytes: concat(accepted('S1', 7), letters('a', 'c')), join: 'start' },
      ],
      ['1 101.5 S1 7: a', '2 102.5 S2 1: b', '3 103.5 S1 7: a c'],
    ],
    [
      'a session without a name, or one that cannot be',
      [
        concat(accepted('', 3), letters('a')),
        { bytes: concat(accepted('\u0001\u0002\u0003', 3), letters('b')), flow: tcpFlow(3) },
      ],
      ['1 101.5 BUILT 3: a', '2 102.5 BUILT 3: b'],
    ],
    [
      'what the client sends is no part of the feed',
      [
        { bytes: login('me', 'pw'), flow: client },
        accepted('S1', 1),
        { bytes: concat(unsequenced('order'), clientHeartbeat), flow: client },
        letters('a'),
      ],
      ['4 104.5 S1 1: a'],
    ],
    [
      'streams are kept apart',
      [
        concat(accepted('S1', 1), letters('a')),
        { bytes: concat(accepted('S1', 5), letters('b')), flow: tcpFlow(2) },
        letters('c'),
      ],
      ['1 101.5 S1 1: a', '2 102.5 S1 5: b', '3 103.5 S1 2: c'],
    ],
  ])('%s', (_name, inputs, lines) => {
    const { lines: found, reader } = bridge(inputs);
    expect(found).toEqual(lines);
    expect(reader.skipped()).toEqual({ pieces: 0, flows: [] });
  });

  test('UDP passes through as it is', () => {
    const { lines, packets } = bridge([
      { bytes: text('one'), flow: udp },
      concat(accepted('S1', 1), letters('a', 'b')),
      { bytes: mold(1, []), flow: udp, truncated: true },
    ]);
    expect(lines).toEqual(['one', '2 102.5 S1 1: a b', latin1(new DataView(mold(1, []).buffer), 0, 20)]);
    expect(packets).toEqual([
      { flow: udp, truncated: false, messageCount: 0, fileOffset: 100, length: 3 },
      { flow: { ...server, transport: 'UDP' }, truncated: false, messageCount: 2, fileOffset: 200, length: 26 },
      { flow: udp, truncated: true, messageCount: 0, fileOffset: 300, length: 20 },
    ]);
    const same = new Pieces([{ bytes: text('one'), flow: udp }]);
    const reader = new SoupBridge(same, { session: 'BUILT', mtu: 1500, lengthOf });
    expect(reader.next()).toBe(true);
    expect(reader.view).toBe(same.view);
    expect(reader.flow).toBe(udp);
  });

  test('a flow is the same object in every pass that shares the map', () => {
    const flows = new Map<Flow, Flow>();
    const [first, second] = [0, 1].map(() => bridge([concat(accepted('S1', 1), letters('a'))], { flows }).packets[0]);
    expect(first.flow).toBe(second.flow);
    expect(first.flow).toEqual({ ...server, transport: 'UDP' });
  });

  test('bytes are asked for and handed on', () => {
    const pieces = new Pieces([]);
    const reader = new SoupBridge(pieces, { session: 'BUILT', mtu: 1500, lengthOf });
    pieces.next = () => false;
    expect(reader.next()).toBe(false);
    expect(reader.done).toBe(false);
    reader.push(new Uint8Array(1));
    reader.end();
    expect(pieces.pushed).toBe(101);
  });

  test('packets hold to the MTU, but for a message that fills more by itself', () => {
    const long = 'x'.repeat(30);
    const piece = concat(accepted('S1', 1), letters('a', long, 'b', 'y'.repeat(200), 'c', 'd'));
    const { lines, packets } = bridge([piece], { mtu: 28 + 20 + 40 });
    expect(lines.map((line) => line.slice('1 101.5 S1 '.length))).toEqual([
      `1: a ${long} b`,
      `4: ${'y'.repeat(200)}`,
      '5: c d',
    ]);
    expect(packets.map(({ length }) => length)).toEqual([58, 222, 26]);
  });

  test('a message that no datagram can hold is left out, and its number with it', () => {
    const all = concat(accepted('S1', 1), sequenced('x'.repeat(65_485)), sequenced('y'.repeat(65_486)), sequenced('z'));
    const { packets, lines, damages, reader } = bridge([all]);
    expect(packets.map(({ length }) => length)).toEqual([65_507, 23]);
    expect(lines[1]).toBe('1 101.5 S1 3: z');
    expect(damages.map(({ code }) => code)).toEqual(['message-too-long']);
    expect(damages[0]).toMatchObject({ record: 1, offset: 100 });
    expect(reader.tooLong).toBe(1);
  });

  test('what is not SoupBinTCP is passed over and counted by flow', () => {
    const web = tcpFlow(4);
    const { lines, reader } = bridge([
      { bytes: text('GET / HTTP/1.1\r\n\r\n'), flow: web },
      concat(accepted('S1', 1), letters('a')),
      { bytes: text('Host: example.org\r\n'), flow: web },
    ]);
    expect(lines).toEqual(['2 102.5 S1 1: a']);
    expect(reader.skipped()).toEqual({ pieces: 2, flows: [{ name: '10.0.0.1:7004 > 10.0.0.2:40000', pieces: 2 }] });
  });

  test('the flow that was told to be none of it', () => {
    const { lines, reader } = bridge([concat(accepted('S1', 1), letters('a'))], { force: () => 'none' });
    expect(lines).toEqual([]);
    expect(reader.skipped().pieces).toBe(1);
  });

  test('damage is told, what the end of the capture cuts off included', () => {
    const { damages } = bridge([concat(accepted('S1', 1), letters('a'), sequenced('hello').subarray(0, 5))]);
    expect(damages.map(({ code }) => code)).toEqual(['cut-packet']);
  });

  test('streams beyond the bound keep their flows', () => {
    const inputs = Array.from({ length: MAX_STREAMS + 2 }, (_, index): Input => {
      return { bytes: concat(accepted('S1', 5), letters('a', 'b')), flow: tcpFlow(index) };
    });
    const { lines, packets, damages } = bridge(inputs);
    expect(lines.map((line) => line.replace(/^\d+ \S+ /, '')).slice(MAX_STREAMS - 1)).toEqual([
      'S1 5: a b',
      'BUILT 1: a b',
      'BUILT 1: a b',
    ]);
    expect(packets.map(({ flow }) => flow.name)).toEqual(inputs.map(({ flow }) => flow?.name));
    expect(damages.map(({ code }) => code)).toEqual(['too-many-sessions']);
  });

  test('any cut into pieces: the same messages with the same numbers', () => {
    const messages = Array.from({ length: 40 }, (_, index) => itch(index % 2 ? 'A' : 'D', index));
    const stream = concat(accepted('S1', 9), ...messages.map(sequenced));
    const expected = messages.map((message, index) => `${9 + index} ${Buffer.from(message).toString('latin1')}`);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (cuts) => {
        const inputs: Input[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + (cuts[turn % cuts.length] as number);
          inputs.push({ bytes: stream.subarray(at, end) });
          at = end;
        }
        const found: string[] = [];
        const reader = new SoupBridge(new Pieces(inputs), { session: 'BUILT', mtu: 200, lengthOf });
        while (reader.next()) {
          let at = reader.offset + 20;
          for (let index = 0; index < reader.messageCount; index++) {
            const length = reader.view.getUint16(at);
            const sequence = readSequence(reader.view, reader.offset) + index;
            found.push(`${sequence} ${latin1(reader.view, at + 2, length)}`);
            at += 2 + length;
          }
        }
        expect(found).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});
