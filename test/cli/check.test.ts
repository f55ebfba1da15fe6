/** `tickreel check` as it is typed: feeds, records, groups, suites with what is accepted, exit codes, reports. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { python } from '../parsers/examples.js';
import { fixture, projectRoot, run, temporaryFolder } from '../support/cli.js';
import { junitFaults } from '../support/junit.js';

vi.setConfig({ testTimeout: 120_000 });

const folder = temporaryFolder();
const index = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href);
const session = fixture('itch50-session.pcap');
const gaps = fixture('itch50-gaps.pcap');
const mdp = fixture('mdp3-session.pcap');
const skip = python === null ? ' (skipped: there is no python3)' : '';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A module that decodes as we do, but for what `spoil` does to the values. */
function module(name: string, spoil = 'values'): string {
  return file(
    name,
    `import { itch50 } from ${index};
     export const onMessage = (view, offset, length) => {
       const values = itch50.toObject(view, offset, length);
       return values === null ? null : ${spoil};
     };`,
  );
}

const good = module('good.mjs');
const wrong = module('wrong.mjs', "values.type === 'D' ? { ...values, orderReferenceNumber: 7 } : values");

it('a suite that is run in its folder names what is in it the same on every machine', () => {
  const own = join(folder, 'own');
  mkdirSync(own);
  cpSync(gaps, join(own, 'gaps.pcap'));
  writeFileSync(join(own, 'tickreel.yml'), `parser: ${wrong}\ncaptures: ['*.pcap']\ngoldens: goldens\n`);
  const main = join(projectRoot, 'dist/cli/main.js');
  const ran = (...args: string[]) =>
    spawnSync(process.execPath, [main, 'check', ...args], { cwd: own, encoding: 'utf8' });
  const update = ran('--update');
  expect(update.stderr).toContain('goldens/gaps.pcap.golden: made, 3483 messages');
  expect(update.stderr).toContain('tickreel.accepted.yml: 1 causes accepted');
  const { status, stdout, stderr } = ran('--junit', 'results.xml');
  expect([status, stdout]).toEqual([0, expect.stringContaining('gaps.pcap against goldens/gaps.pcap.golden: 3,483')]);
  expect(
    update.stderr + update.stdout + stdout + stderr + readFileSync(join(own, 'results.xml'), 'utf8'),
  ).not.toContain(own);
});

