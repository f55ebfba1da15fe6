/**
 * `check --mutations`: the parser under test through one mutation after another, each in a small capture of its own, so
 * that a crash costs no other case and what fails can be told. Cases that fail are made smaller and saved.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { InputSpec } from '../../analysis/input.js';
import { CaptureError, UsageError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { seesMemory } from '../../io/child-process.js';
import { unwritable } from '../../io/file-error.js';
import { temporaryFolder } from '../../io/temporary-folder.js';
import type { MutationKind } from '../../sim/mutations/kind.js';
import { isOfTcp, type Label, type Packet } from '../../sim/mutations/model.js';
import { mutate } from '../../sim/mutations/mutate.js';
import { type CheckReport, emptyReport } from '../check-spec.js';
import { shellWord } from '../check-text.js';
import { inTurn } from '../in-turn.js';
import type { ParserSpec } from '../parser-spec.js';
import { ownUdpPort } from '../parser-turns.js';
import { type CaseSetting, fedWith, runCase, writeCase } from './case.js';
import { saveExpectation } from './expectation.js';
import { type Feeding, feedingOf, type UnfitKind } from './feeding.js';
import { isOfReports } from './judge.js';
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
  /** The parser as it was given, and options behind it, for the command that repeats a case. */
  readonly parserText: string;
  readonly optionsText?: string;
  /** Cases at a time; one where absent. */
  readonly jobs?: number;
  /** Told of each case in their order, whichever was done first. */
  readonly onResult?: (result: MutationResult) => void;
  /** Asked before each case and behind it: true begins no other, and leaves out what had not failed yet. */
  readonly isStopped?: () => boolean;
}

/** One case, or a kind of which there is none. */
export interface MutationResult {
  readonly label: Label;
  /**
   * Its name says the kind, the verdict expected and what was done; its verdict is the parser's: `skipped` of a kind
   * that cannot be shown to the parser.
   */
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
const mostRuns = { command: 60, module: 6, slow: 20 };

/**
 * Runs all cases, several at a time, and resolves with their results in order, behind them those of kinds that have no
 * place or cannot be shown to the parser; rejects with UsageError where it fails on the capture as it is.
 */
export async function checkMutations(spec: MutationCheckSpec): Promise<MutationResult[]> {
  const { parser, input } = spec;
  if (parser.kind === 'running') {
    const why = 'a program that runs on has seen other numbers before each case, and --mutations starts it anew';
    const text = `${why}: give command in place of running: true`;
    throw new UsageError('check-mutations', text);
  }
  const fed = await fedWith(parser);
  const takesDatagrams = parser.kind === 'module' || parser.feed === 'udp';
  // Messages of a BinaryFILE are put into packets, for who takes nothing else.
  const source = await readMutationSource(input, fed === 'packets' && !takesDatagrams ? 'binaryfile' : 'moldudp64');
  const feeding = feedingOf(parser, fed, source.packets, spec.kinds);
  const isFile = feeding.groups.flat().some(({ framing }) => framing === 'binaryfile');
  const format: MutationFormat = isFile ? 'binaryfile' : 'pcap';
  const folder = temporaryFolder('tickreel-mutations-');
  const run = new Cases(spec, { parser, input, format, fed }, feeding, folder.path);
  try {
    await run.baseline();
    const results = await run.all();
    return [...results, ...[...run.unplaced, ...feeding.unfit].map((one) => skipped(one, parser.name))];
  } finally {
    folder.remove();
  }
}

/** Of a kind that is not run. */
function skipped({ kind, why }: UnfitKind, parser: string): MutationResult {
  const { name, layer, verdict } = kind;
  const report = emptyReport(`${name}, expect ${verdict}`, [], parser, 'skipped', why);
  return { label: { kind: name, layer, verdict, what: why }, report, saved: null, packets: 0 };
}

function nameOf({ kind, verdict, what }: Label): string {
  return `${kind}, expect ${verdict}: ${what}`;
}

class Cases {
  /** Kinds of which there is no case, once all have been drawn. */
  readonly unplaced: UnfitKind[] = [];
  private readonly random: Random;
  private usualMemory: number | null = null;
  /** Over UDP something follows what was mutated, so that who hangs at it is seen to leave that unread. */
  private readonly isUdp: boolean;

  constructor(
    private readonly spec: MutationCheckSpec,
    private readonly setting: CaseSetting,
    private readonly feeding: Feeding,
    private readonly folder: string,
  ) {
    this.random = new Random(spec.seed);
    this.isUdp = spec.parser.feed === 'udp';
  }

