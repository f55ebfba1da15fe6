import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import type { PackFile } from '../../src/run/conformance.js';
import { checkGolden } from '../../src/run/golden-check.js';
import { run, temporaryFolder } from '../support/cli.js';

// The whole of a specification is written and read, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000 });

const folder = temporaryFolder();

function parsed(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('decode reads every capture of the pack as the pack says', async () => {
  const args = ['conformance', '-o', folder, '--schema-version', '9,13', '--json'];
  const { code, stdout, stderr } = await run(args);
  expect([code, stderr]).toEqual([0, '']);
  const files = parsed(stdout) as PackFile[];
  expect(files.map(({ capture, types }) => [capture, types])).toEqual([
    ['itch50-single.pcap', 23],
    ['itch50-packed.pcap', 23],
    ['itch50.NASDAQ_ITCH50', 23],
    ['mdp3-v9-single.pcap', 29],
    ['mdp3-v9-packed.pcap', 29],
    ['mdp3-v13-single.pcap', 31],
    ['mdp3-v13-packed.pcap', 31],
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'pack.json'), 'utf8')).files).toEqual(files);
  for (const { capture, expected, golden, messages } of files) {
    const held = await checkGolden(join(folder, golden), { input: inputSpecOf(join(folder, capture)) });
    expect([held.verdict, held.counts.same, held.message], golden).toEqual(['pass', messages, '']);
    const decoded = await run(['decode', join(folder, capture)]);
    expect([decoded.code, decoded.stderr], capture).toEqual([0, '']);
    const lines = parsed(readFileSync(join(folder, expected), 'utf8')) as Record<string, unknown>[];
    expect(lines).toHaveLength(messages);
    const told = parsed(decoded.stdout) as Record<string, unknown>[];
    const isFile = capture.endsWith('ITCH50');
    const shown = told.map(({ timestampNs, sequence, protocol, session, symbol, ...values }) =>
      isFile ? values : { timestampNs, sequence, protocol, session, ...values },
    );
    expect(shown.map(withoutSymbols)).toEqual(lines);
  }
});

test('golden check holds the pack against its records, from its own folder', async () => {
  const args = ['golden', 'check', join(folder, 'mdp3-v13-packed.pcap.golden')];
  expect(await run(args)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pass .*2,911 messages/) });
});

test('what is refused', async () => {
  const twice = await run(['conformance', '-o', folder, '--protocol', 'itch50', '--schema-version', '9']);
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('--schema-version is of MDP') });
  const version = await run(['conformance', '-o', folder, '--schema-version', '7']);
  expect(version).toMatchObject({ code: 2, stderr: expect.stringContaining("version '7' is not built in") });
  const file = await run(['conformance', '-o', join(folder, 'pack.json')]);
  expect(file).toMatchObject({ code: 1, stderr: expect.stringContaining('pack.json') });
});

/** Symbols are learned from definitions, and no part of a message. */
function withoutSymbols(values: unknown): unknown {
  if (Array.isArray(values)) return values.map(withoutSymbols);
  if (typeof values !== 'object' || values === null) return values;
  const kept = Object.entries(values).filter(([name]) => name !== 'symbol' && name !== 'channel' && name !== 'feed');
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutSymbols(value)]));
}
