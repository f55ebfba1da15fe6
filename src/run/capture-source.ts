/** A capture as a replay pulls it: its own datagrams, or MoldUDP64 datagrams built from a BinaryFILE. */
import { openInput, refuseFilters } from '../analysis/input.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { FlowTable } from '../capture/flow.js';
import { UsageError } from '../core/errors.js';
import type { DamageHandler, DatagramReader, Flow, RecordReader } from '../core/seams.js';
import type { CaptureFile } from '../io/open-capture.js';
import type { ReplaySource } from '../replay/engine.js';
import { MessageFilter } from '../replay/filter.js';
import { CaptureWindow } from '../replay/window.js';
import { WindowedReader } from '../replay/windowed-reader.js';
import { MoldUDP64Packer } from '../session/packer.js';
import type { ReplaySpec } from './replay-spec.js';

/** Addresses of datagrams built from a file of messages, where a sink writes any: this machine's own. */
const builtFlow: Flow = {
  index: 0,
  transport: 'UDP',
  source: '127.0.0.1',
  sourcePort: 26400,
  destination: '127.0.0.1',
  destinationPort: 26477,
  name: '127.0.0.1:26400 > 127.0.0.1:26477',
};

export class CaptureSource implements ReplaySource {
  private file: CaptureFile;
  private current: DatagramReader;
  private readonly spec: ReplaySpec;
  private readonly onDamage: DamageHandler;
  /** Of all loops, so that a flow is the same object in each. */
  private readonly flows: FlowTable;
  /** Fills while a loop is under way; damage is told in the first loop only. */
  private isFirstPass = true;

  private constructor(spec: ReplaySpec, file: CaptureFile, flows: FlowTable, onDamage: DamageHandler) {
    this.spec = spec;
    this.flows = flows;
    this.file = file;
    this.onDamage = onDamage;
    this.current = this.datagrams(file);
  }

  static async open(spec: ReplaySpec, onDamage: DamageHandler): Promise<CaptureSource> {
    let source: CaptureSource | undefined;
    const flows = new FlowTable();
    const file = await openInput(
      spec.input,
      (damage) => {
        if (source?.isFirstPass !== false) onDamage(damage);
      },
      { flows, readAhead: true },
    );
    try {
      if (file.kind === 'messages' && spec.keepDestinations) {
        throw new UsageError('keep-destinations', 'a BinaryFILE has no destinations to keep; use --to udp://HOST:PORT');
      }
      if (spec.loops !== 1 && (spec.input.path === '-' || file.sizeBytes === null)) throw notRepeatable(file.name);
      // A session names the packets that are built.
      refuseFilters(file, { ...spec.filter, sessions: [] });
      source = new CaptureSource(spec, file, flows, onDamage);
      return source;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get reader(): DatagramReader {
    return this.current;
  }

  get name(): string {
    return this.file.name;
  }

  /** Whether the capture can be read once more: pipes cannot, named ones neither. */
  get isRepeatable(): boolean {
    return this.spec.input.path !== '-' && this.file.sizeBytes !== null;
  }

  get kind(): CaptureFile['kind'] {
    return this.file.kind;
  }

  get sizeBytes(): number | null {
    return this.file.sizeBytes;
  }

  /** Of a compressed file as far as was read, which is ahead of the datagram. */
  get position(): number {
    return this.file.compression === 'none' ? this.current.fileOffset : this.file.bytesRead;
  }

  fill(): Promise<void> {
    return this.file.fill();
  }

  async restart(): Promise<void> {
    if (!this.isRepeatable) {
      throw notRepeatable(this.name);
    }
    this.isFirstPass = false;
    await this.file.close();
    this.file = await openInput(this.spec.input, () => {}, { flows: this.flows, readAhead: true });
    this.current = this.datagrams(this.file);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private datagrams(file: CaptureFile): DatagramReader {
    if (file.kind === 'datagrams') return file.reader;
    const { spec } = this;
    const filter = new MessageFilter({ ...spec.filter, sessions: [] }, itch50Landmarks);
    const hasWindow = spec.from !== undefined || spec.until !== undefined;
    const window = hasWindow ? new CaptureWindow(windowOf(spec)) : null;
    const learn = ({ view, offset, length }: RecordReader): void => filter.learn(view, offset, length);
    return new MoldUDP64Packer(window === null ? file.reader : new WindowedReader(file.reader, window, learn), {
      session: spec.session,
      mtu: spec.mtu,
      pack: spec.pack,
      flow: builtFlow,
      ...(filter.readsMessages
        ? { accept: (view, offset, length) => filter.acceptsMessage(view, offset, length) }
        : {}),
      endOfSession: true,
      onDamage: (damage) => {
        if (this.isFirstPass) this.onDamage(damage);
      },
    });
  }
}

/** The window of a spec; a new one for each use, for windows remember what they saw. */
export function windowOf(spec: Pick<ReplaySpec, 'from' | 'until'>) {
  return {
    ...(spec.from === undefined ? {} : { from: spec.from }),
    ...(spec.until === undefined ? {} : { until: spec.until }),
  };
}

function notRepeatable(name: string): UsageError {
  return new UsageError('loop-stdin', `${name} cannot be read twice; save it to a file to use --loop`);
}
