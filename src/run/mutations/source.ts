/**
 * Reads captures into packets that can be mutated: MoldUDP64, SoupBinTCP, BinaryFILE and MDP 3.0 over UDP and TCP, and
 * all the rest.
 */
import type { Input } from '../../analysis/input.js';
import { MessageFeed } from '../../analysis/message-feed.js';
import { UsageError } from '../../core/errors.js';
import type { Flow, RecordReader, Stream } from '../../core/seams.js';
import { MDP3_TCP_MARK } from '../../session/mdp3-header.js';
import { empty, type MutationFraming, type Packet, packetOf } from '../../sim/mutations/model.js';
import { numberOf, sendingTimeOf, setNumber, setSendingTime, setSession } from '../../sim/mutations/numbers.js';
import { itchBlock, MDP_TCP_HEADER, MOLD_HEADER, mdpBlock, readPayload } from '../../sim/mutations/packets.js';

/** Captures are held in memory: those with more are to be cut first. */
export const mostPackets = 1_000_000;
export const mostBytes = 512 << 20;
/** Bytes of messages in a packet that is built. */
const mostInPacket = 1400;
const session = 'TICKREEL01';

/** What a capture is made of. */
export interface MutationSource {
  readonly packets: readonly Packet[];
  /** Pieces of TCP streams that were left out, since they are neither SoupBinTCP nor MDP. */
  readonly leftOut: number;
  readonly feed: MessageFeed;
}

/** Where messages of a BinaryFILE are said to come from and go to. */
const fileFlow: Flow = {
  index: 0,
  transport: 'UDP',
  source: '127.0.0.1',
  sourcePort: 26_400,
  destination: '239.255.42.1',
  destinationPort: 26_477,
  name: '127.0.0.1:26400 > 239.255.42.1:26477',
};

/** Reads the input; a BinaryFILE's messages become `fileFraming`. Throws UsageError where there is too much of it. */
export async function readMutationSource(
  input: Input,
  fileFraming: 'binaryfile' | 'moldudp64' = 'moldudp64',
): Promise<MutationSource> {
  const collector = new Collector(fileFraming);
  const feed = await MessageFeed.open(input, {
    onRecord: (reader, flow) => collector.record(reader, flow),
    onDatagram: (_reader, _flow, framing) => collector.recognised(framing),
    onMessage: (view, offset, length, _timestampNs, sequence, stream) =>
      collector.message(
        feed.input.reader,
        new Uint8Array(view.buffer, view.byteOffset + offset, length),
        sequence,
        stream,
      ),
    isDone: () => collector.isFull,
  });
  await feed.run();
  if (collector.isFull) {
    const limits = `${mostPackets} packets or ${mostBytes >> 20} MiB`;
    throw new UsageError('mutate-size', `${feed.input.name} has more than ${limits}: cut it first (convert --until)`);
  }
  return { packets: collector.packets, leftOut: collector.leftOut, feed };
}

class Collector {
  readonly packets: Packet[] = [];
  leftOut = 0;
  private bytes = 0;
  private readonly soups = new Map<Flow, { last: Packet | null; next: number; session: string }>();
  private readonly chains = new Map<Flow, Packet>();
  private nextInFile = 1;

  constructor(private readonly fileFraming: 'binaryfile' | 'moldudp64') {}

  get isFull(): boolean {
    return this.packets.length > mostPackets || this.bytes > mostBytes;
  }

  record({ view, offset, length, seconds, nanoseconds, packetNumber }: RecordReader, flow: Flow | null): void {
    if (flow === null) return;
    if (flow.transport === 'TCP') {
      this.leftOut++;
      return;
    }
    const packet = packetOf(null, flow, seconds, nanoseconds, packetNumber);
    packet.tail = new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
    this.add(packet, length);
  }

  /** Of the datagram that came last. */
  recognised(framing: string | null): void {
    const last = this.packets.pop();
    if (last === undefined) return;
    const name = framing === 'MoldUDP64' ? 'moldudp64' : framing === 'MDP3' ? 'mdp3' : null;
    const packet = packetOf(name, last.flow, last.seconds, last.nanoseconds, last.source);
    readPayload(packet, last.tail);
    this.packets.push(packet);
  }

