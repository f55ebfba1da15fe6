/**
 * What `bench` measures over: the first part of each file, inflated, in memory that all stages share, and the messages
 * in it, back to back by protocol and by type.
 *
 * A file that is longer than what is asked for is cut behind its last whole record; nothing is told as missing then.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { FileDamage } from '../../analysis/damage-log.js';
import { type InputSpec, isStandardInput } from '../../analysis/input.js';
import { isMdp3, type Protocols } from '../../analysis/protocols.js';
import { CaptureError, UsageError } from '../../core/errors.js';
import type { Stream } from '../../core/seams.js';
import { type ByteSource, type Compression, openBytes } from '../../io/byte-source.js';
import type { CaptureFile } from '../../io/open-capture.js';
import { openFile } from '../../io/raw-bytes.js';
import { itch50 } from '../../protocol/itch50/index.js';
import type { SbeCodec } from '../../schema/sbe/codec.js';
import { walkSample } from './walk.js';

/** A file of the sample; posted to workers as it is. */
export interface SampleFile {
  readonly path: string;
  readonly format: CaptureFile['format'];
  readonly compression: Compression;
  /** Of the whole file, as stored. */
  readonly sizeBytes: number;
  /** Of the part that is measured, as stored. */
  readonly storedBytes: number;
  /** SHA-256 of that part. */
  readonly sha256: string;
  /** Whether that part is all of it. */
  readonly isWhole: boolean;
  /** Inflated; only the first `byteCount` bytes are the sample's. */
  readonly bytes: SharedArrayBuffer;
  readonly byteCount: number;
  /** Datagrams, pieces of TCP streams or messages that its reader delivers. */
  records: number;
  /** As stored, for inflating; null of a file that is not compressed. */
  readonly stored: SharedArrayBuffer | null;
}

/** Messages back to back, each behind its length: of ITCH two bytes big-endian, of MDP the MsgSize, little-endian. */
export interface Region {
  readonly protocol: 'itch50' | 'mdp3';
  /** Which of the catalogue's schemas; 0 of ITCH. */
  readonly schema: number;
  /** The type's code or template's id; null where all types are in it, in their order. */
  readonly type: number | null;
  readonly name: string;
  readonly bytes: SharedArrayBuffer;
  byteCount: number;
  messages: number;
}

export interface Sample {
  readonly files: SampleFile[];
  /** Of all types, one for each protocol and schema that there are messages of. */
  readonly regions: Region[];
  /** The same by type, the most frequent first. */
  readonly types: Region[];
  /** Messages of known layout, which are what is measured. */
  readonly messages: number;
  /** Inflated. */
  readonly byteCount: number;
}

const firstRegionBytes = 1 << 16;

/** Reads the sample; rejects with CaptureError or UsageError where there is nothing to measure. */
export async function readSample(
  input: InputSpec,
  protocols: Protocols,
  mostBytes: number,
  onDamage: (damage: FileDamage) => void,
): Promise<Sample> {
  const files: SampleFile[] = [];
  let left = mostBytes;
  for (const path of input.paths) {
    refuseUnrepeatable(path);
    const file = await readFile(path, Math.max(1, left), onDamage);
    left -= file.byteCount;
    files.push(file);
    if (left <= 0) break;
  }
  const store = new MessageStore(protocols);
  const walked = await walkSample({ input, files, protocols, onDamage }, (view, offset, length, _sequence, stream) =>
    store.add(view, offset, length, stream),
  );
  for (const [index, { format, records }] of walked.entries()) {
    files[index] = { ...(files[index] as SampleFile), format, records };
  }
  const { regions, types } = store;
  const messages = regions.reduce((sum, region) => sum + region.messages, 0);
  if (messages === 0) {
    const names = files.map(({ path }) => path).join(', ');
    throw new CaptureError('no-messages', `${names}: no message of a known layout, so there is nothing to measure.`);
  }
  types.sort((a, b) => b.messages - a.messages);
  return { files, regions, types, messages, byteCount: files.reduce((sum, file) => sum + file.byteCount, 0) };
}

function refuseUnrepeatable(path: string): void {
  const status = isStandardInput(path) ? null : statSync(path, { throwIfNoEntry: false });
  // A file that is not there is told by whoever opens it.
  if (status === undefined || status?.isFile() || status?.isDirectory()) return;
  const what = isStandardInput(path) ? 'standard input' : path;
  throw new UsageError(
    'bench-pipe',
    `bench reads its input many times, and ${what} can be read once: save it to a file`,
  );
}

