import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CaptureError, UsageError } from '../../src/core/errors.js';
import type { Damage } from '../../src/core/seams.js';
import { parseWhen } from '../../src/core/time.js';
import { noFilter } from '../../src/replay/filter.js';
import { CaptureSource } from '../../src/run/capture-source.js';
import type { ReplaySpec } from '../../src/run/replay-spec.js';
import {
  binaryFileOf,
  concat,
  gzipFixture,
  inputOf,
  itch,
  type Line,
  linesIn,
  linesOf,
  makeFlow,
  message,
  mold,
  pcapFixture,
  pcapOf,
  projectRoot,
  scratch,
  specOf,
} from './support.js';

const { folder, write } = scratch();
const day = { date: '2026-01-05' };
const ms = 1e6;

async function opened(spec: ReplaySpec, use: (source: CaptureSource, damages: Damage[]) => Promise<void>) {
  const damages: Damage[] = [];
  const source = await CaptureSource.open(spec, (damage) => damages.push(damage));
  try {
    await use(source, damages);
  } finally {
    await source.close();
  }
}

async function lines(spec: ReplaySpec): Promise<Line[]> {
  let found: Line[] = [];
  await opened(spec, async (source) => {
    found = await linesOf(source);
  });
  return found;
}

const brief = (all: readonly Line[]) => all.map(({ atNs, header }) => `${atNs / ms} ms ${header}`);

describe('BinaryFILE', () => {
  const messages = [
    message('S', 0),
    message('R', 0, 13, [11, 'AAPL']),
    message('A', 5 * ms, 13, [24, 'AAPL']),
    message('A', 5 * ms, 14, [24, 'MSFT']),
    message('D', 7 * ms, 13),
    message('D', 7 * ms + 1, 14),
  ];
  const path = write('session.NASDAQ_ITCH50', binaryFileOf(messages));
  const spec = (options: Partial<ReplaySpec> = {}) => specOf(path, { input: inputOf(path, day), ...options });

  test('messages of one time stamp share a packet; the end of the session follows', async () => {
    await opened(spec(), async (source, damages) => {
      expect([source.kind, source.name, source.isRepeatable]).toEqual(['messages', path, true]);
      const all = await linesOf(source);
      expect(brief(all)).toEqual([
        '0 ms TICKREEL01 1 2',
        '5 ms TICKREEL01 3 2',
        '7 ms TICKREEL01 5 1',
        '7.000001 ms TICKREEL01 6 1',
        '7.000001 ms TICKREEL01 7 65535',
      ]);
      expect(all[0].bytes.slice(40)).toBe(
        Buffer.from(concat(Uint8Array.of(0, 12), messages[0], Uint8Array.of(0, 39), messages[1])).toString('hex'),
      );
      expect(all[0].flow).toBe('127.0.0.1:26400 > 127.0.0.1:26477');
      expect(damages).toEqual([]);
      expect(source.position).toBeLessThan(source.sizeBytes ?? 0);
    });
  });

  test('filled by MTU, under a name of their own', async () => {
    expect(brief(await lines(spec({ pack: 'mtu', mtu: 199, session: 'MINE' })))).toEqual([
      '5 ms MINE 1 4',
      '7.000001 ms MINE 5 2',
      '7.000001 ms MINE 7 65535',
    ]);
  });

  test('a window, by time of day and offset', async () => {
    const window = { from: parseWhen('09:30:00.005'), until: parseWhen('+7.000001ms') };
    expect(brief(await lines(spec(window)))).toEqual([
      '5 ms TICKREEL01 1 2',
      '7 ms TICKREEL01 3 1',
      '7 ms TICKREEL01 4 65535',
    ]);
  });

  test('filters leave messages out before they are packed and numbered', async () => {
    const filter = { ...noFilter, symbols: ['AAPL'], types: ['A', 'D'] };
    expect(brief(await lines(spec({ filter })))).toEqual([
      '5 ms TICKREEL01 1 1',
      '7 ms TICKREEL01 2 1',
      '7 ms TICKREEL01 3 65535',
    ]);
  });

  test('every loop is the same, learned locates are forgotten', async () => {
    const late = write('late.itch', binaryFileOf([message('D', 0, 13), message('R', ms, 13, [11, 'AAPL'])]));
    const filter = { ...noFilter, symbols: ['AAPL'] };
    await opened(specOf(late, { input: inputOf(late, day), filter }), async (source) => {
      const first = await linesOf(source);
      expect(brief(first)).toEqual(['1 ms TICKREEL01 1 1', '1 ms TICKREEL01 2 65535']);
      await source.restart();
      expect(await linesOf(source)).toEqual(first);
    });
  });

  test('gzip, and the same messages as the pcap made from it', async () => {
    const built = await lines(specOf(gzipFixture));
    const captured = await linesIn(pcapFixture);
    expect(built.length).toBeGreaterThan(5000);
    expect(built.map(({ bytes }) => bytes)).toEqual(captured.map(({ bytes }) => bytes));
  });

  test.each<[string, Partial<ReplaySpec>, RegExp]>([
    ['a BinaryFILE keeps no destinations', { keepDestinations: true }, /no destinations to keep/],
    ['nor can it be filtered by them', { filter: { ...noFilter, destinations: [':1'] } }, /has no destinations/],
    ['a session name too long', { session: 'ELEVENCHARS' }, /at most 10 printable/],
    ['an MTU too small', { mtu: 20 }, /MTU is a whole number from 68/],
    ['a message type that is none', { filter: { ...noFilter, types: ['?'] } }, /--type '\?'/],
  ])('refuses: %s', async (_name, options, text) => {
    await expect(CaptureSource.open(spec(options), () => {})).rejects.toThrow(UsageError);
    await expect(CaptureSource.open(spec(options), () => {})).rejects.toThrow(text);
  });

  test('a session names the packets, it does not filter', async () => {
    const all = await lines(spec({ session: 'X', filter: { ...noFilter, sessions: ['X'] } }));
    expect(all.map(({ header }) => header.split(' ')[0])).toEqual(Array(5).fill('X'));
  });

  test('a window that ends before it begins is a usage error', async () => {
    await opened(spec({ from: parseWhen('+5s'), until: parseWhen('+4s') }), async (source) => {
      await expect(linesOf(source)).rejects.toThrow(UsageError);
    });
  });
});

