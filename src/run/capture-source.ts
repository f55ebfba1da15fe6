/**
 * Captures as a replay pulls them: their own datagrams, MoldUDP64 built from files of messages and SoupBinTCP, and MDP
 * 3.0 out of TCP.
 */
import { CaptureInput } from '../analysis/capture-input.js';
import { forcedFraming, refuseFilters } from '../analysis/input.js';
import { itch50Landmarks } from '../analysis/landmarks.js';
import { SeekIndexes, type SeekIndexOptions } from '../analysis/seek-indexes.js';
import { FlowTable } from '../capture/flow.js';
import { parseIpv4 } from '../capture/ipv4.js';
import { UsageError } from '../core/errors.js';
import type { Damage, DamageHandler, DatagramReader, Flow, RecordReader } from '../core/seams.js';
import { isEarlier, type Stamp } from '../core/seek-index.js';
import type { Beginning, CaptureFile } from '../io/open-capture.js';
import { PreloadStore } from '../io/preload.js';
import { MessageFilter } from '../replay/filter.js';
import type { Learner, ReplaySource } from '../replay/scheduled-reader.js';
import { CaptureWindow } from '../replay/window.js';
import { WindowedReader } from '../replay/windowed-reader.js';
import type { Mdp3Facts } from '../session/mdp3.js';
import { SESSION_LENGTH } from '../session/moldudp64-header.js';
import { MoldUDP64Packer } from '../session/packer.js';
import { SoupBridge } from '../session/soup-bridge.js';
import { NextPass } from './next-pass.js';
import type { ReplaySpec } from './replay-spec.js';

/** Addresses of datagrams built from a file of messages, where a sink writes any: this machine's own. */
const loopback = parseIpv4('127.0.0.1');
const builtSourcePort = 26400;
const builtDestinationPort = 26477;
/** Damage that is remembered, so that reading a place again behind a seek does not tell it again. */
const maxToldDamage = 10_000;

/** The captures as one pass over them reads them. */
interface Pass {
  readonly input: CaptureInput;
  readonly bridge: SoupBridge | null;
  readonly reader: DatagramReader;
  readonly packers: readonly MoldUDP64Packer[];
}

export class CaptureSource implements ReplaySource {
  private pass!: Pass;
  private current!: DatagramReader;
  /** The next loop's, opened ahead so that there is nothing to wait for where one loop ends. */
  private readonly nextPass: NextPass<Pass>;
  private passes = 1;
  /** What was played, and is still open; what closes such. */
  private readonly left: CaptureInput[] = [];
  private behind: Promise<void> = Promise.resolve();
  private readonly bridgedFlows = new Map<Flow, Flow>();
  private readonly spec: ReplaySpec;
  private readonly onDamage: (damage: Damage, file: string) => void;
  private readonly mdp3: Mdp3Facts | undefined;
  /** Of all loops, so that a flow is the same object in each. */
  private readonly flows = new FlowTable();
  /** What is in memory, of every loop, where that was asked for … */
  readonly preload: PreloadStore | null;
  /** … or is done unasked, so that no loop begins with opening files. */
  private store: PreloadStore | null;
  /** Null where the run cannot be told to seek. */
  private readonly indexes: SeekIndexes | null;
  private readonly say: (text: string) => void;
  /** Until the first seek or loop everything is read for the first time, and all damage told. */
  private isFirstPass = true;
  private readonly toldDamage = new Set<string>();
  private hasBegun = false;

  private constructor(
    spec: ReplaySpec,
    onDamage: (damage: Damage, file: string) => void,
    mdp3: Mdp3Facts | undefined,
    seeks: SeekIndexOptions | null,
    preload: PreloadStore | null,
  ) {
    this.spec = spec;
    this.onDamage = onDamage;
    this.mdp3 = mdp3;
    this.indexes = seeks === null ? null : new SeekIndexes(spec.input, seeks);
    this.say = seeks?.say ?? (() => {});
    this.preload = preload ?? (spec.preload ? new PreloadStore(spec.machine.lockMemory) : null);
    this.nextPass = new NextPass(spec.input.paths, () => this.openNext());
    this.store = this.preload ?? (spec.loops === 1 ? null : PreloadStore.ofWhatFits());
  }

