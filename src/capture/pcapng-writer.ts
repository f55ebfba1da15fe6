/**
 * Writes a pcapng (draft-ietf-opsawg-pcapng, version 1.0, little-endian) of one section and one Ethernet interface with
 * nanosecond stamps: section header block, interface description block, and an enhanced packet block for each frame.
 */
import { CaptureWriter } from './capture-writer.js';
import { LINKTYPE_ETHERNET } from './ethernet.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';
import { BYTE_ORDER_MAGIC, ENHANCED_PACKET_BLOCK, INTERFACE_BLOCK, SECTION_HEADER_BLOCK } from './pcapng.js';

/** What wrote the file, as `shb_userappl` says. */
const APPLICATION = 'tickreel';

const OPTION_END = 0;
const OPTION_USER_APPLICATION = 4;
const OPTION_TIME_RESOLUTION = 9;
/** `if_tsresol`: units of 10^-9 s. */
const NANOSECONDS = 9;

const PACKET_HEADER_BYTES = 28;
const TRAILING_LENGTH_BYTES = 4;

/** The last whole second whose nanoseconds all fit an unsigned 64-bit count. */
const MAX_SECONDS = 18_446_744_072;
const MAX_NANOSECONDS = 999_999_999;
/** 10^9 in base 2^16: a time's product with either part stays below 2^53. */
const BILLION_HIGH = 15_258;
const BILLION_LOW = 51_712;
const TWO_TO_16 = 65_536;
const TWO_TO_32 = 4_294_967_296;

/** Its times are of 1970 to 2554; others are clamped and counted. */
export class PcapngWriter extends CaptureWriter {
  protected readonly recordHeaderBytes = PACKET_HEADER_BYTES;

  header(): Uint8Array {
    const section = [BYTE_ORDER_MAGIC, 0x0000_0001, 0xffffffff, 0xffffffff];
    const application = new Uint8Array(APPLICATION.length);
    for (let index = 0; index < application.length; index++) application[index] = APPLICATION.charCodeAt(index);
    return Uint8Array.from([
      ...block(SECTION_HEADER_BLOCK, section, option(OPTION_USER_APPLICATION, application)),
      ...block(
        INTERFACE_BLOCK,
        [LINKTYPE_ETHERNET, MAX_CAPTURED_BYTES],
        option(OPTION_TIME_RESOLUTION, Uint8Array.of(NANOSECONDS)),
      ),
    ]);
  }

  protected surround(into: DataView, at: number, frameLength: number, seconds: number, nanoseconds: number): number {
    const padding = -frameLength & 3;
    const total = PACKET_HEADER_BYTES + frameLength + padding + TRAILING_LENGTH_BYTES;
    into.setUint32(at, ENHANCED_PACKET_BLOCK, true);
    into.setUint32(at + 4, total, true);
    into.setUint32(at + 8, 0, true);
    this.writeStamp(into, at + 12, seconds, nanoseconds);
    into.setUint32(at + 20, frameLength, true);
    into.setUint32(at + 24, frameLength, true);
    const end = at + PACKET_HEADER_BYTES + frameLength;
    for (let index = 0; index < padding; index++) into.setUint8(end + index, 0);
    into.setUint32(end + padding, total, true);
    return total;
  }

  /** The count of nanoseconds, its high word first. */
  private writeStamp(into: DataView, at: number, seconds: number, nanoseconds: number): void {
    const fits = seconds >= 0 && seconds <= MAX_SECONDS;
    if (!fits) this.clampedTimestamps++;
    const whole = fits ? seconds : seconds < 0 ? 0 : MAX_SECONDS;
    const rest = fits ? nanoseconds : seconds < 0 ? 0 : MAX_NANOSECONDS;
    const upper = whole * BILLION_HIGH;
    const lower = (upper % TWO_TO_16) * TWO_TO_16 + whole * BILLION_LOW + rest;
    into.setUint32(at, Math.floor(upper / TWO_TO_16) + Math.floor(lower / TWO_TO_32), true);
    into.setUint32(at + 4, lower % TWO_TO_32, true);
  }
}

/** A block of words and options, its length on both sides. */
function block(type: number, words: readonly number[], options: Uint8Array): Uint8Array {
  const total = 12 + 4 * words.length + options.length;
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of [type, total, ...words].entries()) view.setUint32(4 * index, word, true);
  bytes.set(options, 8 + 4 * words.length);
  view.setUint32(total - TRAILING_LENGTH_BYTES, total, true);
  return bytes;
}

/** One option, padded to a word, and the end of the list. */
function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length + (-value.length & 3) + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  view.setUint16(bytes.length - 4, OPTION_END, true);
  return bytes;
}
