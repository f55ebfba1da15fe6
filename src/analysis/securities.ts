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

/** So many changes are told elsewhere. */
const maxNews = 4_000_000;

/** A symbol that was learned, and what the instrument had before: undefined for none. */
export interface LearnedSymbol {
  readonly id: number;
  readonly symbol: string;
  readonly before: string | undefined;
}

export class Securities {
  private readonly symbols = new Map<number, string>();
  /** What `keep` was told; not forgotten. */
  private readonly kept = new Map<number, string>();
  private readonly places = new Map<SbeMessage, Places | null>();
  /** How often a symbol was learned that was not known like that. */
  version = 0;
  /** What was learned so, in that order, where it is to be told elsewhere; null where it is not, or was too much. */
  news: LearnedSymbol[] | null = null;

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
    this.set(id, end < 0 ? text : text.slice(0, end).trimEnd());
    return id;
  }

  /** Takes a symbol as learned. */
  set(id: number, symbol: string): void {
    const before = this.symbols.get(id);
    if (before === symbol) return;
    this.version++;
    if ((this.news?.length ?? 0) >= maxNews) this.news = null;
    this.news?.push({ id, symbol, before });
    this.symbols.set(id, symbol);
  }

  /** Begins to write down what is learned, what is known already first. */
  tellNews(): void {
    const known = [...this.kept, ...this.symbols];
    this.news = known.map(([id, symbol]) => ({ id, symbol, before: undefined }));
  }

  /** Takes back what `news` tells, the latest first, and forgets that. */
  takeBack(): void {
    for (const { id, before } of (this.news ?? []).splice(0).reverse()) {
      if (before === undefined) this.symbols.delete(id);
      else this.symbols.set(id, before);
    }
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
