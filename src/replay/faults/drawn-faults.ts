/**
 * Decides faults by draws from a seed.
 *
 * Every fault draws for itself on every line: which packets, from one sequence, and by how much, from another, each
 * seeded by the seed, the line, the kind and how many faults of the kind come before it on the line. So a fault of
 * another kind, on another line or behind it changes none of its draws, and a packet that one fault lost is drawn for
 * by the others all the same.
 */
import { Random } from '../../core/random.js';
import type { Flow } from '../../core/seams.js';
import { headerBytes } from '../scheduled-reader.js';
import { type FaultAction, type FaultDecider, noAction, type PacketOnLine } from './action.js';
import { type Chooser, createChooser } from './choose.js';
import { createDelayDraw, type DelayDraw, drawSpan } from './delay.js';
import { type Fault, type FaultPlan, faultKinds } from './fault.js';
import { Link, tailDrop } from './link.js';
import type { PacketAtHand } from './packet.js';

/** How many packets a fault was asked about, and how many it befell. */
export interface FaultTally {
  readonly fault: string;
  /** On its lines and in its time; null of one that is known from a log. */
  seen: number | null;
  hit: number;
}

export type TakesIn = (fault: Fault, line: string, flow: Flow) => boolean;

export class DrawnFaults implements FaultDecider {
  readonly tallies: FaultTally[];
  private readonly plan: FaultPlan;
  private readonly takesIn: TakesIn;
  /** By line: all that could befall its packets, in the order in which they do. */
  private readonly lines = new Map<string, FaultOnLine[]>();
  /** Those of them that take in a flow. */
  private readonly chosen = new Map<string, Map<Flow, FaultOnLine[]>>();
  private readonly actions: FaultAction[] = [];
  private lastLine = '';
  private lastFlow: Flow | null = null;
  private lastFaults: readonly FaultOnLine[] = [];

  constructor(plan: FaultPlan, takesIn: TakesIn) {
    this.plan = plan;
    this.takesIn = takesIn;
    this.tallies = plan.faults.map(({ text }) => ({ fault: text, seen: 0, hit: 0 }));
  }

  decide({ packet, line, flow }: PacketOnLine): readonly FaultAction[] {
    const { actions } = this;
    if (actions.length > 0) actions.length = 0;
    let isLost = false;
    let isHeld = false;
    let { dueNs, length } = packet;
    for (const fault of this.faultsOf(line, flow)) {
      const action = fault.befall(packet, dueNs, length, isLost);
      if (action === null || isLost || (isHeld && action.behind > 0)) continue;
      actions.push(action);
      this.tallies[fault.index].hit++;
      isLost = action.isLost;
      dueNs += action.delayNs;
      if (action.behind > 0) isHeld = true;
      if (action.length >= 0) length = action.length;
    }
    return actions;
  }

  private faultsOf(line: string, flow: Flow): readonly FaultOnLine[] {
    if (line === this.lastLine && flow === this.lastFlow) return this.lastFaults;
    let flows = this.chosen.get(line);
    if (flows === undefined) {
      flows = new Map();
      this.chosen.set(line, flows);
    }
    let faults = flows.get(flow);
    if (faults === undefined) {
      faults = this.onLine(line).filter(({ fault }) => this.takesIn(fault, line, flow));
      flows.set(flow, faults);
    }
    this.lastLine = line;
    this.lastFlow = flow;
    this.lastFaults = faults;
    return faults;
  }

  private onLine(line: string): FaultOnLine[] {
    let faults = this.lines.get(line);
    if (faults === undefined) {
      const { plan, tallies } = this;
      const before = new Map<string, number>();
      faults = plan.faults.flatMap((fault, index) => {
        const { scope, effect } = fault;
        if (scope.kind === 'line' && scope.line !== line) return [];
        const number = (before.get(effect.kind) ?? 0) + 1;
        before.set(effect.kind, number);
        return [new FaultOnLine(fault, index, `${plan.seed} ${line} ${effect.kind} ${number}`, tallies[index])];
      });
      faults.sort((one, other) => faultKinds.indexOf(one.kind) - faultKinds.indexOf(other.kind));
      this.lines.set(line, faults);
    }
    return faults;
  }
}

