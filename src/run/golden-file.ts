/** A golden record as a file: what stands above and below its blocks, and reading it. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { InputSpec } from '../analysis/input.js';
import type { MessageFeed } from '../analysis/message-feed.js';
import { type GoldenBlock, goldenMagic, parseBlock } from '../compare/golden.js';
import { CaptureError, UsageError } from '../core/errors.js';
import { openTextLines, type TextLines } from '../io/text-lines.js';
import { itch50 } from '../protocol/itch50/index.js';

/** What stands above the blocks, by the first word of its lines. */
export interface GoldenHead {
  readonly tool: string;
  readonly blockSize: number;
  readonly captures: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** The name of the full decode beside the record; null where there is none. */
  readonly full: string | null;
}

/** What stands below the blocks. */
export interface GoldenFoot {
  readonly messages: number;
  readonly types: ReadonlyMap<string, number>;
  readonly damage: ReadonlyMap<string, number>;
  readonly gaps: number;
  readonly schemas: ReadonlyMap<string, string>;
  readonly chain: string;
  /** Of the full decode; null where there is none. */
  readonly fullHash: string | null;
}

const mostLine = 1 << 20;
const hashPrefix = 'sha256:';

/** SHA-256 of a file as it is stored; rejects with CaptureError where it cannot be read. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new CaptureError('unreadable', `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  return hash.digest('hex');
}

/** The lines above the blocks. */
export async function headLines(
  tool: string,
  { paths }: InputSpec,
  blockSize: number,
  full: string | null,
): Promise<string[]> {
  const captures = await Promise.all(
    paths.map(async (path) => `capture ${statSync(path).size} sha256:${await fileHash(path)} ${basename(path)}`),
  );
  const beside = full === null ? [] : [`full ${full}`];
  return [goldenMagic, `tool ${tool}`, `block-size ${blockSize}`, ...captures, ...beside];
}

/** The lines below the blocks, the chain left out: counts and the schemas' digests, in order of their names. */
export function footLines(feed: MessageFeed, messages: number, types: ReadonlyMap<string, number>): string[] {
  const gaps = feed.demux.sessions().reduce((sum, session) => sum + session.missing, 0);
  const schemas = new Set([...types.keys()].map((key) => key.split(' ')[0] as string));
  return [
    `messages ${messages}`,
    ...[...types].sort().map(([type, count]) => `type ${type} ${count}`),
    ...[...feed.damage.counts].sort().map(([code, count]) => `damage ${code} ${count}`),
    `gaps ${gaps}`,
    ...[...schemas].sort().map((protocol) => `schema ${protocol} ${schemaDigest(protocol, feed)}`),
  ];
}

function schemaDigest(protocol: string, { protocols }: MessageFeed): string {
  const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);
  const schema = protocol === 'itch50' ? itch50.messages : protocols.mdp3.catalogue.codecs.map((codec) => codec.schema);
  return `sha256:${createHash('sha256').update(JSON.stringify(schema, plain)).digest('hex')}`;
}

/** A golden record being read, line by line; throws UsageError or CaptureError where it is none. */
export class GoldenFile {
  readonly head: GoldenHead;
  /** Known once `next` was null. */
  foot: GoldenFoot | null = null;
  /** What each stream is called. */
  readonly streams = new Map<number, string>();
  private readonly lines: TextLines;
  private waiting: string | null;
  private number = 0;

  constructor(private readonly path: string) {
    this.lines = openTextLines(path, mostLine);
    if (this.line() !== goldenMagic) {
      this.close();
      throw new UsageError('golden', `${path} is no golden record of this version: it begins otherwise`);
    }
    const words = new Map<string, string>();
    const captures: GoldenHead['captures'][number][] = [];
    let line = this.line();
    for (; line !== null && /^(?:tool|block-size|capture|full) /.test(line); line = this.line()) {
      const [word = '', first = '', second = '', ...rest] = line.split(' ');
      if (word !== 'capture') words.set(word, line.slice(word.length + 1));
      else captures.push({ bytes: Number(first), sha256: second.slice(hashPrefix.length), name: rest.join(' ') });
    }
    this.waiting = line;
    this.head = {
      tool: words.get('tool') ?? '',
      blockSize: Number(words.get('block-size') ?? Number.NaN),
      captures,
      full: words.get('full') ?? null,
    };
    if (this.head.blockSize >= 1 && captures.length > 0) return;
    this.close();
    throw this.cut();
  }

  /** The path of the full decode beside it; null where it has none. Throws UsageError where it was there and is not. */
  get fullPath(): string | null {
    const { full } = this.head;
    if (full === null) return null;
    const path = join(dirname(this.path), basename(full));
    if (existsSync(path)) return path;
    throw new UsageError('golden', `${this.path}: the decode that it was made with is missing: ${path}`);
  }

  /** The next block; null behind the last, where `foot` is known. */
  next(): GoldenBlock | null {
    if (this.foot !== null) return null;
    for (let line = this.waiting ?? this.line(); line !== null; line = this.line()) {
      this.waiting = null;
      const stream = /^stream (\d+) (.*)$/.exec(line);
      if (stream !== null) this.streams.set(Number(stream[1]), stream[2] as string);
      else if (line.startsWith('block ')) {
        return parseBlock(line, (id) => this.streams.get(id)?.startsWith('MDP3') === true, this.where);
      } else {
        this.readFoot(line);
        return null;
      }
    }
    throw this.cut();
  }

  close(): void {
    this.lines.close();
  }

  private get where(): string {
    return `${this.path}, line ${this.number}`;
  }

  private line(): string | null {
    this.number++;
    return this.lines.next();
  }

  private readFoot(first: string): void {
    const types = new Map<string, number>();
    const damage = new Map<string, number>();
    const schemas = new Map<string, string>();
    const single = new Map<string, string>();
    for (let line: string | null = first; line !== null; line = this.line()) {
      const [word = '', ...rest] = line.split(' ');
      const last = rest.pop() ?? '';
      if (word === 'type') types.set(rest.join(' '), Number(last));
      else if (word === 'damage') damage.set(rest.join(' '), Number(last));
      else if (word === 'schema') schemas.set(rest.join(' '), last);
      else if (['messages', 'gaps', 'chain', 'full-hash'].includes(word)) single.set(word, last);
      else throw new UsageError('golden', `${this.where}: no line of a golden record: ${line.slice(0, 60)}`);
    }
    const chain = single.get('chain');
    if (chain === undefined) throw this.cut();
    const [messages, gaps] = [Number(single.get('messages')), Number(single.get('gaps'))];
    const fullHash = single.get('full-hash')?.slice(hashPrefix.length) ?? null;
    this.foot = { messages, types, damage, gaps, schemas, chain: chain.slice(hashPrefix.length), fullHash };
  }

  private cut(): UsageError {
    return new UsageError('golden', `${this.path} ends early: it is no whole golden record; make it again`);
  }
}
