/** Several files in one run: merged by time stamp, opened when needed, each damage under its own name. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CaptureInput, maxAwake } from '../../src/analysis/capture-input.js';
import { type Input, inputSpecOf, maxInputs } from '../../src/analysis/input.js';
import { Inspection } from '../../src/analysis/inspection.js';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { UsageError } from '../../src/core/errors.js';
import { initHistograms } from '../../src/core/histogram.js';
import { binaryFileOf, makeFlow, message, mold, openSeconds, pcapOf, scratch } from '../run/support.js';

const { write, folder } = scratch();
const packet = (atNs: number, sequence: number, type = 'S') => ({
  atNs,
  payload: mold(sequence, [message(type, atNs)]),
  flow: makeFlow(),
});

/** The input's records as `file:ns after the open`, and its damage as `file code`. */
async function read(input: Input): Promise<{ records: string[]; damage: string[]; mostOpen: number }> {
  const damage: string[] = [];
  const records: string[] = [];
  const source = await CaptureInput.open(inputSpecOf(input), ({ code }, file) => damage.push(`${short(file)} ${code}`));
  const { reader } = source;
  let mostOpen = 0;
  for (;;) {
    while (reader.next()) {
      if (records.length === 0) source.compareClocks();
      const ns = (reader.seconds - openSeconds) * 1e9 + reader.nanoseconds;
      records.push(`${short(source.currentName)}:${ns}`);
    }
    if (reader.done) break;
    await source.fill();
    mostOpen = Math.max(mostOpen, openFiles(source));
  }
  await source.close();
  return { records, damage, mostOpen };
}

const short = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const openFiles = (source: CaptureInput): number =>
  (source as unknown as { entries: { file: unknown }[] }).entries.filter(({ file }) => file !== null).length;

describe('several captures', () => {
  const first = write('first.pcap', pcapOf([packet(0, 1), packet(20, 3), packet(20, 4)]));
  const second = write('second.pcap', gzipSync(pcapOf([packet(10, 2), packet(20, 5), packet(30, 6)])));

  test('are read in the order of their stamps, of equal ones the file given first', async () => {
    const { records, damage } = await read([first, second]);
    expect(damage).toEqual([]);
    expect(records).toEqual([
      'first.pcap:0',
      'second.pcap:10',
      'first.pcap:20',
      'first.pcap:20',
      'second.pcap:20',
      'second.pcap:30',
    ]);
  });

  test('of one feed are one stream, without gaps', async () => {
    await initHistograms();
    const inspection = await Inspection.open({ paths: [second, first] });
    await inspection.run();
    const report = inspection.report();
    expect(report).toMatchObject({
      file: '2 captures',
      format: 'pcap',
      compression: 'mixed',
      packets: { total: 6, datagrams: 6, counts: { packets: 6, datagrams: 6 } },
      messages: { total: 6 },
      damage: [],
    });
    expect(report.files.map(({ file, counts }) => [short(file), counts?.packets])).toEqual([
      ['second.pcap', 3],
      ['first.pcap', 3],
    ]);
    expect(report.sessions).toMatchObject([{ first: 1, last: 6, messages: 6, gaps: [], duplicates: 0 }]);
  });

  test('damage has the name of its own file, and the others are read to their end', async () => {
    const cut = write('cut.pcap', pcapOf([packet(5, 7), packet(25, 8)]).slice(0, -3));
    const { records, damage } = await read([first, cut]);
    expect(damage).toEqual(['cut.pcap truncated']);
    expect(records).toEqual(['first.pcap:0', 'cut.pcap:5', 'first.pcap:20', 'first.pcap:20']);
  });

  test('beside files of messages, each a stream of its own', async () => {
    const messages = write('day.itch', binaryFileOf([message('S', 15), message('S', 40)]));
    const seen: string[] = [];
    const feed = await MessageFeed.open(
      { paths: [messages, first, messages], date: '2026-01-05' },
      {
        onMessage: (_view, _offset, _length, timestampNs, sequence, stream) =>
          seen.push(`${stream.protocol} ${stream.index}: ${timestampNs} ${sequence}`),
      },
    );
    await feed.run();
    expect(seen).toEqual([
      'MoldUDP64 3: 0 1',
      'BinaryFILE 0: 15 0',
      'BinaryFILE 2: 15 0',
      'MoldUDP64 3: 20 3',
      'MoldUDP64 3: 20 4',
      'BinaryFILE 0: 40 0',
      'BinaryFILE 2: 40 0',
    ]);
  });

  test('an empty one among them is an error that names it', async () => {
    const empty = write('empty.pcap', new Uint8Array(0));
    await expect(read([first, empty])).rejects.toThrow(/empty\.pcap is empty/);
    await expect(read([first, `${folder}/absent.pcap`])).rejects.toThrow(/absent\.pcap/);
  });

  test.each<[string, Input, RegExp]>([
    ['none', [], /name a capture/],
    ['standard input twice', ['-', first, '-'], /can be read once/],
    ['too many', new Array<string>(maxInputs + 1).fill(first), /more than the 1024/],
  ])('refused: %s', (_name, input, says) => {
    expect(() => inputSpecOf(input)).toThrow(UsageError);
    expect(() => inputSpecOf(input)).toThrow(says);
  });
});

