/**
 * Classic libpcap captures, version 2.4: draft-ietf-opsawg-pcap (file header, section 4; packet record, section 5),
 * with microsecond and nanosecond time stamps in both byte orders, and two variants with longer record headers.
 *
 * A record says nothing that a reader could find it by, so where a record's header cannot be true the reading stops,
 * or looks for the next plausible one where it is to recover. The header's snap length is not relied on: writers leave
 * it 0 or capture more than it says.
 */
import { FrameReader, MAX_CAPTURED_BYTES } from './frame-reader.js';
import { type Lost, PcapRecovery } from './pcap-recovery.js';

/** Bytes of the file header. */
export const PCAP_HEADER_BYTES = 24;

/** Bytes of the header before each packet. */
export const PCAP_RECORD_HEADER_BYTES = 16;

/** First word of a capture with microseconds, in the byte order of its writer. */
export const PCAP_MAGIC_MICROSECONDS = 0xa1b2c3d4;

/** First word of a capture with nanoseconds, in the byte order of its writer. */
export const PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d;

/** First word of Alexey Kuznetzov's modified libpcap: microseconds, and an interface behind each packet's lengths. */
export const PCAP_MAGIC_KUZNETZOV = 0xa1b2cd34;

/** First word of netsniff-ng's own variant: nanoseconds, and an interface behind each packet's lengths. */
export const PCAP_MAGIC_BORKMANN = 0xa1e2cb12;

/** Bytes of the record header of those two. */
const LONG_RECORD_HEADER_BYTES = 24;

interface Variant {
  readonly headerBytes: number;
  readonly unitsPerSecond: number;
}

/** How records lie in the file, by its first bytes (24 at least): what a walk over them needs; null: it is no pcap. */
export function pcapRecords(view: DataView): { littleEndian: boolean; headerBytes: number } | null {
  const littleEndian = !VARIANTS.has(view.getUint32(0));
  const variant = VARIANTS.get(view.getUint32(0, littleEndian));
  return variant === undefined ? null : { littleEndian, headerBytes: variant.headerBytes };
}

const VARIANTS: ReadonlyMap<number, Variant> = new Map([
  [PCAP_MAGIC_MICROSECONDS, { headerBytes: PCAP_RECORD_HEADER_BYTES, unitsPerSecond: 1_000_000 }],
  [PCAP_MAGIC_NANOSECONDS, { headerBytes: PCAP_RECORD_HEADER_BYTES, unitsPerSecond: 1_000_000_000 }],
  [PCAP_MAGIC_KUZNETZOV, { headerBytes: LONG_RECORD_HEADER_BYTES, unitsPerSecond: 1_000_000 }],
  [PCAP_MAGIC_BORKMANN, { headerBytes: LONG_RECORD_HEADER_BYTES, unitsPerSecond: 1_000_000_000 }],
]);

const ADVICE = '--recover looks for the next plausible packet.';

/** Set in the link type's word where it tells how long the frame check sequence is. */
const FCS_PRESENT = 0x04000000;

/** Reads the frames of a classic capture. */
export class PcapReader extends FrameReader {
  readonly format = 'pcap';
  private opened = false;
  private littleEndian = false;
  private headerBytes = PCAP_RECORD_HEADER_BYTES;
  /** Time stamp fractions in a second, and the nanoseconds of one. */
  private unitsPerSecond = 1_000_000;
  private unitNs = 1000;
  private fcsBytes = 0;
  private recovery: PcapRecovery | null = null;

  override get isBetweenFrames(): boolean {
    return super.isBetweenFrames && this.opened && this.recovery === null;
  }

  next(): boolean {
    if (this.done || !(this.opened || this.open())) return false;
    const { queue, headerBytes } = this;
    if (this.recovery !== null && !this.recovery.settle()) return this.starve(headerBytes);
    const start = queue.offset;
    const available = queue.limit - start;
    const view = queue.view;
    const littleEndian = this.littleEndian;
    const captured = available < headerBytes ? 0 : view.getUint32(start + 8, littleEndian);
    if (captured > MAX_CAPTURED_BYTES) return this.absurd(captured);
    const total = headerBytes + captured;
    if (available < total) return this.starve(total);

    this.packetNumber++;
    this.fileOffset = queue.position;
    this.offset = start + headerBytes;
    const original = view.getUint32(start + 12, littleEndian);
    this.length = captured;
    this.wireLength = original < captured ? captured : original;
    if (this.fcsBytes > 0) this.leaveOutFcs();
    const fraction = view.getUint32(start + 4, littleEndian);
    this.seconds = view.getUint32(start, littleEndian);
    if (fraction < this.unitsPerSecond) this.nanoseconds = fraction * this.unitNs;
    else this.normalise(fraction);
    queue.skip(total);
    return true;
  }

