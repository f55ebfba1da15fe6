/**
 * Reassembly of fragmented datagrams: IPv4 (RFC 791 section 3.2, RFC 815) and IPv6 (RFC 8200 section 4.5, RFC 5722).
 *
 * Fragments may come in any order and more than once. Where they overlap, IPv4 keeps what came first; IPv6 gives the
 * whole datagram up, but for exact repetitions. What is held is bounded, and timed out by the packets' own stamps:
 * every packet ends up in a datagram, in `merged` or skipped under a reason.
 */
import type { DamageHandler } from '../core/seams.js';
import type { SkipCounts } from './skip-counts.js';

/** The most datagrams that are put together at a time; for a further one the oldest is given up. */
export const MAX_ASSEMBLIES = 256;

/** The longest datagram, and what each of them holds at most. */
export const MAX_DATAGRAM_BYTES = 65_535;

/** The most fragments of one datagram, repetitions included. */
export const MAX_FRAGMENTS = 2048;

/** How long after its first fragment a datagram is given up. */
export const FRAGMENT_TIMEOUT_SECONDS = 30;

/** The most datagrams given up that are reported one by one; all of them are counted. */
export const MAX_FRAGMENT_REPORTS = 100;

/** How many datagrams are remembered once they are complete, so that fragments of them seen again are known. */
export const MAX_REMEMBERED = 64;

/** Reason of fragments that came again when their datagram had been completed, as where a switch mirrors twice. */
export const REPEATED = 'fragments seen again behind their datagram';

/** Reason of fragments whose datagram never became whole. */
export const INCOMPLETE = 'fragments of an incomplete datagram';

const OVERLAPPING = 'fragments of an IPv6 datagram with overlaps';
const INCONSISTENT = 'fragments that disagree on where the datagram ends';
const TOO_MANY = 'too many fragments of one datagram';

/** Offsets count in units of eight bytes. */
const UNIT_BYTES = 8;
const UNITS = (MAX_DATAGRAM_BYTES + 1) / UNIT_BYTES;
/** Version and protocol, identification, and two addresses of up to four words each. */
const KEY_WORDS = 10;

/** What happened to a fragment. */
export type FragmentVerdict = 'held' | 'skipped' | 'complete';

/** Where a fragment is from. */
export interface FragmentOrigin {
  seconds: number;
  nanoseconds: number;
  packetNumber: number;
  fileOffset: number;
}

/** A datagram under way. */
class Assembly {
  readonly key = new Int32Array(KEY_WORDS);
  readonly bytes = new Uint8Array(UNITS * UNIT_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  /** 1 for each unit that is there. */
  readonly marks = new Uint8Array(UNITS);
  /** How many units are there. */
  units = 0;
  /** Length of the whole; -1 until the last fragment was seen. */
  total = -1;
  /** End of the furthest fragment. */
  reach = 0;
  packets = 0;
  protocol = 0;
  seconds = 0;
  nanoseconds = 0;
  packetNumber = 0;
  fileOffset = 0;
  /** Why the datagram was given up although it stays to catch what comes of it later; empty where it was not. */
  given = '';
  /** True where a datagram of the same key was completed not long before. */
  isRepeated = false;
}

/** Puts datagrams together. */
export class Fragments {
  /** Packets that became part of a datagram which another packet completed. */
  merged = 0;
  /** Packets held of datagrams under way. */
  held = 0;
  /** Fragments that were there before, byte for byte. */
  duplicates = 0;
  /** Fragments that share bytes with others of their datagram. */
  overlaps = 0;
  /** Datagrams put together. */
  completed = 0;
  /** Datagrams given up. */
  incomplete = 0;
  /** Whether no fragment was met. */
  untouched = true;
  /** The datagram that `add` completed: valid until a fragment of another packet is added. */
  view: DataView = new DataView(new ArrayBuffer(0));
  length = 0;
  /** Protocol number of its first fragment. */
  protocol = 0;
  private readonly key = new Int32Array(KEY_WORDS);
  private readonly underWay: Assembly[] = [];
  private readonly idle: Assembly[] = [];
  /** Completed in the packet at hand, whose buffers a datagram within it may still be read from. */
  private readonly spent: Assembly[] = [];
  private spentPacket = 0;
  /** Keys of the datagrams completed last, by turns. */
  private readonly remembered = Array.from({ length: MAX_REMEMBERED }, () => new Int32Array(KEY_WORDS));
  private reports = 0;

