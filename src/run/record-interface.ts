/** One address that is recorded: its socket, its senders, and how a pcapng describes it. */
import { flowBetween, formatEndpoint } from '../capture/endpoint.js';
import type { InterfaceNotes } from '../capture/pcapng-build.js';
import type { Flow } from '../core/seams.js';
import { interfaceName, isMulticast, loopbackInterface, resolveHost } from '../io/address.js';
import type { InterfaceCounts } from '../io/recorded-file.js';
import { maxSenders, type Sender } from '../io/senders.js';
import { type DatagramHandler, openUdpReceiver, type UdpReceiver } from '../io/udp-receiver.js';
import type { ReceiveAddressSpec } from './receive-address.js';
import type { RecordSpec } from './record-spec.js';

const anyAddress = { 4: '0.0.0.0', 6: '::' } as const;

export class RecordInterface {
  packets = 0;
  bytes = 0;
  /** Packets that neither kernel nor card has stamped. */
  unstamped = 0;
  /** Packets of senders beyond those that are told apart, in the file as of address 0 and port 0. */
  unnamed = 0;
  /** By the sender's index. */
  private readonly flows: Flow[] = [];
  /** Of senders beyond those that are told apart. */
  private others: Flow | null = null;

  private constructor(
    /** The address as it was asked for, its host resolved. */
    private readonly address: ReceiveAddressSpec,
    /** Of the interface, such as `lo`. */
    readonly name: string,
    readonly receiver: UdpReceiver,
  ) {}

  /** Opens the socket; rejects with SinkError where that fails. */
  static async open(
    asked: ReceiveAddressSpec,
    spec: RecordSpec,
    onDatagram: DatagramHandler,
  ): Promise<RecordInterface> {
    const host = await resolveHost(asked.host);
    const iface = isMulticast(host) ? (asked.iface ?? loopbackInterface()) : null;
    // Datagrams that came in one run have one time of receipt: only where that is asked for.
    const { coalesce = false } = asked;
    const options = { ...asked, host, iface, bufferBytes: spec.bufferBytes, coalesce };
    const receiver = await openUdpReceiver(options, onDatagram);
    return new RecordInterface({ host, port: receiver.port, iface, coalesce }, interfaceName(iface ?? host), receiver);
  }

  get url(): string {
    return `udp://${formatEndpoint(this.address.host, this.address.port)}`;
  }

  /** Who stamps the packets, or has stamped the ones that came. */
  get stamps(): 'network card' | 'kernel' | 'program' {
    const { unstamped, packets, receiver } = this;
    if (packets === 0) return receiver.path.startsWith('dgram') ? 'program' : 'kernel';
    if (unstamped === packets) return 'program';
    return (receiver.counts()?.hardwareStamps ?? 0) > 0 ? 'network card' : 'kernel';
  }

  get stampsText(): string {
    const { stamps } = this;
    if (stamps === 'program') return 'stamped when this program read the packet';
    const ofTrain = this.address.coalesce ? ', packets of one train alike' : '';
    return `stamped by the ${stamps} on receipt${ofTrain}`;
  }

  /** What the file says of it. */
  notes(): InterfaceNotes {
    const { host, port } = this.address;
    const isAny = host === anyAddress[4] || host === anyAddress[6];
    return {
      name: this.name,
      description: `${this.url}, ${this.stampsText}`,
      filter: `udp and dst port ${port}${isAny ? '' : ` and dst host ${host.replace(/%.*/, '')}`}`,
    };
  }

  /** The flow of a sender's datagrams; one that is new gets `index`. */
  flowOf(from: Sender, index: number): Flow {
    return this.flows[from.index] ?? this.addFlow(from, index);
  }

  /** Counts a datagram that has been dealt with. */
  count(length: number, flow: Flow): void {
    this.packets++;
    this.bytes += length;
    if (flow === this.others) this.unnamed++;
  }

  private addFlow(from: Sender, index: number): Flow {
    const destination = { address: this.address.host.replace(/%.*/, ''), port: this.address.port };
    const isNamed = from.index < maxSenders;
    const nobody = destination.address.includes(':') ? anyAddress[6] : anyAddress[4];
    const source = { address: isNamed ? from.address.replace(/%.*/, '') : nobody, port: from.port };
    const flow = flowBetween('UDP', source, destination, index);
    this.flows[from.index] = flow;
    if (!isNamed) this.others = flow;
    return flow;
  }

  /** What came of it, as the report tells it. */
  report({ written, missed, unwritten, kernelDrops, knowsKernelDrops }: InterfaceCounts) {
    const { packets, bytes, unnamed, receiver, stamps } = this;
    return {
      address: this.url,
      name: this.name,
      stamps,
      path: receiver.path,
      packets,
      bytes,
      senders: this.flows.length,
      unnamed,
      written,
      missed,
      unwritten,
      kernelDrops: knowsKernelDrops ? kernelDrops : null,
      receiveBuffer: receiver.buffer,
    };
  }
}
