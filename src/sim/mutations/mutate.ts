/**
 * Applies mutations to the packets of a capture: which ones, where, and in what order, all from one seed.
 *
 * A packet is changed at most once, and its neighbours on the flow then not at all, so that every expectation is that
 * of one mutation. The first packet of a flow is left alone: readers know flows by it.
 */
import { Random } from '../../core/random.js';
import { labelOf, type MutationKind, type Site } from './kind.js';
import { copyPacket, type Packet } from './model.js';
import { numberOf, sessionOf, setNumber, setSession } from './numbers.js';
import { isMdp } from './packets.js';

/** What is asked for. */
export interface MutateOptions {
  readonly seed: number | string;
  readonly kinds: readonly MutationKind[];
  /** How often each kind is applied at most. */
  readonly count: number;
  /** Whether the packet of this 1-based number in its capture may be changed. */
  readonly mayChange?: (source: number) => boolean;
}

/** What came of it. */
export interface Mutated {
  readonly packets: readonly Packet[];
  /** How often each kind was applied, by name. */
  readonly applied: ReadonlyMap<string, number>;
  /** Kinds for the capture's framings that found no packet with a place for them. */
  readonly unplaced: readonly MutationKind[];
}

/** Packets tried for a place before a kind is given up. */
const mostTries = 600;
/** Behind a broken framing the client of SoupBinTCP logs in again after so many packets. */
const packetsToLogin = 3;
/** In a BinaryFILE nothing mends a broken framing: it is broken near the end. */
const wholeShare = 0.9;

interface Cell {
  packet: Packet;
  readonly before: Packet[];
  readonly after: Packet[];
  isDropped: boolean;
  isUsed: boolean;
  restarts: boolean;
  /** Places of the packets of the flow, and the cell's own among them. */
  readonly flow: readonly number[];
  readonly place: number;
}

/** Mutates a copy of the packets, which are in the order of their capture. */
export function mutate(source: readonly Packet[], options: MutateOptions): Mutated {
  const random = new Random(options.seed);
  const cells = cellsOf(source);
  const applied = new Map<string, number>();
  const unplaced: MutationKind[] = [];
  const framings = new Set(source.map(({ framing }) => framing));
  const leapt = new Set<Cell['flow']>();
  for (const kind of options.kinds) {
    if (!kind.framings.some((framing) => framings.has(framing))) continue;
    let count = 0;
    while (count < options.count && applyOnce(kind, cells, random, options, leapt)) count++;
    if (count > 0) applied.set(kind.name, count);
    else unplaced.push(kind);
  }
  const packets = cells.flatMap(({ before, packet, after, isDropped }) => [
    ...before,
    ...(isDropped ? [] : [packet]),
    ...after,
  ]);
  restartNumbers(cells, packets);
  return { packets, applied, unplaced };
}

function cellsOf(source: readonly Packet[]): Cell[] {
  const flows = new Map<object, number[]>();
  return source.map((packet, index) => {
    const flow = flows.get(packet.flow) ?? [];
    flows.set(packet.flow, flow);
    if (packet.framing !== null) flow.push(index);
    const made = { before: [], after: [], isDropped: false, isUsed: false, restarts: false };
    return { packet: copyPacket(packet), ...made, flow, place: flow.length - 1 };
  });
}

/** Tries packets from a random one on; false where none has a place for the kind. */
function applyOnce(
  kind: MutationKind,
  cells: readonly Cell[],
  random: Random,
  options: MutateOptions,
  leapt: Set<Cell['flow']>,
): boolean {
  const mayBe = (cell: Cell): boolean => isFree(cell, cells, kind, options) && !(kind.leaps && leapt.has(cell.flow));
  const candidates = cells.flatMap((cell, index) => (mayBe(cell) ? [index] : []));
  const start = random.below(Math.max(1, candidates.length));
  for (let step = 0; step < Math.min(candidates.length, mostTries); step++) {
    const index = candidates[(start + step) % candidates.length] as number;
    if (!tryAt(kind, cells, index, random)) continue;
    const cell = cells[index] as Cell;
    if (kind.leaps && isMdp(cell.packet)) leapt.add(cell.flow);
    return true;
  }
  return false;
}

