/** What is played behind a seek is what a full read gives from there, whatever the capture and whichever way it is found. */
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import type { SeekIndexOptions } from '../../src/analysis/seek-indexes.js';
import { Random } from '../../src/core/random.js';
import type { Stamp } from '../../src/core/seek-index.js';
import { parseWhen } from '../../src/core/time.js';
import { indexPathOf } from '../../src/io/seek-index-file.js';
import { noFilter } from '../../src/replay/filter.js';
import { CaptureSource } from '../../src/run/capture-source.js';
import type { ReplaySpec } from '../../src/run/replay-spec.js';
import { frame, pcap, Section } from '../capture/build.js';
import { ether, ip4, tcpSegment, udp } from '../capture/build-layers.js';
import { hex } from '../replay/rig.js';
import {
  binaryFileOf,
  concat,
  fixture,
  gapsFixture,
  gzipFixture,
  type Line,
  linesOf,
  message,
  mold,
  openSeconds,
  pcapFixture,
  scratch,
  specOf,
} from './support.js';

const { write } = scratch();
const day = '2026-01-05';

/** Indexes of small files, so that a capture of a few hundred packets has many points. */
function seeking(options: Partial<SeekIndexOptions> = {}): SeekIndexOptions & { said: string[] } {
  const said: string[] = [];
  return { writes: false, spacingBytes: 700, leastBytes: 0, say: (text) => said.push(text), said, ...options };
}

const stampOf = ({ atNs }: Line): Stamp => ({
  seconds: openSeconds + Math.floor(atNs / 1e9),
  nanoseconds: atNs - Math.floor(atNs / 1e9) * 1e9,
});
const stampAt = (atNs: number): Stamp => stampOf({ atNs } as Line);

/** The line at hand and those behind it. */
async function linesBehind(source: CaptureSource, target: Stamp): Promise<Line[]> {
  if (!(await source.seek(target, null, () => false))) return [];
  const { view, offset, length, seconds, nanoseconds, flow } = source.reader;
  const atNs = (seconds - openSeconds) * 1e9 + nanoseconds;
  const first = { atNs, header: '', bytes: hex(view, offset, length), flow: flow.name };
  return [first, ...(await linesOf(source))].map((line) => ({ ...line, header: '' }));
}

async function full(spec: ReplaySpec): Promise<Line[]> {
  const source = await CaptureSource.open(spec, () => {});
  const lines = await linesOf(source);
  await source.close();
  return lines.map((line) => ({ ...line, header: '' }));
}

/** Behind the last datagram there is nothing, but for the end of a session that is made of a BinaryFILE. */
function from(lines: readonly Line[], atNs: number): Line[] {
  const first = lines.findIndex((line) => line.atNs >= atNs);
  if (first >= 0) return lines.slice(first);
  return lines.slice(-1).filter(({ bytes }) => bytes.length === 40 && bytes.endsWith('ffff'));
}

/** Seeks back and forth, some of the capture read in between, and compares what follows each time. */
async function check(spec: ReplaySpec, seed: number, seeks = seeking(), count = 12): Promise<void> {
  const lines = await full(spec);
  const random = new Random(String(seed));
  const source = await CaptureSource.open(spec, () => {}, undefined, seeks);
  try {
    // As a run does: the first datagram is at hand before anything can be asked.
    while (!source.reader.next() && !source.reader.done) await source.fill();
    for (let round = 0; round < count; round++) {
      const line = lines[random.below(lines.length)] as Line;
      const atNs = line.atNs + random.below(3) - 1;
      expect(await linesBehind(source, stampAt(atNs)), `target ${atNs}, round ${round}`).toEqual(from(lines, atNs));
    }
  } finally {
    await source.close();
  }
}

/** Stamps that mostly go on, stand still or go back; ns since the opening. */
function stamps(random: Random, count: number): number[] {
  let atNs = 0;
  return Array.from({ length: count }, () => {
    const kind = random.below(10);
    if (kind > 2) atNs += random.below(2_000_000_000);
    else if (kind === 0) atNs = Math.max(0, atNs - random.below(3_000_000_000));
    return atNs;
  });
}

