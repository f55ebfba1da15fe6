/**
 * Interned flows: addresses and ports to one object each, found without allocating.
 *
 * Open addressing with linear probing over one `Int32Array`; a datagram of the same flow as the one before costs three
 * comparisons. Keys are signed, since the engine boxes a number above 2^31 that is kept in a field.
 */
import type { Flow } from '../core/seams.js';
import { formatIpv4 } from './ipv4.js';

/** The most flows that are told apart; the rest share the table's `otherFlows`. */
export const MAX_FLOWS = 65_536;

/** Name of the object that flows beyond the limit share. */
export const OTHER_FLOWS = 'other flows';

const INITIAL_SLOTS = 64;
/** Words of a slot: source, destination, both ports, 1 + index of the flow (0: empty). */
const SLOT_WORDS = 4;

/** Interns flows, at most `limit` of them. */
export class FlowTable {
  /** Every flow in order of first appearance. */
  readonly flows: Flow[] = [];
  /** Datagrams whose flow did not fit and went by `otherFlows`. */
  overflowed = 0;
  readonly otherFlows: Flow;
  private slots = new Int32Array(INITIAL_SLOTS * SLOT_WORDS);
  private mask = INITIAL_SLOTS - 1;
  private lastSource = 0;
  private lastDestination = 0;
  private lastPorts = 0;
  private last: Flow | null = null;

  constructor(private readonly limit: number = MAX_FLOWS) {
    this.otherFlows = new InternedFlow(limit, 0, 0, 0, OTHER_FLOWS);
  }

  /** The flow of these addresses (32-bit, signed or not) and ports: the same object every time. */
  intern(source: number, sourcePort: number, destination: number, destinationPort: number): Flow {
    return this.internWords(source | 0, destination | 0, (sourcePort << 16) | destinationPort);
  }

  /** The same from signed 32-bit words: both addresses, and the source port in the half above the destination's. */
  internWords(source: number, destination: number, ports: number): Flow {
    const isSame = ports === this.lastPorts && destination === this.lastDestination && source === this.lastSource;
    return isSame && this.last !== null ? this.last : this.lookUp(source, destination, ports);
  }

  private lookUp(source: number, destination: number, ports: number): Flow {
    const slot = this.find(source, destination, ports);
    const known = this.slots[slot + 3] as number;
    const flow = known > 0 ? (this.flows[known - 1] as Flow) : this.add(slot, source, destination, ports);
    if (flow === this.otherFlows) return flow;
    this.lastSource = source;
    this.lastDestination = destination;
    this.lastPorts = ports;
    this.last = flow;
    return flow;
  }

  /** Place of the slot that holds the flow, or of the empty one where it belongs. */
  private find(source: number, destination: number, ports: number): number {
    const { slots, mask } = this;
    let index = hash(source, destination, ports) & mask;
    for (;;) {
      const slot = index * SLOT_WORDS;
      if (slots[slot + 3] === 0) return slot;
      if (slots[slot + 2] === ports && slots[slot + 1] === destination && slots[slot] === source) return slot;
      index = (index + 1) & mask;
    }
  }

  private add(slot: number, source: number, destination: number, ports: number): Flow {
    if (this.flows.length >= this.limit) {
      this.overflowed++;
      return this.otherFlows;
    }
    const flow = new InternedFlow(this.flows.length, source, destination, ports, '');
    this.flows.push(flow);
    this.slots[slot] = source;
    this.slots[slot + 1] = destination;
    this.slots[slot + 2] = ports;
    this.slots[slot + 3] = this.flows.length;
    if (this.flows.length * 2 > this.mask) this.grow();
    return flow;
  }

  /** Doubles the slots, so that at most half of them are taken and every search meets an empty one. */
  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.slots.length / SLOT_WORDS - 1;
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      if (old[at + 3] === 0) continue;
      const slot = this.find(old[at] as number, old[at + 1] as number, old[at + 2] as number);
      this.slots.set(old.subarray(at, at + SLOT_WORDS), slot);
    }
  }
}

class InternedFlow implements Flow {
  readonly transport = 'UDP';
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly name: string;

  constructor(
    readonly index: number,
    source: number,
    destination: number,
    ports: number,
    name: string,
  ) {
    this.source = formatIpv4(source);
    this.sourcePort = ports >>> 16;
    this.destination = formatIpv4(destination);
    this.destinationPort = ports & 0xffff;
    this.name = name || `${this.source}:${this.sourcePort} > ${this.destination}:${this.destinationPort}`;
  }
}

/** Mixes the key's words (the finaliser of MurmurHash3). */
function hash(source: number, destination: number, ports: number): number {
  let h = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca77) ^ Math.imul(ports, 0xc2b2ae3d);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  return h ^ (h >>> 13);
}