  message(reader: RecordReader, bytes: Uint8Array, sequence: number, stream: Stream): void {
    if (stream.protocol === 'SoupBinTCP' && stream.isUnsequenced !== true) this.soup(reader, bytes, sequence, stream);
    else if (stream.protocol === 'MDP3-TCP') this.chain(reader, bytes, sequence, stream);
    else if (stream.protocol === 'BinaryFILE') this.file(reader, bytes);
  }

  private soup(reader: RecordReader, bytes: Uint8Array, sequence: number, stream: Stream): void {
    const flow = stream.flow as Flow;
    const name = stream.session ?? '';
    const state = this.soups.get(flow) ?? { last: null, next: 1, session: name };
    this.soups.set(flow, state);
    const number = sequence === 0 ? state.next : sequence;
    const isNew = state.last === null || number !== state.next || state.session !== name;
    let packet = state.last;
    if (packet === null || isNew || packet.source !== reader.packetNumber || sizeOf(packet) > mostInPacket) {
      packet = packetOf('soupbintcp', flow, reader.seconds, reader.nanoseconds, reader.packetNumber);
      packet.session = name;
      packet.number = number;
      packet.connects = isNew;
      this.leftOut--;
      this.add(packet, 0);
    }
    packet.blocks.push(itchBlock(bytes.slice()));
    this.bytes += bytes.length;
    state.last = packet;
    state.next = number + 1;
    state.session = name;
  }

  /** A packet for each header; a number that is not behind the one before begins a connection. */
  private chain(reader: RecordReader, bytes: Uint8Array, sequence: number, stream: Stream): void {
    const flow = stream.flow as Flow;
    const { sendingSeconds = 0, sendingNanoseconds = 0 } = stream;
    const time = BigInt(sendingSeconds) * 1_000_000_000n + BigInt(sendingNanoseconds);
    const last = this.chains.get(flow);
    let packet = last;
    if (packet === undefined || numberOf(packet) !== sequence || sendingTimeOf(packet) !== time) {
      packet = packetOf('mdp3-tcp', flow, reader.seconds, reader.nanoseconds, reader.packetNumber);
      packet.header = new Uint8Array(MDP_TCP_HEADER);
      packet.header.set([MDP3_TCP_MARK & 0xff, MDP3_TCP_MARK >> 8]);
      setNumber(packet, sequence);
      setSendingTime(packet, time);
      packet.connects = last === undefined || sequence <= numberOf(last);
      if (last?.source !== packet.source) this.leftOut--;
      this.chains.set(flow, packet);
      this.add(packet, 0);
    }
    packet.blocks.push(mdpBlock(bytes.slice()));
    this.bytes += bytes.length;
  }

  private file(reader: RecordReader, bytes: Uint8Array): void {
    const { seconds, nanoseconds, packetNumber } = reader;
    const last = this.packets.at(-1);
    const isFile = this.fileFraming === 'binaryfile';
    const isShared =
      !isFile && last?.seconds === seconds && last.nanoseconds === nanoseconds && sizeOf(last) < mostInPacket;
    let packet = isShared ? last : undefined;
    if (packet === undefined) {
      packet = packetOf(this.fileFraming, fileFlow, seconds, nanoseconds, packetNumber);
      packet.header = isFile ? empty : moldHeader(this.nextInFile);
      this.add(packet, 0);
    }
    packet.blocks.push(itchBlock(bytes.slice()));
    this.nextInFile++;
    this.bytes += bytes.length;
  }

  private add(packet: Packet, bytes: number): void {
    this.packets.push(packet);
    this.bytes += bytes;
  }
}

function moldHeader(number: number): Uint8Array {
  const packet: { framing: MutationFraming; header: Uint8Array } = {
    framing: 'moldudp64',
    header: new Uint8Array(MOLD_HEADER),
  };
  setSession(packet as Packet, session);
  setNumber(packet as Packet, number);
  return packet.header;
}

function sizeOf({ blocks }: Packet): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes.length + 3, 0);
}
