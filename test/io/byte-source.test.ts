import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync, constants as zlibConstants } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CaptureError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { openBytes } from '../../src/io/byte-source.js';
import { SLICE_BYTES } from '../../src/io/gunzip.js';
import { MAX_CHUNK_BYTES } from '../../src/io/raw-bytes.js';
import { drain, file, folderPath, pipe } from './support.js';

/** Bytes that compress to about half. */
function sample(length: number, seed = 1): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length }, () => random.below(16));
}

const content = sample(300_000);

/** What the first bytes of gzip data inflate to. */
function prefix(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gunzipSync(bytes, { finishFlush: zlibConstants.Z_SYNC_FLUSH }));
}

describe('plain', () => {
  test('a file arrives whole, in chunks of at most 1 MiB', async () => {
    const bytes = sample(2 * MAX_CHUNK_BYTES + 5);
    const path = file('plain', bytes);
    const inflated = await drain(path);
    expect(Buffer.compare(inflated.bytes, bytes)).toBe(0);
    expect(inflated.chunkSizes).toEqual([MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 5]);
    const { name, compression, sizeBytes, bytesRead } = inflated.source;
    expect([name, compression, sizeBytes, bytesRead]).toEqual([path, 'none', bytes.length, bytes.length]);
    expect(inflated.damage).toEqual([]);
  });

  test('a chunk stays as it is while the next one is read', async () => {
    const bytes = sample(3 * MAX_CHUNK_BYTES);
    const source = await openBytes(file('three', bytes), { onDamage: () => {} });
    const first = (await source.read()) as Uint8Array;
    const copy = first.slice();
    const second = (await source.read()) as Uint8Array;
    expect(Buffer.compare(first, copy)).toBe(0);
    expect(Buffer.compare(second, bytes.subarray(MAX_CHUNK_BYTES, 2 * MAX_CHUNK_BYTES))).toBe(0);
    await source.close();
  });

  test('an empty file has no chunks', async () => {
    const { chunkSizes, damage } = await drain(file('empty', new Uint8Array(0)));
    expect([chunkSizes, damage]).toEqual([[], []]);
  });

  test('standard input arrives whole whatever the chunks, and is called that', async () => {
    const { bytes, source } = await drain('-', pipe(content, 1000));
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect([source.name, source.sizeBytes, source.bytesRead]).toEqual(['standard input', null, content.length]);
    const single = await drain('-', pipe(content.subarray(0, 50), 1));
    expect(single.bytes).toEqual(content.subarray(0, 50));
  });

  test('a longer chunk of a stream is cut up', async () => {
    const bytes = sample(MAX_CHUNK_BYTES + 9);
    const { chunkSizes } = await drain('-', Readable.from([Buffer.from(bytes)], { objectMode: false }));
    expect(chunkSizes).toEqual([MAX_CHUNK_BYTES, 9]);
  });

  test('nothing is read before it is asked for', async () => {
    let delivered = 0;
    const stream = Readable.from(
      (function* () {
        for (; delivered < 1000; delivered++) yield Buffer.alloc(65_536);
      })(),
      { objectMode: false },
    );
    const source = await openBytes('-', { onDamage: () => {}, stdin: stream });
    await source.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(delivered).toBeLessThan(10);
    await source.close();
    expect(stream.destroyed).toBe(true);
  });

  test('a read that fails on the way ends the bytes and is damage', async () => {
    const stream = Readable.from(
      (function* () {
        yield Buffer.from('first bytes');
        throw new Error('EIO');
      })(),
      { objectMode: false },
    );
    const { bytes, damage } = await drain('-', stream);
    expect(Buffer.from(bytes).toString()).toBe('first bytes');
    expect(damage.map((one) => [one.code, one.offset])).toEqual([['read', 11]]);
  });
});