const payloadOf = (index: number) => mold(index + 1, [`message ${index}`], { session: 'SEEK' });

/** A pcapng of several sections in both byte orders, interfaces in between, stamps of several resolutions, fragments. */
function pcapngOf(random: Random, count: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let section = new Section();
  let resolutions: number[] = [];
  const begin = (): void => {
    section = new Section(random.below(2) === 0);
    resolutions = [];
    pieces.push(section.header());
    describeInterface();
  };
  const describeInterface = (): void => {
    const resolution = [6, 9, 3][random.below(3)] as number;
    resolutions.push(resolution);
    pieces.push(section.interface(1, 0, section.option(9, [resolution]), section.option(2, [0x65, 0x74, 0x68, 0x30])));
  };
  begin();
  for (const [index, atNs] of stamps(random, count).entries()) {
    if (random.below(40) === 0) begin();
    if (random.below(15) === 0) describeInterface();
    const from = random.below(resolutions.length);
    const units = 10 ** (9 - (resolutions[from] as number));
    const stamp = BigInt(openSeconds) * BigInt(10 ** (resolutions[from] as number)) + BigInt(Math.floor(atNs / units));
    if (random.below(12) === 0) {
      const whole = udp(payloadOf(index));
      const identification = index;
      pieces.push(
        section.enhanced(ether(0x800, ip4(whole.subarray(0, 24), { more: true, identification })), stamp, from),
      );
      if (random.below(4) > 0) {
        pieces.push(
          section.enhanced(ether(0x800, ip4(whole.subarray(24), { place: 24, identification })), stamp, from),
        );
      }
    } else if (random.below(20) === 0)
      pieces.push(section.block(3, simple(section, frame({ payload: payloadOf(index) }))));
    else pieces.push(section.enhanced(frame({ payload: payloadOf(index) }), stamp, from));
  }
  return concat(...pieces);
}

function simple(section: Section, data: Uint8Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, data.length, section.little);
  return concat(new Uint8Array(view.buffer), data);
}

function pcapOfStamps(random: Random, count: number, offset = 0): Uint8Array {
  const records = stamps(random, count).map((atNs, index) => ({
    data: frame({ payload: payloadOf(index + offset), sourcePort: 1000 + (index % 3) }),
    seconds: openSeconds + Math.floor(atNs / 1e9),
    fraction: atNs % 1e9,
  }));
  return pcap(records, { nanoseconds: true, littleEndian: random.below(2) === 0 });
}

const seed = fc.integer({ min: 0, max: 1 << 30 });
const runs = { numRuns: 12 };

