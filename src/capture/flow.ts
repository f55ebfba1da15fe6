/**
 * Interned flows: transport, addresses and ports to one object each, found without allocating.
 *
 * A UDP datagram over IPv4 of the same flow as the one before costs three comparisons. Keys are signed: the engine
 * boxes a number above 2^31 that is kept in a field.
 */
import type { Flow } from '../core/seams.js';
import { flowBetween, parseAddress } from './endpoint.js';
import { IPV6_KEY_WORDS, Ipv4Slots, Ipv6Slots } from './flow-slots.js';
import { formatIpv4 } from './ipv4.js';
import { formatIpv6 } from './ipv6.js';

/** The most flows that are told apart; the rest share the table's `otherFlows`. */
export const MAX_FLOWS = 65_536;

/** Name of the object that flows beyond the limit share. */
export const OTHER_FLOWS = 'other flows';

/** Interns flows, at most `limit` of them. */
export class FlowTable {
  /** Every flow in order of first appearance. */
  readonly flows: Flow[] = [];
  /** Datagrams whose flow did not fit and went by `otherFlows`. */
  overflowed = 0;
  /** What every flow beyond the limit is answered with, whatever its transport. */
  readonly otherFlows: Flow;
  private readonly udpSlots = new Ipv4Slots();
  private readonly tcpSlots = new Ipv4Slots();
  private readonly udp6Slots = new Ipv6Slots();
  private readonly tcp6Slots = new Ipv6Slots();
  private readonly key = new Int32Array(IPV6_KEY_WORDS);
  private readonly copies = new Map<Flow, (Flow | undefined)[]>();
  private lastSource = 0;
  private lastDestination = 0;
  private lastPorts = 0;
  private last: Flow | null = null;

  constructor(private readonly limit: number = MAX_FLOWS) {
    this.otherFlows = { ...flowOf(limit, 'UDP', formatIpv4(0), formatIpv4(0), 0), name: OTHER_FLOWS };
  }

  /** The flow of these IPv4 addresses (32-bit, signed or not) and ports: the same object every time. */
  intern(
    source: number,
    sourcePort: number,
    destination: number,
    destinationPort: number,
    transport: Flow['transport'] = 'UDP',
  ): Flow {
    const ports = (sourcePort << 16) | destinationPort;
    if (transport === 'TCP') return this.internTcpWords(source | 0, destination | 0, ports);
    return this.internWords(source | 0, destination | 0, ports);
  }

  /** A UDP flow from signed 32-bit words: both addresses, and the source port in the half above the destination's. */
  internWords(source: number, destination: number, ports: number): Flow {
    const isSame = ports === this.lastPorts && destination === this.lastDestination && source === this.lastSource;
    return isSame && this.last !== null ? this.last : this.lookUp(source, destination, ports);
  }

  /** A TCP flow from the same words. */
  internTcpWords(source: number, destination: number, ports: number): Flow {
    return this.internIpv4(this.tcpSlots, 'TCP', source, destination, ports);
  }

  /** A flow over IPv6: the source address and behind it the destination's at `addresses` of a view; ports as a word. */
  internIpv6(view: DataView, addresses: number, ports: number, transport: Flow['transport']): Flow {
    const { key } = this;
    for (let word = 0; word < IPV6_KEY_WORDS - 1; word++) key[word] = view.getInt32(addresses + word * 4);
    key[IPV6_KEY_WORDS - 1] = ports;
    const slots = transport === 'UDP' ? this.udp6Slots : this.tcp6Slots;
    const slot = slots.find(key);
    const known = slots.numberAt(slot);
    if (known > 0) return this.flows[known - 1] as Flow;
    if (this.isFull()) return this.otherFlows;
    const flow = this.add(transport, formatIpv6(view, addresses), formatIpv6(view, addresses + 16), ports);
    slots.put(slot, key, this.flows.length);
    return flow;
  }

  /** The flow of the same transport, addresses and ports as one of another table; `otherFlows` beyond the limit. */
  adopt({ transport, source, sourcePort, destination, destinationPort }: Flow): Flow {
    const from = parseAddress(source);
    const to = parseAddress(destination);
    if (from === null || to === null) return this.otherFlows;
    const bytes = new DataView(Uint8Array.of(...from, ...to).buffer);
    const ports = (sourcePort << 16) | destinationPort;
    if (to.length > 4) return this.internIpv6(bytes, 0, ports, transport);
    return this.intern(bytes.getInt32(0), sourcePort, bytes.getInt32(4), destinationPort, transport);
  }

  /**
   * The same addresses and ports as a flow of their own, one for each number: the same object every time. With `apart`
   * it has a source port of its own too, so that it is told apart wherever it is written or sent.
   */
  copyOf(flow: Flow, number: number, apart = false): Flow {
    const known = this.copies.get(flow)?.[number];
    if (known !== undefined) return known;
    if (this.isFull()) return this.otherFlows;
    const copy = apart ? this.apartFrom(flow) : { ...flow, index: this.flows.length };
    this.flows.push(copy);
    const copies = this.copies.get(flow) ?? [];
    copies[number] = copy;
    this.copies.set(flow, copies);
    return copy;
  }

  private apartFrom({ transport, source, sourcePort, destination, destinationPort }: Flow): Flow {
    const to = { address: destination, port: destinationPort };
    for (let port = sourcePort + 1; ; port++) {
      const from = { address: source, port: port > 65535 ? (port % 65536) + 1024 : port };
      const flow = flowBetween(transport, from, to, this.flows.length);
      if (!this.flows.some(({ name }) => name === flow.name)) return flow;
    }
  }

  private lookUp(source: number, destination: number, ports: number): Flow {
    const flow = this.internIpv4(this.udpSlots, 'UDP', source, destination, ports);
    if (flow === this.otherFlows) return flow;
    this.lastSource = source;
    this.lastDestination = destination;
    this.lastPorts = ports;
    this.last = flow;
    return flow;
  }

  private internIpv4(
    slots: Ipv4Slots,
    transport: Flow['transport'],
    source: number,
    destination: number,
    ports: number,
  ): Flow {
    const slot = slots.find(source, destination, ports);
    const known = slots.numberAt(slot);
    if (known > 0) return this.flows[known - 1] as Flow;
    if (this.isFull()) return this.otherFlows;
    const flow = this.add(transport, formatIpv4(source), formatIpv4(destination), ports);
    slots.put(slot, source, destination, ports, this.flows.length);
    return flow;
  }

  private isFull(): boolean {
    if (this.flows.length < this.limit) return false;
    this.overflowed++;
    return true;
  }

  private add(transport: Flow['transport'], source: string, destination: string, ports: number): Flow {
    const flow = flowOf(this.flows.length, transport, source, destination, ports);
    this.flows.push(flow);
    return flow;
  }
}

function flowOf(index: number, transport: Flow['transport'], source: string, destination: string, ports: number): Flow {
  const from = { address: source, port: ports >>> 16 };
  return flowBetween(transport, from, { address: destination, port: ports & 0xffff }, index);
}