describe('many captures', () => {
  const count = maxAwake + 4;
  const rotated = Array.from({ length: count }, (_, index) =>
    write(`part${index}.pcap`, pcapOf([packet(index * 100, 2 * index + 1), packet(index * 100 + 50, 2 * index + 2)])),
  );

  test('that follow each other are opened one after another', async () => {
    const { records, damage, mostOpen } = await read([...rotated].reverse());
    expect(damage).toEqual([]);
    expect(records).toEqual(
      rotated.flatMap((_, index) => [`part${index}.pcap:${index * 100}`, `part${index}.pcap:${index * 100 + 50}`]),
    );
    expect(mostOpen).toBeLessThanOrEqual(2);
  });

  test('damage is told once, of one without a whole packet too', async () => {
    const bad = write('bad.pcap', pcapOf([packet(120, 99)]).slice(0, -1));
    const cut = write('part-cut.pcap', pcapOf([packet(130, 98), packet(131, 99)]).slice(0, -1));
    const { records, damage } = await read([...rotated, bad, cut]);
    expect(damage.sort()).toEqual(['bad.pcap truncated', 'part-cut.pcap truncated']);
    expect(records).toHaveLength(2 * count + 1);
    expect(records[3]).toBe('part-cut.pcap:130');
  });
});

describe('clocks', () => {
  const at1970 = -openSeconds * 1e9;
  const right = write('right.pcap', pcapOf([packet(0, 1)]));
  const wrong = write('wrong.pcap', pcapOf([packet(at1970 + 5e9, 2), packet(at1970 + 6e9, 3)]));
  const dayLater = write('later.pcap', pcapOf([packet(86_400e9, 4)]));

  test('a capture of 1970 beside a right one is told', async () => {
    const { damage, records } = await read([right, wrong]);
    expect(damage).toEqual(['2 captures mixed-clocks']);
    const said: string[] = [];
    const source = await CaptureInput.open(inputSpecOf([right, wrong]), ({ message }) => said.push(message));
    while (!source.reader.next()) await source.fill();
    source.compareClocks();
    await source.close();
    expect(said).toEqual([
      expect.stringMatching(
        /these 2 captures: .*wrong\.pcap begins on 1970-01-01, .*right\.pcap begins on 20.*--start/,
      ),
    ]);
    expect(records).toHaveLength(3);
  });

  test.each([
    ['alone', [wrong]],
    ['a day later', [right, dayLater]],
  ])('%s: nothing is told', async (_name, paths) => {
    expect((await read(paths)).damage).toEqual([]);
  });
});

test('a path or a spec with parts left out will do', () => {
  const whole = { date: null, frameByType: false, recover: false, timestamps: 'capture', protocol: null };
  expect(inputSpecOf('a.pcap')).toMatchObject({ paths: ['a.pcap'], ...whole });
  expect(inputSpecOf(['a', 'b'])).toMatchObject({ paths: ['a', 'b'], ...whole });
  expect(inputSpecOf({ path: 'a', date: '2026-01-05' })).toMatchObject({ ...whole, paths: ['a'], date: '2026-01-05' });
});
