/**
 * Seek indexes beside their captures: `day.pcap` has `day.pcap.tridx` (`core/seek-index-bytes.ts` tells its content).
 *
 * An index is believed of the very file that it was made of, by size, time of modification and a digest of samples, and
 * even then only point by point: before reading begins at one, the file is read from there to the next and has to hold
 * the records that the index says (`isPointRight`). It is written beside its name and renamed, so that none is ever
 * seen in part.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { PointProbe, type SeekIndex, type SeekPoint } from '../core/seek-index.js';
import {
  DIGEST_BYTES,
  decodeSeekIndex,
  encodeSeekIndex,
  type IndexedFile,
  type IndexedFormat,
} from '../core/seek-index-bytes.js';
import { newYorkMidnight } from '../core/time.js';
import { unwritable } from './file-error.js';
import { type CaptureFile, type OpenCaptureOptions, openCapture } from './open-capture.js';

const EDGE_BYTES = 65_536;
const SAMPLE_BYTES = 4096;
const SAMPLES = 16;
/** An index that claims to be longer is none. */
const MAX_INDEX_BYTES = 16 << 20;

/** Where the index of a capture lies. */
export function indexPathOf(path: string): string {
  return `${path}.tridx`;
}

/** What an index of the capture would be of; null where it can have none (compressed, a pipe, a device). */
export async function identify(
  path: string,
  file: Pick<CaptureFile, 'format' | 'compression' | 'sizeBytes' | 'date'>,
  framedByType: boolean,
): Promise<IndexedFile | null> {
  if (file.compression !== 'none' || file.sizeBytes === null) return null;
  const handle = await open(path, 'r');
  try {
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) return null;
    const sizeBytes = Number(status.size);
    return {
      format: file.format as IndexedFormat,
      sizeBytes,
      modifiedNs: status.mtimeNs,
      samples: await digestSamples(handle, sizeBytes),
      framedByType: file.format === 'BinaryFILE' && framedByType,
      midnightSeconds: file.date === null ? 0 : newYorkMidnight(file.date),
    };
  } finally {
    await handle.close();
  }
}

/** Whether the capture is, by size and time of modification, still the one that was identified. */
export async function isUnchanged(path: string, file: IndexedFile): Promise<boolean> {
  try {
    const status = await stat(path, { bigint: true });
    return Number(status.size) === file.sizeBytes && status.mtimeNs === file.modifiedNs;
  } catch {
    return false;
  }
}

/** The capture's index; `absent`, or why the one that is there cannot be used. */
export async function loadSeekIndex(path: string, file: IndexedFile): Promise<SeekIndex | 'absent' | { why: string }> {
  let bytes: Uint8Array;
  try {
    if ((await stat(indexPathOf(path))).size > MAX_INDEX_BYTES) return { why: 'it is no index' };
    bytes = await readFile(indexPathOf(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'absent' : { why: `it cannot be read (${message})` };
  }
  const content = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  const index = decodeSeekIndex(content, file);
  if (index === 'it is no index' || index === 'it is of another version') return { why: index };
  if (!createHash('sha256').update(content).digest().equals(bytes.subarray(content.length))) {
    return { why: 'it is damaged' };
  }
  return typeof index === 'string' ? { why: index } : index;
}

/**
 * Writes the index beside its capture. Throws SinkError where that fails; writes nothing and answers false where the
 * capture has changed since it was identified.
 */
export async function saveSeekIndex(path: string, index: SeekIndex, file: IndexedFile): Promise<boolean> {
  const status = await stat(path, { bigint: true });
  if (Number(status.size) !== file.sizeBytes || status.mtimeNs !== file.modifiedNs) return false;
  const target = indexPathOf(path);
  const temporary = `${target}.${process.pid}.tmp`;
  const content = encodeSeekIndex(index, file);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.writeFile(createHash('sha256').update(content).digest());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(target, error);
  }
  return true;
}

/** Whether the file holds, from the point to the one after it, what the index says. */
export async function isPointRight(
  path: string,
  index: SeekIndex,
  point: SeekPoint,
  options: Omit<OpenCaptureOptions, 'index' | 'at' | 'onDamage'>,
): Promise<boolean> {
  const probe = new PointProbe(point, index.after(point));
  try {
    const at = { point, blocks: index.blocksOf(point) };
    const file = await openCapture(path, { ...options, index: probe, at, readAhead: false, onDamage: () => {} });
    try {
      const { reader } = file;
      while (probe.verdict === null && !reader.done) {
        if (!reader.next() && !reader.done) await file.fill();
      }
    } finally {
      await file.close();
    }
  } catch {
    // What cannot be read so is not what the index was made of.
    return false;
  }
  return probe.verdict === 'right';
}

/** SHA-256 of the file's head and tail and of places evenly between. */
async function digestSamples(handle: FileHandle, sizeBytes: number): Promise<Uint8Array> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(EDGE_BYTES);
  const take = async (offset: number, length: number): Promise<void> => {
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    hash.update(buffer.subarray(0, bytesRead));
  };
  await take(0, EDGE_BYTES);
  for (let sample = 1; sample <= SAMPLES; sample++) {
    await take(Math.floor((sizeBytes / (SAMPLES + 1)) * sample), SAMPLE_BYTES);
  }
  await take(Math.max(0, sizeBytes - EDGE_BYTES), EDGE_BYTES);
  return hash.digest();
}
