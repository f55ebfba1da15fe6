/**
 * A recording: datagrams with their stamps into one capture file after another, begun anew by size and time.
 *
 * Each file is complete by itself: section header, interfaces, packets, statistics. None grows beyond the size asked
 * for, but where a single packet is larger; by time they end on a grid counted from the recording's start.
 */
import { type CaptureWriter, MAX_RECORD_BYTES } from '../capture/capture-writer.js';
import { PcapWriter } from '../capture/pcap-writer.js';
import type { InterfaceNotes, SectionNotes } from '../capture/pcapng-build.js';
import { PcapngWriter } from '../capture/pcapng-writer.js';
import type { EpochTime } from '../core/clock.js';
import { copyBytes } from '../core/copy.js';
import type { SinkError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import type { CaptureFormat } from './capture-output.js';
import { ChunkWriter } from './chunk-writer.js';
import { type Disk, localDisk } from './disk.js';
import { InterfaceCounts, RecordedFile, type RecordedFileReport } from './recorded-file.js';
import { recordingName } from './recording-name.js';

/** Files that are described one by one; of a longer recording the first half and the last half of so many. */
const maxDescribedFiles = 1000;

export interface RecordingSpec {
  /** The file, a name that numbers and times are put into where there are several, or `-` for standard output. */
  readonly path: string;
  readonly format: CaptureFormat;
  /** Whether files that are there are written over. */
  readonly force: boolean;
  /** A file ends before it grows longer; Infinity for no bound. */
  readonly rotateBytes: number;
  /** Files end at multiples of this since the recording's start; Infinity for no bound. */
  readonly rotateNs: number;
  /** Of the files of this recording the latest that are kept; Infinity for all. */
  readonly keep: number;
  /** Memory for packets that wait for the disk. */
  readonly memoryBytes: number;
  readonly section: SectionNotes;
  readonly interfaces: readonly InterfaceNotes[];
}

/** What a recording asks of whoever receives. */
export interface RecordingSource {
  /** Packets of the interface that have come so far. */
  received(interfaceIndex: number): number;
  /** Those that the system has dropped before they came; null where it does not say. */
  kernelDrops(interfaceIndex: number): number | null;
  now(): EpochTime;
  /** Nothing more can be written. */
  onFailure(error: SinkError): void;
}

/** Takes packets as fast as they come; the disk follows in the background. */
export class Recording {
  /** Of each interface, over all files. */
  readonly counts: readonly InterfaceCounts[];
  /** Files begun. */
  fileCount = 0;
  /** Bytes of the files, those that wait for the disk included. */
  bytes = 0;
  /** Files that were to be removed and could not be. */
  notRemoved = 0;
  /** Packets whose stamp is earlier than that of the packet before them in their file. */
  outOfOrder = 0;
  private readonly spec: RecordingSpec;
  private readonly source: RecordingSource;
  private readonly disk: Disk;
  private readonly writer: CaptureWriter;
  private readonly chunks: ChunkWriter<RecordedFile>;
  private readonly header: Uint8Array;
  private readonly trailerBytes: number;
  private readonly start: EpochTime;
  /** Packets of each interface that were missed since the last one that was not. */
  private readonly missedBefore: number[];
  /** What each interface had received, and the kernel had dropped of it, when the last file ended. */
  private readonly receivedBefore: number[];
  private readonly dropsBefore: (number | null)[];
  private readonly described: RecordedFile[] = [];
  private readonly kept: RecordedFile[] = [];
  private file: RecordedFile | null = null;
  /** When the file ends. */
  private dueSeconds = Number.POSITIVE_INFINITY;
  private dueNanoseconds = 0;

  /** Begins the first file; what is wrong with it is known after `settle`. */
  constructor(spec: RecordingSpec, source: RecordingSource, disk: Disk = localDisk) {
    this.spec = spec;
    this.source = source;
    this.disk = disk;
    this.writer = spec.format === 'pcap' ? new PcapWriter() : new PcapngWriter(spec);
    this.header = this.writer.header();
    this.missedBefore = spec.interfaces.map(() => 0);
    this.receivedBefore = spec.interfaces.map((_, index) => source.received(index));
    this.dropsBefore = spec.interfaces.map((_, index) => source.kernelDrops(index));
    this.counts = this.dropsBefore.map((drops) => new InterfaceCounts(drops !== null));
    this.chunks = new ChunkWriter<RecordedFile>({
      disk,
      memoryBytes: spec.memoryBytes,
      lengthAt: (view, at) => this.writer.lengthAt(view, at),
      onLost: (file, view, from, end) => this.onLost(file, view, from, end),
      trailerOf: (file) => {
        if (file === this.file) this.takeReceived(file);
        return this.trailerOf(file);
      },
      onOpen: () => this.removeOldest(),
      onClosed: (file, identity) => {
        file.identity = identity;
        if (spec.keep !== Number.POSITIVE_INFINITY) this.kept.push(file);
      },
      onFailure: (error) => source.onFailure(error),
    });
    this.start = source.now();
    const file = this.begin(this.start.seconds);
    this.trailerBytes = this.trailerOf(file).length;
    this.setDue(this.start.seconds, this.start.nanoseconds);
  }

  /** Why nothing is written any more; null while all is well. */
  get failure(): SinkError | null {
    return this.chunks.failure;
  }

  /** Memory for packets that wait for the disk, and the most of it that was in use. */
  get memory(): { bytes: number; mostWaitingBytes: number } {
    return { bytes: this.chunks.memoryBytes, mostWaitingBytes: this.chunks.mostWaitingBytes };
  }

  /** Takes a packet of an interface; where there is no memory for it, it is counted as missed. */
  datagram(
    view: DataView,
    offset: number,
    length: number,
    flow: Flow,
    interfaceIndex: number,
    seconds: number,
    nanoseconds: number,
  ): void {
    if (this.isDue(seconds, nanoseconds)) this.endFile();
    let file = this.file ?? this.beginAt(seconds, nanoseconds);
    const { chunks, writer } = this;
    let at = chunks.reserve(MAX_RECORD_BYTES);
    if (at < 0) {
      this.miss(file, interfaceIndex);
      return;
    }
    const from = chunks.view;
    writer.interfaceIndex = interfaceIndex;
    writer.droppedBefore = this.missedBefore[interfaceIndex] as number;
    const written = writer.write(from, at, view, offset, length, flow, seconds, nanoseconds);
    if (file.bytes + written + this.trailerBytes > this.spec.rotateBytes && file.packets > 0) {
      this.endFile();
      file = this.beginAt(seconds, nanoseconds);
      at = this.moveRecord(from, at, written);
      if (at < 0) {
        this.miss(file, interfaceIndex);
        return;
      }
    }
    chunks.commit(written);
    this.bytes += written;
    this.missedBefore[interfaceIndex] = 0;
    (this.counts[interfaceIndex] as InterfaceCounts).written++;
    if (!file.count(interfaceIndex, written, seconds, nanoseconds)) this.outOfOrder++;
  }

  /** Now and then: hands what there is to the disk if that is idle, and ends a file whose time is over. */
  tick(): void {
    if (this.chunks.isIdle) this.chunks.flush();
    const { seconds, nanoseconds } = this.source.now();
    // A second late: packets with earlier stamps may still wait in the kernel.
    if (this.file !== null && this.file.packets > 0 && this.isDue(seconds - 1, nanoseconds)) this.endFile();
  }

  /** Waits until the disk has taken, or refused, what was handed to it. */
  settle(): Promise<void> {
    return this.chunks.settle();
  }

  /** Ends the last file and waits for the disk. */
  async end(): Promise<void> {
    this.endFile();
    await this.chunks.settle();
  }

  /** The files, of many the first and the last ones. */
  files(): RecordedFileReport[] {
    return this.described.map((file) => file.report());
  }

  private isDue(seconds: number, nanoseconds: number): boolean {
    return seconds > this.dueSeconds || (seconds === this.dueSeconds && nanoseconds >= this.dueNanoseconds);
  }

  /** The next point of the grid behind a time. */
  private setDue(seconds: number, nanoseconds: number): void {
    const { rotateNs } = this.spec;
    if (rotateNs === Number.POSITIVE_INFINITY) return;
    const { start } = this;
    const elapsedNs = (seconds - start.seconds) * 1e9 + (nanoseconds - start.nanoseconds);
    const dueNs = start.nanoseconds + (Math.floor(Math.max(elapsedNs, 0) / rotateNs) + 1) * rotateNs;
    this.dueSeconds = start.seconds + Math.floor(dueNs / 1e9);
    this.dueNanoseconds = dueNs % 1e9;
  }

  private beginAt(seconds: number, nanoseconds: number): RecordedFile {
    if (this.isDue(seconds, nanoseconds)) this.setDue(seconds, nanoseconds);
    return this.begin(seconds);
  }

  private begin(seconds: number): RecordedFile {
    const { path, force, rotateBytes, rotateNs } = this.spec;
    this.fileCount++;
    const isOne = rotateBytes === Number.POSITIVE_INFINITY && rotateNs === Number.POSITIVE_INFINITY;
    const name = isOne ? path : recordingName(path, this.fileCount, seconds);
    const counts = this.dropsBefore.map((drops) => new InterfaceCounts(drops !== null));
    const file = new RecordedFile(name, this.header, force, this.source.now(), counts);
    this.described.push(file);
    if (this.described.length > maxDescribedFiles) this.described.splice(maxDescribedFiles / 2, 1);
    this.chunks.begin(file);
    this.bytes += this.header.length;
    this.file = file;
    return file;
  }

  private endFile(): void {
    const { file } = this;
    if (file === null) return;
    this.file = null;
    this.takeReceived(file);
    const trailer = this.trailerOf(file);
    file.complete(this.source.now(), trailer.length);
    this.chunks.end(trailer);
  }

  /** Counts for the file what has come, and what the kernel has dropped, since it was asked last. */
  private takeReceived(file: RecordedFile): void {
    for (const [index, counts] of file.counts.entries()) {
      const received = this.source.received(index);
      counts.received += received - (this.receivedBefore[index] as number);
      this.receivedBefore[index] = received;
      const drops = this.source.kernelDrops(index);
      const before = this.dropsBefore[index] ?? null;
      if (drops === null || before === null) continue;
      this.dropsBefore[index] = drops;
      counts.kernelDrops += drops - before;
      (this.counts[index] as InterfaceCounts).kernelDrops += drops - before;
    }
  }

  private trailerOf(file: RecordedFile): Uint8Array {
    return this.writer.statistics(file.statistics(this.source.now()));
  }

  /** Moves a record that was not committed to the file just begun; answers its place, or -1. */
  private moveRecord(from: DataView, at: number, length: number): number {
    const { chunks } = this;
    const to = chunks.reserve(MAX_RECORD_BYTES);
    if (to >= 0 && (chunks.view !== from || to !== at)) copyBytes(from, at, chunks.view, to, length);
    return to;
  }

  private miss(file: RecordedFile, interfaceIndex: number): void {
    (file.counts[interfaceIndex] as InterfaceCounts).missed++;
    (this.counts[interfaceIndex] as InterfaceCounts).missed++;
    (this.missedBefore[interfaceIndex] as number)++;
  }

  private onLost(file: RecordedFile, view: DataView, from: number, end: number): void {
    for (let at = from; at < end; at += this.writer.lengthAt(view, at)) {
      const interfaceIndex = this.writer.interfaceAt(view, at);
      file.lose(interfaceIndex, this.writer.lengthAt(view, at));
      const all = this.counts[interfaceIndex] as InterfaceCounts;
      all.written--;
      all.unwritten++;
    }
  }

  /** Before a file is opened: those that it is to take the place of. */
  private async removeOldest(): Promise<void> {
    for (let file = this.kept[0]; this.kept.length >= this.spec.keep; file = this.kept[0]) {
      this.kept.shift();
      if (file === undefined || file.identity === null) return;
      try {
        await this.disk.remove(file.path, file.identity);
        file.isKept = false;
      } catch {
        this.notRemoved++;
      }
    }
  }
}