describe('feeds', () => {
  it.skipIf(skip !== '')(`UDP, to the example in Python, right and wrong${skip}`, async () => {
    const program = join(projectRoot, 'test/parsers/feed_parser.py');
    const yaml = (bug: string) =>
      file(
        `udp-${bug}.yml`,
        `command: [env, BUG=${bug}, ${python}, ${program}, --udp, '{port}']
feed: udp\nready: ready\nspeed: 4kpps\nsequence: sequence\n`,
      );
    const passed = await run(['check', '--parser', yaml(''), gaps]);
    expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('1 passed, 0 failed: 3,483 messages')]);
    const cut = await run(['check', '--parser', yaml('text-cut'), gaps]);
    expect([cut.code, cut.stdout]).toEqual([7, expect.stringContaining('A AddOrder.stock: a value taken for null')]);
  });

  it('records of one size', async () => {
    const program = file(
      'records.mjs',
      `const chunks = [];
       for await (const chunk of process.stdin) chunks.push(chunk);
       const data = Buffer.concat(chunks);
       const out = [];
       for (let at = 0; at + 2 <= data.length; at += 2 + data.readUInt16BE(at)) {
         const type = String.fromCharCode(data[at + 2]);
         if (type !== 'A' && type !== 'D') continue;
         const record = Buffer.alloc(40);
         record.write(type);
         record.writeBigUInt64LE(data.readBigUInt64BE(at + 13), 8);
         record.writeUIntLE(data.readUIntBE(at + 7, 6), 16, 6);
         if (type === 'A') {
           record.write(data.toString('latin1', at + 26, at + 34), 22, 'latin1');
           record.writeUInt32LE(data.readUInt32BE(at + 22), 30);
           record.writeInt32LE(data.readUInt32BE(at + 34) + (process.env.OFF ? 1 : 0), 34);
         }
         out.push(record);
       }
       process.stdout.write(Buffer.concat(out));
       if (process.env.CUT) process.stdout.write('abc');`,
    );
    const yaml = file(
      'records.yml',
      `command: [${process.execPath}, ${program}]
only: [A, D]
partial: true
type: kind
records:
  size: 40
  byte-order: little
  fields:
    kind: { at: 0, kind: char }
    orderReferenceNumber: { at: 8, kind: u64 }
    timestamp: { at: 16, kind: u48 }
  messages:
    A:
      stock: { at: 22, kind: text, length: 8 }
      shares: { at: 30, kind: u32 }
      price: { at: 34, kind: i32 }
`,
    );
    const passed = await run(['check', '--parser', yaml, session]);
    expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('1 passed, 0 failed: 7,334 messages')]);
    process.env.OFF = '1';
    const off = await run(['check', '--parser', yaml, session]).finally(() => delete process.env.OFF);
    expect(off.stdout).toContain('A AddOrder.price: off by one');
    expect(off.code).toBe(7);
    process.env.CUT = '1';
    const cut = await run(['check', '--parser', yaml, session]).finally(() => delete process.env.CUT);
    expect(cut.stdout).toContain('rubbish');
    expect(cut.stdout).toContain('its output ends with 3 bytes of a record of 40');
  });

  it('entries of a group as messages of their own', async () => {
    const program = file(
      'flat.mjs',
      `import { forEachMessage } from ${index};
       const hundredfold = (price) => (price === null ? null : (Number(price) * 100).toFixed(6));
       await forEachMessage(process.argv[2], ({ values }) => {
         const { NoMDEntries: entries, ...own } = values;
         if (!Array.isArray(entries)) return console.log(JSON.stringify(values));
         for (const entry of entries) console.log(JSON.stringify({ ...own, ...entry, px: hundredfold(entry.MDEntryPx) }));
       });`,
    );
    const text = `command: [${process.execPath}, ${program}, '{capture}']\nfeed: file\nflatten: NoMDEntries\n`;
    const yaml = file('flat.yml', `${text}fields: { MDEntryPx: { from: px, scale: -2 } }\npartial: true\n`);
    const passed = await run(['check', '--parser', yaml, mdp]);
    expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('1 passed, 0 failed')]);
    const scaled = file('flat-wrong.yml', `${text}fields: { MDEntryPx: px }\npartial: true\n`);
    const failed = await run(['check', '--parser', scaled, mdp]);
    expect([failed.code, failed.stdout]).toEqual([7, expect.stringContaining('10^2 times too large: the scale')]);
  });

  it('a program that is only counted, in a suite', async () => {
    const suite = join(folder, 'counted');
    mkdirSync(suite, { recursive: true });
    const program = join(projectRoot, 'test/parsers/counting.mjs');
    const text = `parser:
  command: [${process.execPath}, ${program}, --lines]
  count: { from: stdout, total: '/handled (\\d+)/', types: { A: '/, (\\d+) adds/' } }
captures: ['${session}', '${gaps}']
`;
    writeFileSync(join(suite, 'tickreel.yml'), text);
    const passed = await run(['check', suite, '--jobs', '2']);
    expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('2 passed, 0 failed: 13,483 messages')]);
    process.env.WRONG = 'misses-adds';
    const failed = await run(['check', suite, '--json']).finally(() => delete process.env.WRONG);
    expect(failed.code).toBe(7);
    const [first] = JSON.parse(failed.stdout).cases;
    expect(first.message).toMatch(/^counted 9,99\d of 10,000 messages \(A AddOrder \d short\)$/);
    expect(first.counted.parts).toHaveLength(2);
  });
});

