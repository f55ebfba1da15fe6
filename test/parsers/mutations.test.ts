/** The example parsers through mutations: what they do not do is found, and what breaks them, each in a small capture. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { reportSpecOf } from '../../src/compare/reports.js';
import { checkSaved } from '../../src/run/mutations/case.js';
import { checkMutations, type MutationResult } from '../../src/run/mutations/check.js';
import { type ParserSpec, parserSpecFrom } from '../../src/run/parser-spec.js';
import { kindsNamed, mutationKinds } from '../../src/sim/mutations/kinds.js';
import { fixture, run, start, temporaryFolder } from '../support/cli.js';
import { type Example, examplesIn } from './examples.js';

// Programs are started, or the whole of a specification is read, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const folder = temporaryFolder();
const [python, c] = examplesIn(folder) as [Example, Example];
const captures = { itch50: 'itch50-session.pcap', mdp3: 'mdp3-session.pcap' };
const skipOf = ({ why }: Example) => (why === '' ? '' : ` (skipped: ${why})`);

/** The same parser, held to what it reports. */
function reporting(spec: ParserSpec): ParserSpec {
  // What has number 0 has none with us: compared in order.
  return { ...spec, mapping: { ...spec.mapping, sequence: null }, reports: reportSpecOf(true, 'reports') };
}

function mutations(
  example: Example,
  protocol: 'itch50' | 'mdp3',
  bug: string,
  kinds: readonly string[],
  save: string | null = null,
): Promise<MutationResult[]> {
  return checkMutations({
    ...{
      parser: reporting(example.spec(protocol, bug)),
      input: inputSpecOf(fixture(captures[protocol])),
      seed: 11,
      count: 1,
      jobs: 2,
    },
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
    ['gap-silent', 'itch50', 'packet-missing', 'differs'],
    ['gap-count', 'mdp3', 'packet-missing', 'differs'],
    ['reject-silent', 'itch50', 'count-high', 'differs'],
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
    expect(packets).toBeLessThanOrEqual(3);
    if (verdict === 'differs') expect(report.message).toMatch(/^wrong reports: /);
    expect(report.message).toContain(`Again: tickreel check --parser 'x' ${saved}`);
    // What was saved shows it again, and no other parser minds it.
    const input = inputSpecOf(saved as string);
    const again = await checkSaved(reporting(c.spec(protocol, bug)), { input });
    expect(report.message).toContain(again.message);
    expect(again.verdict).toBe(verdict);
    expect(await checkSaved(reporting(c.spec(protocol, '')), { input })).toMatchObject({
      verdict: 'pass',
      message: '',
    });
  });
});

describe('Python', () => {
  const skip = skipOf(python);

  it.skipIf(skip !== '').each(['itch50', 'mdp3'] as const)(
    `passes every mutation of %s but fragments, with what it reports${skip}`,
    async (protocol) => {
      const others = mutationKinds.map(({ name }) => name).filter((name) => !name.startsWith('ip-fragments'));
      const results = await mutations(python, protocol, '', others);
      expect(results.length).toBeGreaterThan(45);
      expect(failing(results)).toEqual([]);
    },
  );

  it.skipIf(skip !== '')(`an end of session that is taken for a count is found${skip}`, async () => {
    const kinds = ['end-of-session', 'heartbeat', 'count-high'];
    const results = await mutations(python, 'itch50', 'end-of-session', kinds).catch((error: Error) => error.message);
    // The session's own end is at the capture's end, beyond the stretch that is tried first.
    expect(failing(results as MutationResult[])).toEqual(['end-of-session']);
  });
});

