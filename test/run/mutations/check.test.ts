/** Cases of mutations as they are made small, saved and told: also by parsers that fail now and then, and on Ctrl-C. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../../src/analysis/input.js';
import type { Divergence } from '../../../src/compare/divergence.js';
import { plainMapping } from '../../../src/compare/mapping.js';
import { emptyReport } from '../../../src/run/check-spec.js';
import { checkMutations, type MutationCheckSpec, type MutationResult } from '../../../src/run/mutations/check.js';
import { hasExpectation, savedExpectation } from '../../../src/run/mutations/expectation.js';
import { heldTo } from '../../../src/run/mutations/judge.js';
import { endAllParsers } from '../../../src/run/parser-feed.js';
import { parserSpecFrom } from '../../../src/run/parser-spec.js';
import { kindsNamed } from '../../../src/sim/mutations/kinds.js';
import { fixture, temporaryFolder, until } from '../../support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');

/** No message of the captures is of the type that the parser is asked for. */
function mutations(
  command: readonly string[],
  kinds: readonly string[],
  more: Partial<MutationCheckSpec> = {},
  { feed = 'pcap', capture = session } = {},
): Promise<MutationResult[]> {
  const parser = parserSpecFrom({ command, feed, only: ['O'] }, 'my.yml', folder);
  const input = inputSpecOf(capture);
  return checkMutations({
    ...{ parser, input, seed: 11, count: 1, save: join(folder, 'saved'), parserText: 'x' },
    ...{ kinds: kindsNamed(kinds), ...more },
  });
}

/** So many packets of a capture. */
function beginning(packets: number): string {
  const bytes = readFileSync(session);
  let end = 24;
  for (let packet = 0; packet < packets; packet++) end += 16 + bytes.readUInt32LE(end + 8);
  const path = join(folder, `${packets}.pcap`);
  writeFileSync(path, bytes.subarray(0, end));
  return path;
}

/** Does as told where it is given as much as once before; crashes else, but where there is much. */
function crashingOnce(name: string, then: string): string[] {
  const seen = join(folder, name);
  mkdirSync(seen);
  const script = `n=$(wc -c); [ $n -gt 5000 ] && exit 0; [ -e '${seen}'/$n ] && { ${then}; }; : > '${seen}'/$n; exit 9`;
  return ['sh', '-c', script];
}

describe('a case made small', () => {
  it('is not one that our own reader refuses', async () => {
    const script = `const all = []; process.stdin.on('data', (one) => all.push(one)).on('end', () => {
      const data = Buffer.concat(all);
      for (let at = 0; at + 2 <= data.length; at += 2 + data.readUInt16BE(at)) {
        if (data.readUInt16BE(at) === 0xffff) process.exit(9);
      } });`;
    const of = { feed: 'capture', capture: fixture('itch50-session.NASDAQ_ITCH50.gz') };
    const results = await mutations([process.execPath, '-e', script], ['record-length-maximum'], {}, of);
    expect(results.map(({ report }) => report.verdict)).toEqual(['crash']);
    expect(results[0]?.packets).toBeLessThan(24);
  });

  it('that no longer fails is saved as it was', async () => {
    const [result] = await mutations(crashingOnce('flaky', 'exit 0'), ['count-high']);
    expect(result).toMatchObject({ packets: 24, report: { verdict: 'crash' } });
    expect(result?.report.message).toMatch(/^ended with code 9.*Again: /);
    expect(statSync(result?.saved as string).size).toBeGreaterThan(2000);
  });

  it('is told as it failed where its last run is stopped', async () => {
    const mark = join(folder, 'last');
    let isStopped = false;
    const results = mutations(crashingOnce('stopped', `: > '${mark}'; sleep 50`), ['count-high'], {
      isStopped: () => isStopped,
    });
    await until(() => existsSync(mark));
    isStopped = true;
    endAllParsers();
    const [result] = await results;
    expect(result?.report).toMatchObject({ verdict: 'crash', message: expect.stringMatching(/^ended with code 9/) });
    expect(hasExpectation(result?.saved as string)).toBe(true);
  });
});

