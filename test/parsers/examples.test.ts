/**
 * What a feed-handler team gets: both example parsers pass the conformance pack, and every mistake planted in them is
 * found and laid at the right field.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { mdp3Versions } from '../../src/protocol/mdp3/index.js';
import { checkParser } from '../../src/run/check-capture.js';
import type { CheckReport } from '../../src/run/check-spec.js';
import { type PackFile, writeConformancePack } from '../../src/run/conformance.js';
import { temporaryFolder } from '../support/cli.js';
import { type Example, examplesIn } from './examples.js';

// Programs are started, or the whole of a specification is read, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const folder = temporaryFolder();
const examples = examplesIn(folder);
let files: PackFile[] = [];

beforeAll(async () => {
  files = await writeConformancePack({ folder, itch: true, versions: mdp3Versions });
}, 120_000);

function check(example: Example, capture: string, bug = ''): Promise<CheckReport> {
  const protocol = capture.startsWith('mdp3') ? 'mdp3' : 'itch50';
  const feed = capture.endsWith('ITCH50') ? 'binaryfile' : 'pcap';
  return checkParser(example.spec(protocol, bug, feed), { input: inputSpecOf(join(folder, capture)) });
}

/**
 * A mistake, a capture that shows it, and the cause that the report begins with or the verdict on the program; behind
 * it what the report guesses, where it does.
 */
const planted: readonly [bug: string, capture: string, found: string, hint?: RegExp][] = [
  ['swapped-fields', 'itch50-single.pcap', 'S SystemEvent.stockLocate', /trackingNumber|2 bytes behind its place/],
  ['sign', 'itch50-packed.pcap', 'A AddOrder.shares', /sign/],
  ['endianness', 'itch50.NASDAQ_ITCH50', 'E OrderExecuted.matchNumber', /byte order|order of/],
  ['wrong-scale', 'itch50-packed.pcap', 'A AddOrder.price', /scale|10\^2/],
  ['timestamp-32', 'itch50-packed.pcap', 'S SystemEvent.timestamp'],
  ['text-cut', 'itch50-packed.pcap', 'R StockDirectory.stock', /cut short/],
  ['through-float', 'itch50-packed.pcap', 'A AddOrder.orderReferenceNumber'],
  ['type-missing', 'itch50-packed.pcap', 'N RetailInterest missing'],
  ['last-dropped', 'itch50-packed.pcap', 'missing'],
  ['sign', 'mdp3-v13-packed.pcap', 'MDEntrySize'],
  ['endianness', 'mdp3-v9-packed.pcap', 'SecurityID', /byte order|order of/],
  ['wrong-scale', 'mdp3-v13-packed.pcap', 'MDEntryPx', /scale|10\^2/],
  ['null-ignored', 'mdp3-v13-single.pcap', 'MDEntryPx', /null/],
  ['stride-off', 'mdp3-v13-single.pcap', 'NoMDEntries.'],
  ['entry-dropped', 'mdp3-v9-single.pcap', 'NoMDEntries'],
  ['since-ignored', 'mdp3-v9-single.pcap', 'TradeableSize'],
];
/** Of the Python one alone. */
const plantedInPython: typeof planted = [
  ['side-inverted', 'itch50-packed.pcap', 'A AddOrder.buySellIndicator'],
  ['wrong-scale-8', 'itch50-packed.pcap', 'V MwcbDeclineLevel.level1', /scale|10\^4/],
  ['end-of-session', 'itch50-packed.pcap', 'crash'],
  ['dimension-3', 'mdp3-v9-single.pcap', 'NoOrderIDEntries'],
  ['block-length-ignored', 'mdp3-v9-single.pcap', 'MDInstrumentDefinition'],
  ['size-excludes-itself', 'mdp3-v9-packed.pcap', 'missing'],
];

describe.each(examples)('the example in $name', (example) => {
  const skip = example.why === '' ? '' : ` (skipped: ${example.why})`;

  it.skipIf(skip !== '')(`passes the whole conformance pack${skip}`, async () => {
    for (const { capture, messages } of files) {
      const report = await check(example, capture);
      expect([capture, report.verdict, report.message, report.divergences.causes]).toEqual([capture, 'pass', '', []]);
      expect(report.counts).toMatchObject({ left: messages, right: messages, same: messages });
    }
  });

  const bugs = example.name === 'Python' ? [...planted, ...plantedInPython] : planted;
  it.skipIf(skip !== '').each(bugs)(`%s on %s is laid at %s${skip}`, async (bug, capture, found, hint) => {
    const report = await check(example, capture, bug);
    const { causes } = report.divergences;
    expect(report.verdict).not.toBe('pass');
    if (found === 'crash')
      expect(report).toMatchObject({ verdict: 'crash', errorText: expect.stringContaining('Error') });
    else {
      const named = causes.filter(({ cause }) => cause.includes(found));
      expect(named.length, causes.map(({ cause }) => cause).join(', ')).toBeGreaterThan(0);
      if (hint !== undefined) expect(named.map((one) => one.hint).join('\n')).toMatch(hint);
    }
  });
});
