import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CaptureError } from '../../src/core/errors.js';
import { openBytes } from '../../src/io/byte-source.js';
import { PreloadStore } from '../../src/io/preload.js';
import { scratch } from '../run/support.js';

const { folder } = scratch();
const onDamage = () => {};

/** Bytes that tell where they are from. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 2_654_435_761) >>> 24;
  return bytes;
}

async function readAll(store: PreloadStore, path: string) {
  const source = await store.open(path, () => openBytes(path, { onDamage }));
  const chunks: Uint8Array[] = [];
  for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) chunks.push(chunk.slice());
  await source.close();
  return { source, bytes: Buffer.concat(chunks), longest: Math.max(0, ...chunks.map(({ length }) => length)) };
}

describe('PreloadStore', () => {
  test('gives the bytes of a file, in chunks, across blocks of memory', async () => {
    const path = join(folder, 'plain');
    const bytes = pattern(34_000_000);
    writeFileSync(path, bytes);
    const store = new PreloadStore();
    const { source, bytes: got, longest } = await readAll(store, path);
    expect(got.equals(bytes)).toBe(true);
    expect(longest).toBeLessThanOrEqual(1 << 20);
    expect(source).toMatchObject({ name: path, compression: 'none', sizeBytes: 34_000_000, bytesRead: 34_000_000 });
    expect(store.bytes).toBe(34_000_000);
  });

  test('takes the beginning of a file alone where it is told to', async () => {
    const path = join(folder, 'long');
    const bytes = pattern(5_000_000);
    writeFileSync(path, bytes);
    writeFileSync(`${path}.gz`, gzipSync(bytes));
    for (const name of [path, `${path}.gz`]) {
      const { bytes: got } = await readAll(new PreloadStore(false, Number.POSITIVE_INFINITY, 1_500_000), name);
      expect(got.equals(bytes.subarray(0, 1_500_000))).toBe(true);
    }
  });

  test('is read once, however often it is opened', async () => {
    const path = join(folder, 'once');
    writeFileSync(path, 'before');
    const store = new PreloadStore();
    expect((await readAll(store, path)).bytes.toString()).toBe('before');
    writeFileSync(path, 'after');
    expect((await readAll(store, path)).bytes.toString()).toBe('before');
    expect(store.bytes).toBe(6);
  });

  test('is read from anywhere, up to its end', async () => {
    const path = join(folder, 'seek');
    const bytes = pattern(34_000_000);
    writeFileSync(path, bytes);
    const store = new PreloadStore();
    const source = await store.open(path, () => openBytes(path, { onDamage }));
    for (const offset of [0, 1_048_577, 32 << 20, 33_999_999]) {
      source.seek?.(offset);
      const chunk = (await source.read()) ?? new Uint8Array();
      expect(chunk.length).toBeGreaterThan(0);
      expect(Buffer.compare(chunk, bytes.subarray(offset, offset + chunk.length))).toBe(0);
    }
    for (const [offset, length, expected] of [
      [(32 << 20) - 10, 20, 20],
      [33_999_995, 100, 5],
      [34_000_000, 5, 0],
    ] as const) {
      const got = (await source.readAt?.(offset, length)) ?? new Uint8Array(1);
      expect(got.length).toBe(expected);
      expect(Buffer.compare(got, bytes.subarray(offset, offset + expected))).toBe(0);
    }
    source.seek?.(34_000_000);
    expect(await source.read()).toBeNull();
  });

  test('holds compressed files inflated', async () => {
    const path = join(folder, 'gz');
    const bytes = pattern(100_000);
    const stored = gzipSync(bytes);
    writeFileSync(path, stored);
    const { source, bytes: got } = await readAll(new PreloadStore(), path);
    expect(got.equals(bytes)).toBe(true);
    expect(source).toMatchObject({ compression: 'gzip', sizeBytes: stored.length, bytesRead: stored.length });
  });

  test('refuses what does not fit, and closes the file', async () => {
    const path = join(folder, 'large');
    writeFileSync(path, pattern(3 << 20));
    await expect(readAll(new PreloadStore(false, 2 << 20), path)).rejects.toThrow(CaptureError);
    await expect(readAll(new PreloadStore(false, 2 << 20), path)).rejects.toThrow(
      /does not fit into memory: --preload takes 2 MiB at most\. Replay it without --preload\./,
    );
  });

  test('an empty file is empty', async () => {
    const path = join(folder, 'empty');
    writeFileSync(path, '');
    expect((await readAll(new PreloadStore(), path)).bytes.length).toBe(0);
  });
});

describe('what is kept unasked', () => {
  const small = pattern(100_000);
  /** A store of what fits into 2 MiB. */
  const store = () => new PreloadStore(false, 2 << 20, Number.POSITIVE_INFINITY, true);

  test('is what fits: the rest is read from where it is, plain or inflated', async () => {
    const large = pattern(3_000_000);
    for (const [name, bytes, stored, kept] of [
      ['small', small, small, true],
      ['small.gz', small, gzipSync(small), true],
      ['large', large, large, false],
      ['large.gz', large, gzipSync(new Uint8Array(3_000_000)), false],
    ] as const) {
      const path = join(folder, `kept-${name}`);
      writeFileSync(path, stored);
      const one = store();
      for (let pass = 0; pass < 2; pass++) {
        const { bytes: got } = await readAll(one, path);
        expect(got.length).toBe(bytes.length);
        if (name !== 'large.gz') expect(got.equals(bytes)).toBe(true);
      }
      expect([name, one.bytes]).toEqual([name, kept ? bytes.length : 0]);
      expect(one.isAsRead(path)).toBe(true);
    }
  });

  test('what does not fit beside what is kept already is not kept either', async () => {
    const one = store();
    const paths = ['a', 'b'].map((name) => join(folder, `beside-${name}`));
    for (const path of paths) writeFileSync(path, pattern(1_500_000));
    for (const path of paths) expect((await readAll(one, path)).bytes.length).toBe(1_500_000);
    expect(one.bytes).toBe(1_500_000);
  });

  test('is told from a file that is another by now', async () => {
    const path = join(folder, 'kept-changed');
    writeFileSync(path, small);
    const one = store();
    await readAll(one, path);
    expect(one.isAsRead(path)).toBe(true);
    writeFileSync(path, small.subarray(1));
    expect(one.isAsRead(path)).toBe(false);
  });
});