  /**
   * Without `mdp3` no TCP stream is recognised as MDP 3.0; without `seeks` there is no `seek`. `preload` holds what the
   * captures are read from, whatever the spec says.
   */
  static async open(
    spec: ReplaySpec,
    onDamage: (damage: Damage, file: string) => void,
    mdp3?: Mdp3Facts,
    seeks: SeekIndexOptions | null = null,
    preload: PreloadStore | null = null,
  ): Promise<CaptureSource> {
    const source = new CaptureSource(spec, onDamage, mdp3, seeks, preload);
    source.take(await source.openPass(null, true));
    const { input } = source;
    try {
      const [messages] = input.messageFiles;
      if (messages !== undefined && spec.keepDestinations) {
        throw new UsageError('keep-destinations', 'a BinaryFILE has no destinations to keep; use --to udp://HOST:PORT');
      }
      if (messages !== undefined && spec.allFrames) {
        throw new UsageError('all-frames', `${messages} holds messages without frames; leave --all-frames out`);
      }
      if (spec.loops !== 1 && !input.isRepeatable) throw notRepeatable(input.name);
      // A session names the packets that are built.
      if (messages !== undefined) refuseFilters(messages, { ...spec.filter, sessions: [] });
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  get reader(): DatagramReader {
    return this.current;
  }

  private get input(): CaptureInput {
    return this.pass.input;
  }

  /** Pieces of TCP streams that are neither SoupBinTCP nor MDP 3.0, and so no part of a replay. */
  get skippedPieces(): number {
    return this.pass.bridge?.skipped().pieces ?? 0;
  }

  get name(): string {
    return this.input.name;
  }

  /** Whether the captures can be read once more: pipes cannot, named ones neither. */
  get isRepeatable(): boolean {
    return this.input.isRepeatable;
  }

  /** Whether all of it is built from files of messages. */
  get kind(): CaptureFile['kind'] {
    return this.input.messageFiles.length === this.input.fileCount ? 'messages' : 'datagrams';
  }

  get sizeBytes(): number | null {
    return this.input.sizeBytes;
  }

  /** Which of overlaid captures a flow is of. */
  captureOf(flow: Flow): number {
    const known = this.input.ownerOf(flow);
    if (known !== undefined) return known;
    for (const [from, to] of this.bridgedFlows) if (to === flow) return this.input.ownerOf(from) ?? 0;
    return 0;
  }

  /** Of a compressed file as far as was read, which is ahead of the datagram. */
  get position(): number {
    return this.input.position;
  }

  /** To be called with the first datagram at hand. */
  begin(): void {
    if (this.isFirstPass && !this.hasBegun) this.input.compareClocks();
    this.hasBegun = true;
    if (this.hasNext) this.nextPass.prime();
  }

  get wantsTurn(): boolean {
    return this.nextPass.isAwaited;
  }

  fill(): Promise<void> {
    return this.input.fill();
  }

  async restart(): Promise<void> {
    if (!this.isRepeatable) throw notRepeatable(this.name);
    this.isFirstPass = false;
    this.passes++;
    // What is in memory was looked at when this pass was opened: here a look, cold, takes longer than all the rest.
    const pass = await this.nextPass.take((path) => this.store?.holds(path) !== true);
    if (pass === null) await this.reopen(null);
    else {
      this.left.push(this.input);
      this.take(pass);
    }
    if (this.hasNext) this.nextPass.primeSoon();
  }

  /** Opens the pass of the loop to come, and lets go of the one that was played. */
  private openNext(): Promise<Pass> {
    this.letGo();
    this.forgets();
    return this.openPass(null, false);
  }

  private letGo(): void {
    const inputs = this.left.splice(0);
    for (const input of inputs) this.behind = this.behind.then(() => this.indexes?.save()).then(() => input.close());
    // Whoever closes the source is told.
    this.behind.catch(() => {});
  }

  async seek(target: Stamp, learner: Learner | null, isStopped: () => boolean): Promise<boolean> {
    const { indexes } = this;
    if (this.spec.input.overlay !== null) {
      throw new UsageError('seek', 'overlaid captures have no times of their own to go to; play them from the start');
    }
    if (this.spec.peak !== null && Number.isFinite(this.spec.maxGapNs)) {
      throw new UsageError('seek', 'with --peak and --max-gap a time has no place but by playing to it');
    }
    if (indexes === null) throw new UsageError('seek', 'this run was not begun as one that can be told to seek');
    const why = this.whyReadThrough(learner !== null) ?? indexes.refusal;
    // Of a packer what is half packed is packed anew, so that it begins as one that was read to there does.
    const readsOn = indexes.isAhead(target) && (why !== null || !this.isRepeatable);
    if (why !== null) this.say(`times are found by reading ${readsOn ? 'on' : 'from the start'}: ${why}`);
    if (!readsOn) {
      if (!this.isRepeatable) {
        throw new UsageError('seek', `${this.name} can only be read on, and that time is behind; save it to a file`);
      }
      await this.reopen(why === null ? target : null);
      learner?.forget();
    }
    const { packers } = this.pass;
    for (const packer of packers) packer.passUntil(target);
    if (packers.length > 0 && this.spec.pack === 'mtu') {
      this.say('behind a seek packets are cut anew: those of --pack mtu hold the same messages, divided otherwise');
    }
    return this.passOver(target, learner, isStopped);
  }

  async close(): Promise<void> {
    await this.nextPass.drop();
    this.letGo();
    await this.behind;
    await this.indexes?.save();
    await this.input.close();
  }

  /** Whether a loop is to come whose captures can be opened ahead. */
  private get hasNext(): boolean {
    const { loops } = this.spec;
    return this.isRepeatable && (loops === 0 || this.passes < loops);
  }

  /** Forgets what was kept unasked where a file is another by now; whether that is so. */
  private forgets(): boolean {
    const { store } = this;
    if (store === null || this.spec.input.paths.every((path) => store.isAsRead(path))) return false;
    this.store = PreloadStore.ofWhatFits();
    return true;
  }

  /** Reads on to the first datagram at or after the target; true where there is one, which is at hand. */
  private async passOver(target: Stamp, learner: Learner | null, isStopped: () => boolean): Promise<boolean> {
    for (;;) {
      const { reader } = this;
      if (reader.next()) {
        // Packers have passed over messages, and a packet's stamp is that of its last.
        if (this.input.kind === 'messages' || !isEarlier(reader, target)) return true;
        learner?.datagram(reader);
      } else if (reader.done || isStopped()) return false;
      else await this.fill();
    }
  }

  /** Why every datagram before a target is needed; null where none is. */
  private whyReadThrough(isVisited: boolean): string | null {
    const { spec } = this;
    if (isVisited) return 'what is played depends on what comes before (--symbol, or the numbers of loops)';
    const filters = new MessageFilter({ ...spec.filter, sessions: [] }, itch50Landmarks);
    const hasWindow = spec.from !== undefined || spec.until !== undefined;
    const numbersDepend = this.input.messageFiles.length > 0 && (filters.readsMessages || hasWindow);
    return numbersDepend ? 'numbers of what a filter or window leaves of a BinaryFILE are counted' : null;
  }

  private async reopen(target: Stamp | null): Promise<void> {
    this.isFirstPass = false;
    await this.indexes?.save();
    await this.input.close();
    this.forgets();
    this.take(await this.openPass(target, false));
  }

  private take(pass: Pass): void {
    this.pass = pass;
    this.current = pass.reader;
  }

  /** Opens the captures where a seek has them begin, or at their start. */
  private async openPass(target: Stamp | null, isFirst: boolean): Promise<Pass> {
    const { indexes, spec } = this;
    const packers: MoldUDP64Packer[] = [];
    const onDamage = (damage: Damage, file: string): void => this.tell(damage, file, isFirst);
    const input = await CaptureInput.open(spec.input, onDamage, {
      flows: this.flows,
      readAhead: true,
      // No report of a replay says how many were wrong.
      checksums: false,
      allFrames: spec.allFrames,
      wrap: (file, index, at) => {
        if (file.kind === 'datagrams') return file.reader;
        const packer = this.packer(file, index, at, (damage) => onDamage(damage, file.name));
        packers.push(packer);
        return packer;
      },
      ...(indexes === null ? {} : { indexes }),
      ...(target === null ? {} : { target }),
      ...(this.store === null ? {} : { preload: this.store }),
    });
    const reader = input.reader as DatagramReader;
    const isBridged = input.messageFiles.length < input.fileCount && !spec.allFrames;
    const bridge = isBridged ? this.bridged(reader, (damage) => onDamage(damage, input.currentName)) : null;
    return { input, bridge, reader: bridge ?? reader, packers };
  }

  private bridged(reader: DatagramReader, onDamage: DamageHandler): SoupBridge {
    const { spec } = this;
    return new SoupBridge(reader, {
      session: spec.session,
      mtu: spec.mtu,
      lengthOf: itch50Landmarks.lengthOf,
      ...(this.mdp3 === undefined ? {} : { mdp3: this.mdp3 }),
      force: forcedFraming(spec.input),
      flows: this.bridgedFlows,
      onDamage,
    });
  }

  /** Passes damage on, once. */
  private tell(damage: Damage, file: string, isFirst: boolean): void {
    const { toldDamage } = this;
    const key = `${file} ${damage.code} ${damage.offset}`;
    const isFull = toldDamage.size >= maxToldDamage;
    if (!isFirst && (isFull || toldDamage.has(key))) return;
    if (!isFull) toldDamage.add(key);
    this.onDamage(damage, file);
  }

  private packer(
    file: CaptureFile & { kind: 'messages' },
    index: number,
    at: Beginning | undefined,
    onDamage: DamageHandler,
  ): MoldUDP64Packer {
    const { spec } = this;
    const filter = new MessageFilter({ ...spec.filter, sessions: [] }, itch50Landmarks);
    const hasWindow = spec.from !== undefined || spec.until !== undefined;
    const window = hasWindow ? new CaptureWindow(windowOf(spec)) : null;
    const learn = ({ view, offset, length }: RecordReader): void => filter.learn(view, offset, length);
    return new MoldUDP64Packer(window === null ? file.reader : new WindowedReader(file.reader, window, learn), {
      session: sessionOf(spec.session, index),
      mtu: spec.mtu,
      pack: spec.pack,
      flow: this.flows.intern(loopback, builtSourcePort, loopback, builtDestinationPort),
      ...(filter.readsMessages
        ? { accept: (view, offset, length) => filter.acceptsMessage(view, offset, length) }
        : {}),
      // Of a file that neither filter nor window thins out, records and sequence numbers are one count.
      ...(at === undefined ? {} : { firstSequence: at.point.records + 1 }),
      endOfSession: true,
      onDamage,
    });
  }
}

/** Every session numbers its messages from 1, so each file after the first gets a name of its own, by its place. */
function sessionOf(name: string, index: number): string {
  if (index === 0) return name;
  const digits = String(index + 1).padStart(2, '0');
  return `${name.slice(0, SESSION_LENGTH - digits.length)}${digits}`;
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
