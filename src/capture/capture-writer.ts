/** What the writers of capture files share: frames built around payloads, each in a record with a time stamp. */
import type { Flow } from '../core/seams.js';
import { FrameWriter, type FrameWriterOptions, MAX_FRAME_BYTES, type TcpFields } from './frame-writer.js';
import type { InterfaceStatistics } from './pcapng-build.js';

/** Room that any record takes beside its frame, whatever the format. */
export const MAX_RECORD_EXTRA_BYTES = 64;

/** Room for any record. */
export const MAX_RECORD_BYTES = MAX_FRAME_BYTES + MAX_RECORD_EXTRA_BYTES;

/** What a writer may be told. */
export type CaptureWriterOptions = FrameWriterOptions;

/** Changes the payload at an offset, of a UDP datagram, and the checksum in front of it. */
export type PatchPayload = (view: DataView, payload: number) => void;

/** Builds the beginning of a capture file and one record after another, in a buffer of the caller's. */
export abstract class CaptureWriter {
  /** Records whose time does not fit the format, written with the nearest that does. */
  clampedTimestamps = 0;
  /** Interface of the records that follow, counted from 0; a pcap does not say it. */
  interfaceIndex = 0;
  /** Packets of that interface that were lost right before the next record; a pcapng says it, and it is 0 again. */
  droppedBefore = 0;
  private readonly frames: FrameWriter;
  private scratch: DataView | null = null;

  constructor(options: CaptureWriterOptions = {}) {
    this.frames = new FrameWriter(options);
  }

  /** What the file begins with. */
  abstract header(): Uint8Array;

  /** What a file may end with, or hold anywhere: how many packets each interface had and lost. A pcap has no place. */
  statistics(_all: readonly InterfaceStatistics[]): Uint8Array {
    return new Uint8Array(0);
  }

  /** Length of the record that was written at `at`. */
  abstract lengthAt(view: DataView, at: number): number;

  /** Numbers IPv4 packets in records of another writer as if they had been written here, behind those before. */
  renumber(records: DataView, patch?: PatchPayload): void {
    const { recordHeaderBytes } = this;
    for (let at = 0; at < records.byteLength; at += this.lengthAt(records, at)) {
      const payload = this.frames.renumber(records, at + recordHeaderBytes);
      patch?.(records, payload);
    }
  }

  /** Interface of the record that was written at `at`. */
  interfaceAt(_view: DataView, _at: number): number {
    return 0;
  }

  /** Bytes of a record in front of its frame. */
  protected abstract readonly recordHeaderBytes: number;

  /** Writes what surrounds the frame of a record at `at`; returns the record's length. */
  protected abstract surround(
    into: DataView,
    at: number,
    frameLength: number,
    seconds: number,
    nanoseconds: number,
  ): number;

  /** One record of a UDP datagram; its bytes are valid until the next call. */
  record(view: DataView, offset: number, length: number, flow: Flow, seconds: number, nanoseconds: number): Uint8Array {
    this.scratch ??= new DataView(new ArrayBuffer(MAX_RECORD_BYTES));
    const written = this.write(this.scratch, 0, view, offset, length, flow, seconds, nanoseconds);
    return new Uint8Array(this.scratch.buffer, 0, written);
  }

  /**
   * Writes a record of a UDP datagram at `at` of `into`, which has room for it; returns the record's length.
   * `payloadSum` as `FrameWriter.writeDatagram` has it.
   */
  write(
    into: DataView,
    at: number,
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    seconds: number,
    nanoseconds: number,
    payloadSum = -1,
  ): number {
    const frame = at + this.recordHeaderBytes;
    const frameLength = this.frames.writeDatagram(into, frame, view, offset, length, flow, payloadSum);
    return this.surround(into, at, frameLength, seconds, nanoseconds);
  }

  /** Writes a record of a TCP segment at `at` of `into`, which has room for it; returns the record's length. */
  writeSegment(
    into: DataView,
    at: number,
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    fields: TcpFields,
    seconds: number,
    nanoseconds: number,
  ): number {
    const frame = at + this.recordHeaderBytes;
    const frameLength = this.frames.writeSegment(into, frame, view, offset, length, flow, fields);
    return this.surround(into, at, frameLength, seconds, nanoseconds);
  }
}
