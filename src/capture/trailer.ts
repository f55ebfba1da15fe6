/**
 * Time stamps that capture hardware adds to a frame. No standard describes them; the layouts are those that the makers
 * publish and that captures show:
 *
 * - Metamako, Arista 7130: original frame check sequence (4), seconds (4), nanoseconds (4), flags (1), device (2),
 *   port (1), behind the IP packet and its padding.
 * - Exablaze, Cisco Nexus 3550: original frame check sequence (4), device (1), port (1), seconds (4), a 40-bit binary
 *   fraction of a second (5), reserved (1), at the same place.
 * - Arista 7280: ethertype 0xd28b before the frame's own one, subtype 1 (2), version (2), seconds (4, or their low 2)
 *   and nanoseconds (4); in TAI where the version does not say UTC.
 *
 * A frame check sequence may follow a trailer where the capture holds one.
 */

/** Whose stamps are told apart. */
export type TrailerKind = 'Metamako' | 'Exablaze' | 'Arista header' | 'Arista header (TAI)';

/** How far from the packet's own stamp a trailer may be: a day, since either clock may be in local time. */
export const MAX_TRAILER_DISTANCE_SECONDS = 86_400;

/** No such hardware existed before 2000: where the capture's clock began in 1970, padding is no trailer. */
const EARLIEST_SECONDS = 946_684_800;

const TRAILER_BYTES = 16;
const FCS_BYTES = 4;
const ARISTA_TIMESTAMP = 1;

/** Place of the seconds and of what follows them, from a trailer's start. */
const METAMAKO_SECONDS = 4;
const EXABLAZE_SECONDS = 6;

/** The stamp that was found last. */
export class Trailer {
  kind: TrailerKind | null = null;
  /** Whether its time can be taken for the packet's; a switch may say TAI without having been told of it. */
  isUsable = false;
  seconds = 0;
  nanoseconds = 0;

  /** Looks for a trailer between the end of an IP packet and that of its frame, whose own stamp is `seconds`. */
  read(view: DataView, packetEnd: number, frameEnd: number, seconds: number): boolean {
    for (const end of [frameEnd, frameEnd - FCS_BYTES]) {
      const start = end - TRAILER_BYTES;
      if (start < packetEnd) break;
      if (this.readMetamako(view, start + METAMAKO_SECONDS, seconds)) return true;
      if (this.readExablaze(view, start + EXABLAZE_SECONDS, seconds)) return true;
    }
    return false;
  }

  /**
   * Reads the header behind an ethertype 0xd28b; answers its length up to the next ethertype's end, 0 where it is none,
   * -1 where the captured bytes do not hold it.
   */
  readHeader(view: DataView, offset: number, end: number, seconds: number): number {
    if (end - offset < 4) return -1;
    const version = view.getUint16(offset + 2);
    const format = (version >> 4) & 0xf;
    if (view.getUint16(offset) !== ARISTA_TIMESTAMP || format < 1 || format > 2) return 0;
    const secondsBytes = format === 1 ? 4 : 2;
    const length = 4 + secondsBytes + 4 + 2;
    if (end - offset < length) return -1;
    const isUtc = version >> 8 === 1;
    const own = format === 1 ? view.getUint32(offset + 4) : nearest(view.getUint16(offset + 4), seconds);
    this.isUsable = this.take(own, view.getUint32(offset + 4 + secondsBytes), seconds) && isUtc;
    this.kind = isUtc ? 'Arista header' : 'Arista header (TAI)';
    return length;
  }

  private readMetamako(view: DataView, at: number, seconds: number): boolean {
    if (!this.take(view.getUint32(at), view.getUint32(at + 4), seconds)) return false;
    this.kind = 'Metamako';
    return true;
  }

  private readExablaze(view: DataView, at: number, seconds: number): boolean {
    const fraction = view.getUint32(at + 4) * 256 + view.getUint8(at + 8);
    if (!this.take(view.getUint32(at), Math.floor((fraction / 2 ** 40) * 1e9), seconds)) return false;
    this.kind = 'Exablaze';
    return true;
  }

  /** Takes a stamp that is plausible. */
  private take(own: number, nanoseconds: number, seconds: number): boolean {
    if (own < EARLIEST_SECONDS || Math.abs(own - seconds) > MAX_TRAILER_DISTANCE_SECONDS) return false;
    if (nanoseconds >= 1_000_000_000) return false;
    this.seconds = own;
    this.nanoseconds = nanoseconds;
    this.isUsable = true;
    return true;
  }
}

/** The seconds nearest to `seconds` whose low 16 bits are given. */
function nearest(low: number, seconds: number): number {
  const near = seconds - (seconds % 65_536) + low;
  if (near - seconds > 32_768) return near - 65_536;
  return seconds - near > 32_768 ? near + 65_536 : near;
}
