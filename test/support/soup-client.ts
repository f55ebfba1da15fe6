/** A SoupBinTCP client written from the specification alone: its own framing, nothing of the project's. */
import { connect, type Socket } from 'node:net';

export interface SoupLoginFields {
  username?: string;
  password?: string;
  session?: string;
  sequence?: number | string;
}

export interface SoupClientOptions extends SoupLoginFields {
  port: number;
  host?: string;
  /** Sends heartbeats so often; never where not given. */
  heartbeatMs?: number;
  /** False: connects and sends nothing. */
  login?: boolean;
  /** Goes on sending heartbeats when the server has closed its side. */
  allowHalfOpen?: boolean;
}

/** A packet as it goes over the wire. */
export function soupPacket(type: string, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload as string, 'latin1');
  const packet = Buffer.alloc(3 + body.length);
  packet.writeUInt16BE(1 + body.length, 0);
  packet.write(type, 2, 'latin1');
  body.copy(packet, 3);
  return packet;
}

export function loginRequest({ username = '', password = '', session = '', sequence = 1 }: SoupLoginFields): Buffer {
  const fields = [username.padEnd(6), password.padEnd(10), session.padStart(10), String(sequence).padStart(20)];
  return soupPacket('L', fields.join(''));
}

/** Keeps every packet that comes, in order, as `type` and payload. */
export class SoupClient {
  messageCount = 0;
  readonly packets: { type: string; payload: Buffer }[] = [];
  /** Resolves once the connection is closed, in whatever way. */
  readonly closed: Promise<void>;
  readonly socket: Socket;
  private left = Buffer.alloc(0);
  private readonly waiting: { until: (client: SoupClient) => boolean; done: () => void }[] = [];
  private isClosed = false;

  constructor(options: SoupClientOptions) {
    const { port, host = '127.0.0.1', heartbeatMs, login = true, allowHalfOpen = false } = options;
    this.socket = connect({ port, host, allowHalfOpen });
    this.socket.on('error', () => {});
    if (login) this.socket.write(loginRequest(options));
    this.socket.on('data', (chunk) => this.take(chunk));
    const timer = setInterval(() => this.socket.write(soupPacket('R')), heartbeatMs ?? 1e9);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        clearInterval(timer);
        this.isClosed = true;
        this.wake();
        resolve();
      });
    });
  }

  /** Payloads of the sequenced data. */
  get messages(): Buffer[] {
    return this.packets.filter(({ type }) => type === 'S').map(({ payload }) => payload);
  }

  /** Types of all packets but sequenced data, in order: `AHHZ`. */
  get control(): string {
    return this.packets
      .map(({ type }) => type)
      .filter((type) => type !== 'S')
      .join('');
  }

  /** Session and sequence number of the login accepted packet, as they are padded. */
  get accepted(): string[] {
    const { payload } = this.packets.find(({ type }) => type === 'A') ?? { payload: Buffer.alloc(0) };
    return [payload.toString('latin1', 0, 10), payload.toString('latin1', 10)];
  }

  /** Resolves once what has come satisfies `until`; rejects where the connection closes before. */
  async until(until: (client: SoupClient) => boolean): Promise<this> {
    if (!until(this) && !this.isClosed) {
      await new Promise<void>((done) => this.waiting.push({ until, done }));
    }
    if (!until(this)) throw new Error(`closed after ${this.control} and ${this.messageCount} messages`);
    return this;
  }

  send(type: string, payload: Uint8Array | string = ''): void {
    this.socket.write(soupPacket(type, payload));
  }

  private take(chunk: Buffer): void {
    let bytes = Buffer.concat([this.left, chunk]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const end = 2 + bytes.readUInt16BE(0);
      const type = bytes.toString('latin1', 2, 3);
      this.packets.push({ type, payload: bytes.subarray(3, end) });
      if (type === 'S') this.messageCount++;
      bytes = bytes.subarray(end);
    }
    this.left = bytes;
    this.wake();
  }

  private wake(): void {
    for (let index = this.waiting.length - 1; index >= 0; index--) {
      const entry = this.waiting[index];
      if (!this.isClosed && !entry.until(this)) continue;
      this.waiting.splice(index, 1);
      entry.done();
    }
  }
}