describe('behind a seek comes what a full read gives from there', () => {
  test('pcap with stamps that go back', () =>
    fc.assert(
      fc.asyncProperty(seed, async (seed) => {
        const path = write(`back-${seed}.pcap`, pcapOfStamps(new Random(`${seed}`), 300));
        await check(specOf(path), seed);
      }),
      runs,
    ));

  test('pcapng with sections of both byte orders, interfaces, fragments, packets without a stamp', () =>
    fc.assert(
      fc.asyncProperty(seed, async (seed) => {
        const path = write(`sections-${seed}.pcapng`, pcapngOf(new Random(`${seed}`), 300));
        await check(specOf(path), seed);
      }),
      runs,
    ));

  test('several files, of which most sleep until their time', () =>
    fc.assert(
      fc.asyncProperty(seed, fc.integer({ min: 2, max: 12 }), async (seed, files) => {
        const paths = Array.from({ length: files }, (_, index) =>
          write(`part-${seed}-${index}.pcap`, pcapOfStamps(new Random(`${seed} ${index}`), 80, index * 80)),
        );
        await check({ ...specOf(paths[0] as string), input: inputSpecOf(paths) }, seed, seeking(), 6);
      }),
      runs,
    ));

  test('BinaryFILE packed by time stamp: sequence numbers too', () =>
    fc.assert(
      fc.asyncProperty(seed, async (seed) => {
        const random = new Random(`${seed}`);
        const messages = stamps(random, 400).map((atNs) => message('A', atNs, 1));
        const path = write(`day-${seed}.bin`, binaryFileOf(messages));
        const spec = specOf(path);
        await check({ ...spec, input: { ...spec.input, date: day } }, seed);
      }),
      runs,
    ));

  test.each([
    ['a window', { from: parseWhen('+1s'), until: parseWhen('+400s') }],
    ['a filter', { filter: { ...noFilter, types: ['E'] } }],
  ])('BinaryFILE with %s: numbers are counted from the start', async (_name, options) => {
    const random = new Random('thinned');
    const messages = stamps(random, 400).map((atNs, index) => message(index % 3 === 0 ? 'E' : 'A', atNs, 1));
    const spec = specOf(write(`${_name}.bin`, binaryFileOf(messages)), options);
    const seeks = seeking();
    await check({ ...spec, input: { ...spec.input, date: day } }, 1, seeks);
    expect(seeks.said).toContainEqual(expect.stringContaining('of what a filter or window leaves of a BinaryFILE'));
  });

  test.each([
    ['the session', pcapFixture],
    ['gaps', gapsFixture],
    ['MDP', fixture('mdp3-session.pcap')],
    ['gzip', gzipFixture],
  ])('fixture: %s', async (_name, path) => {
    const spec = specOf(path);
    await check({ ...spec, input: { ...spec.input, date: day } }, 7, seeking({ spacingBytes: 20_000 }), 4);
  });
});

describe('compressed and piped captures', () => {
  const bytes = pcapOfStamps(new Random('gzip'), 200);

  test('gzip is read from the start, or on where the time lies ahead; both are said', async () => {
    const spec = specOf(write('capture.pcap.gz', gzipSync(bytes)));
    const seeks = seeking();
    await check(spec, 3, seeks);
    expect(seeks.said.join('\n')).toMatch(/read.* from the start: .*capture\.pcap\.gz is compressed or no plain file/);
    const lines = await full(spec);
    const source = await CaptureSource.open(spec, () => {}, undefined, seeks);
    const last = lines.reduce((a, b) => (b.atNs > a.atNs ? b : a));
    expect((await linesBehind(source, stampOf(last)))[0]).toEqual(last);
    await source.close();
    expect(seeks.said.at(-1)).toMatch(/found by reading on: /);
  });
});

test('--pack mtu: the same messages behind a seek, in packets that are cut anew, which is said', async () => {
  const messages = Array.from({ length: 500 }, (_, index) => message('A', index * 1e6, 1));
  const path = write('mtu.bin', binaryFileOf(messages));
  const spec = { ...specOf(path, { pack: 'mtu', mtu: 300 }), input: { ...specOf(path).input, date: day } };
  const seeks = seeking();
  const source = await CaptureSource.open(spec, () => {}, undefined, seeks);
  const behind = await linesBehind(source, stampAt(123e6));
  await source.close();
  const first = Buffer.from((behind[0] as Line).bytes, 'hex');
  expect([first.readBigUInt64BE(10), first.readUInt16BE(18)]).toEqual([124n, 6]);
  const sequences = behind.map(({ bytes }) => Buffer.from(bytes, 'hex'));
  const total = sequences.reduce((sum, packet) => sum + (packet.readUInt16BE(18) % 0xffff), 0);
  expect(total).toBe(500 - 123);
  expect(seeks.said).toEqual([expect.stringMatching(/packets are cut anew/)]);
});

test('TCP before the target: the file is read from before its streams, which is said', async () => {
  const records = Array.from({ length: 300 }, (_, index) => ({
    data:
      index === 100
        ? ether(0x800, ip4(tcpSegment(1, 2, new Uint8Array(0)), { protocol: 6 }))
        : frame({ payload: payloadOf(index) }),
    seconds: openSeconds + index,
    fraction: 0,
  }));
  const seeks = seeking();
  await check(specOf(write('tcp.pcap', pcap(records))), 5, seeks);
  expect(seeks.said).toEqual([expect.stringMatching(/has TCP before the time that is looked for/)]);
});

