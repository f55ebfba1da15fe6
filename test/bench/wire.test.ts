/** The wire bench's cases that need no second program, on few packets: for their counts, never for their time. */
import { describe, expect, it } from 'vitest';
import { buildWireInput, datagramBytes } from '../../bench/wire-input.js';
import { runWireBench } from './wire-run.js';

const packets = 2560;

describe('bench:wire', () => {
  it('has one input', () => {
    expect(buildWireInput(100).sha256).toBe(buildWireInput(100).sha256);
    expect(buildWireInput(100).bytes.length).toBe(24 + 100 * (16 + 46 + datagramBytes));
  });

  it('sends what it is told to, or says why not', () => {
    const { cases, skipped, input } = runWireBench('^(c-|dgram$|sendmmsg)', packets, 2);
    for (const [name, reason] of Object.entries(skipped)) console.log(`not tested: ${name}, ${reason}`);
    expect([...Object.keys(cases), ...Object.keys(skipped)].toSorted()).toEqual(
      ['c-gso', 'c-sendmmsg', 'c-sendmmsg-connected', 'dgram', 'sendmmsg', 'sendmmsg-gso'].toSorted(),
    );
    expect(input).toMatchObject({ packets, datagramBytes });
    for (const figures of Object.values(cases)) {
      expect(figures).toMatchObject({ packets, bytes: packets * datagramBytes, rounds: 2, lost: [0, 0] });
      expect(figures.packetsPerSecond).toBeGreaterThanOrEqual(figures.worstPacketsPerSecond);
    }
    expect(cases.dgram?.path).toBe('dgram');
    if (cases['sendmmsg-gso']) expect(cases['sendmmsg-gso'].path).toBe('sendmmsg+gso');
    if (cases.sendmmsg) expect(cases.sendmmsg.path).toBe('sendmmsg');
  });
});
