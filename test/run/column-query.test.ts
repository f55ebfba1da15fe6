/** What columns answer is what reading the capture gives, byte for byte; what they cannot answer they do not. */
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { messageWriter } from '../../src/analysis/message-writer.js';
import { isMdp3, loadProtocols } from '../../src/analysis/protocols.js';
import { notesOf } from '../../src/cli/index-captures.js';
import { columnBytes } from '../../src/core/column-chunk.js';
import type { Chunk } from '../../src/core/column-file-bytes.js';
import { CaptureError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { TextBuffer } from '../../src/core/text-buffer.js';
import type { When } from '../../src/core/time.js';
import { type FilterSpec, noFilter } from '../../src/replay/filter.js';
import { CaptureWindow, type WindowOptions } from '../../src/replay/window.js';
import { buildColumns } from '../../src/run/build-columns.js';
import { ColumnQuery } from '../../src/run/column-query.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const flags = { format: 'ndjson', fields: [], int64: 'string' } as const;
const options = { date: null, force: true, notesOf };

interface Question {
  readonly filter: FilterSpec;
  readonly window: WindowOptions;
}

interface Line {
  readonly text: string;
  readonly values: Record<string, unknown>;
}

async function read(path: string, { filter, window }: Question): Promise<string[]> {
  const lines: string[] = [];
  const text = new TextBuffer();
  const feed = await MessageFeed.open(
    path,
    {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        if (verdict !== 'known' && !(verdict === 'unknown' && isMdp3(stream))) return;
        text.length = 0;
        writer.write(text, feed.input.reader, view, offset, length, sequence, stream, verdict);
        lines.push(text.toString());
      },
    },
    { filter, window: new CaptureWindow(window), learnsSymbols: true },
  );
  const writer = messageWriter(flags, feed.protocols);
  await feed.run();
  return lines;
}

/** Null where the columns cannot answer. */
async function ask(path: string, question: Question): Promise<string[] | null> {
  const input = inputSpecOf(path);
  const asked = { ...question, input, isLimited: false, isStrict: false, countsOnly: false };
  const query = await ColumnQuery.open(asked);
  if (!(query instanceof ColumnQuery)) return null;
  const protocols = loadProtocols(input);
  const writer = messageWriter(flags, protocols);
  const lines: string[] = [];
  const text = new TextBuffer();
  await query.run(protocols, {
    onMessage(view, offset, length, sequence, stream) {
      text.length = 0;
      writer.write(text, query.at, view, offset, length, sequence, stream);
      lines.push(text.toString());
    },
    isDone: () => false,
    pause: () => undefined,
  });
  const counted = await ColumnQuery.open({ ...asked, countsOnly: true });
  expect(await (counted as ColumnQuery).count(loadProtocols(input))).toBe(lines.length);
  return lines;
}

/** Questions about what is in the capture, and now and then about what is not. */
function questionAbout(lines: readonly Line[], random: Random): Question {
  const valuesOf = () => random.pick(lines).values as Record<string, string>;
  const some = (key: string) => [...new Set([0, 1].map(() => String(valuesOf()[key])))];
  const filter = { ...noFilter };
  if (random.below(2) === 0) filter.types = random.below(8) === 0 ? ['B', '50'] : some('type');
  if (random.below(3) === 0) filter.locates = some('stockLocate').map((locate) => Number(locate) || 3);
  const symbols = lines.filter(({ text }) => /"(stock|symbol|Symbol)":"[^"]/.test(text));
  if (random.below(3) === 0 && symbols.length > 0) {
    const { text } = random.pick(symbols);
    filter.symbols = [/"(?:stock|symbol|Symbol)":"([^"]+)"/.exec(text)?.[1] as string];
  }
  const securities = lines.filter(({ text }) => text.includes('"SecurityID":'));
  if (random.below(4) === 0 && securities.length > 0) {
    filter.securityIds = [Number(/"SecurityID":(-?\d+)/.exec(random.pick(securities).text)?.[1])];
  }
  if (random.below(6) === 0 && lines[0]?.values.session != null) filter.sessions = some('session');
  const window: { from?: When; until?: When } = {};
  if (random.below(3) === 0) {
    const [one, other] = [0, 1].map(() => BigInt(valuesOf().timestampNs as string)).sort((a, b) => (a < b ? -1 : 1));
    if (random.below(4) > 0) window.from = moment(one as bigint);
    if (random.below(4) > 0 && one !== other) window.until = moment(other as bigint);
  }
  return { filter, window };
}

