/** Writes messages as MoldUDP64 packets into a capture file, through whatever changes datagrams on their way there. */
import type { DatagramOutput, Flow } from '../core/seams.js';
import { MoldUDP64Builder, type MoldUDP64BuilderOptions } from '../session/moldudp64-builder.js';
import type { CaptureOutput } from './capture-output.js';
import type { CountingOutput, OutputCounts } from './message-output.js';

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
