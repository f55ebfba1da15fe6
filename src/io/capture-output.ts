/** A pcap or pcapng file that datagrams and TCP segments are written to, framed, each with its stamp. */
import { type CaptureWriter, type CaptureWriterOptions, MAX_RECORD_BYTES } from '../capture/capture-writer.js';
import { MAX_IPV6_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES, type TcpFields } from '../capture/frame-writer.js';
import { PcapWriter } from '../capture/pcap-writer.js';
import { PcapngWriter } from '../capture/pcapng-writer.js';
import type { DatagramOutput, Flow } from '../core/seams.js';
import { type FileWriter, openFileWriter } from './file-writer.js';

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
  const writer = spec.format === 'pcap' ? new PcapWriter(spec) : new PcapngWriter(spec);
  return new CaptureOutput(openFileWriter(spec.path, spec.inputPaths ?? []), writer);
}

/** Made by `openCaptureOutput`. */
export class CaptureOutput implements DatagramOutput {
  /** Datagrams and segments written. */
  packets = 0;
  /** Datagrams longer than any that their addresses' protocol can carry, left out. */
  tooLong = 0;
  private readonly file: FileWriter;
  private readonly writer: CaptureWriter;

  constructor(file: FileWriter, writer: CaptureWriter) {
    this.file = file;
    this.writer = writer;
    file.write(writer.header());
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