describe('suites', () => {
  it('--update accepts what --accepted then knows; --jobs changes nothing of the order', async () => {
    const accepted = join(folder, 'accepted.yml');
    const args = ['check', '--parser', wrong, '--accepted', accepted, session, gaps];
    const before = await run(args);
    expect([before.code, before.stdout]).toEqual([7, expect.stringContaining('0 passed, 2 failed')]);
    const update = await run([...args, '--update']);
    expect([update.code, update.stderr]).toEqual([0, expect.stringContaining(`${accepted}: 2 causes accepted`)]);
    expect(readFileSync(accepted, 'utf8')).toContain('D OrderDelete.orderReferenceNumber');
    const after = await run([...args, '--jobs', '4', '--json']);
    expect(after.code).toBe(0);
    const { cases } = JSON.parse(after.stdout);
    expect(cases.map(({ name, verdict }: { name: string; verdict: string }) => [name, verdict])).toEqual([
      [session, 'pass'],
      [gaps, 'pass'],
    ]);
    for (const { divergences } of cases) expect(divergences.accepted).toBe(divergences.total);
  });

  it('--update makes golden records of what is there, and of no more', async () => {
    const captures = join(folder, 'fresh');
    const goldens = join(folder, 'fresh-goldens');
    mkdirSync(captures, { recursive: true });
    writeFileSync(join(captures, 'a.pcap'), readFileSync(gaps));
    writeFileSync(join(captures, 'notes.txt'), 'no capture');
    const args = ['check', '--goldens', goldens, captures];
    expect((await run(args)).stderr).toContain('there is nothing to hold the captures against');
    const made = await run([...args, '--update']);
    expect(made.stdout).toContain('there is no such record yet');
    expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/a\.pcap\.golden: made, 3483 messages\n$/)]);
    expect(readdirSync(goldens)).toEqual(['a.pcap.golden']);
    expect(await run(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('pass     a.pcap') });
  });

  it('--tap and --junit tell failures, what was skipped and what could not be read', async () => {
    const captures = join(folder, 'captures');
    mkdirSync(captures, { recursive: true });
    for (const [name, from] of [
      ['a.pcap', session],
      ['b & <c>.pcap', gaps],
    ] as const) {
      writeFileSync(join(captures, name), readFileSync(from));
    }
    writeFileSync(join(captures, 'notes.txt'), 'no capture');
    const junit = join(folder, 'junit.xml');
    const args = ['check', '--parser', wrong, '--tap', '--junit', junit, captures, join(folder, 'absent.pcap')];
    const { code, stdout } = await run(args);
    expect(code).toBe(7);
    const told = stdout.split('\n').filter((line) => /^(?:not )?ok /.test(line));
    expect(told).toEqual([
      'not ok 1 - tickreel check wrong.mjs: a.pcap',
      'not ok 2 - tickreel check wrong.mjs: b & <c>.pcap',
      expect.stringMatching(/^ok 3 - .*notes\.txt # SKIP/),
      expect.stringMatching(/^not ok 4 - .*absent\.pcap$/),
    ]);
    expect(stdout.startsWith('TAP version 13\n1..4\n')).toBe(true);
    const xml = readFileSync(junit, 'utf8');
    expect(await junitFaults(xml)).toEqual([]);
    expect(xml).toContain('tests="4" failures="2" errors="1"');
    expect(xml).toContain('name="b &amp; &lt;c&gt;.pcap"');
  });

  it('golden check and check of mutations write valid JUnit too', async () => {
    const golden = join(folder, 'session.golden');
    const paths = [join(folder, 'golden.xml'), join(folder, 'mutations.xml')] as const;
    expect(await run(['golden', 'make', session, '-o', golden])).toMatchObject({ code: 0 });
    expect(await run(['golden', 'check', golden, gaps, '--junit', paths[0]])).toMatchObject({ code: 7 });
    const kinds = ['--kind', 'field', '--seed', '11', '--count', '2'];
    const spoiled = module('spoiled.mjs', "{ ...values, stock: values.stock?.replaceAll('\\\\u0001', '?') }");
    const checked = await run(['check', '--parser', spoiled, '--mutations', ...kinds, '--junit', paths[1], session]);
    expect([0, 7]).toContain(checked.code);
    for (const path of paths) expect(await junitFaults(readFileSync(path, 'utf8')), path).toEqual([]);
  });
});

describe('exit codes', () => {
  it('3 for a damaged capture, once everything valid was compared', async () => {
    const damaged = join(folder, 'damaged.pcap');
    const bytes = readFileSync(gaps);
    writeFileSync(damaged, bytes.subarray(0, bytes.length - 11));
    const passed = await run(['check', '--parser', good, damaged]);
    expect(passed.stdout).toMatch(/^pass .*3,48\d messages \(1 report of damage in the capture\)/);
    expect(passed.code).toBe(3);
    expect(await run(['check', '--parser', wrong, damaged])).toMatchObject({ code: 7 });
    const golden = join(folder, 'damaged.golden');
    expect(await run(['golden', 'make', damaged, '-o', golden])).toMatchObject({ code: 3 });
    const held = await run(['golden', 'check', golden]);
    expect([held.code, held.stdout]).toEqual([3, expect.stringContaining('pass')]);
  });

  it.each([
    [['check', '--parser', "node 'a b", gaps], "--parser: a quote ' that does not end: node 'a b"],
    [['check', '--parser', 'node "a b', gaps], '--parser: a quote " that does not end'],
    [['check', '--parser', 'node a\\', gaps], '--parser: a backslash with nothing behind it'],
  ])('%j is refused', async (args, told) => {
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
  });
});
