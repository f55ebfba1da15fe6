import { expect, test } from 'vitest';
import { FlowTable } from '../../src/capture/flow.js';
import type { Flow } from '../../src/core/seams.js';
import { OverlayRewriter } from '../../src/replay/overlay.js';
import { readSession } from '../../src/session/moldudp64-header.js';
import { embed, itch, makeFlow, mold } from '../session/support.js';

/** Flow i is of capture i. */
function rewriter(framing: 'moldudp64' | 'mdp3' | null = 'moldudp64') {
  return new OverlayRewriter(
    null,
    () => framing,
    (flow) => flow.index,
  );
}

/** The session that a packet goes out with; the rest of it must be as it was. */
function sent(overlay: OverlayRewriter, session: string, flow: Flow): string {
  const payload = mold(7, [itch('S')], { session });
  const { view, offset, length } = embed(payload);
  overlay.rewrite(view, offset, length, flow);
  const bytes = new Uint8Array(overlay.view.buffer, overlay.view.byteOffset + overlay.offset, overlay.length);
  expect(bytes.slice(10)).toEqual(payload.slice(10));
  expect(new Uint8Array(view.buffer, offset, length)).toEqual(payload);
  return readSession(overlay.view, overlay.offset);
}

test('the first capture keeps a name, later ones get the next that is free', () => {
  const overlay = rewriter();
  const [a, b, c] = [makeFlow(0), makeFlow(1), makeFlow(2)];
  const order: [string, Flow][] = [
    ['TICKREEL01', a],
    ['TICKREEL02', a],
    ['TICKREEL01', b],
    ['TICKREEL01', c],
    ['TICKREEL01', b],
    ['TICKREEL02', b],
    ['OTHER', b],
    ['OTHER', a],
    ['', a],
    ['', b],
  ];
  const names = order.map(([session, flow]) => sent(overlay, session, flow));
  expect(names).toEqual([
    ...['TICKREEL01', 'TICKREEL02', 'TICKREEL03', 'TICKREEL04', 'TICKREEL03', 'TICKREEL05'],
    ...['OTHER', 'OTHER01', '', '02'],
  ]);
  expect(overlay.renamed.slice(0, 2)).toEqual([
    { capture: 1, session: 'TICKREEL01', sentAs: 'TICKREEL03' },
    { capture: 2, session: 'TICKREEL01', sentAs: 'TICKREEL04' },
  ]);
});

test('a later loop has the same names, told once', () => {
  const overlay = rewriter();
  const names = [1, 2].map((loop) => {
    overlay.startLoop(loop);
    return [makeFlow(0), makeFlow(1)].map((flow) => sent(overlay, 'DAY', flow));
  });
  expect(names).toEqual([
    ['DAY', 'DAY02'],
    ['DAY', 'DAY02'],
  ]);
  expect(overlay.renamed).toHaveLength(1);
});

test.each(['mdp3', null] as const)('what is framed as %s goes out as it is', (framing) => {
  const overlay = rewriter(framing);
  expect([makeFlow(0), makeFlow(1)].map((flow) => sent(overlay, 'DAY', flow))).toEqual(['DAY', 'DAY']);
});

test('flows apart have source ports that no other flow has', () => {
  const flows = new FlowTable();
  const flow = flows.intern(0x0a000001, 65_535, 0x0a000002, 26_477);
  flows.intern(0x0a000001, 1024, 0x0a000002, 26_477);
  const copies = [1, 2].map((number) => flows.copyOf(flow, number, true));
  expect(copies.map(({ sourcePort }) => sourcePort)).toEqual([1025, 1026]);
  expect(copies.map(({ index }) => index)).toEqual([2, 3]);
  expect(copies[0]?.name).toBe('10.0.0.1:1025 > 10.0.0.2:26477');
  expect(flows.copyOf(flow, 1, true)).toBe(copies[0]);
});
