/** One file of a recording: what is in it, what is missing from it, and what its statistics say. */
import type { InterfaceStatistics } from '../capture/pcapng-build.js';
import type { EpochTime } from '../core/clock.js';
import { formatEpochNs } from '../core/halves.js';
import type { ChunkFile } from './chunk-writer.js';
import type { FileIdentity } from './disk.js';

/** What became of an interface's packets. */
export class InterfaceCounts {
  /** They came; known when the file ends. */
  received = 0;
  /** In a file. */
  written = 0;
  /** There was no memory for them: the disk was slower than the feed. */
  missed = 0;
  /** The disk failed before it had them. */
  unwritten = 0;
  /** The kernel dropped them … */
  kernelDrops = 0;

  /** … as far as it says. */
  constructor(readonly knowsKernelDrops: boolean) {}
}

/** One file, as the report tells it. */
export interface RecordedFileReport {
  readonly file: string;
  readonly packets: number;
  readonly bytes: number;
  /** Stamps of its first and last packet, ns since the epoch; null where there is none. */
  readonly firstNs: string | null;
  readonly lastNs: string | null;
  /** False where it was removed in favour of later ones. */
  readonly isKept: boolean;
}

export class RecordedFile implements ChunkFile {
  packets = 0;
  bytes: number;
  isKept = true;
  /** Of the file on the disk, once it is complete. */
  identity: FileIdentity | null = null;
  private end: EpochTime | null = null;
  private firstSeconds = 0;
  private firstNanoseconds = 0;
  private lastSeconds = 0;
  private lastNanoseconds = 0;

  constructor(
    readonly path: string,
    readonly header: Uint8Array,
    readonly overwrite: boolean,
    readonly start: EpochTime,
    readonly counts: readonly InterfaceCounts[],
  ) {
    this.bytes = header.length;
  }

  /** Counts a packet that was written; false where its stamp is earlier than that of the one before. */
  count(interfaceIndex: number, bytes: number, seconds: number, nanoseconds: number): boolean {
    const { lastSeconds, lastNanoseconds } = this;
    (this.counts[interfaceIndex] as InterfaceCounts).written++;
    this.bytes += bytes;
    this.lastSeconds = seconds;
    this.lastNanoseconds = nanoseconds;
    if (this.packets++ > 0) return seconds > lastSeconds || (seconds === lastSeconds && nanoseconds >= lastNanoseconds);
    this.firstSeconds = seconds;
    this.firstNanoseconds = nanoseconds;
    return true;
  }

  /** Takes back a packet that did not get to the disk. */
  lose(interfaceIndex: number, bytes: number): void {
    const counts = this.counts[interfaceIndex] as InterfaceCounts;
    counts.written--;
    counts.unwritten++;
    this.packets--;
    this.bytes -= bytes;
  }

  /** The file is complete: nothing is counted any more. */
  complete(end: EpochTime, trailerBytes: number): void {
    this.end = end;
    this.bytes += trailerBytes;
  }

  /** What each interface had from the file's start until its end, or until now. */
  statistics(now: EpochTime): InterfaceStatistics[] {
    return this.counts.map(
      ({ received, written, missed, unwritten, kernelDrops, knowsKernelDrops }, interfaceIndex) => {
        const dropped = missed + unwritten + kernelDrops;
        return {
          interfaceIndex,
          start: this.start,
          end: this.end ?? now,
          received: received + kernelDrops,
          dropped,
          osDropped: knowsKernelDrops ? kernelDrops : null,
          delivered: written,
        };
      },
    );
  }

  report(): RecordedFileReport {
    const { path, packets, bytes, isKept } = this;
    return {
      file: path,
      packets,
      bytes,
      firstNs: packets === 0 ? null : formatEpochNs(this.firstSeconds, this.firstNanoseconds),
      lastNs: packets === 0 ? null : formatEpochNs(this.lastSeconds, this.lastNanoseconds),
      isKept,
    };
  }
}
