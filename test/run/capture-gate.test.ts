import { describe, expect, test, vi } from 'vitest';
import type { DatagramReader, Flow } from '../../src/core/seams.js';
import { parseWhen } from '../../src/core/time.js';
import { type FilterSpec, noFilter } from '../../src/replay/filter.js';
import { CaptureWindow, type WindowOptions } from '../../src/replay/window.js';
import { recordsPastWindow } from '../../src/replay/windowed-reader.js';
import { CaptureGate, packedGate } from '../../src/run/capture-gate.js';
import * as moldudp64 from '../../src/session/moldudp64-header.js';
import { builtInProtocols, embed, inputOf, itch, makeFlow, message, mold, openSeconds } from './support.js';

vi.mock(import('../../src/session/moldudp64-header.js'), async (original) => {
  const real = await original();
  return { ...real, readSession: vi.fn(real.readSession) };
});

const flow = makeFlow();

function datagram(payload: Uint8Array, options: { flow?: Flow; seconds?: number; truncated?: boolean } = {}) {
  const { seconds = 0, ...rest } = options;
  return { flow, ...embed(payload), seconds: openSeconds + seconds, nanoseconds: 0, ...rest } as DatagramReader;
}

function gateOf(filter: Partial<FilterSpec> = {}, window: WindowOptions = {}, input = {}): CaptureGate {
  return new CaptureGate(
    inputOf('x', input),
    builtInProtocols(),
    { ...noFilter, ...filter },
    new CaptureWindow(window),
  );
}

describe('messagesIn', () => {
  test.each<[string, Uint8Array, number]>([
    ['three messages', mold(1, [itch('A'), itch('D'), itch('S')]), 3],
    ['heartbeat', mold(4, []), 0],
    ['end of session', mold(4, [], { count: 0xffff }), 0],
    ['request packet', mold(4, [], { count: 10 }), 0],
    ['more blocks announced than there are', mold(1, [itch('A'), itch('D')], { count: 60_000 }), 2],
    ['a block cut short', mold(1, [itch('A'), itch('D')]).subarray(0, -1), 1],
    ['blocks without bytes', mold(1, [itch('A'), new Uint8Array(0), new Uint8Array(0)]), 3],
    ['less than a header', mold(1, [itch('A')]).subarray(0, 19), 0],
    ['nothing', new Uint8Array(0), 0],
  ])('%s', (_name, payload, messages) => {
    const gate = gateOf();
    expect(gate.messagesIn(datagram(mold(9, [itch('S')])))).toBe(1);
    expect(gate.messagesIn(datagram(payload))).toBe(messages);
  });

  test('a flow that is no MoldUDP64 has none', () => {
    const gate = gateOf();
    const noise = Uint8Array.from({ length: 60 }, (_, index) => 200 - index);
    expect(gate.messagesIn(datagram(noise))).toBe(0);
    expect(gate.messagesIn(datagram(mold(1, [itch('A')])))).toBe(1);
    expect(gate.messagesIn(datagram(mold(2, [itch('A')]), { flow: makeFlow(1) }))).toBe(1);
  });

  test('what the user says goes before what the bytes look like', () => {
    const packet = datagram(mold(1, [itch('A'), itch('A')]));
    expect(gateOf({}, {}, { protocol: 'none' }).messagesIn(packet)).toBe(0);
    expect(gateOf({}, {}, { portMap: new Map([[26477, 'none']]) }).messagesIn(packet)).toBe(0);
    const odd = datagram(mold(2n ** 60n, ['?', '??']));
    expect(gateOf().messagesIn(odd)).toBe(0);
    expect(gateOf({}, {}, { protocol: 'itch50' }).messagesIn(odd)).toBe(2);
  });

  test('of datagrams built from messages it is what was packed', () => {
    expect(packedGate.messagesIn({ messageCount: 7 } as unknown as DatagramReader)).toBe(7);
    expect(packedGate.admit({} as DatagramReader)).toBe('yes');
  });
});

