import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import type { Flow } from '../../src/core/seams.js';
import { PacketCopy, type PacketCopyOptions } from '../../src/run/convert-packets.js';
import { type ConvertOptions, convertSpecOf } from '../../src/run/convert-spec.js';
import { parseRemapping } from '../../src/run/remap.js';
import { Restamper, StampSpan } from '../../src/run/restamp.js';
import { SessionDemux } from '../../src/session/demux.js';
import { read } from '../capture/drive.js';
import { baseNs, facts, packet, sbe, sized, tcpPacket } from '../session/mdp3-build.js';
import { tcpFlow } from '../session/soup.js';
import { concat, embed, lengthOf, makeFlow } from '../session/support.js';
import { scratch } from './support.js';

const { folder } = scratch();
const flows = [0, 1, 2].map((index) => makeFlow(index));
let files = 0;

/** A datagram: the flow's index, and its bytes, captured a microsecond behind the one before. */
type Given = [flow: number, bytes: Uint8Array];

/** What is written: `source port seconds.ns number body,body`, and the report. */
function convert(given: readonly Given[], options: PacketCopyOptions = {}, spec: ConvertOptions = {}) {
  const path = `${folder}/packets-${files++}.pcap`;
  const whole = convertSpecOf('in.pcap', path, spec);
  const copy = new PacketCopy(whole, new StampSpan(new Restamper(whole.restamp)), options);
  given.forEach(([index, bytes], number) => {
    const { view, offset, length } = embed(bytes);
    copy.take(view, offset, length, 1_600_000_000, 1000 * number, flows[index] as Flow);
    new Uint8Array(view.buffer).fill(0xdd);
  });
  copy.finish();
  copy.close();
  return { ...written(path), report: copy.report(), path };
}

function written(path: string) {
  const datagrams = existsSync(path) ? read(new Uint8Array(readFileSync(path))).datagrams : [];
  return {
    flows: [...new Set(datagrams.map(({ flow }) => flow))],
    packets: datagrams.map(({ seconds, nanoseconds, payload }) => {
      const bytes = Buffer.from(payload, 'latin1');
      return `${seconds}.${nanoseconds} ${describePacket(bytes)}`;
    }),
  };
}

function describePacket(bytes: Buffer): string {
  const bodies: string[] = [];
  for (let at = 12; at < bytes.length; at += bytes.readUInt16LE(at)) {
    bodies.push(bytes.subarray(at + 10, at + bytes.readUInt16LE(at)).toString('latin1'));
  }
  return `${bytes.readUInt32LE(0)}@${bytes.readBigUInt64LE(4) - baseNs} ${bodies.join(',')}`;
}

const keyOf: PacketCopyOptions['keyOf'] = ({ index }) => `${310 + (index >> 1)} I`;
const books: PacketCopyOptions['choose'] = (view, offset) => view.getUint16(offset + 2, true) === 46;
const trade = (body: string) => sbe(body, { template: 48 });
const flowName = (index: number) => makeFlow(index).name;