async function readFile(path: string, mostBytes: number, onDamage: (damage: FileDamage) => void): Promise<SampleFile> {
  const source = await openBytes(path, { onDamage: (damage) => onDamage({ file: path, ...damage }) });
  try {
    const { bytes, byteCount, isWhole } = await readInflated(source, mostBytes);
    const sizeBytes = source.sizeBytes as number;
    const storedBytes = isWhole ? sizeBytes : source.compression === 'none' ? byteCount : source.bytesRead;
    const { sha256, stored } = await readStored(path, storedBytes, source.compression !== 'none');
    const { compression } = source;
    const format = 'pcap' as const;
    return { path, format, compression, sizeBytes, storedBytes, sha256, isWhole, bytes, byteCount, records: 0, stored };
  } finally {
    await source.close();
  }
}

async function readInflated(
  source: ByteSource,
  mostBytes: number,
): Promise<{ bytes: SharedArrayBuffer; byteCount: number; isWhole: boolean }> {
  let bytes = new SharedArrayBuffer(firstRegionBytes);
  let byteCount = 0;
  for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
    const part = chunk.subarray(0, mostBytes - byteCount);
    bytes = withRoom(bytes, byteCount, part.length);
    new Uint8Array(bytes).set(part, byteCount);
    byteCount += part.length;
    if (part.length < chunk.length) return { bytes, byteCount, isWhole: false };
  }
  return { bytes, byteCount, isWhole: true };
}

/** Hashes what is measured of the file, as stored, and keeps it where it is compressed. */
async function readStored(path: string, storedBytes: number, keeps: boolean) {
  const hash = createHash('sha256');
  const stored = keeps ? new SharedArrayBuffer(storedBytes) : null;
  const raw = await openFile(path);
  try {
    let done = 0;
    for (let chunk = await raw.read(); chunk !== null && done < storedBytes; chunk = await raw.read()) {
      const part = chunk.subarray(0, storedBytes - done);
      hash.update(part);
      if (stored !== null) new Uint8Array(stored).set(part, done);
      done += part.length;
    }
  } finally {
    await raw.close();
  }
  return { sha256: hash.digest('hex'), stored };
}

/** The memory, or twice as much with its bytes copied, where `more` do not fit. */
function withRoom(bytes: SharedArrayBuffer, used: number, more: number): SharedArrayBuffer {
  if (used + more <= bytes.byteLength) return bytes;
  const larger = new SharedArrayBuffer(Math.max(2 * bytes.byteLength, used + more));
  new Uint8Array(larger).set(new Uint8Array(bytes, 0, used));
  return larger;
}

/** Takes messages and lays them back to back. */
class MessageStore {
  readonly regions: Region[] = [];
  readonly types: Region[] = [];
  private readonly byKey = new Map<string, Region>();
  private readonly protocols: Protocols;

  constructor(protocols: Protocols) {
    this.protocols = protocols;
  }

  add(view: DataView, offset: number, length: number, stream: Stream): void {
    if (!isMdp3(stream)) {
      const type = view.getUint8(offset);
      this.append(this.region('itch50', 0, null, 'ITCH 5.0'), view, offset, length, false);
      this.append(this.region('itch50', 0, type, itch50.nameOf(type) ?? ''), view, offset, length, false);
      return;
    }
    const { mdp3 } = this.protocols;
    const codec = mdp3.catalogue.codecAt(view, offset, length);
    const schema = mdp3.catalogue.codecs.indexOf(codec as SbeCodec);
    const type = mdp3.typeOf(view, offset, length);
    this.append(this.region('mdp3', schema, null, 'MDP 3.0'), view, offset, length, true);
    this.append(this.region('mdp3', schema, type, mdp3.nameOf(type) ?? ''), view, offset, length, true);
  }

  private region(protocol: Region['protocol'], schema: number, type: number | null, name: string): Region {
    const key = `${protocol} ${schema} ${type}`;
    let region = this.byKey.get(key);
    if (region === undefined) {
      const bytes = new SharedArrayBuffer(firstRegionBytes);
      region = { protocol, schema, type, name, bytes, byteCount: 0, messages: 0 };
      this.byKey.set(key, region);
      (type === null ? this.regions : this.types).push(region);
    }
    return region;
  }

  private append(region: Region, view: DataView, offset: number, length: number, isMdp: boolean): void {
    const bytes = withRoom(region.bytes, region.byteCount, length + 2);
    const to = new Uint8Array(bytes);
    const size = isMdp ? length + 2 : length;
    to[region.byteCount] = isMdp ? size & 0xff : size >>> 8;
    to[region.byteCount + 1] = isMdp ? size >>> 8 : size & 0xff;
    to.set(new Uint8Array(view.buffer, view.byteOffset + offset, length), region.byteCount + 2);
    Object.assign(region, { bytes });
    region.byteCount += length + 2;
    region.messages++;
  }
}
