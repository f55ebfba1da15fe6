/** Commands by two threads, as users run them, print and write what they do by one. */
import { createHash } from 'node:crypto';
import { openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { projectRoot, run, startProgram, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const day = join(folder, 'day.NASDAQ_ITCH50');
const capture = join(folder, 'day.pcap');
const damaged = join(folder, 'damaged.pcap');
const main = join(projectRoot, 'dist/cli/main.js');

beforeAll(async () => {
  // Long enough for a second thread to be started.
  const made = await run(['generate', '-o', day, '--messages', '620000', '--symbols', '40', '--date', '2026-01-05']);
  expect(made.code).toBe(0);
  expect((await run(['convert', day, '-o', capture, '--threads', '1', '--pack', 'mtu'])).code).toBe(0);
  const bytes = readFileSync(capture);
  // Wrong checksums, broken blocks and a number that jumps, in several parts; records stay whole.
  let at = 24;
  for (let packet = 0; at < bytes.length; packet++) {
    const length = bytes.readUInt32LE(at + 8);
    if (packet % 6000 === 700) bytes.writeUInt16BE(9999, at + 16 + 42 + 20);
    if (packet % 6000 === 900) bytes[at + 16 + 42 + 17] ^= 1;
    at += 16 + length;
  }
  const file = openSync(damaged, 'w');
  writeSync(file, bytes);
}, 60_000);

/** The SHA-256 of what a command prints, and what it says on standard error. */
async function printed(...args: string[]): Promise<{ hash: string; code: number | null; stderr: string }> {
  const out = join(folder, 'printed');
  const quoted = [main, ...args].map((arg) => `'${arg}'`).join(' ');
  const { code, stderr } = await startProgram('sh', ['-c', `'${process.execPath}' ${quoted} > '${out}'`]).finished;
  return { hash: hashOf(out), code, stderr };
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

async function compared(...args: string[]): Promise<void> {
  const one = await printed(...args, '--threads', '1');
  const two = await printed(...args, '--threads', '2', '--verbose');
  expect({ hash: two.hash, code: two.code }).toEqual({ hash: one.hash, code: one.code });
  expect(two.stderr).toMatch(/: 2 threads; [1-9]\d* of \d+ parts were read ahead/);
  expect(two.stderr.replace(/^.*parts were read ahead.*\n/m, '')).toBe(one.stderr);
}

describe('two threads as one', () => {
  for (const [name, path] of [
    ['a BinaryFILE', day],
    ['a pcap', capture],
    ['a damaged pcap', damaged],
  ] as const) {
    it(`inspect ${name}`, () => compared('inspect', path, '--json'));
    it(`decode ${name}`, async () => {
      await compared('decode', path, '--csv');
      await compared('decode', path, '--type', 'P,E', '--fields', 'packet,sequence,type,shares,price');
      await compared('decode', path, '--count');
    });
  }

  it('convert a pcap', async () => {
    for (const extension of ['pcap', 'pcapng']) {
      const [one, two] = [join(folder, `one.${extension}`), join(folder, `two.${extension}`)];
      await run(['convert', damaged, '-o', one, '--threads', '1', '--shift', '1h']);
      const { stderr } = await run(['convert', damaged, '-o', two, '--threads', '2', '--shift', '1h', '--verbose']);
      expect(hashOf(two)).toBe(hashOf(one));
      expect(stderr).toContain('2 threads');
    }
  });

  it('lines hold what binary-parser reads of the same messages', async () => {
    const out = join(folder, 'lines');
    await startProgram('sh', ['-c', `'${process.execPath}' '${main}' decode '${day}' --threads 2 > '${out}'`]).finished;
    const bytes = readFileSync(day);
    const text = openSync(out, 'r');
    const reference = itch50.referenceDecoder();
    const chunk = Buffer.alloc(1 << 16);
    let [at, packet, from] = [0, 0, 0];
    // A stretch of lines every so often; where they are is found by their number.
    for (;;) {
      const length = bytes.readUInt16BE(at);
      // The end of the session.
      if (length === 0) break;
      packet++;
      const isLooked = packet % 20_000 < 40;
      if (isLooked && packet % 20_000 === 0) from = placeOf(text, packet, from);
      if (isLooked && packet >= 20_000) {
        const line = chunk.toString('latin1', 0, readSync(text, chunk, 0, 4096, from)).split('\n', 1)[0] as string;
        const { packet: number, timestampNs: _, sequence, protocol, session, ...values } = JSON.parse(line);
        expect([number, sequence, protocol, session]).toEqual([packet, null, 'itch50', null]);
        expect(values).toEqual(reference(bytes.subarray(at + 2, at + 2 + length)));
        from += line.length + 1;
      }
      at += 2 + length;
    }
    expect(packet).toBe(620_000);
  });

  /** Where the line of a packet begins, behind a place before it. */
  function placeOf(file: number, packet: number, from: number): number {
    const chunk = Buffer.alloc(1 << 20);
    const wanted = Buffer.from(`{"packet":${packet},`);
    for (let at = from; ; at += chunk.length - wanted.length) {
      const count = readSync(file, chunk, 0, chunk.length, at);
      if (count === 0) throw new Error(`no line of packet ${packet}`);
      const place = chunk.subarray(0, count).indexOf(wanted);
      if (place >= 0) return at + place;
    }
  }
});

describe('one thread', () => {
  it('says why', async () => {
    const reasons: [string[], string][] = [
      [[capture, capture], 'several captures are merged by their stamps'],
      [[capture, '--recover'], '--recover looks for packets behind damage'],
      [[day, '--symbol', 'AAPL'], 'the messages of a BinaryFILE are found at once'],
      [[join(projectRoot, 'fixtures/itch50-session.pcap')], 'the file is too short to gain by more'],
    ];
    for (const [args, reason] of reasons) {
      const { stderr } = await run(['inspect', ...args, '--threads', '2', '--verbose']);
      expect(stderr).toContain(`1 thread: ${reason}`);
    }
  });
});
