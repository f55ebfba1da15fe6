/**
 * SoupBinTCP 3.00 section 2: its logical packets, written.
 *
 *     offset  length  field
 *          0       2  packet length, big endian: the bytes behind it, so 1 more than the payload's
 *          2       1  packet type
 *          3       …  payload
 *
 * Sequence numbers are decimals padded with spaces on the left, and so is a session's name; user name and password are
 * padded on the right. Each function writes at `offset` and returns the offset behind the packet.
 */
import { UsageError } from '../core/errors.js';

/** Bytes of the packet length field, which it does not count. */
export const SOUP_LENGTH_SIZE = 2;
/** Bytes in front of the payload: packet length and type. */
export const SOUP_HEADER_LENGTH = 3;
export const SOUP_SESSION_LENGTH = 10;
export const SOUP_SEQUENCE_LENGTH = 20;
export const SOUP_USERNAME_LENGTH = 6;
export const SOUP_PASSWORD_LENGTH = 10;
/** Bytes of the longest payload that the packet length can tell. */
export const MAX_SOUP_PAYLOAD = 65_534;
/** Bytes of a whole login accepted packet. */
export const LOGIN_ACCEPTED_LENGTH = SOUP_HEADER_LENGTH + SOUP_SESSION_LENGTH + SOUP_SEQUENCE_LENGTH;
/** Bytes of a whole login request packet. */
export const LOGIN_REQUEST_LENGTH = LOGIN_ACCEPTED_LENGTH + SOUP_USERNAME_LENGTH + SOUP_PASSWORD_LENGTH;

/** Packet types by name; each is an ASCII character. */
export const SoupType = {
  debug: 0x2b,
  loginAccepted: 0x41,
  loginRejected: 0x4a,
  sequencedData: 0x53,
  serverHeartbeat: 0x48,
  endOfSession: 0x5a,
  loginRequest: 0x4c,
  unsequencedData: 0x55,
  clientHeartbeat: 0x52,
  logoutRequest: 0x4f,
} as const;

/** Why a login is refused: `A` not authorized, `S` session not available. */
export type SoupRejectReason = 'A' | 'S';

/** What a client asks for when it logs in; sequence 0 is the most recent message, session '' the current one. */
export interface SoupLogin {
  readonly username: string;
  readonly password: string;
  readonly session: string;
  readonly sequence: number;
}

const SPACE = 0x20;

export function writeLoginRequest(view: DataView, offset: number, login: SoupLogin): number {
  let at = writeSoupHeader(view, offset, SoupType.loginRequest, LOGIN_REQUEST_LENGTH - SOUP_HEADER_LENGTH);
  at = writeText(view, at, SOUP_USERNAME_LENGTH, login.username, 'right', 'a user name');
  at = writeText(view, at, SOUP_PASSWORD_LENGTH, login.password, 'right', 'a password');
  at = writeText(view, at, SOUP_SESSION_LENGTH, login.session, 'left', 'a session');
  return writeSequence(view, at, login.sequence);
}

/** `sequence` is the number of the next sequenced message to be sent. */
export function writeLoginAccepted(view: DataView, offset: number, session: string, sequence: number): number {
  let at = writeSoupHeader(view, offset, SoupType.loginAccepted, LOGIN_ACCEPTED_LENGTH - SOUP_HEADER_LENGTH);
  at = writeText(view, at, SOUP_SESSION_LENGTH, session, 'left', 'a session');
  return writeSequence(view, at, sequence);
}

export function writeLoginRejected(view: DataView, offset: number, reason: SoupRejectReason): number {
  const at = writeSoupHeader(view, offset, SoupType.loginRejected, 1);
  view.setUint8(at, reason.charCodeAt(0));
  return at + 1;
}

/** Writes a packet of any type with the payload at `from` of `source`, at most `MAX_SOUP_PAYLOAD` bytes. */
export function writeSoupPacket(
  view: DataView,
  offset: number,
  type: number,
  source: DataView,
  from: number,
  length: number,
): number {
  const at = writeSoupHeader(view, offset, type, length);
  const payload = new Uint8Array(source.buffer, source.byteOffset + from, length);
  new Uint8Array(view.buffer, view.byteOffset + at, length).set(payload);
  return at + length;
}

/** Text beyond ASCII is written as question marks. */
export function writeDebug(view: DataView, offset: number, text: string): number {
  let at = writeSoupHeader(view, offset, SoupType.debug, text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    view.setUint8(at++, code < 0x80 ? code : 0x3f);
  }
  return at;
}

/** Writes packet length and type, all there is of heartbeats, end of session and logout requests. */
export function writeSoupHeader(view: DataView, offset: number, type: number, payloadLength = 0): number {
  if (payloadLength > MAX_SOUP_PAYLOAD) {
    const text = `a SoupBinTCP packet carries at most ${MAX_SOUP_PAYLOAD} bytes, not ${payloadLength}`;
    throw new UsageError('soup-payload', text);
  }
  view.setUint16(offset, payloadLength + 1);
  view.setUint8(offset + SOUP_LENGTH_SIZE, type);
  return offset + SOUP_HEADER_LENGTH;
}

/** Throws UsageError where the text does not fit the session field as SoupBinTCP has it. */
export function checkSoupSession(name: string): void {
  checkText(name, SOUP_SESSION_LENGTH, 'a session');
}

function writeSequence(view: DataView, offset: number, sequence: number): number {
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new UsageError('sequence', `a sequence number is a whole number from 0, not ${sequence}`);
  }
  return writeText(view, offset, SOUP_SEQUENCE_LENGTH, String(sequence), 'left', 'a sequence number');
}

/** Pads with spaces on the side that `pad` names. */
function writeText(
  view: DataView,
  offset: number,
  length: number,
  text: string,
  pad: 'left' | 'right',
  what: string,
): number {
  checkText(text, length, what);
  const start = pad === 'left' ? length - text.length : 0;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index - start);
    view.setUint8(offset + index, Number.isNaN(code) ? SPACE : code);
  }
  return offset + length;
}

function checkText(text: string, length: number, what: string): void {
  if (text.length <= length && /^[\x20-\x7e]*$/.test(text)) return;
  throw new UsageError(
    'soup-text',
    `${what} of SoupBinTCP is at most ${length} printable ASCII characters, not "${text}"`,
  );
}
