/** Every bench case runs on a small session: for its checksum and the report's shape, never for its time. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchCases } from '../../bench/cases.js';
import { buildInput, type InputName } from '../../bench/corpus.js';
import { buildSession, sessionMessages } from '../../bench/session.js';
import { projectRoot, temporaryFolder } from '../support/cli.js';

const messages = 20_000;
const folder = temporaryFolder();

describe('corpus', () => {
  it('is the committed one', () => {
    for (const name of ['session.NASDAQ_ITCH50', 'session-ns.pcap', 'session-us.pcap'] as InputName[]) {
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

describe('cases', () => {
  it('agree on the checksum of the same messages', () => {
    const sums = benchCases.map((benchCase) => {
      const run = benchCase.prepare(buildInput(benchCase.input, messages));
      const checksum = run();
      expect(run(), benchCase.name).toBe(checksum);
      return [benchCase.name, checksum];
    });
    const all = wordSum(buildSession(messages));
    const scan = sums[0]?.[1];
    expect(sums).toEqual(benchCases.map(({ name }) => [name, name === 'itch-scan' ? scan : all]));
    expect(benchCases.map(({ name }) => name).slice(0, 2)).toEqual(['itch-scan', 'itch-decode']);
  });

  it('the report has its shape', () => {
    const file = join(folder, 'bench.json');
    const args = ['dist/bench/main.js', 'itch', '--json', file, '--messages', '2000', '--rounds', '5'];
    execFileSync(process.execPath, args, { cwd: projectRoot, stdio: 'pipe' });
    const { machine, cases } = JSON.parse(readFileSync(file, 'utf8'));
    expect(machine).toMatchObject({ node: process.version, command: expect.stringContaining('--messages 2000') });
    expect(Object.keys(cases)).toEqual(['itch-scan', 'itch-decode', 'itch-decode-by-message', 'itch-end-to-end']);
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

/** Lengths of the fields behind the header. */
const fieldLengths: Readonly<Record<string, string>> = {
  ...{ S: '1', R: '81141121111141', H: '8114', Y: '81', L: '48111', V: '888', W: '1', K: '8414', J: '84444', h: '811' },
  ...{ A: '81484', F: '814844', E: '848', C: '84814', X: '84', D: '8', U: '8844', P: '814848', Q: '88481', B: '8' },
  ...{ I: '881844411', N: '81', O: '81444844' },
};
