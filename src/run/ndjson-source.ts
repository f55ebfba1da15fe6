/** Messages out of a decode in NDJSON, as `decode` writes it and golden records keep it; plain, gzip or Zstandard. */
import type { FileDamage } from '../analysis/damage-log.js';
import type { ComparedMessage, MessagePlace } from '../compare/message.js';
import { CaptureError } from '../core/errors.js';
import { type ByteSource, openBytes } from '../io/byte-source.js';
import type { Keying, MessageSource } from './message-source.js';
import { LineReader } from './parser-output.js';

/** Keys that say where a message is from, and nothing of the message. */
const placeKeys: ReadonlySet<string> = new Set([
  ...(['file', 'packet', 'offset', 'index', 'timestampNs', 'sequence', 'protocol', 'session'] as const),
  ...(['channel', 'feed', 'sendingTimeNs', 'key', 'wire'] as const),
]);

/** Made by `openNdjson`. */
export class NdjsonMessages implements MessageSource {
  private readonly reader: LineReader;
  private packet: unknown = null;
  private index = 0;
  private count = 0;
  private peeked: readonly ComparedMessage[] | null = null;
  private damage = 0;

  private source!: ByteSource;

  private constructor(
    private readonly path: string,
    private keying: Keying,
  ) {
    this.reader = new LineReader(path, ({ ...values }, { number }) => this.message(values, number));
  }

  /** Opens the file; rejects with CaptureError. `onDamage` is told where it cannot be read, or inflated, to its end. */
  static async open(
    path: string,
    keying: Keying,
    onDamage: (damage: FileDamage) => void = () => {},
  ): Promise<NdjsonMessages> {
    const messages = new NdjsonMessages(path, keying);
    messages.source = await openBytes(path, {
      onDamage(damage) {
        messages.damage++;
        onDamage({ file: path, ...damage });
      },
    });
    return messages;
  }

  /** Messages are known by their numbers alone; to be said before the first is asked for. */
  ignoreSession(): void {
    this.keying = 'number';
    this.peeked = this.peeked?.map((message) => ({ ...message, key: this.keyFor(message) })) ?? null;
  }

  /** Whether the first message names its session; reads it. Rejects with CaptureError where there are no messages. */
  async peekSession(): Promise<boolean> {
    this.peeked = await this.next();
    return (
      this.peeked === null || this.peeked.every(({ place, protocol }) => protocol === 'mdp3' || place.session !== null)
    );
  }

  /** Lines that are no JSON objects, and where it could not be read on. */
  get rubbish(): number {
    return this.reader.rubbish + this.damage;
  }

  async next(): Promise<readonly ComparedMessage[] | null> {
    if (this.peeked !== null) {
      const { peeked } = this;
      this.peeked = null;
      return peeked;
    }
    for (;;) {
      const chunk = await this.source.read();
      const messages = chunk === null ? this.reader.end() : this.reader.push(chunk);
      if (this.count === 0 && this.reader.firstRubbish !== null) {
        throw new CaptureError(
          'not-ndjson',
          `${this.path} is neither a capture nor NDJSON: ${this.reader.firstRubbish}.`,
        );
      }
      if (messages.length > 0) return messages;
      if (chunk === null) return null;
    }
  }

  async close(): Promise<void> {
    await this.source.close();
  }

  private message(values: Readonly<Record<string, unknown>>, line: number): ComparedMessage {
    const { packet, offset, timestampNs, sequence, session, protocol, sendingTimeNs } = values;
    this.count++;
    const number = typeof sequence === 'number' ? sequence : null;
    const where = `${packet} ${sendingTimeNs}`;
    this.index = where === this.packet ? this.index + 1 : 0;
    this.packet = where;
    const index = typeof values.index === 'number' ? values.index : this.index;
    const name = typeof session === 'string' ? session : null;
    const place: MessagePlace = {
      file: this.path,
      packet: typeof packet === 'number' ? packet : line,
      offset: typeof offset === 'number' ? offset : -1,
      sequence: number ?? (name === null && protocol !== 'mdp3' ? this.count : null),
      session: name,
      index,
      timestampNs: typeof timestampNs === 'string' ? timestampNs : null,
    };
    const own = Object.fromEntries(Object.entries(values).filter(([key]) => !placeKeys.has(key)));
    return {
      place,
      protocol: String(protocol ?? ''),
      type: String(values.type ?? ''),
      name: typeof values.name === 'string' ? values.name : null,
      values: own,
      bytes: typeof values.wire === 'string' ? Buffer.from(values.wire, 'hex') : null,
      isKnown: true,
      key: this.ownKey(values.key) ?? this.keyOf(place, protocol === 'mdp3' ? String(sendingTimeNs ?? '') : null),
      stream: `${protocol} ${name ?? ''}`,
    };
  }

  /** Of a message of ITCH that was read with its session's name. */
  private keyFor({ key, place, protocol }: ComparedMessage): string | null {
    return protocol === 'mdp3' || place.sequence === null ? key : `${place.sequence}`;
  }

  /** A golden record's decode says what its messages are known by. */
  private ownKey(key: unknown): string | null {
    return this.keying === 'stream' && typeof key === 'string' ? key : null;
  }

  private keyOf({ sequence, session, index }: MessagePlace, sendingTimeNs: string | null): string {
    if (this.keying === 'place') return `${this.count - 1}`;
    if (sendingTimeNs !== null) return `${sequence}@${sendingTimeNs}#${index}`;
    const prefix = this.keying === 'number' || session === null ? '' : `${session} `;
    return sequence === null ? `${prefix}?${this.count}` : `${prefix}${sequence}`;
  }
}