/** One fault on one line. */
class FaultOnLine {
  readonly kind: Fault['effect']['kind'];
  private readonly chooses: Chooser;
  /** How much. */
  private readonly random: Random;
  private readonly delay: DelayDraw | null;
  private readonly link: Link | null;
  /** Packets of the scope so far. */
  private place = 0;
  /** Of `jitter`: when the packet before is due. */
  private latestNs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly fault: Fault,
    readonly index: number,
    seed: string,
    private readonly tally: FaultTally,
  ) {
    const { effect, which } = fault;
    this.kind = effect.kind;
    this.chooses = createChooser(which, new Random(seed));
    this.random = new Random(`${seed} how much`);
    const delay = 'delay' in effect ? effect.delay : null;
    this.delay = delay === null ? null : createDelayDraw(delay, this.random);
    this.link = effect.kind === 'rate' ? new Link(effect) : null;
  }

  /** What it does to the packet, so far due at `dueNs` and of `length` bytes; null where nothing. */
  befall(packet: PacketAtHand, dueNs: number, length: number, isLost: boolean): FaultAction | null {
    const { fault } = this;
    const place = ++this.place;
    if (packet.captureNs < fault.fromNs || packet.captureNs >= fault.untilNs) return null;
    this.tally.seen = (this.tally.seen ?? 0) + 1;
    const isChosen = this.chooses(place, packet.from, packet.to);
    if (this.kind === 'jitter') return this.jitter(isChosen, dueNs, isLost);
    return isChosen ? this.act(packet, dueNs, length) : null;
  }

  private act(packet: PacketAtHand, dueNs: number, length: number): FaultAction | null {
    const { effect } = this.fault;
    const { kind, index: fault, random } = this;
    switch (effect.kind) {
      case 'loss':
        return { ...noAction, kind, fault, isLost: true };
      case 'rate': {
        const bytes = packet.frame?.length ?? length + headerBytes;
        const waitNs = (this.link as Link).arrive(dueNs, bytes);
        if (waitNs === tailDrop) return { ...noAction, kind, fault, isLost: true };
        return waitNs === 0 ? null : { ...noAction, kind, fault, delayNs: waitNs };
      }
      case 'truncate': {
        const shorter = effect.by > 0 ? Math.max(0, length - effect.by) : this.lengthBelow(effect.to, length);
        return shorter < length ? { ...noAction, kind, fault, length: shorter } : null;
      }
      case 'corrupt': {
        const bits = drawBits(Math.min(effect.bits, length * 8), effect.bits, length * 8, random);
        return bits.length === 0 ? null : { ...noAction, kind, fault, bits, isStale: effect.checksum === 'stale' };
      }
      case 'dup':
        return { ...noAction, kind, fault, copiesNs: Array.from({ length: effect.copies }, () => this.drawDelay()) };
      case 'reorder':
        if (effect.behind !== null) return { ...noAction, kind, fault, behind: drawSpan(effect.behind, random) };
        return this.delayed();
      default:
        return this.delayed();
    }
  }

  /** What waits holds up those behind it, chosen or not. */
  private jitter(isChosen: boolean, dueNs: number, isLost: boolean): FaultAction | null {
    const readyNs = dueNs + (isChosen ? this.drawDelay() : 0);
    if (isLost) return null;
    this.latestNs = Math.max(this.latestNs, readyNs);
    const delayNs = this.latestNs - dueNs;
    return delayNs > 0 ? { ...noAction, kind: 'jitter', fault: this.index, delayNs } : null;
  }

  private delayed(): FaultAction | null {
    const delayNs = this.drawDelay();
    return delayNs > 0 ? { ...noAction, kind: this.kind, fault: this.index, delayNs } : null;
  }

  private drawDelay(): number {
    return this.delay === null ? 0 : this.delay();
  }

  private lengthBelow(to: { least: number; most: number } | null, length: number): number {
    const { random } = this;
    return to === null ? Math.floor(random.float() * length) : drawSpan(to, random);
  }
}

/** Places of `count` different bits; as many draws as were `asked` for, whatever the length. */
function drawBits(count: number, asked: number, total: number, random: Random): number[] {
  const bits = new Set<number>();
  for (let left = asked; left > 0; left--) {
    const drawn = random.float();
    if (bits.size >= count) continue;
    let bit = Math.floor(drawn * total);
    while (bits.has(bit)) bit = (bit + 1) % total;
    bits.add(bit);
  }
  return [...bits].sort((one, other) => one - other);
}
