/** Goals and the results page, from figures that are made up. */
import { describe, expect, it } from 'vitest';
import { benchCases } from '../../bench/cases.js';
import { benchReport, type Measured, standing, tableOf } from '../../bench/figures.js';
import { type Goal, goals } from '../../bench/goals.js';
import { resultsPage } from '../../bench/page.js';

const million = 1_000_000;

/** Rounds that took so many ns a message. */
function measured(name: string, ...nsPerMessage: number[]): Measured {
  const input = { name: 'session.NASDAQ_ITCH50' as const, messages: million, entries: 0, sha256: 'ab'.repeat(32) };
  return { name, per: 'message', input, bytes: 34 * million, ns: nsPerMessage.map((ns) => ns * million), checksum: 77 };
}

const scanGoal: Goal = {
  name: 'itch-scan',
  unit: 'M messages/s',
  atLeast: 200,
  floor: 'c-itch-scan',
  bounds: 'Loads.',
};

describe('goals', () => {
  it.each([
    ['reached', 4, 250, true],
    ['just reached', 5, 200, true],
    ['not reached', 10, 100, false],
  ])('%s', (_name, ns, value, isReached) => {
    const { cases } = benchReport([measured('itch-scan', 12, ns, 11), measured('c-itch-scan', 10)], {});
    expect(standing(scanGoal, cases)).toEqual({
      ...{ name: 'itch-scan', unit: 'M messages/s', atLeast: 200 },
      value,
      isReached,
      aheadOfC: 10 / ns,
    });
  });

  it('not measured is neither', () => {
    expect(standing(scanGoal, {})).toMatchObject({ value: null, isReached: null, aheadOfC: null });
  });

  it('times as fast as another case', () => {
    const goal: Goal = { name: 'two', unit: 'times as fast', atLeast: 1.8, than: 'one', bounds: '' };
    const { cases } = benchReport([measured('one', 18), measured('two', 9)], {});
    expect(standing(goal, cases)).toMatchObject({ value: 2, isReached: true });
    expect(standing(goal, { two: cases.two })).toMatchObject({ value: null, isReached: null });
  });

  it('times at most, of entries and starts', () => {
    const entries: Measured = { ...measured('mdp-decode', 40), per: 'entry' };
    const starts: Measured = { ...measured('startup', 1), per: 'start', ns: [70e6, 90e6] };
    const { cases } = benchReport([{ ...entries, input: { ...entries.input, entries: 4 * million } }, starts], {});
    expect(cases['mdp-decode']).toMatchObject({ nsPerEntry: 10, nsPerMessage: 40 });
    const of = (name: string) => standing(goals.find((goal) => goal.name === name) as Goal, cases);
    expect(of('mdp-decode')).toMatchObject({ value: 10, isReached: true });
    expect(of('startup')).toMatchObject({ value: 70, isReached: true });
  });

  it('are of cases that there are, beside floors that there are', () => {
    const names = new Set(benchCases.map(({ name }) => name));
    for (const { floor } of goals) if (floor !== undefined) expect(names).toContain(floor);
    expect(new Set(goals.map(({ name }) => name)).size).toBe(goals.length);
    for (const { atLeast, atMost, bounds } of goals) {
      expect([atLeast, atMost].filter((limit) => limit !== undefined)).toHaveLength(1);
      expect(bounds).not.toBe('');
    }
  });
});

describe('page', () => {
  const report = benchReport([measured('itch-scan', 12, 10, 11), measured('c-itch-scan', 20)], {
    'c-mdp-fields': 'there is no gcc here',
  });
  const page = resultsPage(report);

  it('has a row a goal, with what bounds what was not reached', () => {
    for (const { name } of goals) expect(page).toContain(`| \`${name}\` |`);
    expect(page).toContain(
      '| `itch-scan` | 100 M messages/s | at least 200 M messages/s | **not reached** | `c-itch-scan`: 20.0 ns a message | 2.00 | 77 |',
    );
    expect(page).toContain(`- \`itch-scan\`: ${goals.find(({ name }) => name === 'itch-scan')?.bounds}`);
    expect(page).not.toContain(`- \`csv\`:`);
    expect(page).toContain('not measured in this run');
  });

  it('has every case with median, spread and checksum, the machine and the input', () => {
    expect(page).toContain('| `itch-scan` | message | 100.00 | 10.0 | 11.0 | 12.0 | 20 % | 3.40 | 3 | 77 |');
    expect(page).toContain(`Node ${process.version}`);
    expect(page).toContain(`1,000,000 messages, SHA-256 \`${'ab'.repeat(32)}\``);
    expect(page).toContain('- `c-mdp-fields`: there is no gcc here');
  });

  it('the table names goals', () => {
    expect(tableOf(report)).toMatch(/^itch-scan .*at least 200 M messages\/s: not reached$/m);
  });
});
