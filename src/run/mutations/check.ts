/**
 * `check --mutations`: the parser under test through one mutation after another, each in a small capture of its own, so
 * that a crash costs no other case and what fails can be told. Cases that fail are made smaller and saved.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { InputSpec } from '../../analysis/input.js';
import { UsageError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { unwritable } from '../../io/file-error.js';
import { temporaryFolder } from '../../io/temporary-folder.js';
import type { MutationKind } from '../../sim/mutations/kind.js';
import { isOfTcp, type Label, type Packet } from '../../sim/mutations/model.js';
import { mutate } from '../../sim/mutations/mutate.js';
import type { CheckReport } from '../check-spec.js';
import { inTurn } from '../in-turn.js';
import { openModule } from '../parser-module.js';
import type { ParserSpec } from '../parser-spec.js';
import { type CaseSetting, isOfReports, runCase, writeCase } from './case.js';
import type { FedWith } from './judge.js';
import { minimise } from './minimise.js';
import { readMutationSource } from './source.js';
import type { MutationFormat } from './write.js';

/** What is asked. */
export interface MutationCheckSpec {
  readonly parser: ParserSpec;
  readonly input: InputSpec;
  readonly seed: number | string;
  readonly kinds: readonly MutationKind[];
  /** Cases of each kind. */
  readonly count: number;
  /** Where failing cases are saved; null: nowhere. */
  readonly save: string | null;
  /** The parser as it was given, for the command that repeats a case. */
  readonly parserText: string;
  /** Cases at a time; one where absent. */
  readonly jobs?: number;
  /** Told of each case in their order, whichever was done first. */
  readonly onResult?: (result: MutationResult) => void;
  /** Asked before each case and behind it: true begins no other, and leaves out what was under way. */
  readonly isStopped?: () => boolean;
}

/** One case. */
export interface MutationResult {
  readonly label: Label;
  /** Its name says the kind, the verdict expected and what was done; its verdict is the parser's. */
  readonly report: CheckReport;
  /** The capture that shows it, made small; null where it passed or nothing is saved. */
  readonly saved: string | null;
  /** Packets of that capture. */
  readonly packets: number;
}

/** A stretch of the capture with one mutation in it. */
interface Case {
  readonly packets: readonly Packet[];
  readonly label: Label;
  /** Which of its kind it is, from 1. */
  readonly nth: number;
  readonly path: string;
}

/** Packets of a case before it is made smaller. */
const windowPackets = 24;
const mostWindows = 60;
/** Runs to make a case smaller; each run of a module starts a thread, and its messages are independent anyway. */
const mostRuns = { command: 60, module: 6 };
/** A parser that takes so much more than on the capture as it was is taken to grow. */
const growthFactor = 4;
const growthBytes = 64 << 20;

/**
 * Runs all cases, several at a time, and resolves with their results in order; rejects with UsageError where the parser
 * fails on the capture as it is.
 */
export async function checkMutations(spec: MutationCheckSpec): Promise<MutationResult[]> {
  const { parser, input } = spec;
  if (parser.feed === 'udp' || parser.count !== null) {
    throw new UsageError(
      'check-mutations',
      '--mutations wants a parser that reads a capture and writes what it decodes',
    );
  }
  const fed = await fedWith(parser);
  const takesDatagrams = parser.kind === 'module' && fed === 'packets';
  // Messages of a BinaryFILE are put into packets, for who takes nothing else.
  const source = await readMutationSource(input, fed === 'packets' && !takesDatagrams ? 'binaryfile' : 'moldudp64');
  const packets = takesDatagrams ? source.packets.filter(({ flow }) => flow.transport === 'UDP') : source.packets;
  const isFile = packets.some(({ framing }) => framing === 'binaryfile');
  const format: MutationFormat = isFile ? 'binaryfile' : 'pcap';
  const kinds = spec.kinds.filter(({ layer }) => fed === 'packets' || layer === 'message' || layer === 'field');
  if (kinds.length === 0) {
    throw new UsageError('check-mutations', 'this parser is fed messages alone: of the layers message and field');
  }
  const folder = temporaryFolder('tickreel-mutations-');
  const run = new Cases(spec, { parser, input, format, fed }, packets, folder.path);
  try {
    await run.baseline();
    return await run.all(kinds);
  } finally {
    folder.remove();
  }
}

/** What the parser gets to see of a capture. */
async function fedWith(parser: ParserSpec): Promise<FedWith> {
  if (parser.kind !== 'module') return parser.feed === 'binaryfile' ? 'messages' : 'packets';
  const module = await openModule(parser);
  await module.close();
  return module.takes;
}

class Cases {
  private readonly random: Random;
  private usualMemory = 0;

  constructor(
    private readonly spec: MutationCheckSpec,
    private readonly setting: CaseSetting,
    private readonly packets: readonly Packet[],
    private readonly folder: string,
  ) {
    this.random = new Random(spec.seed);
  }