describe('the index beside a capture', () => {
  const random = new Random('sidecar');
  const content = pcapngOf(random, 400);

  async function readThrough(path: string, seeks: SeekIndexOptions): Promise<Line[]> {
    const source = await CaptureSource.open(specOf(path), () => {}, undefined, seeks);
    const lines = await linesOf(source);
    await source.close();
    return lines.map((line) => ({ ...line, header: '' }));
  }

  test('is written once the capture was read to its end, and used by the next run', async () => {
    const path = write('indexed.pcapng', content);
    const lines = await readThrough(path, seeking({ writes: true }));
    expect(statSync(indexPathOf(path)).size).toBeGreaterThan(1000);
    const seeks = seeking();

    await check(specOf(path), 11, seeks);
    expect(seeks.said).toEqual([]);
    expect(lines.length).toBeGreaterThan(100);
  });

  test('is not written where that is forbidden, for small captures, or before the end', async () => {
    for (const [name, seeks] of [
      ['forbidden', seeking()],
      ['small', seeking({ writes: true, leastBytes: 1 << 20 })],
    ] as const) {
      const path = write(`${name}.pcapng`, content);
      await readThrough(path, seeks);
      expect(() => statSync(indexPathOf(path))).toThrow('ENOENT');
    }
    const path = write('begun.pcapng', content);
    const source = await CaptureSource.open(specOf(path), () => {}, undefined, seeking({ writes: true }));
    source.reader.next();
    await source.close();
    expect(() => statSync(indexPathOf(path))).toThrow('ENOENT');
  });

  test.each([
    [
      'of a capture that changed',
      (path: string) => writeFileSync(path, content.with(5000, (content[5000] as number) ^ 1)),
      'changed',
    ],
    ['of one that was touched', (path: string) => utimesSync(path, 1, 1), 'changed'],
    ['that is damaged', (path: string) => flip(indexPathOf(path), 200), 'damaged'],
    [
      'that is cut',
      (path: string) => writeFileSync(indexPathOf(path), readFileSync(indexPathOf(path)).subarray(0, 300)),
      'damaged',
    ],
    ['that is something else', (path: string) => writeFileSync(indexPathOf(path), 'hello'), 'no index'],
    ['of another version', (path: string) => flip(indexPathOf(path), 8), 'another version'],
  ])('one %s is not used, and what is played is right', async (name, spoil, why) => {
    const path = write(`spoilt ${name}.pcapng`, content);
    await readThrough(path, seeking({ writes: true }));
    spoil(path);
    const seeks = seeking();
    await check(specOf(path), 13, seeks, 4);
    expect(seeks.said).toEqual([expect.stringContaining(`.tridx is not used: `)]);
    expect(seeks.said[0]).toContain(why);
  });

  test('a point that does not hold in the file is refused, although size, time and samples are those of the index', async () => {
    const count = 3000;
    const records = Array.from({ length: count }, (_, index) => ({
      data: frame({ payload: payloadOf(index) }),
      seconds: openSeconds + index,
      fraction: 0,
    }));
    const bytes = pcap(records);
    const path = write('subtle.pcap', bytes);
    await readThrough(path, seeking({ writes: true }));
    // A stamp between the samples, and the time of modification set back.
    const { mtime, atime } = statSync(path);
    const at = 24 + 1500 * ((bytes.length - 24) / count);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let record = 1490; record < 1510; record++) {
      const start = 24 + record * ((bytes.length - 24) / count);
      view.setUint32(start, view.getUint32(start, true) + 10_000, true);
    }
    writeFileSync(path, bytes);
    utimesSync(path, atime, mtime);
    expect(at).toBeGreaterThan(65_536);
    const lines = await full(specOf(path));
    const seeks = seeking();
    const source = await CaptureSource.open(specOf(path), () => {}, undefined, seeks);
    const target = 1505e9;
    expect(await linesBehind(source, stampAt(target))).toEqual(from(lines, target));
    await source.close();
    expect(seeks.said.length).toBeLessThanOrEqual(1);
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 2;
  writeFileSync(path, bytes);
}
