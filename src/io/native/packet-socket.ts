/**
 * Packet sockets of Linux with a transmit ring: packet(7), linux/if_packet.h, Documentation/networking/packet_mmap.rst.
 *
 * The socket is bound to protocol 0, so that it receives nothing. With PACKET_QDISC_BYPASS frames go to the driver
 * without a queueing discipline. With PACKET_VNET_HDR a frame that fits is copied as a whole: by itself the kernel
 * refers to the ring's pages, and copies them into pages of their own where a virtual interface hands the packet on,
 * which took a third longer (162 bytes over veth).
 */
import { SinkError, UsageError } from '../../core/errors.js';
import { type RingGeometry, ringGeometry, TransmitRing } from '../transmit-ring.js';
import { type InterfaceFacts, interfaceNames, readInterface } from './interface.js';
import { type Libc, libc, libcAbsence, systemError } from './libc.js';
import { MSG_DONTWAIT, POLLOUT, SO_SNDBUF, SO_SNDBUFFORCE, SOCK_CLOEXEC, SOL_SOCKET } from './socket-numbers.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_VERSION = 10;
const PACKET_TX_RING = 13;
const PACKET_VNET_HDR = 15;
const PACKET_QDISC_BYPASS = 20;
const TPACKET_V2 = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_POPULATE = 0x8000;
const EPERM = 1;
const EACCES = 13;
const SOCKADDR_LL_BYTES = 20;
/** What may be under way in the driver at a time: room for a whole ring. */
const SEND_BUFFER_BYTES = 32 << 20;
const ETHERNET_HEADER_BYTES = 14;
const VLAN_TAG_BYTES = 4;

export interface PacketSocketOptions {
  readonly iface: string;
  /** Whether frames pass the interface's queueing discipline by. */
  readonly bypassQdisc: boolean;
}

/** A ring on an interface. */
export interface OpenedRing {
  readonly ring: TransmitRing;
  readonly mtu: number;
  /** False where it was asked for and the kernel does not know how. */
  readonly bypassesQdisc: boolean;
}

/** Opens the ring; throws SinkError that says what is missing and what to do. */
export function openTransmitRing(options: PacketSocketOptions): OpenedRing {
  const library = libc();
  if (library === null) throw absent(options.iface);
  const socket = library.declare('int socket(int domain, int type, int protocol)')(
    AF_PACKET,
    SOCK_RAW | SOCK_CLOEXEC,
    0,
  );
  if (socket < 0) throw refused(options.iface, library.errno());
  const kernel = new PacketSocket(library, socket);
  try {
    const facts = usableInterface(library, socket, options.iface);
    return kernel.openRing(facts, options);
  } catch (error) {
    kernel.close();
    if (error instanceof SinkError) throw error;
    throw new SinkError('packet-socket', `eth://${options.iface}: ${(error as Error).message}`, { cause: error });
  }
}

/** The longest frame that an interface takes, one VLAN tag not counted. */
export function longestFrame(mtu: number): number {
  return mtu + ETHERNET_HEADER_BYTES;
}

class PacketSocket {
  private readonly integer = new DataView(new ArrayBuffer(4));
  private mapped = { address: 0, bytes: 0 };

  constructor(
    private readonly library: Libc,
    private readonly socket: number,
  ) {}

