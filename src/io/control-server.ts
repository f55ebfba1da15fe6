/**
 * A line protocol over a Unix or TCP socket: each line is a command, each answer a line of JSON.
 *
 * Any number of clients up to a bound; their lines are answered in order. What is no command is answered with what is
 * right, and a line that is too long ends its client.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { SinkError, UsageError } from '../core/errors.js';

/** The longest line that is read. */
export const maxLineBytes = 4096;
/** Clients at a time. */
export const maxClients = 32;

export type ControlAddress = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

/** Answers a line with what is to be sent back as JSON. */
export type LineHandler = (line: string) => Promise<object>;

/** Reads `unix:PATH` or `tcp://HOST:PORT`; without a host it is this machine alone. Throws UsageError. */
export function parseControlAddress(text: string): ControlAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    // Linux keeps 108 bytes for the path, its end included.
    if (path !== '' && Buffer.byteLength(path) < 108) return { kind: 'unix', path };
    const why = path === '' ? 'names no file' : 'is longer than the 107 bytes that the system allows';
    throw new UsageError('control', `--control '${text}' ${why}; write unix:/tmp/replay.sock`);
  }
  const match = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#[\]]*):(\d{1,5})\/?$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) {
    throw new UsageError('control', `--control '${text}' is not understood; write unix:PATH or tcp://127.0.0.1:PORT`);
  }
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '') || '127.0.0.1';
  return { kind: 'tcp', host, port: Number(match[2]) };
}

/** A socket that listens; `address` is where, with the port that the system chose for 0. */
export interface ControlServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Listens; rejects with SinkError where that fails, or a run listens there already. */
export async function openControlServer(at: ControlAddress, handle: LineHandler): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (sockets.size >= maxClients) {
      socket.end(lineOf({ ok: false, error: `there are ${maxClients} clients already` }));
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, handle);
  });
  await listen(server, at);
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  const host = at.kind === 'tcp' && at.host.includes(':') ? `[${at.host}]` : at.kind === 'tcp' ? at.host : '';
  return {
    address: at.kind === 'unix' ? `unix:${at.path}` : `tcp://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        // Answers under way are still written; a client that does not read is not waited for.
        for (const socket of sockets) socket.end(() => socket.destroy());
        setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, 200).unref();
        server.close(() => resolve());
      }),
  };
}

async function listen(server: Server, at: ControlAddress): Promise<void> {
  const name = at.kind === 'unix' ? at.path : `${at.host}:${at.port}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        const listening = (): void => {
          server.off('error', reject);
          resolve();
        };
        if (at.kind === 'unix') server.listen(at.path, listening);
        else server.listen(at.port, at.host, listening);
      });
      return;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isLeft = code === 'EADDRINUSE' && at.kind === 'unix' && attempt === 0 && (await removeStale(at.path));
      if (isLeft) continue;
      const why = code === 'EADDRINUSE' ? 'something listens there already; name another place' : message;
      throw new SinkError('control', `cannot listen on ${name}: ${why}`, { cause: error });
    }
  }
}

/** Removes a socket that a run which is gone has left; false where it is none, or someone answers. */
async function removeStale(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
  });
  if (isAlive) return false;
  unlinkSync(path);
  return true;
}

function serve(socket: Socket, handle: LineHandler): void {
  let rest = '';
  let last: Promise<void> = Promise.resolve();
  const answer = (object: object): void => {
    if (socket.writable) socket.write(lineOf(object));
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      last = last.then(async () => answer(await handle(line)));
    }
    if (Buffer.byteLength(rest) <= maxLineBytes) return;
    rest = '';
    socket.pause();
    last = last.then(() => {
      answer({ ok: false, error: `a line is longer than ${maxLineBytes} bytes` });
      socket.end();
    });
  });
  socket.on('end', () => {
    last = last.then(() => {
      socket.end();
    });
  });
}

function lineOf(object: object): string {
  return `${JSON.stringify(object)}\n`;
}