function isFree(cell: Cell, cells: readonly Cell[], kind: MutationKind, { mayChange }: MutateOptions): boolean {
  const { packet, flow, place } = cell;
  if (cell.isUsed || packet.framing === null || !kind.framings.includes(packet.framing) || place < 1) return false;
  if (mayChange !== undefined && !mayChange(packet.source)) return false;
  if (kind.isOfLast && place !== flow.length - 1) return false;
  return [place - 1, place + 1].every((one) => cells[flow[one] as number]?.isUsed !== true);
}

function tryAt(kind: MutationKind, cells: readonly Cell[], index: number, random: Random): boolean {
  const cell = cells[index] as Cell;
  const { flow, place } = cell;
  const nextCell = cells[flow[place + 1] as number];
  const site: Site = {
    random,
    packet: copyPacket(cell.packet),
    next: nextCell === undefined ? null : copyPacket(nextCell.packet),
    earlier: flow.slice(0, place).map((one) => (cells[one] as Cell).packet),
    before: [],
    after: [],
    isDropped: false,
    restarts: false,
    labelled: null,
  };
  const what = kind.apply(site);
  if (what === null || (site.packet.breaksFraming !== undefined && !mayBreak(cells, cell))) return false;
  (site.labelled ?? site.packet).label = labelOf(kind, what);
  cell.packet = site.packet;
  if (nextCell !== undefined && site.next !== null) nextCell.packet = site.next;
  cell.before.push(...site.before);
  cell.after.push(...site.after);
  cell.isDropped = site.isDropped;
  cell.restarts = site.restarts;
  for (const near of [place - 1, place, place + 1]) {
    const used = cells[flow[near] as number];
    if (used !== undefined) used.isUsed = true;
  }
  if (site.packet.breaksFraming !== undefined) mendLater(cells, cell);
  return true;
}

function mayBreak(cells: readonly Cell[], { flow, place, packet }: Cell): boolean {
  const all = flow.map((index) => cells[index] as Cell);
  if (packet.framing === 'binaryfile') {
    return place >= flow.length * wholeShare && all.every((cell) => cell.packet.breaksFraming === undefined);
  }
  const near = all.slice(Math.max(0, place - packetsToLogin), place + packetsToLogin + 1);
  return near.every((cell, index) => index === Math.min(place, packetsToLogin) || !cell.isUsed);
}

/** Logs the client of SoupBinTCP in again; what lies between is left alone. */
function mendLater(cells: readonly Cell[], { flow, place, packet }: Cell): void {
  if (packet.framing !== 'soupbintcp') return;
  for (let one = place + 1; one <= place + packetsToLogin; one++) {
    const cell = cells[flow[one] as number];
    if (cell === undefined) return;
    cell.isUsed = true;
    if (one === place + packetsToLogin) cell.packet.connects = true;
  }
}

/** Numbers of a flow from where they begin anew, in the order in which packets are written. */
function restartNumbers(cells: readonly Cell[], packets: readonly Packet[]): void {
  const starts = new Set(cells.filter(({ restarts }) => restarts).map(({ packet }) => packet));
  const running = new Map<object, { less: number; session: string; from: string; last: number }>();
  const sessions = new Map(
    cells.flatMap(({ packet, flow, place }) => {
      const before = cells[flow[place - 1] as number]?.packet;
      return starts.has(packet) && before?.framing === 'moldudp64' ? [[packet, sessionOf(before)] as const] : [];
    }),
  );
  for (const packet of packets) {
    const number = numberOf(packet);
    if (Number.isNaN(number)) continue;
    if (starts.has(packet)) {
      const isMold = packet.framing === 'moldudp64';
      const known = running.get(packet.flow);
      const from = known !== undefined && isMold ? known.from : (sessions.get(packet) ?? '');
      running.set(packet.flow, { less: number - 1, session: isMold ? sessionOf(packet) : '', from, last: number });
      setNumber(packet, 1);
      continue;
    }
    const current = running.get(packet.flow);
    if (current === undefined || number === 0) continue;
    if (isMdp(packet)) {
      // Another round of the numbers of the capture's own.
      if (number <= current.less) running.delete(packet.flow);
      else setNumber(packet, number - current.less);
    } else if (sessionOf(packet) === current.from && number > current.less) {
      setNumber(packet, number - current.less);
      setSession(packet, current.session);
    }
  }
}