  /** What the file says to stand behind each frame is not the frame's. */
  private leaveOutFcs(): void {
    this.wireLength = Math.max(0, this.wireLength - this.fcsBytes);
    this.length = Math.min(this.length, this.wireLength);
  }

  private open(): boolean {
    const queue = this.queue;
    if (queue.available < PCAP_HEADER_BYTES) return this.starve(PCAP_HEADER_BYTES);
    const view = queue.view;
    const start = queue.offset;
    this.littleEndian = !VARIANTS.has(view.getUint32(start));
    const variant = VARIANTS.get(view.getUint32(start, this.littleEndian));
    if (variant === undefined) {
      return this.stop('not-a-capture', 'The file does not begin as pcap. Check that it is a capture.', 0, 0);
    }
    this.headerBytes = variant.headerBytes;
    this.unitsPerSecond = variant.unitsPerSecond;
    this.unitNs = 1_000_000_000 / variant.unitsPerSecond;
    const major = view.getUint16(start + 4, this.littleEndian);
    const minor = view.getUint16(start + 6, this.littleEndian);
    if (major !== 2 || minor !== 4) {
      const text = `pcap version ${major}.${minor} is not 2.4, the only one in use: the header is damaged or foreign.`;
      return this.stop('pcap-version', `${text} Convert it with its own tool, or repair bytes 4 to 7.`, 0, 0);
    }
    const link = view.getUint32(start + 20, this.littleEndian);
    this.linkType = link & 0xffff;
    this.fcsBytes = (link & FCS_PRESENT) !== 0 ? (link >>> 28) * 2 : 0;
    this.opened = true;
    queue.skip(PCAP_HEADER_BYTES);
    if (this.recover) {
      const { littleEndian, headerBytes, unitsPerSecond } = this;
      this.recovery = new PcapRecovery(queue, { littleEndian, headerBytes, unitsPerSecond }, this.tellSkipped);
    }
    return true;
  }

  /** Waits for more bytes, or reports the record that the end of the file cuts. */
  private starve(needed: number): false {
    const { queue } = this;
    if (!queue.ended) return false;
    const left = queue.available;
    if (left === 0 && this.opened) {
      this.done = true;
      return false;
    }
    const what = this.opened
      ? `packet ${this.packetNumber + 1} needs ${needed} bytes`
      : 'the file header needs 24 bytes';
    const text = `The capture ends early: ${what} and ${left} are there. Copy or capture the file again.`;
    const message = left >= 2 * this.headerBytes ? `${text} Or is a length damaged? ${ADVICE}` : text;
    return this.stop('truncated', message, this.opened ? this.packetNumber + 1 : 0, queue.position);
  }

  private absurd(captured: number): false {
    const text =
      `Packet ${this.packetNumber + 1} claims ${captured} captured bytes, more than ${MAX_CAPTURED_BYTES}: ` +
      `the file is damaged here and nothing behind can be found reliably. Everything before was read. ${ADVICE}`;
    return this.stop('packet-length', text, this.packetNumber + 1, this.queue.position);
  }

  private readonly tellSkipped = (lost: Lost, from: number, at: number): void => {
    const record = this.packetNumber + 1;
    const rest = this.queue.position - from;
    const outcome =
      at < 0
        ? `the ${rest} bytes from there on hold no plausible packet and were skipped`
        : `${rest} bytes were skipped, and byte ${at} is where the next plausible packet begins`;
    this.onDamage({
      code: lost.code,
      message: `The record where packet ${record} should be ${lost.what}: ${outcome}.`,
      record,
      offset: from,
    });
  };

  /** A fraction of a second or more is carried into the seconds. */
  private normalise(fraction: number): void {
    const carry = Math.floor(fraction / this.unitsPerSecond);
    this.seconds += carry;
    this.nanoseconds = (fraction - carry * this.unitsPerSecond) * this.unitNs;
    this.badTimestamps++;
    const unit = this.unitNs === 1 ? 'nanoseconds' : 'microseconds';
    const text =
      `The time stamp's ${fraction} ${unit} are a second or more and were carried into the seconds. ` +
      'Where many packets say so, the file was written in another unit than its first word tells.';
    this.onDamage({ code: 'timestamp', message: text, record: this.packetNumber, offset: this.fileOffset });
  }
}
