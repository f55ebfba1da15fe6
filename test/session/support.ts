/** What the session tests share: packets and files built by hand, and a listener that writes down what it hears. */
import type { Damage, Flow, MessageListener, RecordReader, Stream } from '../../src/core/seams.js';

/** Message lengths of ITCH 5.0 as its specification prints them, in no way derived from the project's table. */
// biome-ignore format: a table
const itchLengths: Record<string, number> = {
  S: 12, R: 39, H: 25, Y: 20, L: 26, V: 35, W: 12, K: 28, J: 35, h: 21, A: 36, F: 40,
  E: 31, C: 36, X: 23, D: 19, U: 35, P: 44, Q: 40, B: 19, I: 50, N: 20, O: 48,
};

export const itchTypes: string[] = Object.keys(itchLengths);

export function lengthOf(view: DataView, offset: number): number {
  return itchLengths[String.fromCharCode(view.getUint8(offset))] ?? 0;
}

export function timestampOf(view: DataView, offset: number): number {
  return view.getUint16(offset + 5) * 2 ** 32 + view.getUint32(offset + 7);
}

/** An ITCH message of this type with a time stamp; the other bytes are `fill`. */
export function itch(type: string, timestampNs = 0, fill = 0): Uint8Array {
  const bytes = new Uint8Array(itchLengths[type] as number).fill(fill);
  const view = new DataView(bytes.buffer);
  bytes[0] = type.charCodeAt(0);
  view.setUint16(5, Math.floor(timestampNs / 2 ** 32));
  view.setUint32(7, timestampNs % 2 ** 32);
  return bytes;
}

export function text(string: string): Uint8Array {
  return Uint8Array.from(string, (char) => char.charCodeAt(0));
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** A block or a BinaryFILE record: length and message. */
export function block(message: Uint8Array | string): Uint8Array {
  const bytes = typeof message === 'string' ? text(message) : message;
  return concat(u16(bytes.length), bytes);
}

/** A downstream packet; `count` lies where it is given, `tail` is appended as it is. */
export function mold(
  sequence: number | bigint,
  messages: (Uint8Array | string)[],
  options: { session?: string; count?: number; tail?: Uint8Array } = {},
): Uint8Array {
  const header = Buffer.alloc(20);
  header.write((options.session ?? 'SESSION').padEnd(10, ' '), 'latin1');
  header.writeBigUInt64BE(BigInt(sequence), 10);
  header.writeUInt16BE(options.count ?? messages.length, 18);
  return concat(header, ...messages.map(block), options.tail ?? new Uint8Array(0));
}

export function makeFlow(index = 0, port = 26477): Flow {
  const [source, sourcePort, destination, destinationPort] = ['10.0.0.1', 1000 + index, '233.54.12.111', port];
  const name = `${source}:${sourcePort} > ${destination}:${destinationPort}`;
  return { index, transport: 'UDP', source, sourcePort, destination, destinationPort, name };
}

/** Puts a payload in the middle of other bytes, so that reading from 0 or beyond the end shows. */
export function embed(payload: Uint8Array, margin = 3): { view: DataView; offset: number; length: number } {
  const bytes = new Uint8Array(payload.length + 2 * margin).fill(0xee);
  bytes.set(payload, margin);
  return { view: new DataView(bytes.buffer), offset: margin, length: payload.length };
}

export function latin1(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
}

/** A listener that keeps each event as a line: `message 5 hello`, `gap 2-4`, `damage truncated`. */
export class EventLog implements MessageListener {
  readonly events: string[] = [];
  readonly damages: Damage[] = [];

  onMessage(view: DataView, offset: number, length: number, _ns: number, sequence: number, stream: Stream): void {
    const again = stream.isDuplicate ? ' again' : '';
    this.events.push(`message ${sequence} ${latin1(view, offset, length)}${again}`);
  }

  onGap(from: number, to: number): void {
    this.events.push(`gap ${from}-${to}`);
  }

  onHeartbeat(nextSequence: number): void {
    this.events.push(`heartbeat ${nextSequence}`);
  }

  onEndOfSession(nextSequence: number): void {
    this.events.push(`end ${nextSequence}`);
  }

  onDamage(damage: Damage): void {
    this.events.push(`damage ${damage.code}`);
    this.damages.push(damage);
  }
}

/** Runs a reader over a file cut into chunks of the given lengths (the last repeats); `visit` sees each record. */
export function pump(
  reader: RecordReader,
  file: Uint8Array,
  chunkLengths: readonly number[],
  visit: (reader: RecordReader) => void,
): void {
  let at = 0;
  for (let turn = 0, ended = false; ; turn++) {
    while (reader.next()) visit(reader);
    if (reader.done) return;
    if (ended) throw new Error('the reader asks for more than the whole file');
    if (at >= file.length) {
      reader.end();
      ended = true;
      continue;
    }
    const length = chunkLengths[Math.min(turn, chunkLengths.length - 1)] ?? file.length;
    // A copy: what a reader keeps of a chunk beyond its next push would be overwritten by the fill below.
    const chunk = file.slice(at, at + Math.max(1, length));
    reader.push(chunk);
    at += chunk.length;
  }
}