describe('packets', () => {
  const two: Given[] = [
    [0, packet(1, 0, ['a', trade('t')])],
    [1, packet(1, 0, ['a', trade('t')])],
    [2, packet(7, 5, ['x'])],
    [1, packet(2, 1, ['b'])],
    [0, packet(3, 2, [trade('u')])],
    [0, packet(2, 1, ['b'])],
    [1, packet(4, 3, [])],
    [0, packet(5, 4, ['c'])],
  ];

  test('each of a channel once, on its first line’s flow, as captured', () => {
    const { packets, flows, report } = convert(two, { keyOf });
    expect(packets).toEqual([
      '1600000000.0 1@0 a,t',
      '1600000000.2000 7@5 x',
      '1600000000.3000 2@1 b',
      '1600000000.4000 3@2 u',
      '1600000000.6000 4@3 ',
      '1600000000.7000 5@4 c',
    ]);
    expect(flows).toEqual([flowName(0), flowName(2)]);
    expect(report).toEqual({
      framing: 'mdp3',
      session: null,
      messages: 6,
      packets: 6,
      bytes: readFileSync(convert(two, { keyOf }).path).length,
      filtered: 0,
      unsequenced: 0,
      otherSessions: [],
      gaps: [],
      gapsTotal: 0,
      missing: 0,
      duplicates: 2,
      late: 0,
      heldBack: 1,
      tooLong: 0,
      zeroLength: 0,
      clampedTimestamps: 0,
      connections: 0,
      channels: 2,
      restarts: 0,
    });
  });

  test('lines known by content', () => {
    const { packets, report } = convert(two);
    expect(packets.map((one) => one.split(' ')[1])).toEqual(['1@0', '7@5', '2@1', '3@2', '4@3', '5@4']);
    expect(report).toMatchObject({ channels: 2, duplicates: 2 });
  });

  test('chosen messages, numbered from 1', () => {
    const { packets, report } = convert(two, { keyOf, choose: books });
    expect(packets.map((one) => one.slice(one.indexOf(' ') + 1))).toEqual(['1@0 a', '1@5 x', '2@1 b', '3@4 c']);
    expect(report).toMatchObject({ messages: 4, packets: 4, filtered: 2 });
  });

  test('with the numbers that they have, or with others', () => {
    const numbers = (spec: ConvertOptions) =>
      convert(two, { keyOf, choose: books }, spec).packets.map((one) => one.split(' ')[1]);
    expect(numbers({ keepSequence: true })).toEqual(['1@0', '7@5', '2@1', '5@4']);
    expect(numbers({ resequence: 100 })).toEqual(['100@0', '100@5', '101@1', '102@4']);
    expect(convert(two, { keyOf }, { resequence: 100 }).packets.map((one) => one.split(' ')[1])).toEqual([
      '100@0',
      '100@5',
      '101@1',
      '102@2',
      '103@3',
      '104@4',
    ]);
  });

  test('gaps, and numbers that begin anew', () => {
    const given: Given[] = [
      [0, packet(1, 0, ['a'])],
      [0, packet(3, 2, ['c'])],
      [0, packet(1, 10, ['d'])],
      [0, packet(2, 11, [trade('t')])],
      [0, packet(3, 12, ['e'])],
    ];
    const kept = convert(given, { keyOf });
    expect(kept.packets.map((one) => one.split(' ')[1])).toEqual(['1@0', '3@2', '1@10', '2@11', '3@12']);
    expect(kept.report).toMatchObject({
      gaps: [{ from: 2, to: 2, count: 1, session: null }],
      gapsTotal: 1,
      missing: 1,
      restarts: 1,
    });
    const { packets } = convert(given, { keyOf, choose: books });
    expect(packets.map((one) => one.split(' ')[1])).toEqual(['1@0', '2@2', '1@10', '2@12']);
    const { packets: anew } = convert(given, { keyOf }, { resequence: 100 });
    expect(anew.map((one) => one.split(' ')[1])).toEqual(['100@0', '101@2', '1@10', '2@11', '3@12']);
  });

  test('what is held back comes in the order of its stamps, with that of the packet that it waited for', () => {
    const given: Given[] = [
      [0, packet(1, 0, ['a'])],
      [2, packet(1, 0, ['x'])],
      [0, packet(3, 2, ['c'])],
      [2, packet(2, 1, ['y'])],
      [0, packet(4, 3, ['d'])],
      [2, packet(3, 2, ['z'])],
      [1, packet(2, 1, ['b'])],
      [2, packet(4, 3, ['w'])],
    ];
    expect(convert(given, { keyOf }).packets).toEqual([
      '1600000000.0 1@0 a',
      '1600000000.1000 1@0 x',
      '1600000000.3000 2@1 y',
      '1600000000.5000 3@2 z',
      '1600000000.6000 2@1 b',
      '1600000000.6000 3@2 c',
      '1600000000.6000 4@3 d',
      '1600000000.7000 4@3 w',
    ]);
  });

  test('a clock that goes back changes no stamp where nothing is held back', () => {
    const path = `${folder}/back.pcap`;
    const spec = convertSpecOf('in.pcap', path);
    const copy = new PacketCopy(spec, new StampSpan(new Restamper(spec.restamp)), { keyOf });
    const stamps = [50, 60, 10, 20, 5];
    stamps.forEach((ns, index) => {
      const { view, offset, length } = embed(packet(1 + (index >> 1), index, ['a']));
      copy.take(view, offset, length, 1_600_000_000, ns, flows[2 * (index % 2)] as Flow);
    });
    copy.finish();
    copy.close();
    expect(written(path).packets.map((one) => Number(one.slice(11, one.indexOf(' '))))).toEqual(stamps);
  });

  test('what is no whole packet', () => {
    const given: Given[] = [
      [0, packet(1, 0, ['a']).subarray(0, 11)],
      [0, concat(packet(1, 0, []), sized('b', 99))],
      [0, concat(packet(1, 0, ['a']), sized('b', 99))],
    ];
    expect(convert(given).packets).toEqual(['1600000000.2000 1@0 a']);
  });

  test('other stamps and addresses', () => {
    const shifted = convert(two.slice(0, 1), {}, { restamp: { exchange: false, speed: 1, start: null, shiftNs: 5e9 } });
    expect(shifted.packets).toEqual(['1600000005.0 1@0 a,t']);
    const exchange = convert(two, { keyOf }, { restamp: { exchange: true, speed: 1, start: null, shiftNs: 0 } });
    expect(exchange.packets.map((one) => one.split(' ')[0])).toEqual(
      [0, 5, 1, 2, 3, 4].map((ns) => `1700000000.${ns}`),
    );
    const { flows } = convert(
      two,
      { keyOf },
      {
        remapSources: [parseRemapping('10.9.9.9:1')],
        remapDestinations: [parseRemapping('239.1.1.1:2')],
      },
    );
    expect(flows).toEqual(['10.9.9.9:1 > 239.1.1.1:2']);
  });

  test('nothing chosen, no file', () => {
    const { path, report } = convert(two, { choose: () => false });
    expect([existsSync(path), report.messages, report.filtered]).toEqual([false, 0, 6]);
  });

  test('a BinaryFILE is refused', () => {
    const spec = convertSpecOf('in.pcap', 'out.itch');
    expect(() => new PacketCopy(spec, new StampSpan(new Restamper(spec.restamp)))).toThrow(UsageError);
  });
});

