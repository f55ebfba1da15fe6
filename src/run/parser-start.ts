/** A program under test as it is started: its words with what it is told filled in, its bounds, when it is ready. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { InputSpec } from '../analysis/input.js';
import { UsageError } from '../core/errors.js';
import { Child } from '../io/child-process.js';
import type { ParserSpec } from './parser-spec.js';

/** How long a program that reads UDP has to begin listening where it does not say that it is ready. */
const startMs = 500;

/** A program that runs, and where it is to be fed by UDP; '' where it is not. */
export interface StartedProgram {
  readonly child: Child;
  readonly address: string;
}

/** Starts it; `countPort`: told as {count-port}, 0 for none. Rejects with UsageError where the address is none. */
export async function startProgram(spec: ParserSpec, input: InputSpec, countPort = 0): Promise<StartedProgram> {
  const [capture = ''] = input.paths;
  const port = spec.feed === 'udp' ? await portOf(spec.address) : 0;
  const told = { capture, port: `${port}`, 'count-port': `${countPort}` };
  const words = spec.command.map((word) =>
    Object.entries(told).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, () => value), word),
  );
  const child = new Child(words, {
    cwd: spec.folder,
    env: {
      TICKREEL_CAPTURE: capture,
      ...(port > 0 ? { TICKREEL_PORT: `${port}` } : {}),
      ...(countPort > 0 ? { TICKREEL_COUNT_PORT: `${countPort}` } : {}),
    },
    silenceMs: spec.silenceMs,
    maxMemoryBytes: spec.maxMemoryBytes,
  });
  return { child, address: port === 0 ? '' : spec.address.replace(/:0(?=\?|$)/, `:${port}`) };
}

/** Waits until a program that reads UDP listens; resolves false where it ended first, or was late and was ended. */
export async function untilReady(child: Child, spec: ParserSpec): Promise<boolean> {
  if (spec.ready === null) {
    await new Promise((resolve) => setTimeout(resolve, startMs));
    return true;
  }
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), spec.silenceMs).unref());
  const answer = await Promise.race([child.untilErrorMatches(new RegExp(spec.ready)), late]);
  if (answer === 'late') child.kill('timeout');
  return answer === true;
}

/** The port of `udp://HOST:PORT`; a free one for 0. */
async function portOf(address: string): Promise<number> {
  const port = Number(/:(\d{1,5})(?:\?.*)?$/.exec(address)?.[1] ?? Number.NaN);
  if (!address.startsWith('udp://') || !(port <= 65_535)) {
    throw new UsageError('parser', `address ${address}: wants udp://HOST:PORT, with port 0 for a free one`);
  }
  if (port !== 0) return port;
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, '127.0.0.1', resolve));
  const free = socket.address().port;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return free;
}

/** A port of TCP that was free a moment ago. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
