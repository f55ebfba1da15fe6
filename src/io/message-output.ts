/** Opens where messages are written to: a BinaryFILE, or MoldUDP64 or SoupBinTCP packets in a pcap or pcapng. */
import { type Endpoint, flowBetween } from '../capture/endpoint.js';
import { UsageError } from '../core/errors.js';
import type { DatagramOutput, Flow, MessageOutput } from '../core/seams.js';
import type { Stamp } from '../core/seek-index.js';
import { BinaryFileOutput } from './binaryfile-output.js';
import {
  type BuiltRecords,
  type CaptureFormat,
  CaptureOutput,
  captureWriter,
  openCaptureOutput,
} from './capture-output.js';
import { openFileWriter, type RecordFile } from './file-writer.js';
import { MoldUDP64Output } from './moldudp64-output.js';
import { SoupBinTCPOutput } from './soupbintcp-output.js';

export type OutputFormat = 'binaryfile' | CaptureFormat;
export type OutputFraming = 'moldudp64' | 'soupbintcp';

export const outputFormats: readonly OutputFormat[] = ['binaryfile', 'pcap', 'pcapng'];
export const outputFramings: readonly OutputFraming[] = ['moldudp64', 'soupbintcp'];

/** What an output has written so far. */
export interface OutputCounts {
  readonly messages: number;
  /** Datagrams or segments; 0 in a BinaryFILE. */
  readonly packets: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Messages longer than the framing can carry, left out. */
  readonly tooLong: number;
  /** Messages without bytes that a BinaryFILE cannot hold, left out. */
  readonly zeroLength: number;
  /** Packets stamped with the nearest time that the format can hold. */
  readonly clampedTimestamps: number;
  /** SoupBinTCP logins; 0 elsewhere. */
  readonly connections: number;
}

/** A message output that counts. */
export interface CountingOutput extends MessageOutput {
  readonly counts: OutputCounts;
  /**
   * Whether messages that were framed elsewhere, the first of them stamped so, can follow what was written here;
   * `sequence` is the number that the first has to have, 0 for the next. Absent where none can.
   */
  canTakePart?(first: Stamp, sequence: number): boolean;
  /** Takes them. */
  takePart?(part: FramedPart): void;
}

/** Messages that were framed elsewhere, numbered from 1 on. */
export interface FramedPart extends BuiltRecords {
  readonly messages: {
    readonly written: number;
    readonly zeroLength: number;
    readonly unfinished: UnfinishedBlocks | null;
  } | null;
}

/** The messages of a packet that may go on, each behind its length. */
export interface UnfinishedBlocks extends Stamp {
  readonly blocks: Uint8Array<ArrayBuffer>;
  readonly messages: number;
}

/** What opening takes; what is absent has the default said. */
export interface MessageOutputSpec {
  /** A file, or `-` for standard output. */
  path: string;
  /** By the path's extension. */
  format?: OutputFormat | undefined;
  /** Of a pcap or pcapng: MoldUDP64. */
  framing?: OutputFraming | undefined;
  /** Session name, at most 10 characters: `TICKREEL01`. */
  session?: string | undefined;
  /** Who sends the messages: 127.0.0.1:26400. */
  source?: Endpoint | undefined;
  /** Who gets them: the group 239.255.42.1:26477, or the client 127.0.0.1:49152 of SoupBinTCP. */
  destination?: Endpoint | undefined;
  /** Bytes of an IP packet at most: 1500. */
  mtu?: number | undefined;
  /** Messages of one stamp, or as many as fit, share a packet: by time stamp. */
  pack?: 'timestamp' | 'mtu' | undefined;
  /** Number of the first message where it is not told: 1. */
  firstSequence?: number | undefined;
  /** Time to live of packets: 64. */
  ttl?: number | undefined;
  /** Files being read, which are refused. */
  inputPaths?: readonly string[] | undefined;
  /** Wraps where MoldUDP64 datagrams go, to change, repeat or leave out some. */
  decorate?: ((output: DatagramOutput) => DatagramOutput) | undefined;
}

