/** Writes messages as MoldUDP64 packets into a capture file, through whatever changes datagrams on their way there. */
import { addWords, fold } from '../capture/checksum.js';
import type { DatagramOutput, Flow } from '../core/seams.js';
import type { Stamp } from '../core/seek-index.js';
import { MoldUDP64Builder, type MoldUDP64BuilderOptions } from '../session/moldudp64-builder.js';
import {
  BLOCK_LENGTH_SIZE,
  HEADER_LENGTH,
  patchSequence,
  readSequence,
  SEQUENCE_OFFSET,
} from '../session/moldudp64-header.js';
import type { CaptureOutput } from './capture-output.js';
import type { CountingOutput, FramedPart, OutputCounts, UnfinishedBlocks } from './message-output.js';

const SEQUENCE_BYTES = 8;
/** Where a UDP header has its checksum, from its end. */
const CHECKSUM_BEFORE_PAYLOAD = 2;

export interface MoldUDP64OutputOptions extends MoldUDP64BuilderOptions {
  readonly flow: Flow;
}

export class MoldUDP64Output implements CountingOutput {
  private readonly builder: MoldUDP64Builder;
  private readonly flow: Flow;
  private readonly capture: CaptureOutput;
  private readonly output: DatagramOutput;
  private seconds = 0;
  private nanoseconds = 0;

  private constructor(builder: MoldUDP64Builder, flow: Flow, capture: CaptureOutput, output: DatagramOutput) {
    this.builder = builder;
    this.flow = flow;
    this.capture = capture;
    this.output = output;
  }

  /** Checks the options before `openFile` makes the file. */
  static open(
    options: MoldUDP64OutputOptions,
    openFile: () => CaptureOutput,
    decorate: (output: DatagramOutput) => DatagramOutput = (output) => output,
  ): MoldUDP64Output {
    const builder = new MoldUDP64Builder(options);
    const capture = openFile();
    return new MoldUDP64Output(builder, options.flow, capture, decorate(capture));
  }

  get counts(): OutputCounts {
    const { packets, bytes, clampedTimestamps } = this.capture;
    const { messages, tooLong } = this.builder;
    return { messages, packets, bytes, tooLong, zeroLength: 0, clampedTimestamps, connections: 0 };
  }

  message(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
  ): void {
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    if (this.builder.add(view, offset, length, seconds, nanoseconds, sequence, 0)) this.put();
  }

  /** A packet may go on into what follows: of that the first stamp has to be another one. */
  canTakePart({ seconds, nanoseconds }: Stamp, sequence: number): boolean {
    const { builder, output, capture } = this;
    if (output !== capture || !builder.byStamp) return false;
    if (sequence > 0 && sequence !== builder.nextSequence) return false;
    return !builder.isFilling(seconds, nanoseconds);
  }

  takePart({ messages, ...records }: FramedPart): void {
    if (messages === null) return;
    const { builder, capture } = this;
    if (builder.flush()) this.put();
    const { written, unfinished } = messages;
    const whole = written - (unfinished?.messages ?? 0);
    capture.append(records, (view, payload) => patchPacketSequence(view, payload, builder.nextSequence - 1));
    builder.nextSequence += whole;
    builder.messages += whole;
    if (unfinished !== null) this.addBlocks(unfinished);
  }

  /** The packet that is not full yet, which is not written then. */
  unfinished(): UnfinishedBlocks | null {
    const { filling } = this.builder;
    const { view, length, messageCount: messages, seconds, nanoseconds } = filling;
    if (messages === 0) return null;
    return { blocks: new Uint8Array(view.buffer.slice(HEADER_LENGTH, length)), messages, seconds, nanoseconds };
  }

  private addBlocks({ blocks, seconds, nanoseconds }: UnfinishedBlocks): void {
    const view = new DataView(blocks.buffer);
    for (let at = 0; at < blocks.length; ) {
      const length = view.getUint16(at);
      this.message(view, at + BLOCK_LENGTH_SIZE, length, seconds, nanoseconds, 0);
      at += BLOCK_LENGTH_SIZE + length;
    }
  }

  /** Stamped as the last message. */
  endOfSession(): void {
    if (this.builder.flush()) this.put();
    this.builder.endOfSession(this.seconds, this.nanoseconds);
    this.put();
  }

  close(): void {
    try {
      if (this.builder.flush()) this.put();
    } finally {
      this.output.close();
    }
  }

  private put(): void {
    const { view, length, seconds, nanoseconds } = this.builder.packet;
    this.output.datagram(view, 0, length, this.flow, seconds, nanoseconds);
  }
}

/** Adds to the number of a packet, whose UDP header stands before it, and to the checksum there (RFC 1624). */
function patchPacketSequence(view: DataView, payload: number, added: number): void {
  const at = payload + SEQUENCE_OFFSET;
  const before = addWords(0, view, at, SEQUENCE_BYTES);
  patchSequence(view, payload, readSequence(view, payload) + added);
  const checksumAt = payload - CHECKSUM_BEFORE_PAYLOAD;
  const sum = (~view.getUint16(checksumAt) & 0xffff) + (~fold(before) & 0xffff);
  const checksum = ~fold(addWords(sum, view, at, SEQUENCE_BYTES)) & 0xffff;
  view.setUint16(checksumAt, checksum === 0 ? 0xffff : checksum);
}
