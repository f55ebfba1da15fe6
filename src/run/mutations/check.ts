/**
 * `check --mutations`: the parser under test through one mutation after another, each in a small capture of its own, so
 * that a crash costs no other case and what fails can be told. Cases that fail are made smaller and saved.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InputSpec } from '../../analysis/input.js';
import { UsageError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { unwritable } from '../../io/file-error.js';
import type { MutationKind } from '../../sim/mutations/kind.js';
import type { Label, Packet } from '../../sim/mutations/model.js';
import { mutate } from '../../sim/mutations/mutate.js';
import type { CheckReport } from '../check-spec.js';
import type { ParserSpec } from '../parser-spec.js';
import { type CaseSetting, runCase, writeCase } from './case.js';
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

/** Packets of a case before it is made smaller. */
const windowPackets = 24;
const mostWindows = 60;
/** Runs to make a case smaller; each run of a module starts a thread, and its messages are independent anyway. */
const mostRuns = { command: 60, module: 6 };
/** A parser that takes so much more than on the capture as it was is taken to grow. */
const growthFactor = 4;
const growthBytes = 64 << 20;

/** Runs all cases, one after the other; throws UsageError where the parser fails on the capture as it is. */
export async function checkMutations(spec: MutationCheckSpec): Promise<MutationResult[]> {
  const { parser, input } = spec;
  const isByMessage = parser.kind === 'module' || parser.feed === 'binaryfile';
  if (parser.feed === 'udp') {
    throw new UsageError(
      'check-mutations',
      '--mutations wants a parser that reads a capture and writes what it decodes',
    );
  }
  const source = await readMutationSource(input, isByMessage ? 'moldudp64' : 'binaryfile');
  const isFile = source.packets.some(({ framing }) => framing === 'binaryfile');
  const format: MutationFormat = isFile ? 'binaryfile' : 'pcap';
  const folder = mkdtempSync(join(tmpdir(), 'tickreel-mutations-'));
  const run = new Cases(spec, { parser, input, format }, source.packets, folder);
  try {
    const kinds = spec.kinds.filter(({ layer }) => !isByMessage || layer === 'message' || layer === 'field');
    if (kinds.length === 0) {
      throw new UsageError('check-mutations', 'this parser is fed messages alone: of the layers message and field');
    }
    await run.baseline();
    for (const kind of kinds) await run.kind(kind);
    return run.results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Cases {
  readonly results: MutationResult[] = [];
  private readonly random: Random;
  private readonly path: string;
  private usualMemory = 0;

  constructor(
    private readonly spec: MutationCheckSpec,
    private readonly setting: CaseSetting,
    private readonly packets: readonly Packet[],
    folder: string,
  ) {
    this.random = new Random(spec.seed);
    this.path = join(folder, setting.format === 'pcap' ? 'case.pcap' : 'case.NASDAQ_ITCH50');
  }

  /** The capture as it is: what a parser gets wrong there is no matter of mutations. */
  async baseline(): Promise<void> {
    const report = await runCase(this.packets.slice(0, windowPackets * 4), this.path, this.setting);
    this.usualMemory = report.peakMemoryBytes;
    if (report.verdict === 'pass' || this.isStopped) return;
    const told = `${this.setting.parser.name} fails on the capture as it is (${report.verdict}: ${report.message})`;
    throw new UsageError('check-mutations', `${told}: mend that first, with check alone`);
  }

  async kind(kind: MutationKind): Promise<void> {
    for (let count = 0; count < this.spec.count && !this.isStopped; count++) {
      const found = this.place(kind);
      if (found === null) return;
      await this.case(found);
    }
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

  private async case({ packets, label }: { packets: readonly Packet[]; label: Label }): Promise<void> {
    const report = await this.run(packets);
    // Its parser was ended with us.
    if (this.isStopped) return;
    const name = `${label.kind}, expect ${label.verdict}: ${label.what}`;
    if (report.verdict === 'pass') return this.tell({ label, report: { ...report, name }, saved: null, packets: 0 });
    const runs = this.setting.parser.kind === 'module' ? mostRuns.module : mostRuns.command;
    const isLike = async (one: readonly Packet[]): Promise<boolean> =>
      !this.isStopped && (await this.run(one)).verdict === report.verdict;
    const small = await minimise(packets, runs, isLike);
    if (this.isStopped) return;
    const final = await this.run(small);
    const saved = this.save(small, label);
    const shown = final.verdict === 'pass' ? report : final;
    const again = saved === null ? '' : ` Again: tickreel check --parser '${this.spec.parserText}' ${saved}`;
    const message = `${shown.message}.${again}`;
    this.tell({
      label,
      report: { ...shown, name, message, captures: saved === null ? [] : [saved] },
      saved,
      packets: small.length,
    });
  }

  private get isStopped(): boolean {
    return this.spec.isStopped?.() === true;
  }

  private async run(packets: readonly Packet[]): Promise<CheckReport> {
    const report = await runCase(packets, this.path, this.setting);
    const most = this.usualMemory * growthFactor + growthBytes;
    if (report.verdict !== 'pass' || this.usualMemory === 0 || report.peakMemoryBytes <= most) return report;
    const text = `took ${report.peakMemoryBytes >> 20} MiB, and ${this.usualMemory >> 20} on the capture as it is`;
    return { ...report, verdict: 'memory', message: text };
  }

  private save(packets: readonly Packet[], { kind }: Label): string | null {
    const { save } = this.spec;
    if (save === null) return null;
    try {
      mkdirSync(save, { recursive: true });
    } catch (error) {
      throw unwritable(save, error, 'open');
    }
    const nth = this.results.filter(({ label }) => label.kind === kind).length + 1;
    const { format } = this.setting;
    const path = join(save, `${kind}-${nth}.${format === 'pcap' ? 'pcap' : 'NASDAQ_ITCH50'}`);
    writeCase(packets, format, path);
    return path;
  }

  private tell(result: MutationResult): void {
    this.results.push(result);
    this.spec.onResult?.(result);
  }
}

/** A stretch of SoupBinTCP begins with a connection of its own. */
function connected(packets: readonly Packet[]): readonly Packet[] {
  const flows = new Set<object>();
  for (const packet of packets) {
    if (packet.framing === 'soupbintcp' && !flows.has(packet.flow)) packet.connects = true;
    flows.add(packet.flow);
  }
  return packets;
}
