/** Builds Zstandard frames (RFC 8878) block by block, of raw and run-length blocks, which need no compressor. */
import { concat } from '../capture/build.js';

export type Block = { raw: Uint8Array } | { byte: number; count: number } | { word: number; body?: Uint8Array };

export interface ZstdParts {
  /** Window descriptor; a single segment with the content's size where absent. */
  window?: number;
  /** Content size that the header tells, where it is another than the true one. */
  claimed?: number;
  checksum?: boolean;
  dictionary?: number;
  descriptor?: number;
}

/** A frame without checksum unless asked for; its checksum is not a right one. */
export function zstdFrame(blocks: Block[], parts: ZstdParts = {}): Uint8Array {
  const single = parts.window === undefined;
  const size = parts.claimed ?? blocks.reduce((sum, block) => sum + contentBytes(block), 0);
  const flags = (single ? 0xa0 : 0) | (parts.checksum ? 4 : 0) | (parts.dictionary === undefined ? 0 : 1);
  const head = [0x28, 0xb5, 0x2f, 0xfd, parts.descriptor ?? flags];
  if (!single) head.push(parts.window as number);
  if (parts.dictionary !== undefined) head.push(parts.dictionary);
  if (single) head.push(size & 0xff, (size >>> 8) & 0xff, (size >>> 16) & 0xff, size >>> 24);
  const body = blocks.map((block, index) => zstdBlock(block, index === blocks.length - 1));
  return concat(Uint8Array.from(head), ...body, new Uint8Array(parts.checksum ? 4 : 0));
}

export function zstdBlock(block: Block, last: boolean): Uint8Array {
  if ('raw' in block) return concat(header((block.raw.length << 3) | (last ? 1 : 0)), block.raw);
  if ('byte' in block) return concat(header((block.count << 3) | 2 | (last ? 1 : 0)), Uint8Array.of(block.byte));
  return concat(header(block.word | (last ? 1 : 0)), block.body ?? new Uint8Array(0));
}

export function skippable(bytes: Uint8Array, kind = 0): Uint8Array {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, 0x184d2a50 + kind, true);
  head.setUint32(4, bytes.length, true);
  return concat(new Uint8Array(head.buffer), bytes);
}

function header(word: number): Uint8Array {
  return Uint8Array.of(word & 0xff, (word >>> 8) & 0xff, word >>> 16);
}

function contentBytes(block: Block): number {
  if ('raw' in block) return block.raw.length;
  return 'byte' in block ? block.count : 0;
}
