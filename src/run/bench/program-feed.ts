/** What an external parser is fed: the sample as bytes, cut into units, each with the messages up to its end. */
import type { InputSpec } from '../../analysis/input.js';
import { loadProtocols } from '../../analysis/protocols.js';
import { PcapReader } from '../../capture/pcap.js';
import { PcapngReader } from '../../capture/pcapng.js';
import { ByteQueue } from '../../core/byte-queue.js';
import { UsageError } from '../../core/errors.js';
import type { Flow } from '../../core/seams.js';
import type { UdpTarget } from '../target.js';
import type { Sample, SampleFile } from './sample.js';
import { walkSample } from './walk.js';

/** Messages behind their lengths, the capture as it is, or datagrams; `auto`: the first, of MDP the second. */
export type FeedKind = 'auto' | 'binaryfile' | 'capture' | UdpTarget;

/** Units are messages of a BinaryFILE, packets of a capture, and datagrams. */
export interface ProgramFeed {
  readonly bytes: Buffer;
  /** What stands before the first unit, such as a file header. */
  readonly headBytes: number;
  /** Where each unit ends. */
  readonly unitEnds: readonly number[];
  /** Messages in all units up to each one's end. */
  readonly messagesUpTo: readonly number[];
  /** Of datagrams. */
  readonly flows: readonly Flow[];
  /** What a receiver counts. */
  readonly counts: 'messages' | 'packets';
}

/** Makes the feed; throws UsageError where the input cannot be fed that way. */
export async function programFeed(asked: FeedKind, sample: Sample, input: InputSpec): Promise<ProgramFeed> {
  const isItch = sample.regions.every(({ protocol }) => protocol === 'itch50');
  const kind = asked !== 'auto' ? asked : isItch ? 'binaryfile' : 'capture';
  if (kind === 'binaryfile') return messagesFeed(sample);
  if (sample.files.some(({ format }) => format === 'BinaryFILE')) {
    const what = kind === 'capture' ? 'that is fed with --parser-feed binaryfile' : 'it has no datagrams';
    throw new UsageError('parser-feed', `the input is a BinaryFILE: ${what}; tickreel convert makes a pcap of it`);
  }
  return kind === 'capture' ? captureFeed(sample, input) : datagramsFeed(sample, input);
}

function messagesFeed({ regions }: Sample): ProgramFeed {
  const [region] = regions;
  if (region === undefined || regions.length > 1 || region.protocol !== 'itch50') {
    throw new UsageError('parser-feed', 'a BinaryFILE holds messages of ITCH alone: use --parser-feed capture');
  }
  const bytes = Buffer.from(new Uint8Array(region.bytes, 0, region.byteCount));
  const unitEnds: number[] = [];
  for (let at = 0; at < bytes.length; unitEnds.push(at)) at += 2 + bytes.readUInt16BE(at);
  const messagesUpTo = unitEnds.map((_, index) => index + 1);
  return { bytes, headBytes: 0, unitEnds, messagesUpTo, flows: [], counts: 'messages' };
}

async function captureFeed(sample: Sample, input: InputSpec): Promise<ProgramFeed> {
  const [file] = sample.files;
  if (file === undefined || sample.files.length > 1) {
    throw new UsageError('parser-feed', '--parser-feed capture feeds one file: name one, or feed it as binaryfile');
  }
  const { headBytes, ends } = frameEnds(file);
  const messagesUpTo = new Array<number>(ends.length).fill(0);
  const count = (packetNumber: number): void => {
    messagesUpTo[packetNumber - 1]++;
  };
  await visit(sample, input, (packetNumber) => count(packetNumber));
  accumulate(messagesUpTo);
  const bytes = Buffer.from(new Uint8Array(file.bytes, 0, ends.at(-1) ?? headBytes));
  return { bytes, headBytes, unitEnds: ends, messagesUpTo, flows: [], counts: 'messages' };
}

async function datagramsFeed(sample: Sample, input: InputSpec): Promise<ProgramFeed> {
  const chunks: Buffer[] = [];
  const flows: Flow[] = [];
  const unitEnds: number[] = [];
  const messagesUpTo: number[] = [];
  let end = 0;
  let last: { fileOffset: number; flow: Flow | undefined } | null = null;
  await visit(sample, input, (_packetNumber, reader) => {
    const { view, offset, length, flow, fileOffset } = reader;
    if (last?.fileOffset !== fileOffset || last.flow !== flow) {
      if (flow === undefined || flow.transport === 'TCP') return;
      last = { fileOffset, flow };
      chunks.push(Buffer.from(new Uint8Array(view.buffer, view.byteOffset + offset, length)));
      end += length;
      flows.push(flow);
      unitEnds.push(end);
      messagesUpTo.push(0);
    }
    messagesUpTo[messagesUpTo.length - 1]++;
  });
  if (unitEnds.length === 0) {
    throw new UsageError('parser-feed', 'the input has no datagrams with messages in them: they came over TCP');
  }
  accumulate(messagesUpTo);
  return { bytes: Buffer.concat(chunks), headBytes: 0, unitEnds, messagesUpTo, flows, counts: 'packets' };
}

function visit(
  { files }: Sample,
  input: InputSpec,
  onMessage: (packetNumber: number, reader: Parameters<Parameters<typeof walkSample>[1]>[5] & { flow?: Flow }) => void,
): Promise<unknown> {
  const from = { input, files, protocols: loadProtocols(input), onDamage: () => {} };
  return walkSample(from, (_view, _offset, _length, _sequence, _stream, reader) =>
    onMessage(reader.packetNumber, reader),
  );
}

/** Where the whole records of a capture end. */
function frameEnds({ format, bytes, byteCount }: SampleFile): { headBytes: number; ends: number[] } {
  const queue = new ByteQueue();
  const frames = format === 'pcap' ? new PcapReader(queue, () => {}) : new PcapngReader(queue, () => {});
  queue.push(new Uint8Array(bytes, 0, byteCount));
  const ends: number[] = [];
  let headBytes = -1;
  while (frames.next()) {
    if (headBytes < 0) headBytes = frames.fileOffset;
    ends.push(queue.position);
  }
  return { headBytes: Math.max(0, headBytes), ends };
}

function accumulate(counts: number[]): void {
  let sum = 0;
  for (const [index, count] of counts.entries()) {
    sum += count;
    counts[index] = sum;
  }
}