it('a kind that no packet has a place for is told', async () => {
  const capture = beginning(2);
  const results = await mutations(
    ['sh', '-c', 'cat >&2'],
    ['packets-swapped', 'count-high'],
    { count: 2 },
    { capture },
  );
  expect(results.map(({ label, report }) => [label.kind, report.verdict, report.message])).toEqual([
    ['count-high', 'pass', ''],
    ['count-high', 'pass', ''],
    ['packets-swapped', 'skipped', 'no packet of the capture has a place for it'],
  ]);
});

it('growth of a program that ends at once on the capture as it is is seen', async () => {
  const grow = 'const held = Buffer.alloc(150 << 20, 1); setTimeout(() => process.exit(held[9] - 1), 300)';
  const script = `[ $(wc -c) -gt 5000 ] || exec '${process.execPath}' -e '${grow}'`;
  const [result] = await mutations(['sh', '-c', script], ['count-high'], { save: null });
  expect(result?.report).toMatchObject({
    verdict: 'memory',
    message: expect.stringMatching(/^took \d+ MiB, and \d+ on/),
  });
});

describe('what may be left out', () => {
  const own = { type: 'X', sequence: 4 };
  const expectation = {
    ...{ mutation: null, optional: [{ ...own, entries: [{ price: 1 }, { price: 2 }] }], gaps: [], doubtful: [] },
    ...{ rejects: [], rejectable: [], isStream: false, usualMemoryBytes: null },
  };
  const missing = (expected: object) => ({ kind: 'missing', expected }) as unknown as Divergence;
  const held = (flatten: string | null, expected: object[]) => {
    const report = emptyReport('a', ['a'], 'p', 'short', '');
    const divergences = { ...report.divergences, total: expected.length, kept: expected.map(missing) };
    return heldTo({ ...report, divergences }, expectation, 'packets', { ...plainMapping, flatten }).verdict;
  };

  it('may be left out entry by entry where entries are messages', () => {
    expect(
      held('entries', [
        { ...own, price: 1 },
        { ...own, price: 2 },
      ]),
    ).toBe('pass');
    expect(held('entries', [{ ...own, price: 3 }])).toBe('short');
    expect(held(null, [{ ...own, price: 1 }])).toBe('short');
    expect(held(null, [{ ...own, entries: [{ price: 1 }, { price: 2 }] }])).toBe('pass');
  });
});

it('the command that repeats a case quotes the folder that it is in', async () => {
  const [result] = await mutations(['sh', '-c', '[ $(wc -c) -gt 5000 ]'], ['count-high'], {
    save: join(folder, "it's here"),
  });
  expect(result?.report.message).toMatch(
    /Again: tickreel check --parser 'x' '[^ ]*it'\\''s here\/count-high-1\.pcap'$/,
  );
});

describe('what is expected of a saved case', () => {
  const path = join(folder, 'one.pcap');
  const right = {
    ...{
      tickreel: 'mutation-case',
      version: 1,
      mutation: null,
      optional: [{ type: 'A' }],
      gaps: [[1, 2]],
      doubtful: [],
    },
    ...{ rejects: [{ packets: [1], kind: 'x' }], rejectable: [1], isStream: false, usualMemoryBytes: null },
  };
  const read = (given: object) => {
    writeFileSync(`${path}.expect.json`, JSON.stringify({ ...right, ...given }));
    return savedExpectation(path);
  };

  it('is read', () => {
    expect(read({})).toMatchObject(right);
    expect(JSON.parse(readFileSync(`${path}.expect.json`, 'utf8'))).toEqual(right);
  });

  it.each([
    [{ rejects: [1] }, 'rejects'],
    [{ rejects: [{ packets: 1, kind: 'x' }] }, 'rejects'],
    [{ gaps: [null] }, 'gaps'],
    [{ gaps: [[1]] }, 'gaps'],
    [{ doubtful: [['1', '2']] }, 'doubtful'],
    [{ optional: [7] }, 'optional'],
    [{ rejectable: ['1'] }, 'rejectable'],
    [{ rejectable: undefined }, 'rejectable'],
    [{ isStream: 1 }, 'isStream'],
    [{ usualMemoryBytes: undefined }, 'usualMemoryBytes'],
    [{ usualMemoryBytes: 'many' }, 'usualMemoryBytes'],
  ])('%j is refused', (given, key) => {
    expect(() => read(given)).toThrow(new RegExp(`does not say what is expected of the capture: .*${key}`));
  });
});
