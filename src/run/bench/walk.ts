/** The sample's records and messages, read as every command reads them: one pass over all files, one after another. */
import type { FileDamage } from '../../analysis/damage-log.js';
import { forcedFraming, type InputSpec } from '../../analysis/input.js';
import { ProtocolGate } from '../../analysis/protocol-gate.js';
import type { Protocols } from '../../analysis/protocols.js';
import { FlowTable } from '../../capture/flow.js';
import type { Damage, DatagramReader, RecordReader, Stream } from '../../core/seams.js';
import type { ByteSource } from '../../io/byte-source.js';
import { type CaptureFile, openCapture } from '../../io/open-capture.js';
import { MAX_CHUNK_BYTES } from '../../io/raw-bytes.js';
import { itch50 } from '../../protocol/itch50/index.js';
import { SessionDemux } from '../../session/demux.js';
import type { SampleFile } from './sample.js';

export interface WalkFrom {
  readonly input: InputSpec;
  readonly files: readonly SampleFile[];
  readonly protocols: Protocols;
  readonly onDamage: (damage: FileDamage) => void;
  /** Read the files themselves, not the sample in memory. */
  readonly fromDisk?: boolean;
}

/** A file's bytes from memory, in the chunks that a disk's come in. */
export class MemorySource implements ByteSource {
  readonly compression = 'none';
  readonly name: string;
  readonly sizeBytes: number;
  bytesRead = 0;
  private readonly bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  async read(): Promise<Uint8Array | null> {
    const chunk = this.bytes.subarray(this.bytesRead, this.bytesRead + MAX_CHUNK_BYTES);
    this.bytesRead += chunk.length;
    return chunk.length === 0 ? null : chunk;
  }

  async close(): Promise<void> {}
}

/** Opens a file of the sample: in memory, or where it lies. */
export function openSampleFile(
  { input, onDamage, fromDisk = false }: Pick<WalkFrom, 'input' | 'onDamage' | 'fromDisk'>,
  file: SampleFile,
  flows: FlowTable,
): Promise<CaptureFile> {
  const memory = {
    open: async () => new MemorySource(file.path, new Uint8Array(file.bytes, 0, file.byteCount)),
  };
  return openCapture(file.path, {
    lengthOf: itch50.lengthOf,
    timestampOf: itch50.timestampOf,
    frameByType: input.frameByType,
    recover: input.recover,
    tcp: true,
    timestamps: input.timestamps,
    ...(input.date === null ? {} : { date: input.date }),
    flows,
    ...(fromDisk ? {} : { preload: memory }),
    onDamage: (damage: Damage) => onDamage({ file: file.path, ...damage }),
  });
}

/**
 * Pulls the file's records: `records` of them, or, where that is 0, all there are, without telling a file that was cut
 * that it ends. Returns how many there were.
 */
export async function pull(
  opened: CaptureFile,
  file: SampleFile,
  onRecord: (reader: RecordReader & Partial<DatagramReader>) => void,
): Promise<number> {
  const { reader } = opened;
  const most = file.records === 0 ? Number.POSITIVE_INFINITY : file.records;
  let count = 0;
  while (count < most) {
    if (reader.next()) {
      onRecord(reader);
      count++;
    } else {
      if (reader.done) break;
      // What a cut file waits for is behind the cut.
      if (!file.isWhole && opened.bytesRead >= file.byteCount && file.records === 0) break;
      await opened.fill();
    }
  }
  return count;
}

/** Called with each message: borrowed as ever, its record's reader with it. */
export type TakeMessage = (
  view: DataView,
  offset: number,
  length: number,
  sequence: number,
  stream: Stream,
  reader: RecordReader,
) => void;

/** What a file was read as. */
export interface WalkedFile {
  readonly format: CaptureFile['format'];
  readonly records: number;
}

/** Reads all messages of known layout, in streams that speak their protocol. */
export function walkSample(from: WalkFrom, onMessage: TakeMessage): Promise<WalkedFile[]> {
  const { input, protocols, onDamage } = from;
  const gate = new ProtocolGate({
    applicationOf: (stream) => protocols.of(stream),
    isForced: (stream) => protocols.isSettled(input, stream),
    onDamage: (damage) => onDamage({ file: from.files[0]?.path ?? '', ...damage }),
  });
  return walkMessages(from, (view, offset, length, sequence, stream, reader) => {
    const verdict = gate.judge(view, offset, length, reader.packetNumber, sequence, stream);
    if (verdict === 'known') onMessage(view, offset, length, sequence, stream, reader);
  });
}

/** Reads all messages, of whatever layout. */
export async function walkMessages(from: WalkFrom, take: TakeMessage): Promise<WalkedFile[]> {
  const { input, files, protocols, onDamage } = from;
  const flows = new FlowTable();
  let current = files[0] as SampleFile;
  let reader: RecordReader | null = null;
  const demux = new SessionDemux(
    {
      onMessage: (view, offset, length, _timestampNs, sequence, stream) =>
        take(view, offset, length, sequence, stream, reader as RecordReader),
      onDamage: (damage) => onDamage({ file: current.path, ...damage }),
    },
    { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(input), firstStream: files.length },
  );
  const walked: WalkedFile[] = [];
  for (const [index, file] of files.entries()) {
    current = file;
    const opened = await openSampleFile(from, file, flows);
    const stream: Stream = { index, protocol: 'BinaryFILE', session: null, flow: null };
    try {
      const records = await pull(opened, file, (record) => {
        reader = record;
        if (record.flow === undefined) take(record.view, record.offset, record.length, 0, stream, record);
        else feed(demux, record as DatagramReader);
      });
      walked.push({ format: opened.format, records });
    } finally {
      await opened.close();
    }
  }
  if (files.every(({ isWhole }) => isWhole)) demux.finish();
  return walked;
}

/** Gives a datagram or a piece of a stream to its session. */
function feed(demux: SessionDemux, reader: DatagramReader): void {
  const { view, offset, length, flow, join = 'next', packetNumber, fileOffset } = reader;
  if (flow.transport === 'TCP') demux.segment(view, offset, length, 0, flow, join, packetNumber, fileOffset);
  else demux.datagram(view, offset, length, 0, flow, packetNumber, fileOffset);
}
