/** Faults as written: what each form means, and what each mistake is answered with. */
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/replay/faults/fault.js';
import { parseFaults } from '../../../src/replay/faults/parse.js';

function one(text: string): Fault {
  const faults = parseFaults(text, '--fault');
  expect(faults).toHaveLength(1);
  return faults[0];
}

const us = 1000;
const constant = (ns: number) => ({ kind: 'span', span: { least: ns, most: ns } });

describe('parseFaults', () => {
  it('reads the example of the command line', () => {
    const faults = parseFaults('A: loss 0.1%; B: loss seq 1000-1010;both:  reorder 3   0.01% ;', '--fault');
    expect(faults.map(({ text }) => text)).toEqual(['A: loss 0.1%', 'B: loss seq 1000-1010', 'both: reorder 3 0.01%']);
    expect(faults.map(({ scope }) => scope)).toEqual([
      { kind: 'line', line: 'A' },
      { kind: 'line', line: 'B' },
      { kind: 'all' },
    ]);
    expect(faults[0]).toMatchObject({ effect: { kind: 'loss' }, which: { kind: 'share', share: 0.001 } });
    expect(faults[1].which).toEqual({ kind: 'seq', ranges: [{ from: 1000, to: 1010 }] });
    expect(faults[2].effect).toEqual({ kind: 'reorder', behind: { least: 3, most: 3 }, delay: null });
  });

  it.each([
    ['loss all', { kind: 'all' }],
    ['loss 0.001', { kind: 'share', share: 0.001 }],
    ['loss every 1000', { kind: 'every', every: 1000 }],
    [
      'loss seq 9-,5,1-2',
      {
        kind: 'seq',
        ranges: [
          { from: 1, to: 2 },
          { from: 5, to: 5 },
          { from: 9, to: Infinity },
        ],
      },
    ],
    ['loss packets 1-5', { kind: 'packets', ranges: [{ from: 1, to: 5 }] }],
    ['loss burst 4 50%', { kind: 'chain', toBad: 0.25, toGood: 0.25, inBad: 1, inGood: 0 }],
    ['loss gemodel 1%', { kind: 'chain', toBad: 0.01, toGood: 0.99, inBad: 1, inGood: 0 }],
    ['loss gemodel 1% 20%', { kind: 'chain', toBad: 0.01, toGood: 0.2, inBad: 1, inGood: 0 }],
    ['loss gemodel 1% 20% 50% 0.1%', { kind: 'chain', toBad: 0.01, toGood: 0.2, inBad: 0.5, inGood: 0.001 }],
  ])('chooses by %s', (text, which) => {
    expect(one(text).which).toEqual(which);
  });

  it.each([
    ['dup 1%', { kind: 'dup', copies: 1, delay: constant(0) }],
    [
      'dup 2 after 5us-200us 1%',
      { kind: 'dup', copies: 2, delay: { kind: 'span', span: { least: 5000, most: 200_000 } } },
    ],
    ['reorder 1-4 1%', { kind: 'reorder', behind: { least: 1, most: 4 }, delay: null }],
    ['reorder 100us 1%', { kind: 'reorder', behind: null, delay: constant(100 * us) }],
    ['delay 1.5ms', { kind: 'delay', delay: constant(1_500_000) }],
    ['delay 20us-80us every 3', { kind: 'delay', delay: { kind: 'span', span: { least: 20_000, most: 80_000 } } }],
    ['delay normal 100us 20us', { kind: 'delay', delay: { kind: 'normal', meanNs: 100_000, deviationNs: 20_000 } }],
    ['jitter pareto 50us 2.5', { kind: 'jitter', delay: { kind: 'pareto', leastNs: 50_000, shape: 2.5 } }],
    ['delay histogram a.hgrm', { kind: 'delay', delay: { kind: 'histogram', path: 'a.hgrm', table: null } }],
    ['delay histogram "a; b.hgrm" 5%', { kind: 'delay', delay: { kind: 'histogram', path: 'a; b.hgrm', table: null } }],
    ['corrupt 1%', { kind: 'corrupt', bits: 1, checksum: 'fixed' }],
    ['corrupt 3 bits stale 1%', { kind: 'corrupt', bits: 3, checksum: 'stale' }],
    ['truncate 40 1%', { kind: 'truncate', to: { least: 40, most: 40 }, by: 0 }],
    ['truncate to 0-60 1%', { kind: 'truncate', to: { least: 0, most: 60 }, by: 0 }],
    ['truncate by 10 1%', { kind: 'truncate', to: null, by: 10 }],
    ['truncate 1%', { kind: 'truncate', to: null, by: 0 }],
    ['rate 100kpps', rate('packets', 100_000, 1000, Infinity)],
    ['rate 10MB/s queue 64kB', rate('bits', 80_000_000, Infinity, 64_000)],
    ['rate 1Gbps queue 50 packets', rate('bits', 1_000_000_000, 50, Infinity)],
    ['rate 1Gbps queue 64KiB', rate('bits', 1_000_000_000, Infinity, 65_536)],
  ])('does %s', (text, effect) => {
    expect(one(text).effect).toEqual(effect);
  });

  it.each([
    ['b: loss 1%', { kind: 'line', line: 'B' }],
    ['B:loss 1%', { kind: 'line', line: 'B' }],
    ['ALL: loss 1%', { kind: 'all' }],
    ['loss 1%', { kind: 'all' }],
    ['239.1.1.1:26477: loss 1%', { kind: 'destination', address: '239.1.1.1', port: 26477 }],
    ['239.1.1.1: loss 1%', { kind: 'destination', address: '239.1.1.1', port: null }],
    [':26477: loss 1%', { kind: 'destination', address: null, port: 26477 }],
    ['[2001:db8::1]:5: loss 1%', { kind: 'destination', address: '2001:db8::1', port: 5 }],
    ['[2001:db8::1]: loss 1%', { kind: 'destination', address: '2001:db8::1', port: null }],
    ['310IA: loss 1%', { kind: 'feed', name: '310IA' }],
  ])('takes %s for a line', (text, scope) => {
    expect(one(text).scope).toEqual(scope);
  });

  it('reads a window', () => {
    expect(one('loss 1%')).toMatchObject({ fromNs: -Infinity, untilNs: Infinity });
    expect(one('delay 1ms from 10s until 1m20s')).toMatchObject({
      which: { kind: 'all' },
      fromNs: 1e10,
      untilNs: 8e10,
    });
    expect(one('A: loss 100% until 5s')).toMatchObject({ fromNs: -Infinity, untilNs: 5e9 });
  });

  it.each([
    ['', 'names no fault'],
    [' ; ', 'names no fault'],
    ['A: loss x%', `"A: loss x%": 'x%' does not say which packets: write 0.1%`],
    ['loss', 'does not say which packets: add 0.1%'],
    ['loss 5', `'5' of what? Write 5%, every 5 or packets 5`],
    ['loss 101%', `'101%' is no share`],
    ['A: drop 1%', `'drop' is no kind of fault: write loss`],
    ['A: melt 1%', `'melt' is no kind of fault: there are rate, loss`],
    ['A:melt 1%', `'melt' is no kind of fault`],
    ['A-B: loss 1%', `'A-B' names no line: write A, B, both`],
    ['239.1.1.1:99999: loss 1%', `'239.1.1.1:99999' names no line`],
    ['loss seq 10-5', `'10-5' is empty`],
    ['loss seq 0', `'0' is empty`],
    ['loss seq x', `'x' is no range`],
    ['loss every 0', `'0' is not a number of packets such as 1000 (from 1 on)`],
    ['loss burst 0.5 1%', 'a burst is of 1 packet at least'],
    ['loss burst 1 90%', 'bursts of 1 cannot make up 90% of all'],
    ['reorder 1%', `'1%' is no distance`],
    ['reorder', 'does not say by how much'],
    ['reorder 4-1 1%', `'4-1' ends below its beginning`],
    ['delay fast', `'fast' is no delay: write 100us`],
    ['delay 100', 'the unit is missing'],
    ['delay 2h', `'2h' is longer than an hour`],
    ['delay normal 100us', 'ends where a standard deviation such as 20us is wanted'],
    ['delay pareto 100us 0', `'0' is not a shape above 0`],
    ['rate 10', `'10' is no rate: write 10MB/s`],
    ['rate 10MBps', `'10MBps' is no rate`],
    ['rate 0pps', 'a rate is above 0'],
    ['rate 1kpps queue big', `'big' is no queue`],
    ['rate 1kpps 5%', `'5%' is too much`],
    ['corrupt 5000 1%', `'5000' is not a number of bits such as 3 (1 to 1000)`],
    ['loss 1% until 5s from 2s', `'from' is too much`],
    ['loss 1% from 5s until 5s', 'ends before it begins'],
    ['loss 1% from dawn', 'not a duration'],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseFaults(text, '--fault')).toThrow(message);
    expect(() => parseFaults(text, '--fault')).toThrow(/^--fault/);
  });
});

function rate(unit: string, perSecond: number, queuePackets: number, queueBytes: number) {
  return { kind: 'rate', unit, perSecond: { numerator: perSecond, denominator: 1 }, queuePackets, queueBytes };
}
