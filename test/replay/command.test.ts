import { describe, expect, test } from 'vitest';
import { parseCommand, stampOf } from '../../src/replay/command.js';

describe('commands as text', () => {
  test.each([
    ['pause', { name: 'pause' }],
    ['  RESUME ', { name: 'resume' }],
    ['step', { name: 'step', goal: { kind: 'packets', count: 1 } }],
    ['step 12', { name: 'step', goal: { kind: 'packets', count: 12 } }],
    ['step message', { name: 'step', goal: { kind: 'messages', count: 1 } }],
    ['step messages 5', { name: 'step', goal: { kind: 'messages', count: 5 } }],
    ['step packets 2', { name: 'step', goal: { kind: 'packets', count: 2 } }],
    ['seek start', { name: 'seek', target: { kind: 'start' } }],
    ['seek +1m30s', { name: 'seek', target: { kind: 'relative', ns: 90e9 } }],
    ['seek -10s', { name: 'seek', target: { kind: 'relative', ns: -10e9 } }],
    ['seek 09:30:00.5', { name: 'seek', target: { kind: 'timeOfDay', ns: 34_200_500_000_000 } }],
    [
      'seek 2026-01-05T14:30:00Z',
      { name: 'seek', target: { kind: 'absolute', seconds: 1_767_623_400, nanoseconds: 0 } },
    ],
    ['speed 2x', { name: 'speed', rate: { mode: 'original', speedup: { numerator: 2, denominator: 1 } } }],
    ['speed max', { name: 'speed', rate: { mode: 'max' } }],
  ])('%s', (text, expected) => expect(parseCommand(text)).toEqual(expected));

  test.each([
    ['step type A', ['A'], []],
    ['step symbol AAPL', [], ['AAPL']],
  ])('%s', (text, types, symbols) => {
    expect(parseCommand(text)).toMatchObject({ name: 'step', goal: { kind: 'match', filter: { types, symbols } } });
  });

  test.each([
    ['', /"" is no command: pause, resume, .*help/],
    ['play', /"play" is no command/],
    ['pause now', /pause stands alone/],
    ['step 0', /no whole number from 1/],
    ['step 1 2', /step 1 2/],
    ['step symbol', /is not understood: step \[N\], step message/],
    ['step type A B', /"B" is too much/],
    ['seek', /seek where\?/],
    ['seek tomorrow', /not understood/],
    ['seek -10', /unit is missing/],
    ['speed fast', /not a rate/],
  ])('%s is refused, with what is right', (text, message) => expect(() => parseCommand(text)).toThrow(message));
});

describe('the stamp of a target', () => {
  const here = { seconds: 1_767_623_400, nanoseconds: 900_000_000 };
  const of = (text: string) => {
    const command = parseCommand(`seek ${text}`);
    return command.name === 'seek' ? stampOf(command.target, here) : null;
  };

  test.each([
    ['+200ms', { seconds: 1_767_623_401, nanoseconds: 100_000_000 }],
    ['-1s', { seconds: 1_767_623_399, nanoseconds: 900_000_000 }],
    ['-950ms', { seconds: 1_767_623_399, nanoseconds: 950_000_000 }],
    // The day of the capture in New York.
    ['09:30:00.000000001', { seconds: 1_767_623_400, nanoseconds: 1 }],
    ['start', { seconds: Number.NEGATIVE_INFINITY, nanoseconds: 0 }],
  ])('%s', (text, expected) => expect(of(text)).toEqual(expected));
});