  /** The capture as it is: what a parser gets wrong there is no matter of mutations. */
  async baseline(): Promise<void> {
    const packets = this.feeding.groups[0]?.slice(0, windowPackets * 4) ?? [];
    const report = await this.run(packets, this.pathOf('usual'));
    // What ended before it was looked at took little; a module shares our memory, and is not looked at.
    const isSeen = seesMemory && this.setting.parser.kind !== 'module';
    this.usualMemory = report.peakMemoryBytes > 0 || isSeen ? report.peakMemoryBytes : null;
    if (report.verdict === 'pass' || this.isStopped) return;
    const told = `${this.setting.parser.name} fails on the capture as it is (${report.verdict}: ${report.message})`;
    throw new UsageError('check-mutations', `${told}: mend that first, with check alone`);
  }

  /** Every case of the kinds, in their order. */
  async all(): Promise<MutationResult[]> {
    const { jobs = 1, onResult, parser } = this.spec;
    // At a port of its own choice there is one at a time.
    const atATime = ownUdpPort(parser) === null ? jobs : 1;
    const results = await inTurn(this.cases(), atATime, (one) => this.result(one), {
      onResult: (result) => {
        if (result !== null) onResult?.(result);
      },
      isStopped: () => this.isStopped,
    });
    return results.filter((result) => result !== null);
  }

  /** Drawn one after the other, so that they are the same whatever runs beside what. */
  private *cases(): Generator<Case> {
    let number = 0;
    for (const kind of this.feeding.fit) {
      for (let nth = 1; nth <= this.spec.count; nth++) {
        const found = this.place(kind);
        if (found === null) {
          if (nth === 1) this.unplaced.push({ kind, why: 'no packet of the capture has a place for it' });
          break;
        }
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
    const groups = this.feeding.groups.filter((packets) => hasPlace(packets, kind));
    if (groups.length === 0) return null;
    for (let attempt = 0; attempt < mostWindows; attempt++) {
      const group = (groups.length === 1 ? groups[0] : this.random.pick(groups)) as readonly Packet[];
      const starts = Math.max(1, group.length - windowPackets + 1);
      const from = kind.isOfLast ? starts - 1 : this.random.below(starts);
      const window = group.slice(from, from + windowPackets);
      const seed = this.random.nextUint32();
      const { packets } = mutate(window, { seed, kinds: [kind], count: 1 });
      const label = packets.find((packet) => packet.label !== null)?.label;
      if (this.isUdp && packets.at(-1)?.label != null) continue;
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
      const name = nameOf(label);
      if (report.verdict === 'pass') return { label, report: { ...report, name }, saved: null, packets: 0 };
      return await this.smaller(one, report, name);
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** A case that failed, made small and saved; also where that is stopped. */
  private async smaller(one: Case, report: CheckReport, name: string): Promise<MutationResult> {
    const { packets, label, path } = one;
    const { kind, count } = this.setting.parser;
    const isSlow = this.isUdp || count !== null;
    const runs = kind === 'module' ? mostRuns.module : isSlow ? mostRuns.slow : mostRuns.command;
    // The report of a candidate that fails alike; null of any other, one that our own reader refuses, and once stopped.
    const alike = async (candidate: readonly Packet[]): Promise<CheckReport | null> => {
      if (this.isStopped) return null;
      const found = await this.run(candidate, path).catch((error: unknown) => {
        if (error instanceof CaptureError) return null;
        throw error;
      });
      if (found?.verdict !== report.verdict || this.isStopped) return null;
      return isOfReports(found.message) === isOfReports(report.message) ? found : null;
    };
    const small = await minimise(packets, runs, async (candidate) => (await alike(candidate)) !== null, this.isUdp);
    const final = await alike(small);
    // What does not fail each time is kept as it failed first; what was stopped, as small as it came.
    const kept = final === null && !this.isStopped ? packets : small;
    const saved = this.save(kept, one);
    const shown = final ?? report;
    const message = `${shown.message}.${saved === null ? '' : ` Again: ${this.commandOf(saved)}`}`;
    const captures = saved === null ? [] : [saved];
    return { label, report: { ...shown, name, message, captures }, saved, packets: kept.length };
  }

  private get isStopped(): boolean {
    return this.spec.isStopped?.() === true;
  }

  private run(packets: readonly Packet[], path: string): Promise<CheckReport> {
    return runCase(packets, path, this.setting, this.usualMemory);
  }

  /** What checks a saved case again. */
  private commandOf(saved: string): string {
    const { parserText, optionsText = '' } = this.spec;
    const parser = `--parser '${parserText.replaceAll("'", "'\\''")}'`;
    return ['tickreel check', parser, optionsText, shellWord(saved)].filter((part) => part !== '').join(' ');
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
    saveExpectation(path, writeCase(packets, this.setting.format, path, this.usualMemory));
    return path;
  }
}

function hasPlace(packets: readonly Packet[], { framings }: MutationKind): boolean {
  return packets.some(({ framing }) => framing !== null && framings.includes(framing));
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
