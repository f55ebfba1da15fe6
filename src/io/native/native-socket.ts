/** A UDP socket as the C library opens it: non-blocking, its options set by number. */
import { isIP } from 'node:net';
import { type Libc, systemError } from './libc.js';
import { readAddress, readPort, socketAddressBytes, writeSocketAddress } from './socket-address.js';
import { AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from './socket-numbers.js';

/** Longest value of an option that is read or written here. */
const optionBytes = 64;
const AF_UNSPEC = 0;
/** Ports that are tried before it is given up to bind one. */
const portTries = 20;

export class NativeSocket {
  readonly descriptor: number;
  readonly family: 4 | 6;
  private readonly libc: Libc;
  private readonly memory = new DataView(new ArrayBuffer(optionBytes + 8));
  private readonly address: number;
  private isOpen = true;

  /** Throws a system error where there is no socket to be had. */
  constructor(libc: Libc, family: 4 | 6) {
    this.libc = libc;
    this.family = family;
    this.address = libc.addressOf(this.memory.buffer as ArrayBuffer);
    const open = libc.declare('int socket(int domain, int type, int protocol)');
    const domain = family === 6 ? AF_INET6 : AF_INET;
    this.descriptor = this.checked('socket', open(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }

  bind(address: string, port: number): void {
    const length = writeSocketAddress(this.libc, this.memory, 0, address, port);
    const call = this.libc.declare('int bind(int fd, uintptr_t address, uint32_t length)');
    this.checked('bind', call(this.descriptor, this.address, length));
  }

  /**
   * Binds to any address and a port of the system's choice, by its number: only so does the port stay through
   * `disconnect`.
   */
  bindAny(): void {
    const any = this.family === 6 ? '::' : '0.0.0.0';
    for (let tries = 1; ; tries++) {
      const probe = new NativeSocket(this.libc, this.family);
      probe.bind(any, 0);
      const { port } = probe.localAddress();
      probe.close();
      try {
        this.bind(any, port);
        return;
      } catch (error) {
        // Another program took it in between.
        if (tries === portTries) throw error;
      }
    }
  }

  /** Gives the socket one destination; false where the system refuses that one. */
  connect(address: string, port: number): boolean {
    return this.connectTo(writeSocketAddress(this.libc, this.memory, 0, address, port));
  }

  /** Takes the destination back; where the socket is bound stays. */
  disconnect(): void {
    this.memory.setUint16(0, AF_UNSPEC, true);
    this.connectTo(socketAddressBytes);
  }

  /** Where the socket is bound. */
  localAddress(): { address: string; port: number } {
    const call = this.libc.declare('int getsockname(int fd, uintptr_t address, uintptr_t length)');
    this.memory.setUint32(optionBytes, socketAddressBytes, true);
    this.checked('getsockname', call(this.descriptor, this.address, this.address + optionBytes));
    return { address: readAddress(this.memory, 0), port: readPort(this.memory, 0) };
  }

  /** Sets an option to an integer; throws a system error where that is refused. */
  set(level: number, option: number, value: number): void {
    this.setWords(level, option, value);
  }

  /** Sets an option that is several integers, as a struct of them. */
  setWords(level: number, option: number, ...values: number[]): void {
    for (const [index, value] of values.entries()) this.memory.setInt32(4 * index, value, true);
    this.apply(level, option, 4 * values.length);
  }

  /** Sets an option that is bytes. */
  setBytes(level: number, option: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes);
    this.apply(level, option, bytes.length);
  }

  /** Sets an option where the system lets it be set; says whether it did. */
  tries(level: number, option: number, value: number): boolean {
    try {
      this.set(level, option, value);
      return true;
    } catch {
      return false;
    }
  }

  /** An integer of an option's value, the first unless another is named; NaN where the system has no such option. */
  get(level: number, option: number, word = 0): number {
    const call = this.libc.declare('int getsockopt(int fd, int level, int option, uintptr_t value, uintptr_t length)');
    this.memory.setUint32(optionBytes, optionBytes, true);
    const result = call(this.descriptor, level, option, this.address, this.address + optionBytes);
    const isThere = result === 0 && this.memory.getUint32(optionBytes, true) >= 4 * (word + 1);
    return isThere ? this.memory.getInt32(4 * word, true) : Number.NaN;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.libc.declare('int close(int fd)')(this.descriptor);
  }

  private connectTo(length: number): boolean {
    const call = this.libc.declare('int connect(int fd, uintptr_t address, uint32_t length)');
    return call(this.descriptor, this.address, length) === 0;
  }

  private apply(level: number, option: number, length: number): void {
    const call = this.libc.declare('int setsockopt(int fd, int level, int option, uintptr_t value, uint32_t length)');
    this.checked('setsockopt', call(this.descriptor, level, option, this.address, length));
  }

  private checked(call: string, result: number): number {
    if (result < 0) throw systemError(call, this.libc.errno());
    return result;
  }
}

/** The family of a literal address. */
export function familyOf(address: string): 4 | 6 {
  return isIP(address) === 6 ? 6 : 4;
}
