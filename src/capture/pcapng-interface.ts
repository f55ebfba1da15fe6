/** Interfaces of pcapng: their descriptions (draft-ietf-opsawg-pcapng section 4.2) and statistics (section 4.6). */
import type { InterfaceDescription } from './frame-reader.js';
import type { OptionCursor } from './pcapng-options.js';
import { BINARY_RESOLUTION, Timescale } from './timescale.js';

const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const IF_TSOFFSET = 14;

const ISB_IFRECV = 4;
const ISB_IFDROP = 5;
const ISB_FILTERACCEPT = 6;
const ISB_OSDROP = 7;
const ISB_USRDELIV = 8;

/** Lengths that the values of options have. */
const LENGTHS: ReadonlyMap<number, readonly [name: string, bytes: number]> = new Map([
  [IF_TSRESOL, ['if_tsresol', 1]],
  [IF_FCSLEN, ['if_fcslen', 1]],
  [IF_TSOFFSET, ['if_tsoffset', 8]],
]);

/** One interface of a section: what its packets are read with, and what is said of it. */
export class PcapngInterface {
  timescale = new Timescale();
  /** Bytes of frame check sequence at the end of each packet. */
  fcsBytes = 0;
  private name: string | null = null;
  private text: string | null = null;
  private received: number | null = null;
  private dropped: number | null = null;
  private accepted: number | null = null;
  private osDropped: number | null = null;
  private delivered: number | null = null;

  constructor(
    readonly linkType: number,
    /** Most bytes kept of a packet; 0 for no limit. */
    readonly snapLength: number,
  ) {}

  /** Takes an option of its description; says what is wrong with one that cannot be. */
  takeOption(option: OptionCursor): string | null {
    const expected = LENGTHS.get(option.code);
    if (expected !== undefined && option.length !== expected[1]) {
      return `${expected[0]} has ${option.length} bytes and not ${expected[1]}`;
    }
    if (option.code === IF_NAME) this.name = option.text();
    else if (option.code === IF_DESCRIPTION) this.text = option.text();
    else if (option.code === IF_TSRESOL) this.timescale = new Timescale(option.uint8(), this.timescale.offsetSeconds);
    else if (option.code === IF_TSOFFSET) this.timescale = new Timescale(this.timescale.resolution, option.int64());
    else if (option.code === IF_FCSLEN) this.fcsBytes = fcsBytes(option.uint8());
    return null;
  }

  /** Takes an option of its statistics; the last ones hold. */
  takeStatistic(option: OptionCursor): string | null {
    const { code, length } = option;
    if (code < ISB_IFRECV || code > ISB_USRDELIV) return null;
    if (length !== 8) return `the counter of option ${code} has ${length} bytes and not 8`;
    const value = option.uint64();
    if (code === ISB_IFRECV) this.received = value;
    else if (code === ISB_IFDROP) this.dropped = value;
    else if (code === ISB_FILTERACCEPT) this.accepted = value;
    else if (code === ISB_OSDROP) this.osDropped = value;
    else this.delivered = value;
    return null;
  }

  describe(): InterfaceDescription {
    const { linkType, snapLength, name, received, dropped, accepted, osDropped, delivered } = this;
    const { resolution } = this.timescale;
    const base = (resolution & BINARY_RESOLUTION) === 0 ? 10 : 2;
    const exponent = resolution & ~BINARY_RESOLUTION;
    const unit = exponent === 0 ? '1' : `${base}^-${exponent}`;
    const counts = { received, dropped, accepted, osDropped, delivered };
    return { linkType, name, description: this.text, snapLength, resolution: unit, ...counts };
  }
}

/** The draft counts bits, and many writers bytes: a sequence has at least 8 bits and less than 8 bytes. */
function fcsBytes(value: number): number {
  return value < 8 ? value : value >>> 3;
}
