/** Scripts of faults in YAML: both forms of a fault, and mistakes told with their line. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFaultPlan, parseFaultSeed } from '../../src/run/fault-plan.js';
import { parseFaultScript } from '../../src/run/fault-script.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();

describe('parseFaultScript', () => {
  it('reads texts, and entries with a line and a window', async () => {
    const script = await parseFaultScript(
      `seed: 7
faults:
  - "A: loss 0.1%; both: dup 1%"
  - line: B
    from: 10s
    until: 1m
    loss: burst 5 1%
    delay: [normal 100us 20us, 5us]
  - truncate: 0.5%   # a share is a text to YAML, …
  - loss: 0.001      # … and a number when written so
  - line: ":26477"
    reorder: 3 0.01%
`,
      'faults.yaml',
    );
    expect(script.seed).toBe(7);
    expect(script.faults.map(({ text }) => text)).toEqual([
      'A: loss 0.1%',
      'both: dup 1%',
      'B: loss burst 5 1% from 10s until 1m',
      'B: delay normal 100us 20us from 10s until 1m',
      'B: delay 5us from 10s until 1m',
      'truncate 0.5%',
      'loss 0.001',
      ':26477: reorder 3 0.01%',
    ]);
    expect(script.faults[2]).toMatchObject({ scope: { kind: 'line', line: 'B' }, fromNs: 1e10, untilNs: 6e10 });
    expect((await parseFaultScript('faults: []', 'x')).seed).toBeNull();
    expect((await parseFaultScript('seed: night\nfaults: []', 'x')).seed).toBe('night');
  });

  it.each([
    ['', 'x.yaml: no script: it begins with "faults:"'],
    ['- loss 1%', 'x.yaml: no script'],
    ['faults: [', 'x.yaml: Flow sequence in block collection must be'],
    ['faults: loss 1%', 'x.yaml, line 1: faults is a list'],
    ['seed: 1', 'faults is a list'],
    ['seed: 1.5\nfaults: []', 'x.yaml, line 1: seed is a whole number or a text'],
    ['faults: []\nrate: 5', "x.yaml, line 2: 'rate' is no key here: there are seed, faults"],
    ['faults:\n  - loss 1%\n  - loss x%', `x.yaml, line 3: "loss x%": 'x%' does not say which packets`],
    ['faults:\n  - 5', 'x.yaml, line 2: a fault is a text such as'],
    ['faults:\n  - line: A', 'x.yaml, line 2: says nothing to do: add a key such as loss or delay'],
    ['faults:\n  - line: A\n    melt: 1%', "x.yaml, line 3: 'melt' is no key here: there are line, from, until"],
    ['faults:\n  - line: A\n    loss: {share: 1}', 'x.yaml, line 3: loss wants a text'],
    ['faults:\n  - line: A\n    loss:', 'loss wants a text'],
    ['faults:\n  - loss: 1%\n    from: dawn', 'x.yaml, line 2: "loss 1% from dawn": duration "dawn"'],
    ['faults:\n  - line: A-B\n    loss: 1%', "'A-B' names no line"],
  ])('refuses %j', async (text, message) => {
    await expect(parseFaultScript(text, 'x.yaml')).rejects.toThrow(message);
  });
});

describe('loadFaultPlan', () => {
  it('joins options and script, whose files count from its folder', async () => {
    mkdirSync(join(folder, 'scripts'));
    writeFileSync(join(folder, 'scripts', 'delays.txt'), '100us 1\n200us 3\n');
    const script = join(folder, 'scripts', 'faults.yaml');
    writeFileSync(script, 'seed: 9\nfaults:\n  - delay histogram delays.txt\n');
    const plan = await loadFaultPlan({ texts: ['loss 1%', 'dup 1%'], script });
    expect(plan.seed).toBe(9);
    expect(plan.faults.map(({ text }) => text)).toEqual(['loss 1%', 'dup 1%', 'delay histogram delays.txt']);
    expect(plan.faults[2].effect).toMatchObject({
      delay: { table: { valuesNs: [100_000, 200_000], upTo: [0.25, 1], isContinuous: false } },
    });
    expect((await loadFaultPlan({ script, seed: 'own' })).seed).toBe('own');
    expect(await loadFaultPlan({})).toEqual({ faults: [], seed: 1 });
  });

  it('reads seeds', () => {
    expect([parseFaultSeed('7'), parseFaultSeed('7x'), parseFaultSeed('99999999999999999999')]).toEqual([
      7,
      '7x',
      '99999999999999999999',
    ]);
    expect(() => parseFaultSeed('')).toThrow('not nothing');
  });
});
