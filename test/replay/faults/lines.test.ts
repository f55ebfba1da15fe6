/** Which line a flow is, and what a fault's line takes in. */
import { describe, expect, it } from 'vitest';
import { flowBetween } from '../../../src/capture/endpoint.js';
import type { Flow } from '../../../src/core/seams.js';
import { LineFinder } from '../../../src/replay/faults/lines.js';
import { type PacketAtHand, PacketReading } from '../../../src/replay/faults/packet.js';
import { parseScope } from '../../../src/replay/faults/parse.js';
import type { FramingOf } from '../../../src/replay/loop.js';
import { writeMdp3Header } from '../../../src/session/mdp3-header.js';
import { encodeSession, HEADER_LENGTH, writeHeader } from '../../../src/session/moldudp64-header.js';

const flows = [1, 2, 3, 4].map((host) =>
  flowBetween('UDP', { address: '10.0.0.9', port: 7 }, { address: `239.1.1.${host}`, port: 26477 }, host - 1),
);

function packet(flow: Flow, session: string, framing: ReturnType<FramingOf> = 'moldudp64'): PacketAtHand {
  const view = new DataView(new ArrayBuffer(HEADER_LENGTH));
  if (framing === 'mdp3') writeMdp3Header(view, 0, 77, 1, 1);
  else writeHeader(view, 0, encodeSession(session), 5, 3);
  const reading = new PacketReading(() => framing);
  const at = { captureNs: 0, dueNs: 0, feedLatencyNs: Number.NaN };
  reading.read({ view, offset: 0, length: HEADER_LENGTH, flow, messages: 3, ...at }, 1);
  return reading;
}

describe('LineFinder', () => {
  it('goes by what addresses tell', () => {
    const finder = new LineFinder({ nameOf: (flow) => (flow === flows[1] ? 'B' : null) });
    expect(finder.lineOf(packet(flows[1], 'S'))).toBe('B');
    expect(finder.lineOf(packet(flows[0], 'S'))).toBe('A');
  });

  it("goes by MoldUDP64's sessions else: their first flow is A, the next B", () => {
    const finder = new LineFinder();
    const [one, two, three, four] = flows;
    expect(finder.lineOf(packet(one, 'UNIT1'))).toBe('A');
    expect(finder.lineOf(packet(two, 'UNIT2'))).toBe('A');
    expect(finder.lineOf(packet(three, 'UNIT1'))).toBe('B');
    expect(finder.lineOf(packet(four, 'UNIT1'))).toBe('C');
    expect(finder.lineOf(packet(one, 'UNIT2'))).toBe('A');
  });

  it('takes all else for A, until it is known', () => {
    const finder = new LineFinder();
    expect(finder.lineOf(packet(flows[0], 'S'))).toBe('A');
    expect(finder.lineOf(packet(flows[1], 'S', null))).toBe('A');
    expect(finder.lineOf(packet(flows[1], 'S'))).toBe('B');
    expect(finder.lineOf(packet(flows[2], '', 'mdp3'))).toBe('A');
  });

  it.each<[string, string, boolean]>([
    ['both', 'B', true],
    ['B', 'B', true],
    ['A', 'B', false],
    ['239.1.1.1', 'B', true],
    ['239.1.1.1:26477', 'B', true],
    ['239.1.1.1:26478', 'B', false],
    ['239.1.1.2', 'B', false],
    [':26477', 'A', true],
    ['310ia', 'B', true],
    ['310', 'B', true],
    ['311', 'B', false],
  ])('takes packets in: %s those of line %s', (scope, line, isIn) => {
    const finder = new LineFinder({ feedOf: () => ({ id: '310IA', channel: '310' }) });
    expect(finder.takesIn(parseScope(scope), line, flows[0])).toBe(isIn);
    if (scope.startsWith('310')) expect(new LineFinder().takesIn(parseScope(scope), line, flows[0])).toBe(false);
  });

  it('knows an IPv6 address however it is written', () => {
    const flow = flowBetween('UDP', { address: '::1', port: 7 }, { address: 'ff02::1', port: 9 });
    expect(new LineFinder().takesIn(parseScope('[ff02:0:0::1]:9'), 'A', flow)).toBe(true);
  });
});

describe('PacketReading', () => {
  it('reads numbers', () => {
    expect(packet(flows[0], 'S')).toMatchObject({ from: 5, to: 7, loop: 1, place: 1 });
    expect(packet(flows[0], '', 'mdp3')).toMatchObject({ from: 77, to: 77 });
    expect(packet(flows[0], 'S', null)).toMatchObject({ from: 0, to: -1 });
  });
});
