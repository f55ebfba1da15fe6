/** Faults of one run: what decides them, where they are logged, the line B that is made, and what is told of them. */
import { LineNames, type LineSpec, noLines } from '../analysis/line-names.js';
import type { Protocols } from '../analysis/protocols.js';
import { flowBetween } from '../capture/endpoint.js';
import type { Flow } from '../core/seams.js';
import { openTextFile, type TextFile } from '../io/text-file.js';
import { openTextLines, type TextLines } from '../io/text-lines.js';
import type { FaultAction, PacketOnLine } from '../replay/faults/action.js';
import { DrawnFaults, type FaultTally } from '../replay/faults/drawn-faults.js';
import type { FaultPlan } from '../replay/faults/fault.js';
import { type EngineFaults, FaultEngine } from '../replay/faults/fault-engine.js';
import { formatLogEnd, formatLogEntry, formatLogHead, maxLogLineLength } from '../replay/faults/fault-log.js';
import { FaultyReader } from '../replay/faults/faulty-reader.js';
import { LineFinder } from '../replay/faults/lines.js';
import { LoggedFaults } from '../replay/faults/logged-faults.js';
import type { FramingOf } from '../replay/loop.js';
import type { ScheduledSource } from '../replay/scheduled-reader.js';

/** What a run is told about faults, as plain data. */
export interface FaultSpec {
  readonly plan: FaultPlan;
  /** A log whose faults are done in place of the plan's. */
  readonly replayPath: string | null;
  /** Where what was done is written. */
  readonly logPath: string | null;
  /** Lines of the capture, by their addresses. */
  readonly lines: LineSpec;
}

export const noFaults: FaultSpec = { plan: { faults: [], seed: 1 }, replayPath: null, logPath: null, lines: noLines };

/** The report's key `faults`. */
export interface FaultsReport extends EngineFaults {
  /** Of the plan, or of the log that was replayed. */
  readonly seed: unknown;
  readonly faults: readonly FaultTally[];
  /** The log that was replayed; null where faults were drawn. */
  readonly replayed: string | null;
}

/** Where a line that is made goes. */
export interface LineTarget {
  readonly address: string;
  readonly port: number;
}

/** The flows of a line B that is made of another: each of that, to one address. */
export class MadeLine {
  private readonly flows = new Map<Flow, Flow>();
  private readonly made = new Set<Flow>();

  constructor(private readonly target: LineTarget) {}

  /** The flow that a packet of this flow goes on as well. */
  of(flow: Flow): Flow {
    let made = this.flows.get(flow);
    if (made === undefined) {
      made = flowBetween('UDP', { address: flow.source, port: flow.sourcePort }, this.target, flow.index);
      this.flows.set(flow, made);
      this.made.add(made);
    }
    return made;
  }

  has(flow: Flow): boolean {
    return this.made.has(flow);
  }
}

export interface RunFaultsOptions {
  /** A line B made of the capture's packets. */
  readonly madeLine?: MadeLine | null;
  /** Files that are read, over which no log is written. */
  readonly inputPaths?: readonly string[];
}

/** Opens the logs; throws SinkError, CaptureError or UsageError. */
export function openRunFaults(spec: FaultSpec, protocols: Protocols, options: RunFaultsOptions = {}): RunFaults {
  const { madeLine = null, inputPaths = [] } = options;
  const { replayPath, logPath } = spec;
  const read = replayPath === null ? null : openTextLines(replayPath, maxLogLineLength);
  try {
    const written = replayPath === null ? inputPaths : [...inputPaths, replayPath];
    return new RunFaults(spec, protocols, madeLine, read, logPath === null ? null : openTextFile(logPath, written));
  } catch (error) {
    read?.close();
    throw error;
  }
}

/** Faults of a spec that neither read nor write: what code is warmed with. */
export function rehearseFaults(spec: FaultSpec, protocols: Protocols, madeLine: MadeLine | null): RunFaults {
  return new RunFaults(spec, protocols, madeLine, null, null);
}

