/** Which symbol each SecurityID has, learned from instrument definitions. */
import { readText } from '../schema/read.js';
import type { SbeMessage } from '../schema/sbe/schema.js';
import { isInt32, rootField, tags } from '../schema/sbe/tagged.js';

/** Instruments that are remembered; an exchange has fewer. */
const maxSecurities = 4_000_000;

/** Where a definition has its SecurityID and its symbol, from the root's first byte. */
interface Places {
  readonly securityId: number;
  readonly symbol: number;
  readonly symbolLength: number;
  /** The block must reach so far. */
  readonly end: number;
}

export class Securities {
  private readonly symbols = new Map<number, string>();
  /** What `keep` was told; not forgotten. */
  private readonly kept = new Map<number, string>();
  private readonly places = new Map<SbeMessage, Places | null>();

  get count(): number {
    return this.symbols.size + this.kept.size;
  }

  symbolOf(securityId: number): string | undefined {
    return this.symbols.get(securityId) ?? this.kept.get(securityId);
  }

  /** Keeps what was learned so far for good. */
  keep(): void {
    for (const [id, symbol] of this.symbols) this.kept.set(id, symbol);
    this.symbols.clear();
  }

  /** Forgets what was learned and not kept. */
  forget(): void {
    this.symbols.clear();
  }

  /**
   * Learns from a message that fits, where it is a definition; `root` is the offset behind its header. Returns the
   * SecurityID; null of other messages.
   */
  learn(message: SbeMessage, view: DataView, root: number, blockLength: number, isLittle: boolean): number | null {
    let places = this.places.get(message);
    if (places === undefined) {
      places = placesOf(message);
      this.places.set(message, places);
    }
    if (places === null || blockLength < places.end) return null;
    const id = view.getInt32(root + places.securityId, isLittle);
    if (this.count >= maxSecurities && !this.symbols.has(id)) return id;
    const text = readText(view, root + places.symbol, places.symbolLength);
    const end = text.indexOf('\0');
    this.symbols.set(id, end < 0 ? text : text.slice(0, end).trimEnd());
    return id;
  }
}

/** A definition has both in its root. */
function placesOf(message: SbeMessage): Places | null {
  const id = rootField(message, tags.securityId);
  const symbol = rootField(message, tags.symbol);
  if (id === null || !isInt32(id)) return null;
  if (symbol?.type.kind !== 'encoding' || symbol.type.primitive !== 'char') return null;
  return {
    securityId: id.offset,
    symbol: symbol.offset,
    symbolLength: symbol.size,
    end: Math.max(id.offset + id.size, symbol.offset + symbol.size),
  };
}
