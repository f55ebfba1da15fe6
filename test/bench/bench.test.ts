/** Every bench case runs on a small session: for its checksum and the report's shape, never for its time. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchCases } from '../../bench/cases.js';
import { buildInput, type InputName } from '../../bench/corpus.js';
import { goals } from '../../bench/goals.js';
import { buildMdpSession, mdpMessages } from '../../bench/mdp-session.js';
import { buildSession, sessionMessages } from '../../bench/session.js';
import { projectRoot, temporaryFolder } from '../support/cli.js';

const messages = 20_000;
const folder = temporaryFolder();

describe('corpus', () => {
  it('is the committed one', () => {
    const names = ['session.NASDAQ_ITCH50', 'session-ns.pcap', 'session-us.pcap', 'channel.mdp3', 'channel-ns.pcap'];
    for (const name of names as InputName[]) {
      expect(buildInput(name, messages).bytes.length).toBeGreaterThan(messages * 19);
    }
  });

  it('mixes the types of a full day', () => {
    const session = buildSession(200_000);
    const counts = new Map<string, number>();
    let previous = 0;
    let isIncreasing = true;
    for (let at = 0; at < session.length; at += 2 + (session[at + 1] as number)) {
      const type = String.fromCharCode(session[at + 2] as number);
      counts.set(type, (counts.get(type) ?? 0) + 1);
      const timestamp = session.subarray(at + 7, at + 13).reduce((sum, byte) => sum * 256 + byte, 0);
      isIncreasing &&= timestamp > previous;
      previous = timestamp;
    }
    expect(isIncreasing).toBe(true);
    expect(previous).toBeLessThan(86_400e9);
    expect(counts.size).toBeGreaterThanOrEqual(21);
    const share = (type: string) => Math.round((counts.get(type) ?? 0) / 200) / 10;
    const expected = { A: 38, D: 36, U: 18, E: 2.3, X: 1.6, P: 1.2, I: 1, F: 1, L: 0.5 };
    for (const [type, percent] of Object.entries(expected)) expect(Math.abs(share(type) - percent)).toBeLessThan(0.3);
  });
});

describe('channel of MDP 3.0', () => {
  it('mixes templates and versions as it says', () => {
    const { bytes, entries } = buildMdpSession(messages);
    const { counts, entries: counted } = mdpSums(bytes);
    expect(counted).toBe(entries);
    const share = (key: string) => Math.round(((counts.get(key) ?? 0) / messages) * 100);
    expect([46, 47, 48, 52].map((template) => share(`${template}`))).toEqual([59, 31, 8, 2]);
    expect([share('version 9'), share('version 13')]).toEqual([26, 74]);
    expect(mdpMessages).toBe(1_000_000);
  });
});

describe('cases', () => {
  const known = new Map([
    ['itch-fields', wordSum(buildSession(messages))],
    ['mdp-fields', mdpSums(buildMdpSession(messages).bytes).sum],
  ]);

  it.each(benchCases.map((benchCase) => [benchCase.name, benchCase] as const))('%s', async (_name, benchCase) => {
    const reason = benchCase.absence?.() ?? null;
    if (reason !== null) {
      console.log(`not run: ${benchCase.name}: ${reason}`);
      return;
    }
    const run = await benchCase.prepare(buildInput(benchCase.input, messages));
    const checksum = await run();
    expect(await run()).toBe(checksum);
    expect(checksum).toBe(known.get(benchCase.sum) ?? checksum);
    known.set(benchCase.sum, checksum);
  });

  it('are over the committed checksums, each under a name of its own', () => {
    expect(known.get('mdp-fields')).toBe(3_356_265_038);
    const names = benchCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('the report of a protocol with groups is per entry', () => {
    const file = join(folder, 'mdp.json');
    const args = ['dist/bench/main.js', '^mdp', '--json', file, '--messages', '1000', '--rounds', '5'];
    execFileSync(process.execPath, args, { cwd: projectRoot, stdio: 'pipe' });
    const { cases } = JSON.parse(readFileSync(file, 'utf8'));
    const { bytes, entries } = buildMdpSession(1000);
    expect(Object.keys(cases)).toEqual(['mdp-decode', 'mdp-end-to-end']);
    expect(cases['mdp-decode']).toMatchObject({
      entriesPerSecond: expect.any(Number),
      nsPerEntry: expect.any(Number),
      checksum: mdpSums(bytes).sum,
      input: { name: 'channel.mdp3', messages: 1000, entries, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const { nsPerEntry, nsPerMessage } = cases['mdp-decode'];
    expect(nsPerMessage / nsPerEntry).toBeCloseTo(entries / 1000);
  });

  it('the report has its shape', () => {
    const file = join(folder, 'bench.json');
    const page = join(folder, 'page.md');
    const args = ['dist/bench/main.js', '^(itch|c-itch)', '--json', file, '--page', '--page-file', page];
    args.push('--messages', '2000', '--rounds', '5');
    execFileSync(process.execPath, args, { cwd: projectRoot, stdio: 'pipe' });
    const { machine, cases, goals: standings, skipped } = JSON.parse(readFileSync(file, 'utf8'));
    expect(machine).toMatchObject({ node: process.version, command: expect.stringContaining('--messages 2000') });
    const chosen = benchCases.map(({ name }) => name).filter((name) => /^(itch|c-itch)/.test(name));
    expect([...Object.keys(cases), ...Object.keys(skipped)].sort()).toEqual(chosen.toSorted());
    expect(Object.keys(cases).slice(0, 2)).toEqual(['itch-scan', 'itch-scan-locate']);
    expect(standings.map(({ name }: { name: string }) => name)).toEqual(goals.map(({ name }) => name));
    expect(readFileSync(page, 'utf8')).toContain(`| ${wordSum(buildSession(2000))} |`);
    expect(cases['itch-decode']).toMatchObject({
      messagesPerSecond: expect.any(Number),
      nsPerMessage: expect.any(Number),
      bytesPerSecond: expect.any(Number),
      checksum: wordSum(buildSession(2000)),
      input: { name: 'session.NASDAQ_ITCH50', messages: 2000, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(sessionMessages).toBe(5_000_000);
  });
});

/** The checksum by a third way: lengths of fields by type as the specification prints them, byte by byte. */
function wordSum(session: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < session.length; at += 2 + (session[at + 1] as number)) {
    let field = at + 2;
    for (const length of [1, 2, 2, 6, ...(fieldLengths[String.fromCharCode(session[field] as number)] ?? '')].map(
      Number,
    )) {
      for (let byte = 0; byte < length; byte++) {
        const fromEnd = length - 1 - byte;
        sum = (sum + ((session[field + byte] as number) << (8 * (fromEnd % 4)))) | 0;
      }
      field += length;
    }
    if (field !== at + 2 + (session[at + 1] as number)) throw new Error(`fields end at ${field}`);
  }
  return sum >>> 0;
}

