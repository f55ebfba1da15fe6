/** A pcap or pcapng file that datagrams and TCP segments are written to, framed, each with its stamp. */
import {
  type CaptureWriter,
  type CaptureWriterOptions,
  MAX_RECORD_BYTES,
  type PatchPayload,
} from '../capture/capture-writer.js';
import { MAX_IPV6_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES, type TcpFields } from '../capture/frame-writer.js';
import { PcapWriter } from '../capture/pcap-writer.js';
import { PcapngWriter } from '../capture/pcapng-writer.js';
import type { DatagramOutput, Flow } from '../core/seams.js';
import { openFileWriter, type RecordFile } from './file-writer.js';

export type CaptureFormat = 'pcap' | 'pcapng';

/** What opening takes. */
export interface CaptureOutputSpec extends CaptureWriterOptions {
  /** A file, or `-` for standard output. */
  path: string;
  format: CaptureFormat;
  /** Files being read, which are refused. */
  inputPaths?: readonly string[];
}

/** Creates the file; throws SinkError where that fails. */
export function openCaptureOutput(spec: CaptureOutputSpec): CaptureOutput {
  const writer = captureWriter(spec);
  const file = openFileWriter(spec.path, spec.inputPaths ?? []);
  file.write(writer.header());
  return CaptureOutput.headless(file, writer);
}

/** What builds the records of a format. */
export function captureWriter(spec: Omit<CaptureOutputSpec, 'path' | 'inputPaths'>): CaptureWriter {
  return spec.format === 'pcap' ? new PcapWriter(spec) : new PcapngWriter(spec);
}

/** Records that were built elsewhere, by a writer of the same format. */
export interface BuiltRecords {
  readonly bytes: Uint8Array;
  readonly packets: number;
  readonly tooLong: number;
  readonly clampedTimestamps: number;
}

/** Made by `openCaptureOutput`. */
export class CaptureOutput implements DatagramOutput {
  /** Datagrams and segments written. */
  packets = 0;
  /** Datagrams longer than any that their addresses' protocol can carry, left out. */
  tooLong = 0;
  private readonly file: RecordFile;
  private readonly writer: CaptureWriter;

  private constructor(file: RecordFile, writer: CaptureWriter) {
    this.file = file;
    this.writer = writer;
  }

  /** Records alone, behind a header that stands in the file already, or is written by others. */
  static headless(file: RecordFile, writer: CaptureWriter): CaptureOutput {
    return new CaptureOutput(file, writer);
  }

  /** Takes what was built elsewhere behind what was written here; packets are numbered on, and payloads patched. */
  append({ bytes, packets, tooLong, clampedTimestamps }: BuiltRecords, patch?: PatchPayload): void {
    const { writer } = this;
    writer.renumber(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), patch);
    writer.clampedTimestamps += clampedTimestamps;
    this.file.write(bytes);
    this.packets += packets;
    this.tooLong += tooLong;
  }

  /** Bytes of the file, those still buffered included. */
  get bytes(): number {
    return this.file.bytes;
  }

  /** Packets whose time the format cannot hold, stamped with the nearest. */
  get clampedTimestamps(): number {
    return this.writer.clampedTimestamps;
  }

  /** `payloadSum` as `FrameWriter.writeDatagram` has it. */
  datagram(
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    seconds: number,
    nanoseconds: number,
    payloadSum = -1,
  ): void {
    if (length > MAX_PAYLOAD_BYTES && (length > MAX_IPV6_PAYLOAD_BYTES || !flow.source.includes(':'))) {
      this.tooLong++;
      return;
    }
    const { file, writer } = this;
    const at = file.reserve(MAX_RECORD_BYTES);
    file.commit(writer.write(file.view, at, view, offset, length, flow, seconds, nanoseconds, payloadSum));
    this.packets++;
  }

  /** Writes a TCP segment; `length` is at most what the caller's segments hold. */
  segment(
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    fields: TcpFields,
    seconds: number,
    nanoseconds: number,
  ): void {
    const { file, writer } = this;
    const at = file.reserve(MAX_RECORD_BYTES);
    file.commit(writer.writeSegment(file.view, at, view, offset, length, flow, fields, seconds, nanoseconds));
    this.packets++;
  }

  close(): void {
    this.file.close();
  }
}