describe('tiny programs', () => {
  /** Reads messages behind their lengths, and does `harm` where it meets one of a type that ITCH does not have. */
  const program = (harm: string, shell = false) => {
    const script = `
      const chunks = [];
      process.stdin.on('data', (chunk) => chunks.push(chunk));
      process.stdin.on('end', () => {
        const data = Buffer.concat(chunks);
        let at = 0;
        for (; at + 2 < data.length; at += 2 + data.readUInt16BE(at)) {
          if (!'SRHYLVWKJhAFECXDUPQBINO'.includes(String.fromCharCode(data[at + 2]))) break;
        }
        if (at + 2 < data.length) { ${harm} }
      });`;
    const path = join(folder, `tiny-${Math.random().toString(36).slice(2)}.cjs`);
    writeFileSync(path, script);
    // A shell that stays in front of it, and is all that its group's leader is.
    const command = shell ? ['sh', '-c', `'${process.execPath}' '${path}'; exit $?`] : [process.execPath, path];
    // No message of the capture is of the type that it is asked for.
    return { command, only: ['O'], timeout: '20s' };
  };
  const harmful = async (keys: object) => {
    const parser = parserSpecFrom(keys, 'tiny', folder);
    const results = await checkMutations({
      ...{ parser, input: inputSpecOf(fixture(captures.itch50)), seed: 11, count: 1, jobs: 2, save: null },
      ...{ kinds: kindsNamed(['type-unknown', 'field-null']), parserText: 'x' },
    });
    return results.map(({ label, report }) => [label.kind, report.verdict, report.message] as const);
  };
  // It holds what it takes for longer than between two looks.
  const take = (megabytes: number) =>
    `const held = Buffer.alloc(${megabytes} << 20, 1); setTimeout(() => process.exit(held[9] - 1), 1200);`;

  it.each([
    ['hangs', { ...program('for (;;) {}'), timeout: '3s' }, 'hang', /neither read nor wrote for 3000 ms/],
    ['crashes', program('process.abort();'), 'crash', /SIGABRT/],
    ['ends otherwise', program('process.exit(3);'), 'crash', /ended with code 3/],
    ['grows', program(take(400)), 'memory', /took \d+ MiB, and \d+ on the capture as it is/],
    ['takes too much', { ...program(take(400)), 'max-memory': '250MB' }, 'memory', /took more memory than it may/],
    ['takes it behind a shell', { ...program(take(400), true), 'max-memory': '250MB' }, 'memory', /more memory/],
    [
      'floods',
      program("setInterval(() => process.stdout.write(' '.repeat(65536) + '\\n'), 0);"),
      'flood',
      /bytes without/,
    ],
    ['writes rubbish', program("console.log('hello');"), 'rubbish', /line 1 of its output is no JSON: hello/],
  ] as const)('one that %s is told, and the next case is run', async (_name, keys, verdict, message) => {
    expect(await harmful(keys)).toEqual([
      ['type-unknown', verdict, expect.stringMatching(message)],
      ['field-null', 'pass', ''],
    ]);
  });
});

it('cases that run beside each other are told in their order, and are the same ones', async () => {
  const command = [process.execPath, '-e', 'setTimeout(() => process.stdin.resume(), 300 * Math.random())'];
  const parser = parserSpecFrom({ command, only: ['O'], feed: 'pcap' }, 'slow', folder);
  const told: string[][] = [];
  for (const jobs of [1, 4]) {
    const order: string[] = [];
    const results = await checkMutations({
      ...{ parser, input: inputSpecOf(fixture(captures.itch50)), seed: 'a', count: 2, jobs, save: null },
      ...{ kinds: kindsNamed(['session']), parserText: 'x', onResult: ({ label }) => order.push(label.what) },
    });
    expect(results.map(({ label }) => label.what)).toEqual(order);
    told.push(order);
  }
  expect(told[0]).toEqual(told[1]);
  expect(told[0]?.length).toBeGreaterThan(10);
});

describe('tickreel check --mutations', () => {
  it('a module is called with mutated messages; the exit code and the reports say what failed', async () => {
    const junit = join(folder, 'junit.xml');
    const module = join(folder, 'parser.mjs');
    const index = new URL('../../dist/index.js', import.meta.url).pathname;
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
    [['--mutations', '--kind', 'session', '--feed', 'binaryfile'], 'the parser is fed messages alone'],
    [['--mutations', '--kind', 'ip', '--feed', 'udp'], 'the system that sends a datagram writes its headers itself'],
  ])('%j is refused', async (options, told) => {
    const args = ['check', '--parser', `${process.execPath} -e 0`, fixture('itch50-session.pcap'), ...options];
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
  });
});