describe('pcap', () => {
  const packets = [
    { atNs: 0, payload: mold(1, [itch('S')]) },
    { atNs: 10, payload: mold(2, [itch('D')]), flow: makeFlow(1) },
    { atNs: 1_999_999_999, payload: Uint8Array.of(7) },
  ];

  test('datagrams come as captured', async () => {
    const path = write('plain.pcap', pcapOf(packets));
    await opened(specOf(path), async (source) => {
      expect([source.kind, source.name]).toEqual(['datagrams', path]);
      expect(await linesOf(source)).toEqual([
        { atNs: 0, header: 'SESSION 1 1', bytes: hexOf(packets[0].payload), flow: makeFlow().name },
        { atNs: 10, header: 'SESSION 2 1', bytes: hexOf(packets[1].payload), flow: makeFlow(1).name },
        { atNs: 1_999_999_999, header: '-', bytes: '07', flow: makeFlow().name },
      ]);
    });
  });

  test('a new loop begins with the first byte, and knows the flows by the same objects', async () => {
    const path = write('loop.pcap.gz', gzipSync(pcapOf(packets)));
    await opened(specOf(path), async (source) => {
      const flows = () => {
        const seen = [];
        while (source.reader.next()) seen.push(source.reader.flow);
        return seen;
      };
      await source.fill();
      const first = flows();
      expect(first.length).toBe(3);
      for (let loop = 2; loop <= 4; loop++) {
        await source.restart();
        while (!source.reader.done) {
          const again = flows();
          for (const [index, flow] of again.entries()) expect(flow).toBe(first[index]);
          if (!source.reader.done) await source.fill();
        }
      }
    });
  });

  test('damage is told in the first loop only', async () => {
    const path = write('cut.pcap', pcapOf(packets).subarray(0, -1));
    await opened(specOf(path), async (source, damages) => {
      const first = await linesOf(source);
      expect(first.length).toBe(2);
      const told = damages.map(({ code }) => code);
      expect(told.length).toBe(1);
      await source.restart();
      expect(await linesOf(source)).toEqual(first);
      expect(damages.map(({ code }) => code)).toEqual(told);
    });
  });

  describe('a loop that is opened ahead', () => {
    const binary = binaryFileOf([message('S', 0), message('R', 0, 13, [11, 'AAPL']), message('A', 5, 13)]);
    const all = pcapOf(packets);

    async function lengthOfPass(source: CaptureSource): Promise<number> {
      for (let count = 0; ; count++) {
        while (!source.reader.next()) {
          if (source.reader.done) return count;
          await source.fill();
        }
      }
    }

    /** The lines of one pass, after which its end is known without another `fill`. */
    async function pass(source: CaptureSource): Promise<Line[]> {
      source.begin();
      return linesOf(source);
    }

    test.each([
      ['plain.pcap', all],
      ['zipped.pcap.gz', gzipSync(all)],
      ['cut.pcap', all.subarray(0, -1)],
      ['messages.bin', binary],
    ])('%s: its first datagram is at hand at once, and it is the same as the first', async (name, bytes) => {
      await opened(specOf(write(name, bytes), { loops: 4 }), async (source, damages) => {
        const first = await pass(source);
        const told = damages.length;
        expect(first.length).toBeGreaterThan(0);
        for (let loop = 2; loop <= 4; loop++) {
          await source.restart();
          // No `fill` before it: its first bytes have come already.
          expect(source.reader.next()).toBe(true);
          const rest = await linesOf(source);
          expect([source.reader.done, rest]).toEqual([
            true,
            first.slice(1).map((line) => ({ ...line, atNs: expect.any(Number) })),
          ]);
        }
        expect(damages.length).toBe(told);
      });
    });

    test('one in memory that has changed is whole as it was, then anew; gone, it ends the run', async () => {
      const path = write('changing.pcap', all);
      await opened(specOf(path, { loops: 0 }), async (source) => {
        const first = await pass(source);
        write('changing.pcap', pcapOf(packets.slice(1)));
        await source.restart();
        // The loop after this one is opened now.
        await setImmediate();
        expect(await linesOf(source)).toEqual(first);
        await source.restart();
        const second = await linesOf(source);
        expect(second.length).toBe(first.length - 1);
        expect(second.at(-1)?.bytes).toBe(first.at(-1)?.bytes);
        execFileSync('rm', [path]);
        await setImmediate();
        await expect(source.restart()).rejects.toThrow(/There is no file/);
      });
    });

    test('one too large for that is looked at where the loop ends, and read anew', async () => {
      const payload = new Uint8Array(60_000);
      const large = pcapOf(Array.from({ length: 1200 }, (_, index) => ({ atNs: index, payload })));
      const path = write('large.pcap', large);
      await opened(specOf(path, { loops: 0 }), async (source) => {
        source.begin();
        expect(await lengthOfPass(source)).toBe(1200);
        write('large.pcap', all);
        await source.restart();
        expect(await lengthOfPass(source)).toBe(packets.length);
      });
    });
  });

  test('a file that is gone by the next loop ends the run with what is wrong', async () => {
    const path = write('gone.pcap', pcapOf(packets));
    await opened(specOf(path), async (source) => {
      await linesOf(source);
      execFileSync('rm', [path]);
      await expect(source.restart()).rejects.toThrow(CaptureError);
    });
  });
});

describe('what cannot be read twice', () => {
  test('standard input', async () => {
    const child = spawn(process.execPath, ['-e', stdinScript]);
    child.stdin.end(readFileSync(pcapFixture).subarray(0, 50_000));
    const output = await new Promise<string>((resolve) => {
      let text = '';
      child.stdout.on('data', (part) => {
        text += part;
      });
      child.on('close', () => resolve(text));
    });
    expect(output).toBe('UsageError loop-stdin');
  });

  test('a named pipe', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('sh', ['-c', `cat '${pcapFixture}' > '${pipe}'`]);
    await opened(specOf(pipe), async (source) => {
      expect(source.isRepeatable).toBe(false);
      expect((await linesOf(source)).length).toBeGreaterThan(5000);
      await expect(source.restart()).rejects.toThrow(/pipe cannot be read twice/);
    });
    writer.kill();
  });
});

const stdinScript = `
  import(${JSON.stringify(join(projectRoot, 'dist/index.js'))}).then(async ({ replay }) => {
    await replay('-', { to: 'null', speed: 'max', loops: 2 }).catch((error) =>
      process.stdout.write(error.name + ' ' + error.code));
  });`;

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
