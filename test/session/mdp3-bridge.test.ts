import { describe, expect, test } from 'vitest';
import type { Damage, Flow } from '../../src/core/seams.js';
import { SoupBridge, type SoupBridgeOptions } from '../../src/session/soup-bridge.js';
import { MAX_STREAMS } from '../../src/session/stream.js';
import { facts, packet, sbe, tcpPacket } from './mdp3-build.js';
import { type Input, Pieces, server } from './pieces.js';
import { accepted, sequenced, tcpFlow } from './soup.js';
import { concat, itch, lengthOf, makeFlow, text } from './support.js';

const other = tcpFlow(1);

/** The packets that come out: stamp, flow, messages, and bytes in hexadecimal. */
function bridge(inputs: readonly (Input | Uint8Array)[], options: Partial<SoupBridgeOptions> = {}) {
  const damages: Damage[] = [];
  const given = inputs.map((input) => (input instanceof Uint8Array ? { bytes: input } : input));
  const onDamage = (damage: Damage): number => damages.push(damage);
  const all = { session: 'BUILT', mtu: 1500, lengthOf, mdp3: facts, onDamage, ...options };
  const reader = new SoupBridge(new Pieces(given), all);
  const packets: { at: number; flow: Flow; messages: number; bytes: string }[] = [];
  while (reader.next()) {
    const { view, offset, length, flow, seconds, messageCount } = reader;
    packets.push({
      at: seconds,
      flow,
      messages: messageCount,
      bytes: hex(new Uint8Array(view.buffer, view.byteOffset + offset, length)),
    });
  }
  expect(reader.done).toBe(true);
  expect(reader.next()).toBe(false);
  return { packets, damages: damages.map(({ code }) => code), reader };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const brief = ({ packets }: ReturnType<typeof bridge>) => packets.map(({ at, bytes }) => [at, bytes]);

describe('MDP 3.0 over TCP', () => {
  test('what stands behind a header is a UDP packet', () => {
    const { packets, damages, reader } = bridge([
      concat(tcpPacket(7, 5, ['a', 'bc']), tcpPacket(8, 6, ['d'])),
      tcpPacket(9, 7, [sbe('x', { template: 206, schema: 2 })]),
    ]);
    expect(packets.map(({ at, messages, bytes }) => [at, messages, bytes])).toEqual([
      [101, 2, hex(packet(7, 5, ['a', 'bc']))],
      [101, 1, hex(packet(8, 6, ['d']))],
      [102, 1, hex(packet(9, 7, [sbe('x', { template: 206, schema: 2 })]))],
    ]);
    expect(new Set(packets.map(({ flow }) => flow)).size).toBe(1);
    expect(packets[0]?.flow).toEqual({ ...server, transport: 'UDP' });
    expect([damages, reader.skipped()]).toEqual([[], { pieces: 0, flows: [] }]);
  });

  test('a packet goes on in the next piece where its end is not at hand', () => {
    const bytes = concat(tcpPacket(7, 5, ['abc', 'def']), tcpPacket(8, 6, ['g']));
    const expected = [hex(packet(7, 5, ['abc', 'def'])), hex(packet(8, 6, ['g']))];
    const afterFirstMessage = 14 + 13;
    for (let at = 1; at < bytes.length; at++) {
      // There a piece ends with a message, and so does the packet.
      if (at === afterFirstMessage) continue;
      const found = bridge([bytes.subarray(0, at), bytes.subarray(at)]);
      expect([at, found.packets.map((one) => one.bytes)]).toEqual([at, expected]);
    }
    expect(brief(bridge([bytes.subarray(0, afterFirstMessage), bytes.subarray(afterFirstMessage)]))).toEqual([
      [101, hex(packet(7, 5, ['abc']))],
      [102, hex(packet(7, 5, ['def']))],
      [102, hex(packet(8, 6, ['g']))],
    ]);
  });

  test('headers without messages, and one at the end', () => {
    const found = bridge([concat(tcpPacket(1, 0, ['a']), tcpPacket(2, 1, [])), tcpPacket(3, 2, [])]);
    expect(brief(found)).toEqual([
      [101, hex(packet(1, 0, ['a']))],
      [102, hex(packet(2, 1, []))],
      [102, hex(packet(3, 2, []))],
    ]);
  });

  test('a repeated header is a packet of its own', () => {
    const found = bridge([concat(tcpPacket(4, 0, ['a']), tcpPacket(4, 0, ['a']))]);
    expect(brief(found).map(([, bytes]) => bytes)).toEqual([hex(packet(4, 0, ['a'])), hex(packet(4, 0, ['a']))]);
  });

  test('the MTU does not divide a packet, a datagram’s bound does', () => {
    const long = 'x'.repeat(40_000);
    const found = bridge([tcpPacket(1, 0, [long, 'a', long, 'b'])], { mtu: 1500 });
    expect(found.packets.map(({ messages, bytes }) => [messages, bytes])).toEqual([
      [2, hex(packet(1, 0, [long, 'a']))],
      [2, hex(packet(1, 0, [long, 'b']))],
    ]);
  });

  test('two streams by turns, each with an open packet', () => {
    const [one, two] = [tcpPacket(1, 0, ['aaaa', 'bbbb']), tcpPacket(9, 5, ['cccc', 'dddd'])];
    const { packets } = bridge([
      { bytes: one.subarray(0, 32) },
      { bytes: two.subarray(0, 32), flow: other },
      { bytes: one.subarray(32) },
      { bytes: two.subarray(32), flow: other },
    ]);
    expect(packets.map(({ at, flow, bytes }) => [at, flow.name, bytes])).toEqual([
      [103, server.name, hex(packet(1, 0, ['aaaa', 'bbbb']))],
      [104, other.name, hex(packet(9, 5, ['cccc', 'dddd']))],
    ]);
  });

  test('bytes are missing: what was whole comes out, then what is found behind', () => {
    const found = bridge([
      tcpPacket(1, 0, ['a', 'b']).subarray(0, -2),
      { bytes: concat(text('rest'), tcpPacket(5, 4, ['e'])), join: 'lost' },
    ]);
    expect(brief(found)).toEqual([
      [102, hex(packet(1, 0, ['a']))],
      [102, hex(packet(5, 4, ['e']))],
    ]);
    expect(found.damages).toEqual(['cut-packet', 'skipped-bytes']);
  });

  test('beside SoupBinTCP, UDP and what is neither', () => {
    const udp = makeFlow(7);
    const { packets, reader } = bridge([
      { bytes: concat(accepted('S', 1), sequenced(itch('A'))) },
      { bytes: packet(1, 0, ['u']), flow: udp },
      { bytes: tcpPacket(1, 0, ['a']), flow: other },
      { bytes: text('hello'), flow: tcpFlow(2) },
    ]);
    expect(packets.map(({ flow, messages }) => [flow.name, messages])).toEqual([
      [server.name, 1],
      [udp.name, 0],
      [other.name, 1],
    ]);
    expect(reader.skipped().pieces).toBe(1);
  });

  test('without facts it is left out', () => {
    const reader = new SoupBridge(new Pieces([{ bytes: tcpPacket(1, 0, ['a']) }]), {
      session: 'S',
      mtu: 1500,
      lengthOf,
    });
    expect([reader.next(), reader.skipped().pieces]).toEqual([false, 1]);
  });

  test('streams beyond the bound have a packet each, without a number', () => {
    const flows = Array.from({ length: MAX_STREAMS + 2 }, (_, index) => tcpFlow(index));
    const { packets } = bridge(flows.map((flow) => ({ flow, bytes: tcpPacket(3, 0, ['a']) })));
    expect(packets.map(({ flow }) => flow.name)).toEqual(flows.map(({ name }) => name));
    expect(packets.slice(-3).map(({ bytes }) => bytes)).toEqual(
      [3, 0, 0].map((number) => hex(packet(number, 0, ['a']))),
    );
  });
});