const defaultSession = 'TICKREEL01';
const defaultSource: Endpoint = { address: '127.0.0.1', port: 26_400 };
const defaultGroup: Endpoint = { address: '239.255.42.1', port: 26_477 };
const defaultClient: Endpoint = { address: '127.0.0.1', port: 49_152 };
const defaultMtu = 1500;

/** Creates the file; throws UsageError for what contradicts itself, SinkError where the file cannot be written. */
export function openMessageOutput(spec: MessageOutputSpec): CountingOutput {
  const format = outputFormatOf(spec.path, spec.format);
  if (format === 'binaryfile') {
    if (spec.framing !== undefined) {
      throw new UsageError(
        'framing',
        `a BinaryFILE has no framing of ${spec.framing}: write a pcap or pcapng for that`,
      );
    }
    return new BinaryFileOutput(openFileWriter(spec.path, spec.inputPaths ?? []));
  }
  const framing = spec.framing ?? 'moldudp64';
  if (framing === 'soupbintcp' && spec.decorate !== undefined) {
    throw new UsageError('framing', 'datagrams can be changed in MoldUDP64 only, not in SoupBinTCP');
  }
  const options = packingOf(spec, framing);
  const capture = {
    path: spec.path,
    format,
    inputPaths: spec.inputPaths ?? [],
    ...(spec.ttl === undefined ? {} : { ttl: spec.ttl }),
  };
  // Options are checked before the file is made.
  if (framing === 'soupbintcp') {
    return SoupBinTCPOutput.open(options, () => openCaptureOutput(capture));
  }
  return MoldUDP64Output.open(options, () => openCaptureOutput(capture), spec.decorate);
}

/** MoldUDP64 packets of a pcap or pcapng, without its header, for another output to append. */
export function moldUDP64Part(file: RecordFile, spec: Omit<MessageOutputSpec, 'path'>): MoldUDP64Output {
  const format = spec.format === 'pcapng' ? 'pcapng' : 'pcap';
  const ttl = spec.ttl === undefined ? {} : { ttl: spec.ttl };
  const output = () => CaptureOutput.headless(file, captureWriter({ format, ...ttl }));
  return MoldUDP64Output.open(packingOf(spec, 'moldudp64'), output);
}

function packingOf(spec: Omit<MessageOutputSpec, 'path'>, framing: OutputFraming) {
  const { session = defaultSession, mtu = defaultMtu, pack = 'timestamp', firstSequence = 1 } = spec;
  return { session, mtu, pack, firstSequence, flow: defaultFlow(framing, spec.source, spec.destination) };
}

/** From who sends the messages to who gets them, where they are not told. */
export function defaultFlow(framing: OutputFraming, source = defaultSource, destination?: Endpoint): Flow {
  return framing === 'soupbintcp'
    ? flowBetween('TCP', source, destination ?? defaultClient)
    : flowBetween('UDP', source, destination ?? defaultGroup);
}

/** The format told, or that of the path's extension; throws UsageError where neither says. */
export function outputFormatOf(path: string, format?: OutputFormat): OutputFormat {
  if (format !== undefined) return format;
  if (/\.pcap$/i.test(path)) return 'pcap';
  if (/\.pcapng$/i.test(path)) return 'pcapng';
  if (/\.(bin|itch|\w*ITCH_?50)$/i.test(path)) return 'binaryfile';
  const formats = 'say which with `--format binaryfile`, or pcap or pcapng';
  if (path === '-') throw new UsageError('format', `standard output has no extension to tell a format: ${formats}`);
  if (/\.(gz|zst)$/i.test(path)) {
    throw new UsageError('format', `${path}: files are written uncompressed; write to - and pipe it into a compressor`);
  }
  const known = '.pcap, .pcapng, .itch, .bin, .NASDAQ_ITCH50';
  throw new UsageError('format', `${path}: the extension tells no format (${known} do); ${formats}`);
}