  constructor(
    private readonly skips: SkipCounts,
    private readonly onDamage: DamageHandler,
  ) {}

  /** Says which IPv4 datagram the next fragment belongs to. */
  forIpv4(source: number, destination: number, protocol: number, identification: number): void {
    this.key.fill(0);
    this.key[0] = (4 << 8) | protocol;
    this.key[1] = identification;
    this.key[2] = source;
    this.key[3] = destination;
  }

  /** Says which IPv6 datagram the next fragment belongs to. */
  forIpv6(view: DataView, addresses: number, identification: number): void {
    this.key[0] = 6 << 8;
    this.key[1] = identification;
    for (let word = 2; word < KEY_WORDS; word++) this.key[word] = view.getInt32(addresses + (word - 2) * 4);
  }

  /** Takes the bytes from `start` to `end` of a view as those from `offset` on of the datagram told before. */
  add(
    view: DataView,
    start: number,
    end: number,
    offset: number,
    more: boolean,
    protocol: number,
    origin: FragmentOrigin,
  ): FragmentVerdict {
    this.untouched = false;
    this.recycle(origin.packetNumber);
    this.expire(origin);
    const length = end - start;
    if (offset + length > MAX_DATAGRAM_BYTES) return this.skip('fragment beyond the longest datagram');
    if (length === 0 || (more && length % UNIT_BYTES !== 0)) return this.skip('fragment of a length that cannot be');
    const assembly = this.find() ?? this.begin(origin);
    assembly.packets++;
    this.held++;
    if (assembly.given !== '') return this.giveUp(assembly, assembly.given);
    if (assembly.packets > MAX_FRAGMENTS) return this.giveUp(assembly, TOO_MANY);
    const known = assembly.total;
    assembly.reach = Math.max(assembly.reach, offset + length);
    if (!more) assembly.total = offset + length;
    const total = assembly.total;
    if (total >= 0 && (assembly.reach > total || (known >= 0 && known !== total))) {
      return this.giveUp(assembly, INCONSISTENT);
    }
    if (!this.fill(assembly, view, start, length, offset)) return this.giveUp(assembly, OVERLAPPING);
    if (offset === 0) assembly.protocol = protocol;
    return total >= 0 && assembly.units * UNIT_BYTES >= total ? this.complete(assembly) : 'held';
  }

  /** Gives up all that is under way: the capture has ended. */
  flush(): void {
    for (const assembly of this.underWay) this.drop(assembly, 'the capture ended');
    this.underWay.length = 0;
  }

  /** Copies what is not there yet; false where an IPv6 datagram is to be given up for an overlap. */
  private fill(assembly: Assembly, view: DataView, start: number, length: number, offset: number): boolean {
    const { bytes, marks } = assembly;
    const from = new Uint8Array(view.buffer, view.byteOffset + start, length);
    let repeated = 0;
    let differs = false;
    for (let at = 0; at < length; at += UNIT_BYTES) {
      const unit = (offset + at) / UNIT_BYTES;
      const piece = from.subarray(at, at + UNIT_BYTES);
      if (marks[unit] === 0) {
        marks[unit] = 1;
        assembly.units++;
        bytes.set(piece, offset + at);
      } else {
        repeated += piece.length;
        differs ||= piece.some((byte, index) => byte !== bytes[offset + at + index]);
      }
    }
    if (repeated === 0) return true;
    if (repeated === length && !differs) this.duplicates++;
    else {
      this.overlaps++;
      if (isIpv6(assembly)) return false;
    }
    return true;
  }