function moment(ns: bigint): When {
  return { kind: 'absolute', seconds: Number(ns / 1_000_000_000n), nanoseconds: Number(ns % 1_000_000_000n) };
}

async function compare(path: string, rounds: number, seed: number): Promise<number> {
  const random = new Random(seed);
  const all = await read(path, { filter: noFilter, window: {} });
  const lines = all.map((text) => ({ text, values: JSON.parse(text) as Line['values'] }));
  let answered = 0;
  for (let round = 0; round < rounds && lines.length > 0; round++) {
    const question = questionAbout(lines, random);
    const answer = await ask(path, question);
    if (answer === null) continue;
    answered++;
    const expected = await read(path, question);
    if (answer.join('') !== expected.join('')) {
      expect({ question, answer: answer.length }).toEqual({ question, answer: expected.length });
      expect(answer).toEqual(expected);
    }
  }
  return answered;
}

const captures = {
  BinaryFILE: 'day.NASDAQ_ITCH50',
  'pcap of MoldUDP64': 'mold.pcap',
  'pcapng of MoldUDP64': 'mold.pcapng',
  'pcap of SoupBinTCP': 'soup.pcap',
  'several sessions, with gaps': 'gaps.pcap',
  'MDP 3.0': 'mdp3.pcap',
};
const pathOf = (name: string): string => join(folder, name);

beforeAll(async () => {
  writeFileSync(pathOf('day.NASDAQ_ITCH50'), gunzipSync(readFileSync(fixture('itch50-session.NASDAQ_ITCH50.gz'))));
  copyFileSync(fixture('itch50-session.pcap'), pathOf('mold.pcap'));
  copyFileSync(fixture('itch50-gaps.pcap'), pathOf('gaps.pcap'));
  copyFileSync(fixture('mdp3-session.pcap'), pathOf('mdp3.pcap'));
  const { code } = await run(['convert', pathOf('mold.pcap'), '-o', pathOf('mold.pcapng')]);
  const soup = await run(['convert', pathOf('mold.pcap'), '-o', pathOf('soup.pcap'), '--framing', 'soupbintcp']);
  expect([code, soup.code]).toEqual([0, 0]);
}, 120_000);

describe('columns answer as reading does', () => {
  test.each(Object.entries(captures))(
    '%s',
    async (_name, file) => {
      const path = pathOf(file);
      const report = await buildColumns(path, options);
      expect(report).toMatchObject({ outcome: 'written', bytes: statSync(`${path}.trcol`).size });
      expect(report.messages).toBeGreaterThan(1000);
      expect(await compare(path, 24, 20_260_730)).toBeGreaterThan(8);
      expect(await buildColumns(path, { ...options, force: false })).toMatchObject({ outcome: 'kept', bytes: null });
    },
    120_000,
  );

  test('damaged captures', async () => {
    const random = new Random(77);
    let answered = 0;
    for (const file of ['day.NASDAQ_ITCH50', 'gaps.pcap', 'soup.pcap', 'mdp3.pcap']) {
      for (let round = 0; round < 3; round++) {
        const bytes = readFileSync(pathOf(file)).subarray(0, 150_000 + random.below(50_000));
        for (let count = 0; count <= round * 4; count++)
          bytes[40 + random.below(bytes.length - 40)] = random.below(256);
        const path = pathOf(`damaged-${round}-${file}`);
        writeFileSync(path, bytes);
        await buildColumns(path, options);
        answered += await compare(path, 8, round);
      }
    }
    expect(answered).toBeGreaterThan(20);
  }, 120_000);
});

