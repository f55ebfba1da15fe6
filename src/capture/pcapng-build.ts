/**
 * Blocks of a pcapng beside its packets (draft-ietf-opsawg-pcapng, version 1.0, little-endian): section header, section
 * 4.1, interface description, 4.2, and interface statistics, 4.6, with their options, 3.5.
 */
import type { EpochTime } from '../core/clock.js';
import { LINKTYPE_ETHERNET } from './ethernet.js';
import { MAX_CAPTURED_BYTES } from './frame-reader.js';
import {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_BLOCK,
  INTERFACE_BLOCK,
  SECTION_HEADER_BLOCK,
  STATISTICS_BLOCK,
} from './pcapng-blocks.js';

/** What wrote the file, as `shb_userappl` says where it is told nothing else. */
const APPLICATION = 'tickreel';

const OPTION_END_BYTES = 4;
const OPTION_HEADER_BYTES = 4;

const OPT_COMMENT = 1;

const SHB_HARDWARE = 2;
const SHB_OS = 3;
const SHB_USERAPPL = 4;

const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const IF_FILTER = 11;
/** `if_tsresol`: units of 10^-9 s. */
const NANOSECONDS = 9;
/** First byte of `if_filter`: a filter of libpcap's language follows. */
const FILTER_OF_LIBPCAP = 0;

const ISB_STARTTIME = 2;
const ISB_ENDTIME = 3;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;
const ISB_USRDELIV = 8;

/** The last whole second whose nanoseconds all fit an unsigned 64-bit count. */
const MAX_SECONDS = 18_446_744_072;
const MAX_NANOSECONDS = 999_999_999;
/** 10^9 in base 2^16: a time's product with either part stays below 2^53. */
const BILLION_HIGH = 15_258;
const BILLION_LOW = 51_712;
const TWO_TO_16 = 65_536;
const TWO_TO_32 = 4_294_967_296;

/** What a section header tells of where the file was made. */
export interface SectionNotes {
  readonly hardware?: string;
  readonly os?: string;
  readonly application?: string;
}

/** What an interface's description tells, beside nanoseconds and Ethernet. */
export interface InterfaceNotes {
  readonly name?: string;
  readonly description?: string;
  /** In libpcap's language. */
  readonly filter?: string;
}

/** What became of an interface's packets between two moments. */
export interface InterfaceStatistics {
  readonly interfaceIndex: number;
  readonly start: EpochTime;
  readonly end: EpochTime;
  /** All that reached the interface, `isb_ifrecv`. */
  readonly received: number;
  /** Those of them that did not reach the file, whoever dropped them: `isb_ifdrop`, as dumpcap counts it. */
  readonly dropped: number;
  /** Those of the dropped that the operating system dropped, `isb_osdrop`; null where it does not say. */
  readonly osDropped: number | null;
  /** Those that are in the file, `isb_usrdeliv`. */
  readonly delivered: number;
}

export function sectionHeader(notes: SectionNotes = {}): Uint8Array {
  const { hardware, os, application = APPLICATION } = notes;
  return block(
    SECTION_HEADER_BLOCK,
    [BYTE_ORDER_MAGIC, 0x0000_0001, 0xffffffff, 0xffffffff],
    [...textOption(SHB_HARDWARE, hardware), ...textOption(SHB_OS, os), ...textOption(SHB_USERAPPL, application)],
  );
}

export function interfaceDescription(notes: InterfaceNotes = {}): Uint8Array {
  const { name, description, filter } = notes;
  return block(
    INTERFACE_BLOCK,
    [LINKTYPE_ETHERNET, MAX_CAPTURED_BYTES],
    [
      ...textOption(IF_NAME, name),
      ...textOption(IF_DESCRIPTION, description),
      option(IF_TSRESOL, Uint8Array.of(NANOSECONDS)),
      ...(filter === undefined ? [] : [option(IF_FILTER, Uint8Array.of(FILTER_OF_LIBPCAP, ...utf8(filter)))]),
    ],
  );
}

