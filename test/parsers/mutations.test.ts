/** The example parsers through mutations: what they do not do is found, and what breaks them, each in a small capture. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkParser } from '../../src/run/check-capture.js';
import { checkMutations, type MutationResult } from '../../src/run/mutations/check.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { kindsNamed, mutationKinds } from '../../src/sim/mutations/kinds.js';
import { fixture, run, start, temporaryFolder } from '../support/cli.js';
import { type Example, examplesIn } from './examples.js';

// Programs are started, or the whole of a specification is read, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const folder = temporaryFolder();
const [python, c] = examplesIn(folder) as [Example, Example];
const captures = { itch50: 'itch50-session.pcap', mdp3: 'mdp3-session.pcap' };
const skipOf = ({ why }: Example) => (why === '' ? '' : ` (skipped: ${why})`);

function mutations(
  example: Example,
  protocol: 'itch50' | 'mdp3',
  bug: string,
  kinds: readonly string[],
  save: string | null = null,
): Promise<MutationResult[]> {
  const spec = example.spec(protocol, bug);
  // What has number 0 has none with us: compared in order.
  const parser = { ...spec, mapping: { ...spec.mapping, sequence: null } };
  return checkMutations({
    ...{ parser, input: inputSpecOf(fixture(captures[protocol])), seed: 11, count: 1 },
    ...{ kinds: kindsNamed(kinds), save, parserText: 'x' },
  });
}

function failing(results: readonly MutationResult[]): string[] {
  return results.filter(({ report }) => report.verdict !== 'pass').map(({ label }) => label.kind);
}

describe('C', () => {
  const skip = skipOf(c);

  // It puts no fragments together, and says so at its top: that is what there is to find.
  it.skipIf(skip !== '').each(['itch50', 'mdp3'] as const)(
    `passes every mutation of %s but fragments${skip}`,
    async (protocol) => {
      const others = mutationKinds.map(({ name }) => name).filter((name) => !name.startsWith('ip-fragments'));
      const results = await mutations(c, protocol, '', others);
      expect(results.length).toBeGreaterThan(45);
      expect(failing(results)).toEqual([]);
      expect(failing(await mutations(c, protocol, '', ['ip-fragments']))).toEqual(['ip-fragments']);
    },
  );

  it.skipIf(skip !== '').each([
    ['abort-on-empty', 'itch50', 'block-empty', 'crash'],
    ['hang-on-zero', 'mdp3', 'size-zero', 'hang'],
    ['last-dropped', 'itch50', 'block-empty', 'fails as it is'],
  ] as const)(`%s is a %s of %s: %s${skip}`, async (bug, protocol, kind, verdict) => {
    const save = join(folder, bug);
    const result = mutations(c, protocol, bug, [kind, 'packet-duplicate'], save);
    if (verdict === 'fails as it is') {
      await expect(result).rejects.toThrow(/fails on the capture as it is \(differs|short/);
      return;
    }
    const results = await result;
    expect(failing(results)).toEqual([kind]);
    const [{ report, saved, packets }] = results.filter((one) => one.label.kind === kind) as [MutationResult];
    expect(report.verdict).toBe(verdict);
    expect(report.name).toContain(`${kind}, expect `);
    expect(report.message).toContain(`Again: tickreel check --parser 'x' ${saved}`);
    expect(packets).toBeLessThanOrEqual(2);
    // What was saved shows it again, and no other parser minds it.
    const input = inputSpecOf(saved as string);
    expect((await checkParser(c.spec(protocol, bug), { input })).verdict).toBe(verdict);
    expect((await checkParser(c.spec(protocol, ''), { input })).verdict).not.toBe(verdict);
  });
});

describe('Python', () => {
  const skip = skipOf(python);

  it.skipIf(skip !== '')(`an end of session that is taken for a count is found${skip}`, async () => {
    const kinds = ['end-of-session', 'heartbeat', 'count-high'];
    const results = await mutations(python, 'itch50', 'end-of-session', kinds).catch((error: Error) => error.message);
    // The session's own end is at the capture's end, beyond the stretch that is tried first.
    expect(failing(results as MutationResult[])).toEqual(['end-of-session']);
  });
});

it('memory that grows is told', async () => {
  const script = `
    const pieces = [];
    process.stdin.on('data', (chunk) => { if (process.env.X) pieces.push(Buffer.alloc(1 << 28, chunk[0])); });
    process.stdin.on('end', () => setTimeout(() => process.exit(pieces.length > 9 ? 1 : 0), 700));`;
  const spec = parserSpecFrom({ command: [process.execPath, '-e', script], feed: 'pcap', only: ['S'] }, 'grow', folder);
  const input = inputSpecOf(fixture('itch50-gaps.pcap'));
  const usual = await checkParser(spec, { input });
  expect(usual.peakMemoryBytes).toBeGreaterThan(0);
  const grown = parserSpecFrom(
    { command: ['env', 'X=1', process.execPath, '-e', script], feed: 'pcap', 'max-memory': '200MB' },
    'grow',
    folder,
  );
  expect((await checkParser(grown, { input })).verdict).toBe('memory');
});

describe('tickreel check --mutations', () => {
  it('a module is called with mutated messages; the exit code and the reports say what failed', async () => {
    const junit = join(folder, 'junit.xml');
    const module = join(folder, 'parser.mjs');
    const index = new URL('../../dist/index.js', import.meta.url).pathname;
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      module,
      `import { itch50 } from ${JSON.stringify(index)};
       export function onMessage(view, offset, length, context) {
         const values = itch50.toObject(view, offset, length);
         return values?.price === 0xffffffff ? { ...values, price: -1 } : values;
       }`,
    );
    const args = ['check', '--parser', module, '--mutations', fixture('itch50-session.pcap')];
    const good = await run([...args, '--seed', '2', '--kind', 'message,field']);
    expect(good).toMatchObject({ code: 0, stdout: '9 mutations: 9 passed\n' });
    const options = ['--kind', 'field-maximum', '--seed', '11', '--junit', junit, '--json'];
    const bad = await start([...args, ...options], undefined, 100_000).finished;
    expect(bad.code).toBe(7);
    const { mutations } = JSON.parse(bad.stdout);
    const wrong = mutations.filter((one: MutationResult) => one.report.verdict !== 'pass');
    expect(wrong.length).toBeGreaterThan(0);
    for (const { label, report } of wrong) {
      expect(label.what).toContain('.price is 4294967295');
      expect(report.divergences.first.fields[0].path).toBe('price');
    }
    expect(readFileSync(junit, 'utf8')).toContain(`failures="${wrong.length}"`);
  });

  it.each([
    [['--kind', 'field'], '--kind is of mutations: give --mutations too'],
    [['--mutations', '--kind', 'session', '--feed', 'binaryfile'], 'this parser is fed messages alone'],
    [['--mutations', '--feed', 'udp'], '--mutations wants a parser that reads a capture'],
  ])('%j is refused', async (options, told) => {
    const args = ['check', '--parser', `${process.execPath} -e 0`, fixture('itch50-session.pcap'), ...options];
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
  });
});