/**
 * The checksum of MDP 3.0 by a third way: fields by template as the exchange lists them, byte by byte. A digit is a
 * field's length, `n` before it one that may be null, `i` one that may be and is signed, `v` one that version 10 brought,
 * `-` a byte of padding.
 */
function mdpSums(session: Uint8Array): { sum: number; entries: number; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const u16 = (at: number) => (session[at] as number) + 256 * (session[at + 1] as number);
  let sum = 0;
  let entries = 0;
  for (let at = 0; at < session.length; at += u16(at)) {
    const [template, version] = [u16(at + 4), u16(at + 8)];
    for (const key of [`${template}`, `version ${version}`]) counts.set(key, (counts.get(key) ?? 0) + 1);
    const [root = '', ...groups] = mdpLayouts[template] ?? [];
    let place = block(root, at + 10, version);
    for (const [index, layout] of groups.entries()) {
      const count = session[place + (index === 0 ? 2 : 7)] as number;
      const length = u16(place);
      place += index === 0 ? 3 : 8;
      for (let entry = 0; entry < count; entry++, entries++) {
        const end = block(layout, place, version);
        if (end !== place + length) throw new Error(`an entry of ${template} ends at ${end}`);
        place = end;
      }
    }
    if (place !== at + u16(at)) throw new Error(`${template} ends at ${place}`);
  }
  return { sum: sum >>> 0, entries, counts };

  function block(layout: string, start: number, version: number): number {
    let place = start;
    for (const [, marks = '', digit = ''] of layout.matchAll(/([niv]*)([1248-])/g)) {
      const length = digit === '-' ? 1 : Number(digit);
      const bytes = [...session.subarray(place, place + length)];
      const isNull =
        (marks.includes('n') && bytes.every((byte) => byte === 0xff)) ||
        (marks.includes('i') && bytes.every((byte, index) => byte === (index === length - 1 ? 0x7f : 0xff)));
      const isCounted = digit !== '-' && !isNull && !(marks.includes('v') && version < 10);
      for (const [index, byte] of isCounted ? bytes.entries() : []) sum = (sum + (byte << (8 * (index % 4)))) | 0;
      place += length;
    }
    return place;
  }
}

/** The root, then each group, of each template. */
const mdpLayouts: Readonly<Record<number, readonly string[]>> = {
  46: ['81--', '8i444i4111vi4-', '88i4n11--'],
  47: ['81--', '888i4411------'],
  48: ['81--', '8444411n4--', '84----'],
  52: ['444488n21888', '8i4i4i1n2111'],
};

/** Lengths of the fields behind the header. */
const fieldLengths: Readonly<Record<string, string>> = {
  ...{ S: '1', R: '81141121111141', H: '8114', Y: '81', L: '48111', V: '888', W: '1', K: '8414', J: '84444', h: '811' },
  ...{ A: '81484', F: '814844', E: '848', C: '84814', X: '84', D: '8', U: '8844', P: '814848', Q: '88481', B: '8' },
  ...{ I: '881844411', N: '81', O: '81444844' },
};
