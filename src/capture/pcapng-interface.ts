/** Interface Description Blocks of pcapng and the options they carry: draft-ietf-opsawg-pcapng sections 3.5 and 4.2. */
import { Timescale } from './timescale.js';

/** Bytes of a block before its options: type, total length, link type, reserved, snap length. */
const OPTIONS_OFFSET = 16;

const OPTION_END = 0;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;

/** One interface of a section: what its packets are read with. */
export class PcapngInterface {
  constructor(
    readonly linkType: number,
    /** Most bytes kept of a packet; 0 for no limit. */
    readonly snapLength: number,
    readonly timescale: Timescale,
  ) {}
}

/**
 * Reads the block at `offset`, whose options end at `end`; `complain` is called where an option cannot be believed,
 * and the options before it hold.
 */
export function readInterface(
  view: DataView,
  offset: number,
  end: number,
  littleEndian: boolean,
  complain: (what: string) => void,
): PcapngInterface {
  let resolution: number | undefined;
  let offsetSeconds = 0;
  let at = offset + OPTIONS_OFFSET;
  while (at + 4 <= end) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const value = at + 4;
    if (code === OPTION_END) break;
    if (value + length > end) {
      complain(`option ${code} claims ${length} bytes and ${end - value} are left in the block`);
      break;
    }
    if (code === IF_TSRESOL) {
      if (length === 1) resolution = view.getUint8(value);
      else complain(`if_tsresol has ${length} bytes and not 1`);
    } else if (code === IF_TSOFFSET) {
      if (length === 8) offsetSeconds = readOffset(view, value, littleEndian);
      else complain(`if_tsoffset has ${length} bytes and not 8`);
    }
    at = value + length + (-length & 3);
  }
  return new PcapngInterface(
    view.getUint16(offset + 8, littleEndian),
    view.getUint32(offset + 12, littleEndian),
    new Timescale(resolution, offsetSeconds),
  );
}

/** A signed 64-bit number of seconds. */
function readOffset(view: DataView, at: number, littleEndian: boolean): number {
  const high = view.getInt32(at + (littleEndian ? 4 : 0), littleEndian);
  const low = view.getUint32(at + (littleEndian ? 0 : 4), littleEndian);
  return high * 4294967296 + low;
}