/** Made by `openRunFaults`. */
export class RunFaults {
  private readonly spec: FaultSpec;
  readonly madeLine: MadeLine | null;
  private readonly finder: LineFinder;
  private readonly decider: DrawnFaults | LoggedFaults;
  private readonly read: TextLines | null;
  private readonly log: FaultLog | null;
  private engine: FaultEngine | null = null;

  constructor(
    spec: FaultSpec,
    { channels }: Protocols,
    madeLine: MadeLine | null,
    read: TextLines | null,
    log: TextFile | null,
  ) {
    this.spec = spec;
    this.madeLine = madeLine;
    const names = new LineNames(spec.lines, channels);
    const finder = new LineFinder({
      nameOf: (flow) => names.nameOf(flow),
      ...(channels === null ? {} : { feedOf: (flow) => channels.lineOf(flow) }),
    });
    this.finder = finder;
    this.read = read;
    this.decider =
      read === null
        ? new DrawnFaults(spec.plan, ({ scope }, line, flow) => finder.takesIn(scope, line, flow))
        : new LoggedFaults(() => read.next(), spec.replayPath ?? '');
    this.log = log === null ? null : new FaultLog(log, spec.plan, this.decider);
  }

  /** Puts the faults in front of what a run sends. */
  before(inner: ScheduledSource, framingOf: FramingOf): ScheduledSource {
    return new FaultyReader(inner, this.open(framingOf));
  }

  /** The engine, to be driven by the caller. */
  open(framingOf: FramingOf): FaultEngine {
    const { decider, finder, madeLine, log } = this;
    this.engine = new FaultEngine({
      decider,
      lines: finder,
      framingOf,
      ...(madeLine === null ? {} : { makeLineB: (flow) => madeLine.of(flow) }),
      ...(log === null ? {} : { onAction: (at, action) => log.action(at, action) }),
    });
    return this.engine;
  }

  /** Of the packet that is handed on: what stands in for its payload's sum in the checksum; -1 its own. */
  get payloadSum(): number {
    return this.engine?.payloadSum ?? -1;
  }

  /** Ends the log, once; `isComplete`: the source was played to its end. */
  close(isComplete: boolean): void {
    this.read?.close();
    this.log?.end(this.engine, isComplete);
  }

  report(): FaultsReport {
    const { decider, spec, engine } = this;
    const none: EngineFaults = { lines: [], lostOnBothLines: null, mostHeldPackets: 0, mostHeldBytes: 0 };
    return {
      seed: decider instanceof LoggedFaults ? decider.seed : spec.plan.seed,
      replayed: spec.replayPath,
      faults: decider.tallies,
      ...(engine?.report() ?? none),
    };
  }
}

const bufferedLines = 500;

/** Lines on their way into a file, some hundreds at a time. */
class FaultLog {
  private lines: string[];
  private isOpen = true;

  constructor(
    private readonly file: TextFile,
    plan: FaultPlan,
    decider: DrawnFaults | LoggedFaults,
  ) {
    const isLogged = decider instanceof LoggedFaults;
    const texts = isLogged ? decider.tallies.map(({ fault }) => fault) : plan.faults.map(({ text }) => text);
    this.lines = [formatLogHead(texts, isLogged ? decider.seed : plan.seed)];
  }

  action({ packet, line }: PacketOnLine, action: FaultAction): void {
    this.lines.push(formatLogEntry(packet, line, action));
    if (this.lines.length >= bufferedLines) this.flush();
  }

  end(engine: FaultEngine | null, isComplete: boolean): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      this.lines.push(formatLogEnd(engine?.taken ?? { loop: 0, packet: 0 }, isComplete));
      this.flush();
    } finally {
      this.file.close();
    }
  }

  private flush(): void {
    this.file.append(`${this.lines.join('\n')}\n`);
    this.lines = [];
  }
}
