/**
 * SoupBinTCP 3.00 section 2: its logical packets, read. `soupbintcp-writer.ts` has the layout and the constants.
 *
 * A packet is plausible where its type is known and its length is the one that the type has.
 */
import {
  LOGIN_ACCEPTED_LENGTH,
  LOGIN_REQUEST_LENGTH,
  SOUP_LENGTH_SIZE,
  SOUP_SEQUENCE_LENGTH,
  SoupType,
} from './soupbintcp-writer.js';

const SPACE = 0x20;
const TILDE = 0x7e;

/** What the packet length field says for each type: 0 stands for any length from 1 on. */
const PACKET_LENGTHS = new Int32Array(256).fill(-1);
for (const type of [SoupType.debug, SoupType.sequencedData, SoupType.unsequencedData]) PACKET_LENGTHS[type] = 0;
PACKET_LENGTHS[SoupType.loginAccepted] = LOGIN_ACCEPTED_LENGTH - SOUP_LENGTH_SIZE;
PACKET_LENGTHS[SoupType.loginRejected] = 2;
PACKET_LENGTHS[SoupType.serverHeartbeat] = 1;
PACKET_LENGTHS[SoupType.endOfSession] = 1;
PACKET_LENGTHS[SoupType.loginRequest] = LOGIN_REQUEST_LENGTH - SOUP_LENGTH_SIZE;
PACKET_LENGTHS[SoupType.clientHeartbeat] = 1;
PACKET_LENGTHS[SoupType.logoutRequest] = 1;

/** The highest sequence number that is taken: no stream counts from there to 2^53, where numbers stop being exact. */
export const MAX_SOUP_SEQUENCE = 2 ** 52;

/** Whether a packet of this type can say this length. */
export function isSoupPacket(packetLength: number, type: number): boolean {
  const expected = PACKET_LENGTHS[type] as number;
  return packetLength > 0 && (expected === packetLength || expected === 0);
}

/** Text without its padding (spaces, NULs); other bytes that do not print appear as `\xNN`. */
export function readSoupText(view: DataView, offset: number, length: number): string {
  let from = offset;
  let to = offset + length;
  while (from < to && isPadding(view.getUint8(from))) from++;
  while (from < to && isPadding(view.getUint8(to - 1))) to--;
  let text = '';
  for (let at = from; at < to; at++) {
    const code = view.getUint8(at);
    const isPrintable = code >= SPACE && code <= TILDE;
    text += isPrintable ? String.fromCharCode(code) : `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return text;
}

/** The sequence number at `offset`, in ASCII; -1 where it is none, or above `MAX_SOUP_SEQUENCE`. */
export function readSoupSequence(view: DataView, offset: number): number {
  const text = readSoupText(view, offset, SOUP_SEQUENCE_LENGTH);
  const sequence = /^\d+$/.test(text) ? Number(text) : -1;
  return sequence <= MAX_SOUP_SEQUENCE ? sequence : -1;
}

function isPadding(code: number): boolean {
  return code === SPACE || code === 0;
}
