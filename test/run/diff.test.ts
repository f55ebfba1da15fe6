/** Two captures or decodes compared: what is missing, extra, repeated, elsewhere or other. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { diffCaptures } from '../../src/run/diff.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const side = (path: string) => ({ input: inputSpecOf(path) });

function written(name: string, lines: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

describe('diff', () => {
  it('is equal whatever messages are framed in', async () => {
    const report = await diffCaptures(
      side(fixture('itch50-session.pcap')),
      side(fixture('itch50-session.NASDAQ_ITCH50.gz')),
    );
    expect(report).toMatchObject({ equal: true, beyondWindow: 0, counts: { same: 10_000 } });
  });

  it('tells gaps, a repeat and another order', async () => {
    const report = await diffCaptures(side(fixture('itch50-session.pcap')), side(fixture('itch50-gaps.pcap')), {
      window: 100_000,
    });
    expect(report.equal).toBe(false);
    expect(report.counts).toMatchObject({ left: 10_000, right: 3483, duplicates: 1, extra: 0, reordered: 1 });
    expect(report.first).toMatchObject({ kind: 'missing', place: { sequence: 575 } });
    expect(report.around.find(({ distance }) => distance === 0)?.text).toContain('sequence 575');
  });

  it('compares decodes, and a decode with its capture, in any form of numbers', async () => {
    for (const name of ['mdp3-session.pcap', 'itch50-gaps.pcap']) {
      const { stdout } = await run(['decode', fixture(name), '--int64', 'number', '--enums', 'name']);
      const path = join(folder, `${name}.ndjson`);
      writeFileSync(path, stdout);
      expect(await diffCaptures(side(path), side(path))).toMatchObject({ equal: true });
      expect(await diffCaptures(side(fixture(name)), side(path))).toMatchObject({ equal: true, causes: [] });
    }
  });

  it('tells a decode whose end is cut off, equal or not', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) =>
      JSON.stringify({ sequence: index + 1, type: 'X', random: Math.sin(index) }),
    );
    const path = join(folder, 'cut.ndjson.gz');
    writeFileSync(path, gzipSync(`${lines.join('\n')}\n`).subarray(0, 20_000));
    const told: string[] = [];
    const report = await diffCaptures(side(path), side(path), {
      onDamage: ({ code, file }) => told.push(`${code} ${file}`),
    });
    expect(told).toEqual([`gzip-truncated ${path}`, `gzip-truncated ${path}`]);
    expect(report.counts.same).toBeGreaterThan(100);
    expect(report.damage).toBeGreaterThanOrEqual(2);
  });

  it('tells fields, but for those that may differ', async () => {
    const line = (sequence: number, more: object) => ({
      packet: sequence,
      sequence,
      session: 'S',
      protocol: 'itch50',
      type: 'X',
      ...more,
    });
    const a = written('a.ndjson', [line(1, { price: 1, size: '5' }), line(2, { price: 2, size: '5' })]);
    const b = written('b.ndjson', [line(1, { price: 1.0, size: 5 }), line(2, { price: 3, size: 5, more: 1 })]);
    const report = await diffCaptures(side(a), side(b));
    expect(report.causes.map(({ cause, count }) => [cause, count])).toEqual([
      ['X.more', 1],
      ['X.price', 1],
    ]);
    expect(await diffCaptures(side(a), side(b), { ignore: ['price', 'more'] })).toMatchObject({ equal: true });
  });

  it('gives up what is beyond the window, and says so', async () => {
    const lines = Array.from({ length: 50 }, (_, at) => ({
      packet: at,
      sequence: at + 1,
      session: 'S',
      protocol: 'itch50',
    }));
    const a = written('order.ndjson', lines);
    const b = written('turned.ndjson', [...lines.slice(0, 5), ...lines.slice(6), ...lines.slice(5, 6)]);
    const wide = await diffCaptures(side(a), side(b));
    expect(wide.counts).toMatchObject({ same: 50, missing: 0, extra: 0, reordered: 1 });
    expect((await diffCaptures(side(a), side(b), { ignoreOrder: true })).equal).toBe(true);
    const narrow = await diffCaptures(side(a), side(b), { window: 4 });
    expect(narrow.beyondWindow).toBeGreaterThan(0);
  });

  it('refuses what is neither, with the line', async () => {
    const path = join(folder, 'none.txt');
    writeFileSync(path, 'hello\n');
    await expect(diffCaptures(side(path), side(path))).rejects.toThrow(/neither a capture nor NDJSON: line 1/);
  });

  it('says by its exit code whether both are equal', async () => {
    const same = await run(['diff', fixture('itch50-gaps.pcap'), fixture('itch50-gaps.pcap')]);
    expect(same).toMatchObject({ code: 0, stdout: 'equal: 3,483 messages on both sides\n', stderr: '' });
    const other = await run(['diff', fixture('itch50-gaps.pcap'), fixture('itch50-session.pcap'), '--json']);
    expect(other.code).toBe(7);
    expect(JSON.parse(other.stdout)).toMatchObject({ equal: false, counts: { extra: 6518 } });
  });
});
