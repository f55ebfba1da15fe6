/** The log of faults: done again it gives the same packets at the same times, and one that does not fit is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldPackets } from '../../../src/replay/faults/held-packets.js';
import { flowA, flowB, play, type RigOptions, replay } from './rig.js';

const share = fc.integer({ min: 0, max: 300 }).map((mille) => `${mille / 10}%`);
const which = fc.oneof(
  share,
  fc.integer({ min: 1, max: 9 }).map((every) => `every ${every}`),
  fc.integer({ min: 1, max: 200 }).map((from) => `seq ${from}-${from + 20}`),
  fc.tuple(fc.integer({ min: 1, max: 6 }), share).map(([length, part]) => `burst ${length} ${part}`),
  fc.constant('gemodel 2% 30% 80% 1%'),
);
const delay = fc.oneof(
  fc.integer({ min: 0, max: 9000 }).map((ns) => `${ns}ns`),
  fc.integer({ min: 0, max: 9000 }).map((ns) => `${ns}ns-${2 * ns}ns`),
  fc.constantFrom('normal 3us 2us', 'pareto 1us 1.5'),
);
const effect = fc.oneof(
  fc.tuple(fc.constant('loss'), which),
  fc.tuple(fc.constantFrom('dup', 'dup 2', 'dup after 3us-9us'), which),
  fc.tuple(fc.constantFrom('reorder 1', 'reorder 1-5', 'reorder 20'), which),
  fc.tuple(
    delay.map((text) => `reorder ${text}`),
    which,
  ),
  fc.tuple(fc.constantFrom('delay', 'jitter'), delay, which),
  fc.tuple(fc.constantFrom('corrupt', 'corrupt 5', 'corrupt 2 stale'), which),
  fc.tuple(fc.constantFrom('truncate', 'truncate 30', 'truncate by 7'), which),
  fc.tuple(fc.constantFrom('rate 900kpps queue 3', 'rate 80MB/s queue 500B', 'rate 2Mpps')),
);
const fault = fc
  .tuple(
    fc.constantFrom('', 'A: ', 'B: ', 'both: ', '239.1.1.1: '),
    effect,
    fc.constantFrom('', ' from 20us until 90us'),
  )
  .map(([scope, words, window]) => `${scope}${words.join(' ')}${window}`);
const faults = fc.array(fault, { maxLength: 6 }).map((list) => list.join('; '));

const setups: Record<string, () => RigOptions> = {
  'one line': () => ({ packets: 120 }),
  'two lines': () => ({ packets: 80, flows: [flowA, flowB] }),
  'a made line': () => ({ packets: 80, engine: { makeLineB: () => flowB } }),
  'three loops': () => ({ packets: 40, loops: 3, bytes: (index) => index % 9 }),
  'bursts of many due together': () => ({ packets: 120, gapNs: (index) => (index % 10 === 9 ? 10_000 : 0) }),
  'little room': () => ({ packets: 120, engine: { held: new HeldPackets(4, 300) } }),
};

describe.each(Object.entries(setups))('any faults on %s', (_name, options) => {
  it('add up, come in order of time, and are done again by their log', () => {
    fc.assert(
      fc.property(faults, fc.integer(), (text, seed) => {
        const ran = play(text, { ...options(), seed });
        let out = 0;
        for (const line of ran.engine.report().lines) {
          expect(line.held).toEqual({ packets: 0, messages: 0 });
          for (const unit of ['packets', 'messages'] as const) {
            const gone = line.out[unit] + line.lost[unit] + line.tailDropped[unit] + line.overflowed[unit];
            expect(line.in[unit] + line.duplicated[unit]).toBe(gone);
          }
          out += line.out.packets;
        }
        expect(ran.sent).toHaveLength(out);
        for (const [index, { dueNs }] of ran.sent.entries()) {
          if (index > 0) expect(dueNs).toBeGreaterThanOrEqual(ran.sent[index - 1].dueNs);
        }
        const again = replay(ran.log, options());
        expect(again.sent).toEqual(ran.sent);
        expect(again.log).toEqual(ran.log);
        expect(again.engine.report()).toEqual(ran.engine.report());
        expect(play(text, { ...options(), seed }).log).toEqual(ran.log);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a log', () => {
  const { log } = play('loss 10%; delay 1us-5us 20%', { packets: 100 });

  it('does the same whatever the rate', () => {
    const slower = replay(log, { packets: 100, gapNs: 1e9 });
    const lost = (lines: readonly string[]) => lines.filter((line) => line.includes('"kind":"loss"'));
    expect(lost(slower.log)).toEqual(lost(log));
    expect(slower.engine.report().lines[0].delayed).toEqual(
      play('loss 10%; delay 1us-5us 20%', { packets: 100 }).engine.report().lines[0].delayed,
    );
  });

  it.each<[string, RigOptions, string]>([
    ['other packets', { packets: 100, bytes: 41 }, 'is of other packets: packet'],
    ['fewer packets', { packets: 50 }, 'where the capture ends with 50'],
    ['more packets', { packets: 101 }, 'ends with packet 100, and the capture goes on'],
    ['another line', { packets: 100, flows: [flowB] }, 'names line A of packet'],
    ['other bytes', { packets: 100, messages: 4 }, 'other bytes here'],
  ])('is refused for %s', (_name, options, message) => {
    expect(() => replay(log, options)).toThrow(message);
  });

  it.each<[string, string[], string]>([
    ['nothing', [], 'no fault log'],
    ['another file', ['{"a":1}'], 'no fault log'],
    ['text', ['hello'], 'faults.ndjson, line 1: no JSON object'],
    ['another version', ['{"tickreel":"fault-log","version":2}'], 'of version 2; version 1 is read'],
    ['a broken line', [log[0], log[1].slice(0, 20)], 'faults.ndjson, line 2: no JSON object'],
    ['a foreign kind', [log[0], log[1].replace(/"kind":"\w+"/, '"kind":"melt"')], '"kind" "melt" is no kind of fault'],
    ['no length', [log[0], log[1].replace('"length"', '"size"')], '"length" undefined is no whole number'],
    ['a negative delay', [log[0], log[1].replace(/}$/, ',"delayNs":-1}')], '"delayNs" -1 is no whole number'],
    ['lines behind its end', [...log, log[1]], 'goes on behind its end'],
  ])('is refused that is %s', (_name, lines, message) => {
    expect(() => replay(lines, { packets: 100 })).toThrow(message);
  });

  it('of a run that was cut short ends the next where it ended', () => {
    const cut = [...log.slice(0, -1), '{"end":true,"loop":1,"packet":60,"complete":false}'].filter(
      (line) =>
        !(JSON.parse(line) as { packet?: number }).packet || (JSON.parse(line) as { packet: number }).packet <= 60,
    );
    const { engine } = replay(cut, { packets: 100 });
    expect(engine.report().lines[0].in.packets).toBe(60);
    // A run that was killed wrote no end.
    const killed = cut.slice(0, -1);
    const last = (JSON.parse(killed.at(-1) ?? '') as { packet: number }).packet;
    expect(replay(killed, { packets: 100 }).engine.report().lines[0].in.packets).toBe(last);
  });
});