  openRing(facts: InterfaceFacts, { iface, bypassQdisc }: PacketSocketOptions): OpenedRing {
    const { library, socket } = this;
    this.must(this.setOption(SOL_PACKET, PACKET_VERSION, TPACKET_V2), 'PACKET_VERSION');
    const bypassesQdisc = bypassQdisc && this.setOption(SOL_PACKET, PACKET_QDISC_BYPASS, 1);
    const hasVirtioHeader = this.setOption(SOL_PACKET, PACKET_VNET_HDR, 1);
    if (!this.setOption(SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES)) {
      this.setOption(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    }
    const geometry = ringGeometry(longestFrame(facts.mtu) + VLAN_TAG_BYTES);
    const memory = this.map(geometry);
    this.bind(facts.index);
    const sendto = library.declare(
      'intptr_t sendto(int fd, uintptr_t bytes, size_t length, int flags, uintptr_t address, uint32_t addressBytes)',
    );
    const poll = library.declare('int poll(uintptr_t descriptors, unsigned long count, int timeoutMs)');
    const awaited = new DataView(new ArrayBuffer(8));
    awaited.setInt32(0, socket, true);
    awaited.setInt16(4, POLLOUT, true);
    const awaitedAddress = library.addressOf(awaited.buffer);
    const ring = new TransmitRing(memory, geometry, hasVirtioHeader, {
      kick: () => (sendto(socket, 0, 0, MSG_DONTWAIT, 0, 0) < 0 ? library.errno() : 0),
      wait: (ms) => {
        poll(awaitedAddress, 1, ms);
      },
      mtu: () => readInterface(library, socket, iface)?.mtu ?? 0,
      close: () => this.close(),
    });
    return { ring, mtu: facts.mtu, bypassesQdisc };
  }

  close(): void {
    const { library, mapped } = this;
    if (mapped.bytes > 0) library.declare('int munmap(uintptr_t address, size_t bytes)')(mapped.address, mapped.bytes);
    this.mapped = { address: 0, bytes: 0 };
    library.declare('int close(int fd)')(this.socket);
  }

  private map({ slotBytes, blockBytes, slotsPerBlock, blocks }: RingGeometry): ArrayBuffer {
    const { library, socket } = this;
    const request = Uint32Array.of(blockBytes, blocks, slotBytes, slotsPerBlock * blocks);
    this.must(this.setBytes(SOL_PACKET, PACKET_TX_RING, request.buffer), 'PACKET_TX_RING');
    const bytes = blockBytes * blocks;
    const mmap = library.declare(
      'uintptr_t mmap(uintptr_t address, size_t bytes, int protection, int flags, int fd, int64_t offset)',
    );
    const address = Number(mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED | MAP_POPULATE, socket, 0));
    // MAP_FAILED is -1, which no mapping is anywhere near.
    if (address === 0 || address > Number.MAX_SAFE_INTEGER) throw systemError('mmap', library.errno());
    this.mapped = { address, bytes };
    return library.viewOf(address, bytes);
  }

  private bind(index: number): void {
    const { library, socket } = this;
    const address = new DataView(new ArrayBuffer(SOCKADDR_LL_BYTES));
    address.setUint16(0, AF_PACKET, true);
    address.setInt32(4, index, true);
    const bind = library.declare('int bind(int fd, uintptr_t address, uint32_t bytes)');
    this.must(bind(socket, library.addressOf(address.buffer), SOCKADDR_LL_BYTES) === 0, 'bind');
  }

  private setOption(level: number, name: number, value: number): boolean {
    this.integer.setInt32(0, value, true);
    return this.setBytes(level, name, this.integer.buffer);
  }

  private setBytes(level: number, name: number, value: ArrayBuffer): boolean {
    const { library, socket } = this;
    const setsockopt = library.declare(
      'int setsockopt(int fd, int level, int name, uintptr_t value, uint32_t valueBytes)',
    );
    return setsockopt(socket, level, name, library.addressOf(value), value.byteLength) === 0;
  }

  private must(isDone: boolean, call: string): void {
    if (!isDone) throw systemError(call, this.library.errno());
  }
}

function usableInterface(library: Libc, socket: number, iface: string): InterfaceFacts {
  const facts = readInterface(library, socket, iface);
  if (facts === null) {
    const names = interfaceNames().join(', ');
    throw new SinkError('interface', `eth://${iface}: there is no interface '${iface}' here; interfaces: ${names}`);
  }
  if (!facts.isEthernet) {
    throw new SinkError('interface', `eth://${iface}: its frames have no Ethernet header; name one that carries them`);
  }
  if (!facts.isUp) {
    throw new SinkError('interface-down', `eth://${iface} is down; bring it up: sudo ip link set dev ${iface} up`);
  }
  return facts;
}

function absent(iface: string): Error {
  if (process.platform !== 'linux') {
    return new UsageError('target', `eth://${iface}: raw Ethernet is sent on Linux alone, this is ${process.platform}`);
  }
  return new SinkError('koffi', `eth://${iface}: raw Ethernet needs koffi: ${libcAbsence()}; npm install koffi`);
}

function refused(iface: string, errno: number): SinkError {
  if (errno !== EPERM && errno !== EACCES) {
    return new SinkError('packet-socket', `eth://${iface}: ${systemError('socket', errno).message}`);
  }
  return new SinkError(
    'capability',
    `eth://${iface} needs the capability CAP_NET_RAW, which this process has not: run it as root, ` +
      `or give it to Node: sudo setcap cap_net_raw+ep ${process.execPath}`,
  );
}
