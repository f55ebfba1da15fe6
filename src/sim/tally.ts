/** What a session adds up as it goes: the figures of its truth. */

/** A cross as its print said it; the price in 1/10,000 dollars, the time in nanoseconds since midnight. */
export interface CrossRecord {
  readonly locate: number;
  readonly type: string;
  readonly price: number;
  readonly shares: number;
  readonly timestampNs: number;
}

/** A halt; times in nanoseconds since midnight. */
export interface HaltRecord {
  readonly locate: number;
  readonly reason: string;
  readonly fromNs: number;
  untilNs: number | null;
}

/** Share figures; `printable` is what a time-and-sales display adds up: executions, trades and crosses. */
export interface ShareFigures {
  executed: number;
  executedInCrosses: number;
  traded: number;
  crossed: number;
  printable: number;
  broken: number;
}

/** Crosses and halts kept one by one; those beyond are counted. */
export const maxRecords = 1 << 18;

export class Tally {
  readonly shares: ShareFigures = {
    executed: 0,
    executedInCrosses: 0,
    traded: 0,
    crossed: 0,
    printable: 0,
    broken: 0,
  };
  /** Printable shares by symbol. */
  readonly volume: Float64Array;
  readonly crosses: CrossRecord[] = [];
  readonly halts: HaltRecord[] = [];
  recordsLeftOut = 0;
  private readonly openHalts = new Map<number, HaltRecord>();

  constructor(symbols: number) {
    this.volume = new Float64Array(symbols);
  }

  executed(symbol: number, shares: number): void {
    this.shares.executed += shares;
    this.print(symbol, shares);
  }

  executedInCross(shares: number): void {
    this.shares.executedInCrosses += shares;
  }

  traded(symbol: number, shares: number): void {
    this.shares.traded += shares;
    this.print(symbol, shares);
  }

  crossed(symbol: number, type: string, price: number, shares: number, timestampNs: number): void {
    this.shares.crossed += shares;
    this.print(symbol, shares);
    if (this.crosses.length < maxRecords) this.crosses.push({ locate: symbol + 1, type, price, shares, timestampNs });
    else this.recordsLeftOut++;
  }

  broken(shares: number): void {
    this.shares.broken += shares;
  }

  halted(symbol: number, reason: string, fromNs: number): void {
    if (this.halts.length >= maxRecords) {
      this.recordsLeftOut++;
      return;
    }
    const halt = { locate: symbol + 1, reason, fromNs, untilNs: null };
    this.halts.push(halt);
    this.openHalts.set(symbol, halt);
  }

  resumed(symbol: number, untilNs: number): void {
    const halt = this.openHalts.get(symbol);
    if (halt !== undefined) halt.untilNs = untilNs;
    this.openHalts.delete(symbol);
  }

  private print(symbol: number, shares: number): void {
    this.shares.printable += shares;
    this.volume[symbol] += shares;
  }
}
