/**
 * The live orders of a session in price-time priority: by symbol and side a list of price levels from the best to the
 * worst, by level a queue of orders, by symbol all orders from the oldest to the newest. Typed arrays of one fixed
 * capacity, linked by index; nothing is allocated after construction.
 */

/** Sides, as the arrays count them. */
export const bid = 0;
export const ask = 1;

/** The end of every list. */
export const none = -1;

export class OrderBooks {
  live = 0;
  peakLive = 0;
  /** By order. */
  readonly reference: Float64Array;
  readonly symbol: Uint16Array;
  readonly side: Uint8Array;
  readonly price: Int32Array;
  readonly shares: Int32Array;
  readonly nextInLevel: Int32Array;
  readonly newer: Int32Array;
  readonly older: Int32Array;
  private readonly level: Int32Array;
  private readonly previousInLevel: Int32Array;
  /** By level. */
  readonly levelPrice: Int32Array;
  readonly levelHead: Int32Array;
  readonly levelShares: Float64Array;
  readonly levelOrders: Int32Array;
  readonly worse: Int32Array;
  private readonly levelTail: Int32Array;
  private readonly better: Int32Array;
  /** By symbol. */
  readonly liveOf: Int32Array;
  readonly oldest: Int32Array;
  readonly newest: Int32Array;
  /** By 2 × symbol + side: the best level, and how many orders. */
  readonly best: Int32Array;
  readonly ordersOn: Int32Array;
  private freeOrder = 0;
  private freeLevel = 0;

  constructor(
    symbols: number,
    readonly capacity: number,
  ) {
    const integers = () => new Int32Array(capacity);
    this.reference = new Float64Array(capacity);
    this.symbol = new Uint16Array(capacity);
    this.side = new Uint8Array(capacity);
    this.price = integers();
    this.shares = integers();
    this.nextInLevel = integers();
    this.previousInLevel = integers();
    this.newer = integers();
    this.older = integers();
    this.level = integers();
    this.levelPrice = integers();
    this.levelHead = integers();
    this.levelTail = integers();
    this.levelShares = new Float64Array(capacity);
    this.levelOrders = integers();
    this.worse = integers();
    this.better = integers();
    this.liveOf = new Int32Array(symbols);
    this.oldest = new Int32Array(symbols).fill(none);
    this.newest = new Int32Array(symbols).fill(none);
    this.best = new Int32Array(symbols * 2).fill(none);
    this.ordersOn = new Int32Array(symbols * 2);
    for (let index = 0; index < capacity; index++) {
      const next = index + 1 < capacity ? index + 1 : none;
      this.newer[index] = next;
      this.worse[index] = next;
    }
  }

  /** Price of the best level; 0 where the side is empty. */
  bestPrice(symbol: number, side: number): number {
    const level = this.best[symbol * 2 + side];
    return level === none ? 0 : this.levelPrice[level];
  }

  /** The order that is first in priority, or `none`. */
  head(symbol: number, side: number): number {
    const level = this.best[symbol * 2 + side];
    return level === none ? none : this.levelHead[level];
  }

  /** The order behind this one in priority, or `none`. */
  after(order: number): number {
    const next = this.nextInLevel[order];
    if (next !== none) return next;
    const level = this.worse[this.level[order]];
    return level === none ? none : this.levelHead[level];
  }

  /** Enters an order last in its level; there is room for it. Returns its place. */
  add(symbol: number, side: number, price: number, shares: number, reference: number): number {
    const order = this.freeOrder;
    if (order === none) throw new RangeError(`more than ${this.capacity} orders are live`);
    this.freeOrder = this.newer[order];
    this.reference[order] = reference;
    this.symbol[order] = symbol;
    this.side[order] = side;
    this.price[order] = price;
    this.shares[order] = shares;
    this.joinLevel(order, this.findLevel(symbol * 2 + side, side, price));
    const before = this.newest[symbol];
    this.older[order] = before;
    this.newer[order] = none;
    if (before === none) this.oldest[symbol] = order;
    else this.newer[before] = order;
    this.newest[symbol] = order;
    this.liveOf[symbol]++;
    this.ordersOn[symbol * 2 + side]++;
    if (++this.live > this.peakLive) this.peakLive = this.live;
    return order;
  }

  /** Takes shares off an order; at 0 it leaves the book. */
  reduce(order: number, shares: number): void {
    if (shares >= this.shares[order]) {
      this.remove(order);
      return;
    }
    this.shares[order] -= shares;
    this.levelShares[this.level[order]] -= shares;
  }

  remove(order: number): void {
    const symbol = this.symbol[order];
    this.leaveLevel(order, symbol * 2 + this.side[order]);
    const newer = this.newer[order];
    const older = this.older[order];
    if (newer === none) this.newest[symbol] = older;
    else this.older[newer] = older;
    if (older === none) this.oldest[symbol] = newer;
    else this.newer[older] = newer;
    this.liveOf[symbol]--;
    this.ordersOn[symbol * 2 + this.side[order]]--;
    this.live--;
    this.newer[order] = this.freeOrder;
    this.freeOrder = order;
  }

  private findLevel(book: number, side: number, price: number): number {
    const { levelPrice, worse } = this;
    let before = none;
    let level = this.best[book];
    if (side === bid) {
      while (level !== none && levelPrice[level] > price) {
        before = level;
        level = worse[level];
      }
    } else {
      while (level !== none && levelPrice[level] < price) {
        before = level;
        level = worse[level];
      }
    }
    return level !== none && levelPrice[level] === price ? level : this.insertLevel(book, price, before, level);
  }

  private insertLevel(book: number, price: number, before: number, after: number): number {
    const level = this.freeLevel;
    this.freeLevel = this.worse[level];
    this.levelPrice[level] = price;
    this.levelShares[level] = 0;
    this.levelOrders[level] = 0;
    this.levelHead[level] = none;
    this.levelTail[level] = none;
    this.better[level] = before;
    this.worse[level] = after;
    if (before === none) this.best[book] = level;
    else this.worse[before] = level;
    if (after !== none) this.better[after] = level;
    return level;
  }

  private joinLevel(order: number, level: number): void {
    const tail = this.levelTail[level];
    this.level[order] = level;
    this.previousInLevel[order] = tail;
    this.nextInLevel[order] = none;
    if (tail === none) this.levelHead[level] = order;
    else this.nextInLevel[tail] = order;
    this.levelTail[level] = order;
    this.levelShares[level] += this.shares[order];
    this.levelOrders[level]++;
  }

  private leaveLevel(order: number, book: number): void {
    const level = this.level[order];
    const next = this.nextInLevel[order];
    const previous = this.previousInLevel[order];
    if (next === none) this.levelTail[level] = previous;
    else this.previousInLevel[next] = previous;
    if (previous === none) this.levelHead[level] = next;
    else this.nextInLevel[previous] = next;
    this.levelShares[level] -= this.shares[order];
    if (--this.levelOrders[level] > 0) return;
    const better = this.better[level];
    const worse = this.worse[level];
    if (better === none) this.best[book] = worse;
    else this.worse[better] = worse;
    if (worse !== none) this.better[worse] = better;
    this.worse[level] = this.freeLevel;
    this.freeLevel = level;
  }
}
