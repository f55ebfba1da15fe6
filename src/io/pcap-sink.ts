/**
 * A sink that writes a nanosecond pcap. Nothing waits for a file, so such a run goes on a virtual clock: a datagram due
 * so long after the run's origin is stamped so long after the base that `setBase` gave.
 */
import type { Flow, Sink } from '../core/seams.js';
import { type CaptureOutput, openCaptureOutput } from './capture-output.js';

/** Creates (or truncates) the file; throws SinkError where that fails or the file is the one being read. */
export function openPcapSink(path: string, inputPaths: readonly string[]): PcapSink {
  // A replay reports on standard output: `-` is a file like any other.
  const file = path === '-' ? './-' : path;
  return new PcapSink(openCaptureOutput({ path: file, format: 'pcap', inputPaths }));
}

/** Made by `openPcapSink`. */
export class PcapSink implements Sink {
  private readonly output: CaptureOutput;
  private baseSeconds = 0;
  private baseNanoseconds = 0;
  private payloadSum: () => number = () => -1;

  constructor(output: CaptureOutput) {
    this.output = output;
  }

  /** Bytes of the file, those still buffered included. */
  get bytes(): number {
    return this.output.bytes;
  }

  /** Datagrams longer than any that their addresses' protocol can carry, left out. */
  get tooLong(): number {
    return this.output.tooLong;
  }

  /** Datagrams whose time the format cannot hold (before 1970 or after 2106), stamped with the nearest. */
  get clampedTimestamps(): number {
    return this.output.clampedTimestamps;
  }

  /** The epoch time that a datagram scheduled at 0 is stamped with. */
  setBase(seconds: number, nanoseconds: number): void {
    this.baseSeconds = seconds;
    this.baseNanoseconds = nanoseconds;
  }

  /** Asked of every datagram as it is sent: what `FrameWriter.writeDatagram` takes as `payloadSum`. */
  setPayloadSum(payloadSum: () => number): void {
    this.payloadSum = payloadSum;
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    const wholeSeconds = Math.floor(scheduledNs / 1e9);
    let seconds = this.baseSeconds + wholeSeconds;
    let nanoseconds = this.baseNanoseconds + (scheduledNs - wholeSeconds * 1e9);
    if (nanoseconds >= 1e9) {
      nanoseconds -= 1e9;
      seconds++;
    }
    this.output.datagram(view, offset, length, flow, seconds, nanoseconds, this.payloadSum());
  }

  async close(): Promise<void> {
    this.output.close();
  }
}