describe('what cannot be read is refused by its code', () => {
  const refused: [string, () => string, RegExp][] = [
    ['not-found', () => join(folderPath(), 'nowhere'), /no file/],
    ['not-found', () => join(file('a-file', new Uint8Array(1)), 'below'), /no file/],
    ['directory', folderPath, /is a directory/],
    ['unreadable', () => `${folderPath()}/\0`, /cannot be opened/],
  ];
  test.each(refused)('%s', async (code, path, message) => {
    const refusal = openBytes(path(), { onDamage: () => {} });
    await expect(refusal).rejects.toThrow(CaptureError);
    await expect(refusal).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test.skipIf(process.getuid?.() === 0)('a file without permission', async () => {
    const path = file('secret', content);
    chmodSync(path, 0);
    await expect(openBytes(path, { onDamage: () => {} })).rejects.toMatchObject({ code: 'unreadable' });
  });

  test('a stream that fails at once', async () => {
    const stream = new Readable({ read: () => stream.destroy(new Error('EBADF')) });
    await expect(openBytes('-', { onDamage: () => {}, stdin: stream })).rejects.toMatchObject({ code: 'unreadable' });
  });
});

describe.each(['file', 'pipe'])('gzip from a %s', (kind) => {
  let count = 0;
  function read(bytes: Uint8Array) {
    return kind === 'pipe' ? drain('-', pipe(bytes, 7000)) : drain(file(`${count++}.gz`, bytes));
  }

  test('one member', async () => {
    const gz = gzipSync(content);
    const { bytes, damage, source, chunkSizes } = await read(gz);
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(damage).toEqual([]);
    expect([source.compression, source.bytesRead]).toEqual(['gzip', gz.length]);
    expect(source.sizeBytes).toBe(kind === 'file' ? gz.length : null);
    expect(Math.max(...chunkSizes)).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
  });

  test('several members, an empty one among them', async () => {
    const gz = Buffer.concat([content, new Uint8Array(0), sample(99), content].map((one) => gzipSync(one)));
    const { bytes, damage } = await read(gz);
    expect(Buffer.compare(bytes, Buffer.concat([content, sample(99), content]))).toBe(0);
    expect(damage).toEqual([]);
  });

  test('zeros behind the last member are padding', async () => {
    const { bytes, damage } = await read(Buffer.concat([gzipSync(content), new Uint8Array(20_000)]));
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(damage).toEqual([]);
  });

  test.each([
    ['at once', Buffer.from('some other bytes')],
    ['after padding', Buffer.concat([new Uint8Array(30_000), Buffer.from('others')])],
  ])('other bytes behind the last member, %s, are reported', async (_, trailing) => {
    const { bytes, damage } = await read(Buffer.concat([gzipSync(content), trailing]));
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(damage.map((one) => [one.code, one.offset])).toEqual([['gzip-trailing', content.length]]);
  });

  test.each([1, 8, 9, 5000, 20_000, 100_000])('%i bytes short: all that is there is inflated', async (missing) => {
    const gz = gzipSync(content);
    const cut = gz.subarray(0, gz.length - missing);
    const { bytes, damage } = await read(cut);
    expect(Buffer.compare(bytes, prefix(cut))).toBe(0);
    expect(damage.map((one) => [one.code, one.offset])).toEqual([['gzip-truncated', bytes.length]]);
  });

  test('nothing but the beginning of a header', async () => {
    const { bytes, damage } = await read(gzipSync(content).subarray(0, 5));
    expect(bytes).toHaveLength(0);
    expect(damage.map((one) => one.code)).toEqual(['gzip-truncated']);
  });

  test('a wrong check at the end: everything is delivered, then it is reported', async () => {
    const gz = gzipSync(content);
    gz[gz.length - 6] = (gz[gz.length - 6] as number) ^ 1;
    const { bytes, damage } = await read(gz);
    expect(Buffer.compare(bytes, content)).toBe(0);
    expect(damage.map((one) => [one.code, one.offset])).toEqual([['gzip', content.length]]);
    expect(damage[0]?.message).toMatch(/incorrect data check/);
  });

  test.each([100, SLICE_BYTES + 77, 60_000])('bytes overwritten at %i: everything before is delivered', async (at) => {
    const gz = gzipSync(content);
    gz.fill(0xff, at, at + 40);
    const { bytes, damage } = await read(gz);
    const sound = prefix(gz.subarray(0, at));
    expect(Buffer.compare(bytes.subarray(0, sound.length), sound)).toBe(0);
    expect(damage.map((one) => one.code)).toEqual(['gzip']);
    expect(damage[0]?.offset).toBe(bytes.length);
  });
});

test('gzip is inflated a piece ahead, and what is found there is told when its turn comes', async () => {
  const gz = Buffer.from(gzipSync(content));
  const at = gz.length - 8;
  gz[at] = (gz[at] as number) ^ 1;
  const told: string[] = [];
  const source = await openBytes(file('ahead.gz', gz), { onDamage: ({ code }) => told.push(code) });
  let held = 0;
  while (held < content.length) {
    held += (await source.read())?.length ?? content.length;
    expect(told).toEqual([]);
  }
  // Time enough for what is ahead.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([held, told]).toEqual([content.length, []]);
  expect(await source.read()).toBe(null);
  expect(told).toEqual(['gzip']);
  await source.close();
});

test('any damage to gzip leaves all that inflates before it', async () => {
  const gz = gzipSync(sample(2000));
  await fc.assert(
    fc.asyncProperty(fc.nat(gz.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bad = Buffer.from(gz);
      bad[at] = (bad[at] as number) ^ flip;
      if (bad.subarray(0, 3).compare(gz.subarray(0, 3)) !== 0) return;
      const { bytes } = await drain('-', pipe(bad));
      const sound = prefix(gz.subarray(0, at));
      expect(Buffer.compare(bytes.subarray(0, sound.length), sound)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('a pipe that was too long to keep loses at most a slice before the damage, and says so', async () => {
  const long = gzipSync(randomBytes(17_000_000), { level: 1 });
  long[long.length - 6] = (long[long.length - 6] as number) ^ 1;
  const { bytes, damage } = await drain('-', pipe(long));
  expect(17_000_000 - bytes.length).toBeLessThanOrEqual(SLICE_BYTES * 2);
  expect(damage.map((one) => one.code)).toEqual(['gzip']);
  expect(damage[0]?.message).toMatch(/was lost/);
});

function randomBytes(length: number): Uint8Array {
  const random = new Random(9);
  return new Uint8Array(Uint32Array.from({ length: length / 4 }, () => random.nextUint32()).buffer);
}