  private complete(assembly: Assembly): 'complete' {
    this.underWay.splice(this.underWay.indexOf(assembly), 1);
    this.spent.push(assembly);
    this.held -= assembly.packets;
    this.merged += assembly.packets - 1;
    assembly.packets = 0;
    (this.remembered[this.completed % MAX_REMEMBERED] as Int32Array).set(assembly.key);
    this.completed++;
    this.view = assembly.view;
    this.length = assembly.total;
    this.protocol = assembly.protocol;
    return 'complete';
  }

  /** Counts a datagram's packets as skipped and keeps it, so that later fragments of it are known for what they are. */
  private giveUp(assembly: Assembly, reason: string): 'skipped' {
    if (assembly.given === '') {
      assembly.given = reason;
      this.incomplete++;
      this.report(assembly, `has ${reason}`);
    }
    this.release(assembly, reason);
    return 'skipped';
  }

  private drop(assembly: Assembly, why: string): void {
    if (assembly.given === '' && !assembly.isRepeated) {
      this.incomplete++;
      this.report(assembly, `was not complete when ${why}: ${assembly.packets} of its fragments were there`);
    }
    this.release(assembly, assembly.isRepeated ? REPEATED : INCOMPLETE);
    this.idle.push(assembly);
  }

  private release(assembly: Assembly, reason: string): void {
    if (assembly.packets > 0) this.skips.add(reason, '', assembly.packets);
    this.held -= assembly.packets;
    assembly.packets = 0;
  }

  private skip(reason: string): 'skipped' {
    this.skips.add(reason);
    return 'skipped';
  }

  private find(): Assembly | undefined {
    return this.underWay.find((one) => this.isAtHand(one.key));
  }

  private isAtHand(key: Int32Array): boolean {
    return key.every((word, index) => word === this.key[index]);
  }

  private begin(origin: FragmentOrigin): Assembly {
    if (this.underWay.length >= MAX_ASSEMBLIES) {
      this.drop(this.underWay.shift() as Assembly, `${MAX_ASSEMBLIES} others were under way`);
    }
    const assembly = this.idle.pop() ?? new Assembly();
    assembly.key.set(this.key);
    assembly.marks.fill(0);
    assembly.units = 0;
    assembly.total = -1;
    assembly.reach = 0;
    assembly.given = '';
    assembly.isRepeated = this.remembered.some((key) => this.isAtHand(key));
    assembly.seconds = origin.seconds;
    assembly.nanoseconds = origin.nanoseconds;
    assembly.packetNumber = origin.packetNumber;
    assembly.fileOffset = origin.fileOffset;
    this.underWay.push(assembly);
    return assembly;
  }

  /** Gives up what is older than the time-out; a stamp that goes back makes nothing old. */
  private expire(origin: FragmentOrigin): void {
    const { underWay } = this;
    for (let index = underWay.length - 1; index >= 0; index--) {
      const assembly = underWay[index] as Assembly;
      const age = origin.seconds - assembly.seconds - (origin.nanoseconds < assembly.nanoseconds ? 1 : 0);
      if (age < FRAGMENT_TIMEOUT_SECONDS) continue;
      underWay.splice(index, 1);
      this.drop(assembly, `${FRAGMENT_TIMEOUT_SECONDS} seconds had gone by`);
    }
  }

  private recycle(packetNumber: number): void {
    if (packetNumber === this.spentPacket) return;
    this.spentPacket = packetNumber;
    this.idle.push(...this.spent);
    this.spent.length = 0;
  }

  private report(assembly: Assembly, what: string): void {
    this.reports++;
    if (this.reports > MAX_FRAGMENT_REPORTS) return;
    const last = this.reports === MAX_FRAGMENT_REPORTS ? ' Further ones are counted only.' : '';
    const message =
      `The fragmented datagram that begins with packet ${assembly.packetNumber} ${what}. It was left out: ` +
      `capture where none of its fragments is lost.${last}`;
    const { packetNumber, fileOffset } = assembly;
    this.onDamage({ code: 'fragments', message, record: packetNumber, offset: fileOffset });
  }
}

function isIpv6(assembly: Assembly): boolean {
  return (assembly.key[0] as number) >> 8 === 6;
}