export function interfaceStatistics(statistics: InterfaceStatistics): Uint8Array {
  const { interfaceIndex, start, end, received, dropped, osDropped, delivered } = statistics;
  const stamp = stampOf(end);
  return block(
    STATISTICS_BLOCK,
    [interfaceIndex, stamp.getUint32(0, true), stamp.getUint32(4, true)],
    [
      option(ISB_STARTTIME, bytesOf(stampOf(start))),
      option(ISB_ENDTIME, bytesOf(stamp)),
      option(ISB_IFRECV, uint64(received)),
      option(ISB_IFDROP, uint64(dropped)),
      ...(osDropped === null ? [] : [option(ISB_OSDROP, uint64(osDropped))]),
      option(ISB_USRDELIV, uint64(delivered)),
    ],
  );
}

/** Writes a time as its count of nanoseconds, the high word first; false where it was clamped to 1970 or 2554. */
export function writeStamp(into: DataView, at: number, seconds: number, nanoseconds: number): boolean {
  const fits = seconds >= 0 && seconds <= MAX_SECONDS;
  const whole = fits ? seconds : seconds < 0 ? 0 : MAX_SECONDS;
  const rest = fits ? nanoseconds : seconds < 0 ? 0 : MAX_NANOSECONDS;
  const upper = whole * BILLION_HIGH;
  const lower = (upper % TWO_TO_16) * TWO_TO_16 + whole * BILLION_LOW + rest;
  into.setUint32(at, Math.floor(upper / TWO_TO_16) + Math.floor(lower / TWO_TO_32), true);
  into.setUint32(at + 4, lower % TWO_TO_32, true);
  return fits;
}

/** Writes a count below 2^53. */
export function writeUint64(into: DataView, at: number, count: number): void {
  into.setUint32(at, count % TWO_TO_32, true);
  into.setUint32(at + 4, Math.floor(count / TWO_TO_32), true);
}

/** A block of words and options, its length on both sides. */
function block(type: number, words: readonly number[], options: readonly Uint8Array[]): Uint8Array {
  const optionBytes = options.reduce((sum, { length }) => sum + length, OPTION_END_BYTES);
  const total = 12 + 4 * words.length + optionBytes;
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const word of [type, total, ...words]) {
    view.setUint32(at, word, true);
    at += 4;
  }
  for (const one of options) {
    bytes.set(one, at);
    at += one.length;
  }
  view.setUint32(total - 4, total, true);
  return bytes;
}

/** One option, padded to a word. */
function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(OPTION_HEADER_BYTES + value.length + (-value.length & 3));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, OPTION_HEADER_BYTES);
  return bytes;
}

function textOption(code: number, text: string | undefined): Uint8Array[] {
  return text === undefined || text === '' ? [] : [option(code, utf8(text))];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function stampOf({ seconds, nanoseconds }: EpochTime): DataView {
  const view = new DataView(new ArrayBuffer(8));
  writeStamp(view, 0, seconds, nanoseconds);
  return view;
}

function uint64(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  writeUint64(view, 0, count);
  return bytesOf(view);
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * An enhanced packet block, section 4.3, of a frame of which `wireLength` bytes were on the wire, with a comment for
 * whoever reads it (`opt_comment`).
 */
export function enhancedPacket(
  frame: Uint8Array,
  wireLength: number,
  { seconds, nanoseconds }: EpochTime,
  comment?: string,
): Uint8Array {
  const stamp = stampOf({ seconds, nanoseconds });
  const padded = frame.length + (-frame.length & 3);
  const words = new Uint8Array(20 + padded);
  const view = new DataView(words.buffer);
  view.setUint32(4, stamp.getUint32(0, true), true);
  view.setUint32(8, stamp.getUint32(4, true), true);
  view.setUint32(12, frame.length, true);
  view.setUint32(16, wireLength, true);
  words.set(frame, 20);
  const all = Array.from({ length: words.length / 4 }, (_, index) => view.getUint32(index * 4, true));
  return block(ENHANCED_PACKET_BLOCK, all, textOption(OPT_COMMENT, comment));
}
