/** The block types of pcapng (draft-ietf-opsawg-pcapng section 10.1) and what each is called. */

export const SECTION_HEADER_BLOCK = 0x0a0d0d0a;
export const INTERFACE_BLOCK = 1;
export const PACKET_BLOCK = 2;
export const SIMPLE_PACKET_BLOCK = 3;
export const NAME_RESOLUTION_BLOCK = 4;
export const STATISTICS_BLOCK = 5;
export const ENHANCED_PACKET_BLOCK = 6;
export const JOURNAL_BLOCK = 9;
export const SECRETS_BLOCK = 0xa;
export const CUSTOM_BLOCK = 0xbad;
export const CUSTOM_BLOCK_NOT_COPIED = 0x40000bad;

/** The word that tells a section's byte order. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Type, total length, and the total length again. */
export const MIN_BLOCK_BYTES = 12;

/** The longest block that is held in memory; of a longer one only its beginning is. */
export const MAX_HELD_BLOCK_BYTES = 1_048_576;

/** A block's abbreviation: section header, interface description, packet (obsolete), … */
export type BlockKind = 'SHB' | 'IDB' | 'PB' | 'SPB' | 'NRB' | 'ISB' | 'EPB' | 'SJE' | 'DSB' | 'CB' | 'DCB' | 'unknown';

/** How many blocks there are of each kind. */
export type BlockCounts = Record<BlockKind, number>;

interface KnownBlock {
  readonly kind: BlockKind;
  /** The least total length of such a block. */
  readonly least: number;
}

const KNOWN: ReadonlyMap<number, KnownBlock> = new Map([
  [SECTION_HEADER_BLOCK, { kind: 'SHB', least: 28 }],
  [INTERFACE_BLOCK, { kind: 'IDB', least: 20 }],
  [PACKET_BLOCK, { kind: 'PB', least: 32 }],
  [SIMPLE_PACKET_BLOCK, { kind: 'SPB', least: 16 }],
  [NAME_RESOLUTION_BLOCK, { kind: 'NRB', least: MIN_BLOCK_BYTES }],
  [STATISTICS_BLOCK, { kind: 'ISB', least: 24 }],
  [ENHANCED_PACKET_BLOCK, { kind: 'EPB', least: 32 }],
  [JOURNAL_BLOCK, { kind: 'SJE', least: MIN_BLOCK_BYTES }],
  [SECRETS_BLOCK, { kind: 'DSB', least: 20 }],
  [CUSTOM_BLOCK, { kind: 'CB', least: 16 }],
  [CUSTOM_BLOCK_NOT_COPIED, { kind: 'DCB', least: 16 }],
]);

const UNKNOWN: KnownBlock = { kind: 'unknown', least: MIN_BLOCK_BYTES };

export function isPacketBlock(type: number): boolean {
  return type === ENHANCED_PACKET_BLOCK || type === SIMPLE_PACKET_BLOCK || type === PACKET_BLOCK;
}

/** What a block of this type is called, and how long it is at least. */
export function knownBlock(type: number): KnownBlock {
  return KNOWN.get(type) ?? UNKNOWN;
}

export function noBlocks(): BlockCounts {
  return { SHB: 0, IDB: 0, PB: 0, SPB: 0, NRB: 0, ISB: 0, EPB: 0, SJE: 0, DSB: 0, CB: 0, DCB: 0, unknown: 0 };
}
