/**
 * Golden records: what a capture decoded to, as digests in lines of text.
 *
 * A block is a run of messages with numbers in a row, cut where numbers are multiples of the block's size, so that a
 * message more or less changes its own block alone. Its line has the first number, a digest of all of it, and four
 * hexadecimal digits for each message (of MDP with a dot between packets): the digest tells that a block differs, the
 * digits which message does. The last line chains the digests of all blocks.
 */
import { createHash, type Hash } from 'node:crypto';
import { UsageError } from '../core/errors.js';
import type { ComparedMessage, MessageOrder } from './message.js';

/** The first line. */
export const goldenMagic = 'tickreel golden 1';
/** Numbers of a block unless told otherwise. */
export const defaultBlock = 64;
/** Messages of a block at most: packets of MDP have many under one number. */
const mostMessages = 1024;
const digestDigits = 16;
const shortDigits = 4;

/** One block as its line says it. */
export interface GoldenBlock {
  /** Of the record's streams, from 1. */
  readonly stream: number;
  readonly epoch: number;
  readonly first: number;
  /** How many messages with the first number lie in the block before. */
  readonly nth: number;
  readonly digest: string;
  /** Of each message, by its place. */
  readonly messages: readonly (MessageOrder & { readonly short: string })[];
}

/** The text of a message that its digests are of: its number and values, and nothing of when it was captured. */
export function digestedText({ order, values }: ComparedMessage): string {
  return `${order?.number ?? 0}#${order?.nth ?? 0} ${JSON.stringify(values)}`;
}

/** Four hexadecimal digits of a text: FNV-1a of 32 bits, folded. */
export function shortDigest(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 16)) & 0xffff).toString(16).padStart(shortDigits, '0');
}

interface OpenBlock {
  readonly stream: number;
  readonly epoch: number;
  readonly first: number;
  readonly nth: number;
  readonly hash: Hash;
  shorts: string;
  count: number;
  last: number;
}

/** Writes the lines of streams and blocks as messages come; `onLine` takes them without their ends. */
export class GoldenWriter {
  messages = 0;
  readonly types = new Map<string, number>();
  private readonly streams = new Map<string, number>();
  private readonly open = new Map<number, OpenBlock>();
  private readonly chain = createHash('sha256');

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly blockSize = defaultBlock,
  ) {}

  add(message: ComparedMessage, text = digestedText(message)): void {
    const { order = { epoch: 0, number: this.messages, nth: 0 }, protocol, type, name } = message;
    const stream = this.streamOf(message.stream);
    this.messages++;
    const key = `${protocol} ${type} ${name ?? '-'}`;
    this.types.set(key, (this.types.get(key) ?? 0) + 1);
    let block = this.open.get(stream);
    if (block !== undefined && !this.goesOn(block, order, protocol === 'mdp3')) {
      this.close(block);
      block = undefined;
    }
    if (block === undefined) {
      const { epoch, number, nth } = order;
      const hash = createHash('sha256');
      block = { stream, epoch, first: number, nth, hash, shorts: '', count: 0, last: number };
      this.open.set(stream, block);
    } else if (protocol === 'mdp3' && order.number !== block.last) block.shorts += '.';
    block.hash.update(text).update('\n');
    block.shorts += shortDigest(text);
    block.count++;
    block.last = order.number;
  }

  /** Closes what is open; returns the digest of the chain. */
  end(): string {
    for (const block of this.open.values()) this.close(block);
    this.open.clear();
    return this.chain.digest('hex');
  }

  private streamOf(text: string): number {
    let stream = this.streams.get(text);
    if (stream === undefined) {
      stream = this.streams.size + 1;
      this.streams.set(text, stream);
      this.onLine(`stream ${stream} ${text}`);
    }
    return stream;
  }

  private goesOn(block: OpenBlock, { epoch, number, nth }: MessageOrder, isPackets: boolean): boolean {
    if (epoch !== block.epoch || block.count >= mostMessages) return false;
    if (number === block.last) return isPackets && nth > 0;
    return number === block.last + 1 && nth === 0 && number % this.blockSize !== 0;
  }

  private close({ stream, epoch, first, nth, hash, shorts }: OpenBlock): void {
    const line = `block ${stream} ${epoch} ${first} ${nth} ${hash.digest('hex').slice(0, digestDigits)} ${shorts}`;
    this.chain.update(line).update('\n');
    this.onLine(line);
  }
}

/** Reads the line of a block; `isPackets`: numbers are those of packets. Throws UsageError where it is none. */
export function parseBlock(line: string, isPackets: (stream: number) => boolean, where: string): GoldenBlock {
  const match = /^block (\d+) (\d+) (\d+) (\d+) ([0-9a-f]{16}) ([0-9a-f.]+)$/.exec(line);
  if (match === null) throw new UsageError('golden', `${where}: no line of a golden record: ${line.slice(0, 60)}`);
  const [stream, epoch, first, nth] = match.slice(1, 5).map(Number) as [number, number, number, number];
  const messages: (MessageOrder & { short: string })[] = [];
  let number = first;
  for (const packet of isPackets(stream) ? (match[6] as string).split('.') : [match[6] as string]) {
    for (let at = 0; at + shortDigits <= packet.length; at += shortDigits) {
      const short = packet.slice(at, at + shortDigits);
      const place = at / shortDigits;
      if (isPackets(stream)) messages.push({ epoch, number, nth: place + (number === first ? nth : 0), short });
      else messages.push({ epoch, number: number + place, nth: place === 0 ? nth : 0, short });
    }
    number++;
  }
  return { stream, epoch, first, nth, digest: match[5] as string, messages };
}
