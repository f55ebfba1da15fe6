/** Steers a replay of the built command over its control socket. */
import { connect } from 'node:net';
import type { Readable } from 'node:stream';

/** Waits until the command says where it takes commands. */
export async function addressOf(stderr: Readable): Promise<string> {
  const [address] = await saidBy(stderr, /taking commands at (\S+)/);
  return address as string;
}

/** Waits until the command has said all of these; answers with what each has in parentheses. */
export async function saidBy(stderr: Readable, ...patterns: RegExp[]): Promise<string[]> {
  let text = '';
  for await (const part of stderr.iterator({ destroyOnReturn: false })) {
    text += part;
    const found = patterns.flatMap((pattern) => pattern.exec(text)?.[1] ?? []);
    if (found.length === patterns.length) return found;
  }
  throw new Error(`not said: ${text}`);
}

/** One client; each line is sent once the one before was answered. */
export async function converse(address: string, lines: readonly string[]): Promise<Record<string, unknown>[]> {
  const url = address.startsWith('tcp:') ? new URL(address) : null;
  const socket = url === null ? connect(address.slice('unix:'.length)) : connect(Number(url.port), url.hostname);
  const answers: Record<string, unknown>[] = [];
  socket.setEncoding('utf8');
  let rest = '';
  const parts = socket[Symbol.asyncIterator]();
  for (const line of lines) {
    socket.write(`${line}\n`);
    while (!rest.includes('\n')) {
      const { value, done } = await parts.next();
      if (done) return answers;
      rest += value;
    }
    const end = rest.indexOf('\n');
    answers.push(JSON.parse(rest.slice(0, end)));
    rest = rest.slice(end + 1);
  }
  socket.destroy();
  return answers;
}
