/** Golden records: made, held against the same and against what changed, with and without the whole decode. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { checkGolden } from '../../src/run/golden-check.js';
import { makeGolden } from '../../src/run/golden-make.js';
import { fixture, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const itch = fixture('itch50-gaps.pcap');

/** A copy of a little-endian pcap, of which one payload byte of packet `number` is another. */
function spoiled(path: string, number: number, at: number): string {
  const bytes = readFileSync(path);
  let offset = 24;
  for (let packet = 1; packet < number; packet++) offset += 16 + bytes.readUInt32LE(offset + 8);
  const payload = offset + 16 + 14 + 20 + 8;
  bytes[payload + at] = (bytes[payload + at] as number) ^ 0x01;
  const copy = join(folder, `spoiled-${number}-${at}.pcap`);
  writeFileSync(copy, bytes);
  return copy;
}

async function made(path: string, full: boolean): Promise<string> {
  const golden = join(folder, `${full}-${path.split('/').pop()}.golden`);
  await makeGolden(inputSpecOf(path), golden, { full });
  return golden;
}

describe('a golden record', () => {
  it.each(['itch50-gaps.pcap', 'mdp3-session.pcap', 'itch50-session.NASDAQ_ITCH50.gz'])('of %s holds', async (name) => {
    for (const full of [false, true]) {
      const golden = await made(fixture(name), full);
      const report = await checkGolden(golden, { input: inputSpecOf(fixture(name)) });
      expect(report).toMatchObject({ verdict: 'pass', message: '' });
      expect(report.counts.same).toBe(report.counts.left);
      expect(report.counts.left).toBeGreaterThan(3000);
    }
  });

  it('is text with a line for a block, four characters a message', async () => {
    const golden = await made(itch, false);
    const lines = readFileSync(golden, 'utf8').split('\n');
    expect(lines[0]).toBe('tickreel golden 1');
    expect(lines).toContain('messages 3483');
    expect(lines).toContain('type itch50 A AddOrder 1326');
    expect(lines).toContain('gaps 4');
    expect(lines.filter((line) => line.startsWith('block ')).every((line) => line.length < 320)).toBe(true);
    await makeGolden(inputSpecOf(itch), join(folder, 'again.golden'));
    expect(readFileSync(join(folder, 'again.golden'), 'utf8')).toBe(lines.join('\n'));
  });

  it('pins the first message that differs by its digits', async () => {
    // The last byte of the price of the AddOrder with sequence 38.
    const other = spoiled(itch, 34, 20 + 2 + 35);
    const report = await checkGolden(await made(itch, false), { input: inputSpecOf(other) });
    expect(report.divergences.total).toBe(1);
    expect(report.divergences.first).toMatchObject({
      kind: 'digest',
      place: { packet: 34, sequence: 38 },
      expected: null,
    });
    expect(report.divergences.first?.note).toContain('--full');
    expect(report.message).toContain('the capture is not the one');
  });

  it('knows what was expected where it has the whole decode', async () => {
    const other = spoiled(itch, 34, 20 + 2 + 35);
    const report = await checkGolden(await made(itch, true), { input: inputSpecOf(other) });
    expect(report.divergences.first?.fields).toEqual([
      expect.objectContaining({ path: 'price', expected: 112877, actual: 112876, at: { offset: 32, length: 4 } }),
    ]);
    expect(report.around.find(({ distance }) => distance === 0)?.text).toContain('packet 34');
  });

  it('tells that the decoder changed where the capture did not', async () => {
    const golden = await made(itch, false);
    const text = readFileSync(golden, 'utf8');
    const changed = text.replace(/^(block 1 0 1 0 )[0-9a-f]{16} ....(.*)$/m, '$10123456789abcdef 0000$2');
    expect(changed).not.toBe(text);
    writeFileSync(golden, changed);
    const report = await checkGolden(golden, { input: inputSpecOf(itch) });
    expect(report.message).toContain('the capture is the same, byte for byte: the decoder differs');
    expect(report.divergences.first).toMatchObject({ kind: 'digest', place: { sequence: 1 } });
  });

  it('tells a block that differs where no digit does, and refuses what is cut', async () => {
    const golden = await made(itch, false);
    const text = readFileSync(golden, 'utf8');
    writeFileSync(golden, text.replace(/^(block 1 0 64 0 )[0-9a-f]{16}/m, '$10123456789abcdef'));
    const report = await checkGolden(golden, { input: inputSpecOf(itch) });
    expect(report.divergences.causes.map(({ cause }) => cause)).toEqual([
      'a block whose digest differs: MoldUDP64 TICKREEL01 26477, numbers from 64 (0.0)',
    ]);
    writeFileSync(golden, text.slice(0, text.length / 2));
    await expect(checkGolden(golden, { input: inputSpecOf(itch) })).rejects.toThrow(/golden record/);
    writeFileSync(golden, 'hello\n');
    await expect(checkGolden(golden, { input: inputSpecOf(itch) })).rejects.toThrow(/is no golden record/);
  });

  it('counts damage and gaps', async () => {
    const report = await checkGolden(await made(fixture('itch50-session.pcap'), false), { input: inputSpecOf(itch) });
    const causes = report.divergences.causes.map(({ cause }) => cause);
    expect(causes).toContain('gaps: 4 where the record says 0');
    expect(report.counts).toMatchObject({ missing: 6518, duplicates: 1, reordered: 1 });
  });

  it('is not half there where it was stopped, nor where the process ends', async () => {
    const golden = join(folder, 'stopped.golden');
    const made = makeGolden(inputSpecOf(itch), golden, { full: true, isStopped: () => true });
    await expect(made).rejects.toMatchObject({ code: 'stopped' });
    expect(readdirSync(folder).filter((name) => name.startsWith('stopped'))).toEqual([]);
    const left = join(folder, 'left.part');
    const script = `import { writeFileSync } from 'node:fs';
      import { removedAtExit, temporaryFolder } from ${JSON.stringify(new URL('../../dist/io/temporary-folder.js', import.meta.url).href)};
      removedAtExit(${JSON.stringify(left)});
      writeFileSync(${JSON.stringify(left)}, 'x');
      console.log(temporaryFolder('tickreel-test-').path);
      process.exit(130);`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect([status, existsSync(left), existsSync(stdout.trim())]).toEqual([130, false, false]);
    expect(stdout).toContain('tickreel-test-');
  });
});