describe('columns that are not of the capture', () => {
  /** Whether a byte is one of those that tell that a capture has changed. */
  const isSampled = (at: number, size: number): boolean => {
    const sample = Math.floor((size / 17) * Math.floor((at * 17) / size));
    return at < 65_536 || at >= size - 65_536 || (at >= sample && at < sample + 4100);
  };
  /** A time of modification that can be set again. */
  const whole = new Date(1_700_000_000_000);
  const types = (type: string): Question => ({ filter: { ...noFilter, types: [type] }, window: {} });
  const questionOf = (path: string, question: Question) => {
    return { ...question, input: inputSpecOf(path), isLimited: false, isStrict: false, countsOnly: false };
  };
  const whyOf = async (path: string): Promise<unknown> => ColumnQuery.open(questionOf(path, types('R')));

  test('a capture that was changed, by size, content or time', async () => {
    const path = pathOf('changed.pcap');
    copyFileSync(fixture('itch50-gaps.pcap'), path);
    const { atime, mtime } = statSync(path);
    await buildColumns(path, options);
    utimesSync(path, atime, new Date(mtime.getTime() + 5000));
    const why = `${path}.trcol is not used: the capture has changed`;
    expect(await whyOf(path)).toEqual({ why });
    await buildColumns(path, options);
    writeFileSync(path, readFileSync(path).subarray(0, 100_000));
    expect(await whyOf(path)).toEqual({ why });
    expect(await ask(path, types('R'))).toBe(null);
  });

  test('another day, another version, no columns at all', async () => {
    const path = pathOf('other.NASDAQ_ITCH50');
    copyFileSync(pathOf('day.NASDAQ_ITCH50'), path);
    expect(await whyOf(path)).toBe(null);
    await buildColumns(path, { ...options, date: '2020-01-30' });
    expect(await whyOf(path)).toEqual({ why: `${path}.trcol is not used: it is of another day (--date)` });
    const bytes = readFileSync(`${path}.trcol`);
    bytes[8] = 9;
    writeFileSync(`${path}.trcol`, bytes);
    expect(await whyOf(path)).toEqual({ why: `${path}.trcol is not used: it is of another version` });
    writeFileSync(`${path}.trcol`, 'text');
    expect(await whyOf(path)).toEqual({ why: `${path}.trcol is not used: it has no columns` });
  });

  test('a byte of them changed anywhere: refused, or found out', async () => {
    const path = pathOf('flipped.pcap');
    copyFileSync(fixture('itch50-gaps.pcap'), path);
    await buildColumns(path, options);
    const whole = readFileSync(`${path}.trcol`);
    const question = types('A');
    const expected = await read(path, question);
    const random = new Random(5);
    const outcomes = { refused: 0, found: 0, same: 0 };
    for (let round = 0; round < 120; round++) {
      const bytes = Buffer.from(whole);
      const at = round % 2 === 0 ? random.below(bytes.length) : bytes.length - 1 - random.below(2000);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      writeFileSync(`${path}.trcol`, round % 10 === 9 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      try {
        const answer = await ask(path, question);
        outcomes[answer === null ? 'refused' : 'same']++;
        if (answer !== null) expect(answer).toEqual(expected);
      } catch (error) {
        expect(error).toBeInstanceOf(CaptureError);
        outcomes.found++;
      }
    }
    expect(Math.min(outcomes.refused, outcomes.found)).toBeGreaterThan(10);
  });

  test('numbers that are missing, of which a part is asked for', async () => {
    const path = pathOf('gaps.pcap');
    await buildColumns(path, options);
    const answer = await ColumnQuery.open({ ...questionOf(path, types('A')), isStrict: true });
    expect(await (answer as ColumnQuery).count(loadProtocols(inputSpecOf(path)))).toBeGreaterThan(0);
    const limited = await ColumnQuery.open({ ...questionOf(path, types('A')), isStrict: true, isLimited: true });
    expect(limited).toMatchObject({ why: expect.stringContaining('numbers are missing in a part of the capture') });
  });

  test('a capture changed in place, where neither its size nor its time nor samples of it tell', async () => {
    const random = new Random(9);
    for (const file of ['day.NASDAQ_ITCH50', 'mold.pcap', 'mdp3.pcap']) {
      const path = pathOf(`in-place-${file}`);
      copyFileSync(pathOf(file), path);
      utimesSync(path, whole, whole);
      await buildColumns(path, options);
      const before = readFileSync(path);
      const question = { filter: noFilter, window: { from: moment(0n) } };
      const expected = await ask(path, question);
      expect(expected?.length).toBeGreaterThan(1000);
      const outcomes = { refused: 0, found: 0, answered: 0 };
      for (let round = 0; round < 60; round++) {
        const bytes = Buffer.from(before);
        for (let count = 0; count < 12; ) {
          const at = random.below(bytes.length);
          if (isSampled(at, bytes.length)) continue;
          bytes[at] = random.below(256);
          count++;
        }
        writeFileSync(path, bytes);
        utimesSync(path, whole, whole);
        try {
          // What is delivered are messages that fit their layouts, each of the columns' type, length and instrument.
          const answer = await ask(path, question);
          if (answer === null) outcomes.refused++;
          else {
            outcomes.answered++;
            expect(answer.length).toBe(expected?.length);
            const heads = (lines: readonly string[] | null) => lines?.map((line) => /"type":"[^"]+"/.exec(line)?.[0]);
            expect(heads(answer)).toEqual(heads(expected));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(CaptureError);
          expect((error as Error).message).toContain('does not hold at byte');
          outcomes.found++;
        }
      }
      expect(outcomes.found).toBeGreaterThan(5);
    }
  }, 120_000);

  test('of a BinaryFILE: a time stamp, a locate code and a length that are others', async () => {
    const path = pathOf('stamps.NASDAQ_ITCH50');
    copyFileSync(pathOf('day.NASDAQ_ITCH50'), path);
    utimesSync(path, whole, whole);
    await buildColumns(path, options);
    const before = readFileSync(path);
    let at = 0;
    while (isSampled(at, before.length) || isSampled(at + 16, before.length)) at += 2 + before.readUInt16BE(at);
    for (const behind of [0, 3, 12]) {
      const bytes = Buffer.from(before);
      bytes[at + behind] = (bytes[at + behind] as number) ^ 1;
      writeFileSync(path, bytes);
      utimesSync(path, whole, whole);
      await expect(ask(path, { filter: noFilter, window: { from: moment(0n) } })).rejects.toThrow(
        `does not hold at byte ${at + 2} what ${path}.trcol says`,
      );
    }
  });

  test('several captures: that columns lie beside them unused is said', async () => {
    const [one, other] = ['mold.pcap', 'gaps.pcap'].map(pathOf) as [string, string];
    await buildColumns(other, options);
    const said = await run(['decode', one, other, '--type', 'R', '--count']);
    expect(said.code).toBe(0);
    expect(said.stderr).toMatch(
      /\.pcap\.trcol is not used: columns answer of one capture, and several are merged here/,
    );
    expect((await run(['decode', one, other, '--count', '--type', 'R', '--no-index'])).stderr).not.toContain('trcol');
  });

  test('a byte of the messages that they keep changed', async () => {
    const path = pathOf('flipped-soup.pcap');
    copyFileSync(pathOf('soup.pcap'), path);
    await buildColumns(path, options);
    const whole = readFileSync(`${path}.trcol`);
    const query = (await ColumnQuery.open(questionOf(path, types('A')))) as ColumnQuery;
    const { chunks } = (query as unknown as { file: { chunks: readonly Chunk[] } }).file;
    const chunk = chunks.find(({ keptBytes }) => keptBytes > 100) as Chunk;
    await query.count(loadProtocols(inputSpecOf(path)));
    const at = chunk.offset + chunk.forms.reduce((sum, { width }) => sum + columnBytes(chunk.rows, width), 0);
    for (const place of [at + 8, at + chunk.keptBytes - 1]) {
      const bytes = Buffer.from(whole);
      bytes[place] = (bytes[place] as number) ^ 1;
      writeFileSync(`${path}.trcol`, bytes);
      await expect(
        ask(path, { filter: { ...noFilter, locates: [0, 1, 2, 3, 4, 5, 6, 7, 8] }, window: {} }),
      ).rejects.toThrow(`${path}.trcol is damaged at byte ${at}`);
    }
  });

  test('one that is ended early leaves nothing behind', async () => {
    const path = pathOf('ended.pcap');
    copyFileSync(fixture('itch50-gaps.pcap'), path);
    await expect(buildColumns(path, { ...options, onStart: (stop) => stop() })).rejects.toThrow(
      'was not read to its end',
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('ended'))).toEqual(['ended.pcap']);
  });

  test('a compressed capture has none, and nothing is left behind', async () => {
    const path = pathOf('day.NASDAQ_ITCH50.gz');
    copyFileSync(fixture('itch50-session.NASDAQ_ITCH50.gz'), path);
    await expect(buildColumns(path, options)).rejects.toThrow(/is compressed or no plain file/);
    expect(existsSync(`${path}.trcol`)).toBe(false);
  });
});
