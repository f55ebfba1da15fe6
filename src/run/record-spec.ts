/** What a recording is to be. */
import { extname } from 'node:path';
import type { InputSpec } from '../analysis/input.js';
import type { LineSpec } from '../analysis/line-names.js';
import type { CaptureFormat } from '../io/capture-output.js';
import type { ReceiveAddressSpec } from './receive-address.js';

/** Memory for packets that wait for the disk, where nothing else is asked for: a second of 64 MB/s. */
export const defaultRecordMemoryBytes = 64 << 20;

export interface RecordSpec {
  /** A group whose interface is null is joined on this machine's loopback. */
  readonly addresses: readonly ReceiveAddressSpec[];
  /** Receive buffer to ask the kernel for, of each address. */
  readonly bufferBytes: number;
  /** How the datagrams are taken where sequences are checked; the path plays no part. */
  readonly input: InputSpec;
  /** What is written is the lines of each feed merged into one, without what several brought. */
  readonly arbitrate: boolean;
  /** Which addresses are lines A and B, where they are told. */
  readonly lines: LineSpec;
  /** The file to write, or `-` for standard output. */
  readonly path: string;
  readonly format: CaptureFormat;
  readonly force: boolean;
  /** Bounds of one file, Infinity for none, … */
  readonly rotateBytes: number;
  readonly rotateNs: number;
  /** … and how many files are kept. */
  readonly keep: number;
  readonly memoryBytes: number;
  /** What made the file, as it says. */
  readonly application: string;
  /** Time at most, ms; Infinity for none. */
  readonly durationMs: number;
  /** Packets at most. */
  readonly limit: number;
  /** Ends when nothing came for so long after the first packet, ms. */
  readonly idleMs: number;
}

/** The format that a file's name asks for. */
export function recordFormatOf(path: string): CaptureFormat {
  return extname(path).toLowerCase() === '.pcap' ? 'pcap' : 'pcapng';
}
