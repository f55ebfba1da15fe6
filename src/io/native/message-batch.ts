/**
 * `struct mmsghdr` and what it points to, for the calls that send or receive many datagrams at once. Everything is
 * allocated once and every pointer that never changes is written once; a message costs a few 32-bit stores.
 *
 * The layout is that of 64-bit Linux: 64 bytes a `mmsghdr`, 16 an `iovec`. Positions below count 32-bit words.
 */
import type { Libc } from './libc.js';

export const mmsghdrBytes = 64;
const headerWords = mmsghdrBytes / 4;
const iovecBytes = 16;
const iovecWords = iovecBytes / 4;

/** Words of a `mmsghdr`: `msg_name`, `msg_namelen`, `msg_iov`, `msg_iovlen`, `msg_control`, `msg_controllen`, … */
const NAME = 0;
const NAME_LENGTH = 2;
const IOV = 4;
const IOV_COUNT = 6;
const CONTROL = 8;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
/** … and `msg_len`, what was received. */
const LENGTH = 14;

/** A control message (`cmsghdr`) begins with its length in 8 bytes, its level and its type. */
export const cmsgHeaderBytes = 16;
const fourGiB = 2 ** 32;

export class MessageBatch {
  readonly count: number;
  /** Where the first `mmsghdr` lies; the others follow every `mmsghdrBytes`. */
  readonly address: number;
  /** Bytes for control messages, of each message. */
  readonly controlBytes: number;
  /** Over the control messages of all. */
  readonly control: DataView;
  readonly headers: Uint32Array;
  private readonly vectors: Uint32Array;

  constructor(libc: Libc, count: number, controlBytes: number) {
    this.count = count;
    this.controlBytes = controlBytes;
    this.headers = new Uint32Array(new ArrayBuffer(count * mmsghdrBytes));
    this.vectors = new Uint32Array(new ArrayBuffer(count * iovecBytes));
    this.control = new DataView(new ArrayBuffer(count * controlBytes));
    this.address = libc.addressOf(this.headers.buffer as ArrayBuffer);
    const vectorsAt = libc.addressOf(this.vectors.buffer as ArrayBuffer);
    const controlAt = libc.addressOf(this.control.buffer as ArrayBuffer);
    for (let index = 0; index < count; index++) {
      const at = index * headerWords;
      setPointer(this.headers, at + IOV, vectorsAt + index * iovecBytes);
      this.headers[at + IOV_COUNT] = 1;
      setPointer(this.headers, at + CONTROL, controlAt + index * controlBytes);
    }
  }

  /** Where the message's bytes are. */
  setPayload(index: number, address: number, length: number): void {
    setPointer(this.vectors, index * iovecWords, address);
    this.vectors[index * iovecWords + 2] = length;
  }

  setPayloadLength(index: number, length: number): void {
    this.vectors[index * iovecWords + 2] = length;
  }

  payloadLength(index: number): number {
    return this.vectors[index * iovecWords + 2] as number;
  }

  /** Whom it goes to, or where to put whom it comes from. */
  setName(index: number, address: number, length: number): void {
    setPointer(this.headers, index * headerWords + NAME, address);
    this.headers[index * headerWords + NAME_LENGTH] = length;
  }

  setControlLength(index: number, length: number): void {
    this.headers[index * headerWords + CONTROL_LENGTH] = length;
  }

  /** Length of the control messages that came. */
  controlLength(index: number): number {
    return this.headers[index * headerWords + CONTROL_LENGTH] as number;
  }

  flags(index: number): number {
    return this.headers[index * headerWords + FLAGS] as number;
  }

  /** Bytes that were received. */
  receivedLength(index: number): number {
    return this.headers[index * headerWords + LENGTH] as number;
  }

  /** Makes a message ready to be received into again: the kernel writes over these lengths. */
  rearm(index: number, nameLength: number): void {
    const at = index * headerWords;
    this.headers[at + NAME_LENGTH] = nameLength;
    this.headers[at + CONTROL_LENGTH] = this.controlBytes;
    this.headers[at + FLAGS] = 0;
  }

  /** Writes a control message's header at `offset` of the message's control bytes; says where its value goes. */
  writeControl(index: number, offset: number, level: number, type: number, valueBytes: number): number {
    const at = index * this.controlBytes + offset;
    this.control.setUint32(at, cmsgHeaderBytes + valueBytes, true);
    this.control.setUint32(at + 4, 0, true);
    this.control.setInt32(at + 8, level, true);
    this.control.setInt32(at + 12, type, true);
    return at + cmsgHeaderBytes;
  }
}

/** What a control message with a value of so many bytes takes up. */
export function controlSpace(valueBytes: number): number {
  return cmsgHeaderBytes + Math.ceil(valueBytes / 8) * 8;
}

/** Writes a pointer as two words; addresses are whole numbers below 2^53. */
function setPointer(words: Uint32Array, at: number, address: number): void {
  words[at] = address >>> 0;
  words[at + 1] = Math.floor(address / fourGiB);
}