describe('admit', () => {
  test('truncated datagrams are left out and counted', () => {
    const gate = gateOf();
    expect(gate.admit(datagram(mold(1, [itch('A')]), { truncated: true }))).toBe('no');
    expect(gate.admit(datagram(mold(1, [itch('A')])))).toBe('yes');
    expect(gate.truncated).toBe(1);
  });

  test('destination', () => {
    const gate = gateOf({ destinations: [':26477'] });
    const verdicts = [flow, makeFlow(1, 26478), makeFlow(2)].map((its) =>
      gate.admit(datagram(mold(1, []), { flow: its })),
    );
    expect(verdicts).toEqual(['yes', 'no', 'yes']);
  });

  test('session: of MoldUDP64 packets only', () => {
    const gate = gateOf({ sessions: ['ONE'] });
    const packets = [
      mold(1, [itch('A')], { session: 'ONE' }),
      mold(1, [itch('A')], { session: 'TWO' }),
      mold(2, [], { session: 'ONE' }),
      Uint8Array.of(1, 2, 3),
    ];
    expect(packets.map((packet) => gate.admit(datagram(packet)))).toEqual(['yes', 'no', 'yes', 'no']);
  });

  test('session: its name is read once for each flow and session', () => {
    const gate = gateOf({ sessions: ['ONE'] });
    const names = ['ONE', 'TWO', 'ONE', 'ONE', 'TWO'];
    const readSession = vi.mocked(moldudp64.readSession);
    readSession.mockClear();
    for (let round = 0; round < 3; round++) {
      const packets = names.map((session) => datagram(mold(1, [itch('A')], { session })));
      expect(packets.map((packet) => gate.admit(packet))).toEqual(['yes', 'no', 'yes', 'yes', 'no']);
    }
    expect(gate.admit(datagram(mold(1, [itch('A')], { session: 'ONE' }), { flow: makeFlow(1) }))).toBe('yes');
    expect(readSession).toHaveBeenCalledTimes(3);
  });

  test('session: of more streams than are told apart, each is still judged by its name', () => {
    const gate = gateOf({ sessions: ['S5', 'S1500'] });
    const wanted: string[] = [];
    for (let index = 0; index < 1600; index++) {
      const session = `S${index}`;
      if (gate.admit(datagram(mold(1, [itch('A')], { session }))) === 'yes') wanted.push(session);
    }
    expect(wanted).toEqual(['S5', 'S1500']);
  });

  test('symbols: a locate is of one session on one flow', () => {
    const gate = gateOf({ symbols: ['AAPL'] });
    const other = makeFlow(1);
    const admit = (session: string, bytes: Uint8Array, its = flow) =>
      gate.admit(datagram(mold(1, [bytes], { session }), { flow: its }));
    expect([
      admit('NASDAQ', message('R', 0, 5, [11, 'AAPL'])),
      admit('BX', message('R', 0, 5, [11, 'ZZZ'])),
      admit('NASDAQ', message('R', 0, 5, [11, 'ZZZ']), other),
      admit('BX', message('E', 0, 5)),
      admit('NASDAQ', message('E', 0, 5), other),
      admit('NASDAQ', message('E', 0, 5)),
    ]).toEqual(['yes', 'no', 'no', 'no', 'no', 'yes']);
  });

  test('a datagram is kept whole where one message is wanted; heartbeats hold none', () => {
    const gate = gateOf({ types: ['D'] });
    const packets = [
      mold(1, [itch('A'), itch('D'), itch('A')]),
      mold(4, [itch('A'), itch('F')]),
      mold(6, []),
      mold(6, [], { count: 0xffff }),
      mold(6, [itch('A'), itch('D')], { count: 9 }),
    ];
    expect(packets.map((packet) => gate.admit(datagram(packet)))).toEqual(['yes', 'no', 'no', 'no', 'yes']);
  });

  test('symbols are learned from every message, of a datagram that is not kept too', () => {
    const gate = gateOf({ symbols: ['AAPL'], types: ['D'] });
    const directory = mold(1, [message('R', 0, 13, [11, 'AAPL'])]);
    const early = mold(1, [message('D', 0, 13)]);
    const both = mold(2, [message('D', 0, 14), message('D', 0, 13)]);
    expect([early, directory, both].map((packet) => gate.admit(datagram(packet)))).toEqual(['no', 'no', 'yes']);
  });

  test('a new loop forgets what was learned, so that it is the same as the one before', () => {
    const gate = gateOf({ symbols: ['AAPL'] });
    const loop = () => {
      gate.startLoop();
      const late = Uint8Array.of(0xff, 0xff);
      const packets = [late, mold(1, [message('D', 0, 13)]), mold(2, [message('R', 0, 13, [11, 'AAPL'])])];
      return [...packets, mold(3, [message('D', 0, 13)])].map((packet) => gate.admit(datagram(packet)));
    };
    expect(loop()).toEqual(['no', 'no', 'yes', 'yes']);
    expect(loop()).toEqual(['no', 'no', 'yes', 'yes']);
  });
});

describe('window', () => {
  const window = { from: parseWhen('+10s'), until: parseWhen('+20s') };
  const at = (seconds: number) => datagram(mold(1, [itch('A')]), { seconds });

  test('before, in, and after, which may be disorder', () => {
    const gate = gateOf({}, window);
    expect([0, 9, 10, 19, 20, 15, 25].map((seconds) => gate.admit(at(seconds)))).toEqual([
      'before',
      'before',
      'yes',
      'yes',
      'no',
      'yes',
      'no',
    ]);
  });

  test('symbols are learned from what lies before it', () => {
    const gate = gateOf({ symbols: ['AAPL'], destinations: [':26477'] }, window);
    const directory = (session: string) => mold(1, [message('S'), message('R', 0, 13, [11, 'AAPL'])], { session });
    const order = (session: string) => mold(3, [message('D', 0, 13)], { session });
    const loop = () => {
      gate.startLoop();
      return [
        gate.admit(datagram(Uint8Array.of(1, 2), { seconds: 0 })),
        gate.admit(datagram(mold(1, [], { count: 0xffff }), { seconds: 0 })),
        gate.admit(datagram(directory('ONE'), { seconds: 0 })),
        gate.admit(datagram(order('ONE'), { seconds: 11 })),
        gate.admit(datagram(order('TWO'), { seconds: 11 })),
      ];
    };
    expect(loop()).toEqual(['before', 'before', 'before', 'yes', 'no']);
    expect(loop()).toEqual(['before', 'before', 'before', 'yes', 'no']);
  });

  test('well after it the rest is not read, nor is that remembered in the next loop', () => {
    const gate = gateOf({}, window);
    gate.startLoop();
    expect(gate.admit(at(0))).toBe('before');
    for (let past = 0; past < recordsPastWindow; past++) expect(gate.admit(at(20))).toBe('no');
    expect(gate.admit(at(20))).toBe('after');
    gate.startLoop();
    expect([20, 0, 10].map((seconds) => gate.admit(at(seconds)))).toEqual(['no', 'before', 'yes']);
  });
});