describe('the TCP form', () => {
  test('what stands behind a header is a packet, stamped as its first message came', () => {
    const path = `${folder}/tcp.pcap`;
    const spec = convertSpecOf('in.pcap', path);
    const copy = new PacketCopy(spec, new StampSpan(new Restamper(spec.restamp)));
    const flow = tcpFlow();
    let ns = 0;
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _ns, sequence, stream) =>
          copy.takeMessage(view, offset, length, 1_600_000_000, ns, sequence, stream, flow),
      },
      { lengthOf, mdp3: facts },
    );
    const bytes = concat(tcpPacket(5, 0, ['a', 'bb']), tcpPacket(6, 1, ['c']), tcpPacket(6, 1, ['c']));
    for (const piece of [bytes.subarray(0, 30), bytes.subarray(30)]) {
      const { view, offset, length } = embed(piece);
      demux.segment(view, offset, length, 0, flow, ns === 0 ? 'start' : 'next', 1, 0);
      ns += 500;
    }
    demux.finish();
    copy.finish();
    copy.close();
    expect(written(path)).toEqual({
      flows: [flow.name],
      packets: ['1600000000.0 5@0 a,bb', '1600000000.500 6@1 c'],
    });
    expect(copy.report()).toMatchObject({ messages: 3, packets: 2, duplicates: 1 });
  });
});
