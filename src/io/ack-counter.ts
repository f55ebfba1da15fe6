/**
 * The counter of a receiver, by which a sender learns how much has arrived.
 *
 * The protocol is lines of text, each a decimal number: packets received so far, since whenever. Only differences
 * count, and what stands behind the number is ignored. Over a socket the sender writes an empty line when it wants to
 * know, and the receiver answers with one; a receiver that only writes, as often as it likes, will do. In a file the
 * last line counts, so it may be overwritten or appended to. A receiver that shows its figures by HTTP is asked there.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { SinkError, UsageError } from '../core/errors.js';
import { countReader } from './counter-text.js';
import { fileMark } from './file-mark.js';
import { HttpCounter } from './http-counter.js';

export type AckAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'http'; readonly url: string; readonly selector: string };

/** How often a file is read, and written. */
const fileEveryMs = 5;
/** A line and its end are shorter than this. */
const longestLine = 64;
const connectWithinMs = 5000;

/**
 * Reads `tcp://HOST:PORT`, `unix:PATH`, `file:PATH` or `http://HOST:PORT/PATH#NUMBER`, where the number is picked as
 * `countReader` has it; throws UsageError.
 */
export function parseAckAddress(text: string): AckAddress {
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]+):(\d{1,5})$/.exec(text);
  if (tcp && Number(tcp[2]) <= 65535) {
    return { kind: 'tcp', host: tcp[1].replace(/^\[|\]$/g, ''), port: Number(tcp[2]) };
  }
  const local = /^(unix|file):(?:\/\/(?=\/))?(.+)$/.exec(text);
  if (local) return { kind: local[1] as 'unix' | 'file', path: local[2] };
  const [, url = '', selector = ''] = /^(https?:\/\/[^\s#]+)#(.+)$/s.exec(text) ?? [];
  if (URL.canParse(url)) {
    countReader(selector, `--ack ${text}`);
    return { kind: 'http', url, selector };
  }
  const all = 'tcp://HOST:PORT, unix:PATH, file:PATH or http://HOST:PORT/PATH#METRIC';
  throw new UsageError('ack', `--ack '${text}' is not ${all}`);
}

export function formatAckAddress(address: AckAddress): string {
  if (address.kind === 'http') return `${address.url}#${address.selector}`;
  if (address.kind !== 'tcp') return `${address.kind}:${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** A counter as it was last heard of. */
export interface AckCounter {
  /** Null before the first number. */
  readonly count: number | null;
  /** Asks for a newer number, where asking is of use. */
  ask(): void;
  /** Why there is nothing more to be heard; null while there is. */
  readonly failure: string | null;
  close(): void;
}

/** How a counter is opened. */
export interface AckOptions {
  /** A receiver that is only starting has so long to listen: 5000 ms unless given, 0 for one attempt. */
  readonly withinMs?: number;
  /** Of a file: its `fileMark` while it is none of this receiver's; it is not read before it is another. */
  readonly staleMark?: string | null;
}

/** Begins to listen to a receiver's counter; rejects with SinkError where it cannot be reached. */
export async function openAckCounter(address: AckAddress, options: AckOptions = {}): Promise<AckCounter> {
  const { withinMs = connectWithinMs, staleMark = null } = options;
  if (address.kind === 'file') return new FileCounter(address.path, staleMark);
  if (address.kind !== 'http') {
    const socket = await retried(address, withinMs, () => connectOnce(address));
    return new SocketCounter(address, socket);
  }
  return retried(address, withinMs, () => new HttpCounter(address.url, address.selector).open());
}

class SocketCounter implements AckCounter {
  count: number | null = null;
  failure: string | null = null;
  readonly #socket: Socket;
  #rest = '';

  constructor(address: SocketAddress, socket: Socket) {
    this.#socket = socket;
    const end = (why: string) => (): void => {
      this.failure ??= `the counter at ${formatAckAddress(address)} ${why}`;
    };
    socket.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    socket.on('error', end('broke off')).on('close', end('closed the connection'));
  }

  ask(): void {
    if (this.failure === null) this.#socket.write('\n');
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) this.count = numberOf(line) ?? this.count;
  }
}

class FileCounter implements AckCounter {
  count: number | null = null;
  failure: string | null = null;
  readonly #path: string;
  readonly #bytes = Buffer.alloc(2 * longestLine);
  #timer: NodeJS.Timeout;
  #staleMark: string | null;

  constructor(path: string, staleMark: string | null) {
    this.#path = path;
    this.#staleMark = staleMark;
    this.#timer = setInterval(() => this.ask(), fileEveryMs);
  }

  /** Reads the end of the file, which may not be there yet, or be empty while it is written anew. */
  ask(): void {
    let file: number;
    if (this.#staleMark !== null && fileMark(this.#path) === this.#staleMark) return;
    this.#staleMark = null;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return;
    }
    try {
      const from = Math.max(0, fstatSync(file).size - this.#bytes.length);
      const text = this.#bytes.toString('utf8', 0, readSync(file, this.#bytes, 0, this.#bytes.length, from));
      const lines = text.split('\n');
      // A line that is still being written lacks its end; a file without any is one number.
      const line = lines.length > 1 ? lines.at(-2) : lines[0];
      this.count = numberOf(line ?? '') ?? this.count;
    } catch {
      // A folder, say, shows no number.
    } finally {
      closeSync(file);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/**
 * Serves a counter; `close` lets go of the socket or file. Rejects with SinkError where that cannot be opened, and with
 * UsageError for one by HTTP.
 */
export async function serveAckCounter(address: AckAddress, count: () => number): Promise<{ close(): void }> {
  if (address.kind === 'http') {
    throw new UsageError('ack', 'this counter is told at tcp://HOST:PORT, unix:PATH or file:PATH, and not by HTTP');
  }
  if (address.kind === 'file') return serveFile(address.path, count);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true).on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    const answer = (): void => {
      socket.write(`${count()}\n`);
    };
    // What a client asks with does not matter, only that it asks.
    socket.on('data', answer);
    answer();
  });
  if (address.kind === 'unix') rmSync(address.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new SinkError('ack', `cannot serve the counter at ${formatAckAddress(address)}: ${cause.message}`, { cause }),
      );
    });
    server.listen(
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
      resolve,
    );
  });
  return {
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function serveFile(path: string, count: () => number): { close(): void } {
  const write = (): void => {
    try {
      writeFileSync(path, `${count()}\n`);
    } catch (cause) {
      throw new SinkError('ack', `cannot write the counter to ${path}: ${(cause as Error).message}`, { cause });
    }
  };
  write();
  const timer = setInterval(write, fileEveryMs);
  return {
    close: () => {
      clearInterval(timer);
      write();
    },
  };
}

type SocketAddress = Extract<AckAddress, { kind: 'tcp' | 'unix' }>;

/** A receiver that is only starting may take a while to listen. */
async function retried<T>(address: AckAddress, withinMs: number, attempt: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (Date.now() < untilMs) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const why = (cause as Error).message;
      throw new SinkError('ack', `no counter at ${formatAckAddress(address)}: ${why}; start the receiver first`, {
        cause,
      });
    }
  }
}

function connectOnce(address: SocketAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const to = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    const socket = createConnection(to);
    socket.setNoDelay(true).once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function numberOf(line: string): number | null {
  const match = /^\s*(\d{1,16})(?!\d)/.exec(line);
  return match === null ? null : Number(match[1]);
}