  /** The capture as it is: what a parser gets wrong there is no matter of mutations. */
  async baseline(): Promise<void> {
    const report = await runCase(this.packets.slice(0, windowPackets * 4), this.pathOf('usual'), this.setting);
    this.usualMemory = report.peakMemoryBytes;
    if (report.verdict === 'pass' || this.isStopped) return;
    const told = `${this.setting.parser.name} fails on the capture as it is (${report.verdict}: ${report.message})`;
    throw new UsageError('check-mutations', `${told}: mend that first, with check alone`);
  }

  /** Every case of the kinds, in their order. */
  async all(kinds: readonly MutationKind[]): Promise<MutationResult[]> {
    const { jobs = 1, onResult } = this.spec;
    const results = await inTurn(this.cases(kinds), jobs, (one) => this.result(one), {
      onResult: (result) => {
        if (result !== null) onResult?.(result);
      },
      isStopped: () => this.isStopped,
    });
    return results.filter((result) => result !== null);
  }

  /** Drawn one after the other, so that they are the same whatever runs beside what. */
  private *cases(kinds: readonly MutationKind[]): Generator<Case> {
    let number = 0;
    for (const kind of kinds) {
      for (let nth = 1; nth <= this.spec.count; nth++) {
        const found = this.place(kind);
        if (found === null) break;
        yield { ...found, nth, path: this.pathOf(`case-${++number}`) };
      }
    }
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}.${this.suffix}`);
  }

  private get suffix(): string {
    return this.setting.format === 'pcap' ? 'pcap' : 'NASDAQ_ITCH50';
  }

  /** A stretch of the capture that has a place for the kind, mutated; null where none was found. */
  private place(kind: MutationKind): { packets: readonly Packet[]; label: Label } | null {
    if (!this.packets.some(({ framing }) => framing !== null && kind.framings.includes(framing))) return null;
    const starts = Math.max(1, this.packets.length - windowPackets + 1);
    for (let attempt = 0; attempt < mostWindows; attempt++) {
      const from = kind.isOfLast ? starts - 1 : this.random.below(starts);
      const window = this.packets.slice(from, from + windowPackets);
      const seed = this.random.nextUint32();
      const { packets } = mutate(window, { seed, kinds: [kind], count: 1 });
      const label = packets.find((packet) => packet.label !== null)?.label;
      if (label != null) return { packets: connected(packets), label };
    }
    return null;
  }

  /** Null where it was stopped, and its parser ended with us. */
  private async result(one: Case): Promise<MutationResult | null> {
    const { packets, label, path } = one;
    try {
      const report = await this.run(packets, path);
      if (this.isStopped) return null;
      const name = `${label.kind}, expect ${label.verdict}: ${label.what}`;
      if (report.verdict === 'pass') return { label, report: { ...report, name }, saved: null, packets: 0 };
      return await this.smaller(one, report, name);
    } finally {
      rmSync(path, { force: true });
    }
  }

  private async smaller(one: Case, report: CheckReport, name: string): Promise<MutationResult | null> {
    const { packets, label, path } = one;
    const runs = this.setting.parser.kind === 'module' ? mostRuns.module : mostRuns.command;
    const isLike = async (candidate: readonly Packet[]): Promise<boolean> => {
      if (this.isStopped) return false;
      const { verdict, message } = await this.run(candidate, path);
      return verdict === report.verdict && isOfReports(message) === isOfReports(report.message);
    };
    const small = await minimise(packets, runs, isLike);
    if (this.isStopped) return null;
    const final = await this.run(small, path);
    const saved = this.save(small, one);
    const shown = final.verdict === 'pass' ? report : final;
    // Reports are judged by what was mutated, which the saved capture does not tell.
    const how = isOfReports(shown.message) ? 'Saved:' : `Again: tickreel check --parser '${this.spec.parserText}'`;
    const message = `${shown.message}.${saved === null ? '' : ` ${how} ${saved}`}`;
    const captures = saved === null ? [] : [saved];
    return { label, report: { ...shown, name, message, captures }, saved, packets: small.length };
  }

  private get isStopped(): boolean {
    return this.spec.isStopped?.() === true;
  }

  private async run(packets: readonly Packet[], path: string): Promise<CheckReport> {
    const report = await runCase(packets, path, this.setting);
    const most = this.usualMemory * growthFactor + growthBytes;
    if (report.verdict !== 'pass' || this.usualMemory === 0 || report.peakMemoryBytes <= most) return report;
    const text = `took ${report.peakMemoryBytes >> 20} MiB, and ${this.usualMemory >> 20} on the capture as it is`;
    return { ...report, verdict: 'memory', message: text };
  }

  private save(packets: readonly Packet[], { label, nth }: Case): string | null {
    const { save } = this.spec;
    if (save === null) return null;
    try {
      mkdirSync(save, { recursive: true });
    } catch (error) {
      throw unwritable(save, error, 'open');
    }
    const path = join(save, `${label.kind}-${nth}.${this.suffix}`);
    writeCase(packets, this.setting.format, path);
    return path;
  }
}

/** A stretch of a TCP stream begins with a connection of its own. */
function connected(packets: readonly Packet[]): readonly Packet[] {
  const flows = new Set<object>();
  for (const packet of packets) {
    if (isOfTcp(packet) && !flows.has(packet.flow)) packet.connects = true;
    flows.add(packet.flow);
  }
  return packets;
}
