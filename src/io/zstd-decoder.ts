/**
 * What decodes the blocks of Zstandard frames (RFC 8878): Node's own zlib where it can (22.15 and 23.8 on), else
 * fzstd. A frame's content checksum is verified by Node's own only.
 */

import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import type { Decompress } from 'fzstd';

/** Set in a frame's descriptor where a checksum of its content closes it … */
const CHECKSUM_FLAG = 4;
/** … and where the number of its dictionary has four bytes. */
const LONG_DICTIONARY_FLAG = 3;

/** Decodes one frame, part by part. */
export interface ZstdDecoder {
  /** Decodes the frame's header, one of its blocks or its checksum, `last` with the last part; rejects damage. */
  decode(part: Uint8Array, last: boolean): Promise<Uint8Array[]>;
  close(): void;
}

/** Makes a decoder for each frame, which looks back over no more than `windowBytes`. */
export type ZstdDecoders = (windowBytes: number) => ZstdDecoder;

/** What is used of a stream of Node's zlib. */
interface ZlibStream {
  on(event: 'data', listener: (piece: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  write(part: Uint8Array, done: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

/** The part of Node's zlib that decides which decoder is used. */
export interface ZstdLibrary {
  createZstdDecompress?: () => ZlibStream;
}

/** Chooses the decoder: Node's own where it has one. */
export function zstdDecoders(library: object = zlib): ZstdDecoders {
  const { createZstdDecompress } = library as ZstdLibrary;
  if (createZstdDecompress === undefined) return (windowBytes) => new FzstdDecoder(windowBytes);
  return () => new NodeDecoder(createZstdDecompress());
}

class FzstdDecoder implements ZstdDecoder {
  private pieces: Uint8Array[] = [];
  private opened = false;
  private readonly frame = newDecompress((piece) => {
    if (piece.length > 0) this.pieces.push(piece);
  });

  constructor(private readonly windowBytes: number) {}

  async decode(part: Uint8Array, last: boolean): Promise<Uint8Array[]> {
    this.frame.push(this.opened ? part : longestHeader(this.windowBytes, part[4] as number), last);
    this.opened = true;
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  close(): void {}
}

/**
 * A frame header with every field that there is, 18 bytes: fzstd keeps what it is given back until it has as many, and
 * would lose the first blocks of a frame with those that are damaged. The content's size it does not look at.
 */
function longestHeader(windowBytes: number, descriptor: number): Uint8Array {
  const header = new Uint8Array(18);
  header.set([0x28, 0xb5, 0x2f, 0xfd, 0xc0 | (descriptor & CHECKSUM_FLAG) | LONG_DICTIONARY_FLAG]);
  // The least power of 2 that is enough; 2^10 is the least there is.
  header[5] = Math.max(0, Math.ceil(Math.log2(windowBytes)) - 10) << 3;
  return header;
}

class NodeDecoder implements ZstdDecoder {
  private pieces: Uint8Array[] = [];
  private failure: Error | null = null;
  private settle: () => void = () => {};

  constructor(private readonly stream: ZlibStream) {
    stream.on('data', (piece) => this.pieces.push(piece));
    stream.on('error', (error) => {
      this.failure ??= error;
      this.settle();
    });
    stream.on('end', () => this.settle());
  }

  async decode(part: Uint8Array, last: boolean): Promise<Uint8Array[]> {
    await new Promise<void>((resolve) => {
      this.settle = resolve;
      this.stream.write(part, () => {
        if (last) this.stream.end();
        else resolve();
      });
    });
    if (this.failure !== null) throw this.failure;
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  close(): void {
    this.stream.destroy();
  }
}

/** Loaded at the first frame: most captures are none of Zstandard's. */
function newDecompress(onPiece: (piece: Uint8Array) => void): Decompress {
  const library = createRequire(import.meta.url)('fzstd') as typeof import('fzstd');
  return new library.Decompress(onPiece);
}
