import { describe, expect, test } from 'vitest';
import { type ForcedFraming, looksLikeMoldUDP64, MAX_DEMUX_FLOWS, SessionDemux } from '../../src/session/demux.js';
import { tcpFlow } from './soup.js';
import { concat, EventLog, embed, itch, lengthOf, makeFlow, mold, text } from './support.js';

const nul = '\0'.repeat(10);
const header = (sequence: number | bigint, count: number, session?: string) => mold(sequence, [], { count, session });
const overrun = Uint8Array.of(0, 99, 1, 2);

describe('looksLikeMoldUDP64', () => {
  const vectors: [string, Uint8Array, boolean][] = [
    ['messages of unknown types', mold(1, ['foo', 'ba']), true],
    ['messages, one of them empty', mold(1, ['foo', '']), true],
    ['session of all NUL with messages', mold(0, ['foo'], { session: nul }), true],
    ['session of spaces with messages', mold(1, ['foo'], { session: '' }), true],
    ['session from the first printable character to the last', mold(1, ['foo'], { session: ' !~' }), true],
    ['session with a DEL', mold(1, ['foo'], { session: 'A\x7f' }), false],
    ['a length and no message', mold(1, [], { count: 1, tail: Uint8Array.of(0, 36) }), false],
    ['heartbeat', header(7, 0), true],
    ['end of session', header(7, 0xffff), true],
    ['request', header(7, 3), true],
    ['known message, then an overrun', mold(1, [itch('A')], { count: 2, tail: overrun }), true],
    ['known message, then trailing bytes', mold(1, [itch('A')], { tail: text('xyz') }), true],
    ['known message, then nothing of two', mold(1, [itch('A')], { count: 3 }), true],
    ['unknown message, then an overrun', mold(1, ['foo'], { count: 2, tail: overrun }), false],
    ['unknown message, then trailing bytes', mold(1, ['foo'], { tail: text('xyz') }), false],
    ['only empty messages', mold(1, ['', '']), false],
    ['heartbeat with trailing bytes', mold(7, [], { tail: text('x') }), false],
    ['end of session with trailing bytes', mold(7, [], { count: 0xffff, tail: text('x') }), false],
    ['heartbeat with a known message', mold(7, [itch('A')], { count: 0 }), false],
    ['end of session with a known message', mold(7, [itch('A')], { count: 0xffff }), false],
    ['heartbeat of all NUL', header(0, 0, nul), false],
    ['request of all NUL', header(0, 1, nul), false],
    ['heartbeat of spaces', header(1, 0, ''), false],
    ['all zeros', new Uint8Array(100), false],
    ['session with a control character', mold(1, [itch('A')], { session: 'AB\n' }), false],
    ['session with a NUL inside', mold(1, [itch('A')], { session: 'A\0B' }), false],
    ['session with a high byte', mold(1, [itch('A')], { session: 'AB\xc3' }), false],
    ['sequence 2^53 − 1', mold(2n ** 53n - 1n, ['foo']), true],
    ['sequence 2^53', mold(2n ** 53n, ['foo']), false],
    ['text', text('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'), false],
    ['twenty characters', text('ABCDEFGHIJKLMNOPQRST'), false],
    ['19 bytes', header(7, 0).subarray(0, 19), false],
    ['nothing', concat(), false],
  ];
  test.each(vectors)('%s', (_name, payload, expected) => {
    const { view, offset, length } = embed(payload);
    expect(looksLikeMoldUDP64(view, offset, length, lengthOf)).toBe(expected);
  });
});

function demux(packets: [flow: number, payload: Uint8Array][], force?: (index: number) => ForcedFraming) {
  const log = new EventLog();
  const flows = [makeFlow(0), makeFlow(1), makeFlow(2)];
  const session = new SessionDemux(log, { lengthOf, force: force && ((flow) => force(flow.index)) });
  const decoded = packets.map(([index, payload], number) => {
    const { view, offset, length } = embed(payload);
    const flow = flows[index] as (typeof flows)[number];
    return session.datagram(view, offset, length, number * 1000, flow, number + 1, number * 100);
  });
  return { events: log.events, decoded, session, flows };
}

