/** A decoded message as comparisons see it: what it says, where it came from, and what tells it from its neighbours. */

/** Where a message was met. */
export interface MessagePlace {
  /** The capture, decode or parser that it is of. */
  readonly file: string;
  /** 1-based number of the packet, BinaryFILE record or output line; 0 where unknown. */
  readonly packet: number;
  /** Byte offset of that packet in the (uncompressed) file; -1 where unknown. */
  readonly offset: number;
  /** Number in its session, of MDP its packet's; null where it has none. */
  readonly sequence: number | null;
  readonly session: string | null;
  /** Place among the messages of its packet, from 0. */
  readonly index: number;
  /** The capture's stamp, ns since the epoch as a decimal; null where unknown. */
  readonly timestampNs: string | null;
}

/** One side's message. `values` are as in JSON: 64-bit integers and decimals as strings, none as null. */
export interface ComparedMessage {
  readonly place: MessagePlace;
  /** `itch50` or `mdp3`. */
  readonly protocol: string;
  readonly type: string;
  readonly name: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** The application message as it was on the wire; null where only a decode is at hand. */
  readonly bytes: Uint8Array | null;
  /** False of a message of unknown layout, which has its bytes for values. */
  readonly isKnown: boolean;
  /** The same on both sides for one message; null where there is nothing to know it by but its place. */
  readonly key: string | null;
  /** What is numbered together: reordering counts within it. */
  readonly stream: string;
  /** Its place in the stream, of messages that were read from a capture. */
  readonly order?: MessageOrder;
  /** Whether it came over TCP, of such messages. */
  readonly isOfTcp?: boolean;
}

/** Where a message stands in its stream. */
export interface MessageOrder {
  /** How often numbers began anew before it. */
  readonly epoch: number;
  /** Its number, of MDP its packet's; where it has none how many came before it, and it. */
  readonly number: number;
  /** How many messages with this number came right before it. */
  readonly nth: number;
}

/** `packet 5 byte 1234, TICKREEL01 sequence 17`, as far as it is known. */
export function placeText({ packet, offset, session, sequence, index }: MessagePlace): string {
  const where = packet > 0 ? `packet ${packet}${offset >= 0 ? `, byte ${offset}` : ''}` : '';
  const number = sequence === null ? '' : `${session === null ? '' : `${session} `}sequence ${sequence}`;
  const inner = index > 0 ? `message ${index + 1} of its packet` : '';
  return [where, number, inner].filter((text) => text !== '').join(', ') || 'place unknown';
}

/** `A AddOrder`, or the type alone. */
export function typeText({ type, name }: Pick<ComparedMessage, 'type' | 'name'>): string {
  return name === null || name === '' ? type : `${type} ${name}`;
}

const shownValues = 160;

/** A message in one short line, for those around a divergence. */
export function summaryText(message: ComparedMessage): string {
  const values = Object.entries(message.values)
    .filter(([key]) => key !== 'type' && key !== 'name')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const text = `${placeText(message.place)}: ${typeText(message)} ${values}`;
  return text.length > shownValues ? `${text.slice(0, shownValues)}…` : text;
}
