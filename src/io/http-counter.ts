/** A counter that is read by HTTP: a GET for each reading, on a connection of its own; none that leads elsewhere. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { SinkError } from '../core/errors.js';
import type { AckCounter } from './ack-counter.js';
import { countReader, metricNames, type ReadCount } from './counter-text.js';

/** Longer answers are refused. */
const mostBytes = 16 << 20;
const askWithinMs = 5000;

/**
 * The text that a GET of the address answers. Rejects with SinkError: `counter-refused` (nobody listens there),
 * `counter-status` (another answer than 200), `counter-silent` (none in time), `counter-broken` (it broke off, or is
 * too long, or its address cannot be asked). `ended` breaks it off, and it rejects as `counter-broken`.
 */
export async function readHttp(url: string, withinMs: number, ended?: AbortSignal): Promise<string> {
  const { get } = await import(url.startsWith('https:') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    let request: ClientRequest | undefined;
    const fail = (code: string, why: string): void => {
      clearTimeout(timer);
      request?.destroy();
      reject(new SinkError(code, `the counter at ${url} ${why}`));
    };
    const timer = setTimeout(() => fail('counter-silent', `did not answer within ${withinMs} ms`), withinMs);
    const take = (answer: IncomingMessage): void => {
      if (answer.statusCode !== 200) {
        const why = `${answer.statusCode} ${answer.statusMessage ?? ''}`.trim();
        fail('counter-status', `answered ${why}, where 200 was wanted`);
        return;
      }
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes > mostBytes) fail('counter-broken', `answered more than ${mostBytes} bytes`);
      });
      answer.on('end', () => {
        clearTimeout(timer);
        resolve(Buffer.concat(parts).toString('utf8'));
      });
      answer.on('error', (error) => fail('counter-broken', `broke off: ${error.message}`));
    };
    const refuse = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'ECONNREFUSED') fail('counter-refused', 'cannot be reached: nobody listens there');
      else fail('counter-broken', `cannot be read: ${error.code ?? error.message}`);
    };
    try {
      request = get(url, { agent: false, signal: ended }, take) as ClientRequest;
      request.on('error', refuse);
    } catch (error) {
      refuse(error as Error);
    }
  });
}

/** The number that a text of the address shows; throws SinkError `counter-absent` where it shows none. */
export function countIn(text: string, read: ReadCount, selector: string | null, url: string): number {
  const count = read(text);
  if (count !== null) return count;
  const names = metricNames(text);
  const there = names.length > 0 ? `: there are ${names.join(', ')}` : '';
  throw new SinkError('counter-absent', `the counter at ${url} has no ${selector ?? 'number'}${there}`);
}

/** One number, asked for whenever it is wanted; one question is under way at a time. */
export class HttpCounter implements AckCounter {
  count: number | null = null;
  failure: string | null = null;
  private readonly read: ReadCount;
  private isAsking = false;
  private readonly ended = new AbortController();

  /** Throws UsageError where the selector picks no number. */
  constructor(
    private readonly url: string,
    private readonly selector: string,
  ) {
    this.read = countReader(selector, url);
  }

  /** Asks for the first number; rejects with SinkError where there is none. */
  async open(): Promise<this> {
    this.count = await this.number();
    return this;
  }

  ask(): void {
    if (this.isAsking || this.ended.signal.aborted || this.failure !== null) return;
    this.isAsking = true;
    void this.number()
      .then((count) => {
        this.count = count;
      })
      .catch((error: Error) => {
        if (!this.ended.signal.aborted) this.failure = error.message;
      })
      .finally(() => {
        this.isAsking = false;
      });
  }

  close(): void {
    this.ended.abort();
  }

  private async number(): Promise<number> {
    return countIn(await readHttp(this.url, askWithinMs, this.ended.signal), this.read, this.selector, this.url);
  }
}
