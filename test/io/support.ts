/** Temporary files and sources for tests of input. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from 'vitest';
import type { Damage } from '../../src/core/seams.js';
import { type ByteSource, openBytes } from '../../src/io/byte-source.js';

const folder = mkdtempSync(join(tmpdir(), 'tickreel-io-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file that lives as long as the test file runs. */
export function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

export function folderPath(): string {
  return folder;
}

/** A stream that delivers `bytes` in chunks of `size`, as a pipe does. */
export function pipe(bytes: Uint8Array, size = 65_536): Readable {
  function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
  }
  return Readable.from(chunks(), { objectMode: false });
}

export interface Inflated {
  bytes: Uint8Array;
  chunkSizes: number[];
  damage: Damage[];
  source: ByteSource;
}

/** Everything that a source delivers. */
export async function drain(path: string, stdin?: Readable): Promise<Inflated> {
  const damage: Damage[] = [];
  const source = await openBytes(path, { onDamage: (one) => damage.push(one), ...(stdin ? { stdin } : {}) });
  const chunks: Uint8Array[] = [];
  for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) chunks.push(chunk.slice());
  await source.close();
  return { bytes: new Uint8Array(Buffer.concat(chunks)), chunkSizes: chunks.map((one) => one.length), damage, source };
}
