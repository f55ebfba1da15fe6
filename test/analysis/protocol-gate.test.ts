import { describe, expect, test } from 'vitest';
import { type Application, itch50Application } from '../../src/analysis/application.js';
import { maxUnknownLayouts, ProtocolGate } from '../../src/analysis/protocol-gate.js';
import type { Damage, Stream } from '../../src/core/seams.js';
import { embed, itch, itchTypes } from '../session/support.js';

const stream = (index: number): Stream => ({ index, protocol: 'MoldUDP64', session: `S${index}`, flow: null });
const known = itch('A');
const odd = Uint8Array.of(0x7a, 1, 2);

function gateOf(isForced: (its: Stream) => boolean = () => false) {
  const gate = new ProtocolGate({ applicationOf: () => itch50Application, isForced, currentFile: () => 'day.pcap' });
  let packet = 0;
  return {
    gate,
    judge(bytes: Uint8Array, its = stream(0), sequence = 0) {
      const { view, offset, length } = embed(bytes);
      return gate.judge(view, offset, length, ++packet, sequence, its);
    },
  };
}

describe('verdicts', () => {
  test('every layout of the specification is known, by type and exact length', () => {
    const { judge, gate } = gateOf();
    for (const type of itchTypes) expect([type, judge(itch(type))]).toEqual([type, 'known']);
    for (const type of itchTypes) expect([type, judge(itch(type).subarray(0, -1))]).toEqual([type, 'unknown']);
    expect(gate.verdictOf(stream(0))).toEqual({ fit: 23, unfit: 23, withheld: 0, forced: false });
    expect(gate.speaks(stream(0))).toBe('ITCH 5.0');
  });

  test('what fits is withheld while most of its stream did not', () => {
    const { judge, gate } = gateOf();
    const feed = [odd, known, odd, odd, known, known, known, odd, odd, odd, known];
    expect(feed.map((bytes) => judge(bytes))).toEqual([
      ...['unknown', 'known', 'unknown', 'unknown', 'withheld', 'known', 'known'],
      ...['unknown', 'unknown', 'unknown', 'withheld'],
    ]);
    expect(gate.verdictOf(stream(0))).toEqual({ fit: 5, unfit: 6, withheld: 2, forced: false });
    expect([gate.unknownMessages, gate.withheldMessages, gate.zeroLengthMessages]).toEqual([6, 2, 0]);
    expect(gate.speaks(stream(0))).toBe('not ITCH 5.0');
  });

  test('streams are judged apart', () => {
    const { judge, gate } = gateOf();
    for (let index = 0; index < 3; index++) judge(odd, stream(0));
    expect(judge(known, stream(0))).toBe('withheld');
    expect(judge(known, stream(2))).toBe('known');
    expect([0, 1, 2].map((index) => gate.speaks(stream(index)))).toEqual(['not ITCH 5.0', null, 'ITCH 5.0']);
  });

  test('a stream that the user named is never withheld, whatever it holds', () => {
    const { judge, gate } = gateOf(({ index }) => index === 1);
    for (const its of [stream(0), stream(1)]) for (let index = 0; index < 3; index++) judge(odd, its);
    expect([judge(known, stream(0)), judge(known, stream(1))]).toEqual(['withheld', 'known']);
    expect(gate.speaks(stream(1))).toBe('ITCH 5.0');
    expect(judge(odd, stream(1))).toBe('unknown');
  });

  test('messages without bytes count for nothing but themselves', () => {
    const { judge, gate } = gateOf();
    expect(judge(new Uint8Array(0))).toBe('unknown');
    expect(gate.speaks(stream(0))).toBeNull();
    expect([gate.unknownMessages, gate.zeroLengthMessages]).toEqual([0, 1]);
  });
});

describe('unknown layouts', () => {
  test('each once, with the first of them', () => {
    const { judge, gate } = gateOf();
    judge(known);
    judge(odd, stream(0), 17);
    judge(odd, stream(0), 18);
    judge(Uint8Array.of(0x7a, 9, 9, 9), stream(1), 5);
    judge(Uint8Array.of(0xff), stream(1));
    expect([...gate.unknown.values()]).toEqual([
      { type: 'z', length: 3, count: 2, first: { file: 'day.pcap', packet: 2, sequence: 17, bytes: '7a0102' } },
      { type: 'z', length: 4, count: 1, first: { file: 'day.pcap', packet: 4, sequence: 5, bytes: '7a090909' } },
      { type: '\xff', length: 1, count: 1, first: { file: 'day.pcap', packet: 5, sequence: 0, bytes: 'ff' } },
    ]);
  });

  test('of a long one the first 64 bytes are shown', () => {
    const { judge, gate } = gateOf();
    judge(new Uint8Array(65_000).fill(7));
    expect([...gate.unknown.values()]).toMatchObject([{ length: 65_000, first: { bytes: '07'.repeat(64) } }]);
  });

  test('the list is bounded, the count is not', () => {
    const { judge, gate } = gateOf();
    for (let length = 1; length <= 1000; length++) judge(new Uint8Array(length).fill(1));
    for (let length = 1; length <= 1000; length++) judge(new Uint8Array(length).fill(1));
    expect(gate.unknown.size).toBe(maxUnknownLayouts);
    expect([...gate.unknown.values()].every(({ count }) => count === 2)).toBe(true);
    expect(gate.unknownMessages).toBe(2000);
  });
});

describe('a protocol whose messages can contradict their layout', () => {
  /** Known: the first byte is 1; it must be the only one. */
  const application: Application = {
    ...itch50Application,
    id: 'mdp3',
    title: 'MDP 3.0',
    isKnown: (view, offset, length) => view.getUint8(offset) === 1 && length === 1,
    faultOf: (view, offset, length) =>
      view.getUint8(offset) === 1 && length !== 1
        ? { code: 'sbe-group', path: 'One.NoEntries', message: `${length} bytes where 1 is all` }
        : null,
    layoutKey: (view, offset) => view.getUint8(offset),
    describeLayout: (view, offset) => ({ type: `${view.getUint8(offset)}`, schemaId: 2, version: 3 }),
  };

  test('is told with its place and counted apart from unknown layouts', () => {
    const damage: Damage[] = [];
    const gate = new ProtocolGate({
      applicationOf: () => application,
      isForced: () => true,
      onDamage: (its) => damage.push(its),
    });
    const judge = (...bytes: number[]) => {
      const { view, offset, length } = embed(Uint8Array.from(bytes));
      return gate.judge(view, offset, length, 5, 0, stream(0));
    };
    expect([judge(1), judge(1, 2), judge(9, 9), judge(9), judge(1)]).toEqual([
      ...['known', 'damaged', 'unknown', 'unknown', 'known'],
    ]);
    expect(damage).toEqual([
      {
        code: 'sbe-group',
        message: `MDP 3.0 packet 5, message of 2 bytes: ` + 'One.NoEntries: 2 bytes where 1 is all; not decoded',
        record: 5,
        offset: 0,
      },
    ]);
    expect([gate.damagedMessages, gate.unknownMessages]).toEqual([1, 2]);
    expect([...gate.unknown.values()]).toEqual([
      {
        type: '9',
        schemaId: 2,
        version: 3,
        length: 2,
        count: 2,
        first: { file: null, packet: 5, sequence: 0, bytes: '0909' },
      },
    ]);
    expect(gate.speaks(stream(0))).toBe('MDP 3.0');
  });
});
