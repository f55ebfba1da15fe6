/**
 * A sink that writes a nanosecond pcap. Nothing waits for a file, so such a run goes on a virtual clock: a datagram due
 * so long after the run's origin is stamped so long after the base that `setBase` gave.
 */
import { closeSync, openSync, realpathSync, writeSync } from 'node:fs';
import { MAX_PAYLOAD_BYTES } from '../capture/frame-writer.js';
import { PcapWriter, RECORD_OVERHEAD_BYTES } from '../capture/pcap-writer.js';
import { SinkError } from '../core/errors.js';
import type { Flow, Sink } from '../core/seams.js';

const bufferBytes = 1 << 20;

/** Creates (or truncates) the file; throws SinkError where that fails or the file is the one being read. */
export function openPcapSink(path: string, inputPaths: readonly string[]): PcapSink {
  if (inputPaths.some((input) => isSameFile(path, input))) {
    throw new SinkError('same-file', `pcap:${path} is the capture that is being read; name another file`);
  }
  let descriptor: number;
  try {
    descriptor = openSync(path, 'w');
  } catch (error) {
    throw new SinkError('open', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
  return new PcapSink(path, descriptor);
}

/** Made by `openPcapSink`. */
export class PcapSink implements Sink {
  /** Bytes of the file, those still buffered included. */
  bytes = 0;
  /** Datagrams longer than any that IPv4 can carry, left out. */
  tooLong = 0;
  private readonly path: string;
  private readonly descriptor: number;
  private readonly writer = new PcapWriter();
  private readonly buffer = new Uint8Array(bufferBytes);
  private readonly bufferView = new DataView(this.buffer.buffer);
  private used = 0;
  private isOpen = true;
  private baseSeconds = 0;
  private baseNanoseconds = 0;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
    const header = this.writer.header();
    this.buffer.set(header);
    this.used = header.length;
    this.bytes = header.length;
  }

  /** Datagrams whose time the format cannot hold (before 1970 or after 2106), stamped with the nearest. */
  get clampedTimestamps(): number {
    return this.writer.clampedTimestamps;
  }

  /** The epoch time that a datagram scheduled at 0 is stamped with. */
  setBase(seconds: number, nanoseconds: number): void {
    this.baseSeconds = seconds;
    this.baseNanoseconds = nanoseconds;
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    if (length > MAX_PAYLOAD_BYTES) {
      this.tooLong++;
      return;
    }
    if (this.used + RECORD_OVERHEAD_BYTES + length > bufferBytes) this.flush();
    const wholeSeconds = Math.floor(scheduledNs / 1e9);
    let seconds = this.baseSeconds + wholeSeconds;
    let nanoseconds = this.baseNanoseconds + (scheduledNs - wholeSeconds * 1e9);
    if (nanoseconds >= 1e9) {
      nanoseconds -= 1e9;
      seconds++;
    }
    const written = this.writer.write(this.bufferView, this.used, view, offset, length, flow, seconds, nanoseconds);
    this.used += written;
    this.bytes += written;
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      this.flush();
    } finally {
      closeSync(this.descriptor);
    }
  }

  private flush(): void {
    const { used } = this;
    // What could not be written is not tried again.
    this.used = 0;
    let done = 0;
    try {
      while (done < used) done += writeSync(this.descriptor, this.buffer, done, used - done);
    } catch (error) {
      throw new SinkError('write', `cannot write ${this.path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** True where both name one file, whatever the links on the way; never for standard input. */
export function isSameFile(path: string, other: string): boolean {
  if (other === '-') return false;
  try {
    return realpathSync(path) === realpathSync(other);
  } catch {
    return false;
  }
}