describe('SessionDemux', () => {
  test('a flow is MoldUDP64 from its first plausible packet on', () => {
    const { events, decoded, session, flows } = demux([
      [0, text('hello')],
      [0, mold(1, ['a'])],
      [0, text('hello')],
      [0, mold(2, ['b'], { tail: text('z') })],
    ]);
    expect(decoded).toEqual([false, true, true, true]);
    expect(events).toEqual(['message 1 a', 'damage short-packet', 'message 2 b', 'damage trailing-bytes']);
    expect(flows.map((flow) => session.isRecognised(flow))).toEqual([true, false, false]);
  });

  test('the same session on two flows is two streams', () => {
    const { events, session } = demux([
      [0, mold(1, ['a'])],
      [1, mold(1, ['a'])],
      [0, mold(2, ['b'])],
      [1, mold(3, ['c'])],
    ]);
    expect(events).toEqual(['message 1 a', 'message 1 a', 'message 2 b', 'gap 2-2', 'message 3 c']);
    expect(session.streams.map(({ index, session: name, flow }) => [index, name, flow?.index])).toEqual([
      [0, 'SESSION', 0],
      [1, 'SESSION', 1],
    ]);
  });

  test('datagrams and TCP streams: streams and flows are numbered and reported together', () => {
    const log = new EventLog();
    const session = new SessionDemux(log, { lengthOf, firstStream: 5 });
    const soup = embed(concat(text('\0\x02Sa\0\x02Sb'), text('\0\x01H'), text('\0\x09')));
    const mold = embed(header(1, 0, 'M'));
    expect(session.segment(soup.view, soup.offset, soup.length, 0, tcpFlow(), 'lost', 1, 0)).toBe(true);
    expect(session.datagram(mold.view, mold.offset, mold.length, 0, makeFlow(1), 2, 90)).toBe(true);
    session.finish();
    expect(log.events).toEqual(['message 0 a', 'message 0 b', 'heartbeat 0', 'heartbeat 1', 'damage cut-packet']);
    expect(session.streams.map(({ index, protocol }) => [index, protocol])).toEqual([
      [5, 'SoupBinTCP'],
      [6, 'MoldUDP64'],
    ]);
    const flows = session.flows().map(({ transport, recognisedAs, direction }) => [transport, recognisedAs, direction]);
    expect(flows).toEqual([
      ['TCP', 'SoupBinTCP', 'server'],
      ['UDP', 'MoldUDP64', undefined],
    ]);
    expect(session.sessions().map(({ protocol, heartbeats }) => [protocol, heartbeats])).toEqual([
      ['SoupBinTCP', 1],
      ['MoldUDP64', 1],
    ]);
  });

  test('an IPv6 address is reported in brackets', () => {
    const session = new SessionDemux(new EventLog(), { lengthOf });
    const { view, offset, length } = embed(text('what'));
    const flow = { ...tcpFlow(), source: '2001:db8::1', destination: '2001:db8::2' };
    expect(session.segment(view, offset, length, 0, flow, 'start', 1, 0)).toBe(false);
    expect(session.flows()).toMatchObject([{ source: '[2001:db8::1]:7000', destination: '[2001:db8::2]:40000' }]);
  });

  test('a framing can be forced', () => {
    const force = (index: number): ForcedFraming => (['moldudp64', 'none', undefined] as const)[index];
    const { events, decoded } = demux(
      [
        [0, mold(1, [], { tail: text('x') })],
        [1, mold(1, ['b'])],
        [2, mold(1, ['c'])],
      ],
      force,
    );
    expect([events, decoded]).toEqual([
      ['heartbeat 1', 'damage trailing-bytes', 'message 1 c'],
      [true, false, true],
    ]);
  });

  test('datagrams of flows beyond the bound are counted', () => {
    const log = new EventLog();
    const session = new SessionDemux(log, { lengthOf });
    const { view, offset, length } = embed(mold(1, ['a']));
    const flow = makeFlow();
    const decoded: boolean[] = [];
    for (let index = 0; index < MAX_DEMUX_FLOWS + 2; index++) {
      const taken = session.datagram(view, offset, index === 0 ? length : 3, 0, { ...flow, index }, index + 1, 0);
      if (index === 0 || index >= MAX_DEMUX_FLOWS) decoded.push(taken);
    }
    expect([decoded, session.droppedFlowPackets, session.flows().length]).toEqual([
      [true, false, false],
      2,
      MAX_DEMUX_FLOWS,
    ]);
  });

  test('a stream that did not end says so', () => {
    const { session } = demux([[0, header(3, 0)]]);
    const [report] = session.sessions();
    expect([report?.endOfSession, report?.heartbeats, report?.first, report?.gaps]).toEqual([false, 1, 0, []]);
  });

  test('reports sessions and flows', () => {
    const { session } = demux([
      [1, text('other')],
      [0, header(1, 2)],
      [0, mold(5, ['e', ''])],
      [0, mold(9, ['i'])],
      [0, mold(7, ['g', 'h', 'i'])],
      [0, mold(0, ['u'])],
      [0, header(10, 0)],
      [0, header(12, 0xffff)],
    ]);
    expect(session.sessions()).toEqual([
      {
        protocol: 'MoldUDP64',
        session: 'SESSION',
        source: '10.0.0.1:1000',
        destination: '233.54.12.111:26477',
        first: 5,
        last: 9,
        messages: 7,
        gaps: [{ from: 10, to: 11, count: 2 }],
        gapsDropped: 0,
        missing: 2,
        duplicates: 1,
        outOfOrder: 2,
        packets: 6,
        unsequenced: 1,
        zeroLength: 1,
        heartbeats: 1,
        endOfSession: true,
      },
    ]);
    const destination = '233.54.12.111:26477';
    expect(session.flows()).toEqual([
      {
        transport: 'UDP',
        source: '10.0.0.1:1001',
        destination,
        packets: 1,
        bytes: 5,
        recognisedAs: null,
        unrecognisedPackets: 1,
        requests: 0,
      },
      {
        transport: 'UDP',
        source: '10.0.0.1:1000',
        destination,
        packets: 7,
        bytes: 20 + 25 + 23 + 29 + 23 + 20 + 20,
        recognisedAs: 'MoldUDP64',
        unrecognisedPackets: 0,
        requests: 1,
      },
    ]);
  });
});
