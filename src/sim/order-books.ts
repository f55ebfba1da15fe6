/**
 * The live orders of a session in price-time priority: by symbol and side a list of price levels from the best to the
 * worst, by level a queue of orders, by symbol all orders from the oldest to the newest. Records in typed arrays of one
 * fixed capacity, linked by index; nothing is allocated after construction.
 *
 * What is known of an order stands together, and of a level too: of many symbols the books lie far beyond the caches,
 * and an array a field would be a miss a field.
 */

/** Sides, as the arrays count them. */
export const bid = 0;
export const ask = 1;

/** The end of every list. */
export const none = -1;

/** Words of 32 bits of an order's record: as long as a line of a cache, its reference number first, a double. */
const orderWords = 16;
const orderPrice = 2;
const orderShares = 3;
const orderSymbol = 4;
const orderSide = 5;
const orderLevel = 6;
const nextInLevel = 7;
const previousInLevel = 8;
const newer = 9;
const older = 10;

/** Words of a level's record, the sum of its shares first, a double. */
const levelWords = 8;
const levelPrice = 2;
const levelHead = 3;
const levelTail = 4;
const levelOrders = 5;
const worse = 6;
const better = 7;

export class OrderBooks {
  live = 0;
  peakLive = 0;
  /** By symbol. */
  readonly liveOf: Int32Array;
  readonly oldest: Int32Array;
  readonly newest: Int32Array;
  /** By 2 × symbol + side: the best level, and how many orders. */
  readonly best: Int32Array;
  readonly ordersOn: Int32Array;
  private readonly orders: Int32Array;
  private readonly references: Float64Array;
  private readonly levels: Int32Array;
  private readonly sums: Float64Array;
  private freeOrder = 0;
  private freeLevel = 0;

  constructor(
    symbols: number,
    readonly capacity: number,
  ) {
    this.orders = new Int32Array(capacity * orderWords);
    this.references = new Float64Array(this.orders.buffer);
    this.levels = new Int32Array(capacity * levelWords);
    this.sums = new Float64Array(this.levels.buffer);
    this.liveOf = new Int32Array(symbols);
    this.oldest = new Int32Array(symbols).fill(none);
    this.newest = new Int32Array(symbols).fill(none);
    this.best = new Int32Array(symbols * 2).fill(none);
    this.ordersOn = new Int32Array(symbols * 2);
    for (let index = 0; index < capacity; index++) {
      const next = index + 1 < capacity ? index + 1 : none;
      this.orders[index * orderWords + newer] = next;
      this.levels[index * levelWords + worse] = next;
    }
  }

  reference(order: number): number {
    return this.references[order * (orderWords / 2)];
  }

  symbol(order: number): number {
    return this.orders[order * orderWords + orderSymbol];
  }

  side(order: number): number {
    return this.orders[order * orderWords + orderSide];
  }

  price(order: number): number {
    return this.orders[order * orderWords + orderPrice];
  }

  shares(order: number): number {
    return this.orders[order * orderWords + orderShares];
  }

  /** The order of the symbol that was entered next, or `none` … */
  newer(order: number): number {
    return this.orders[order * orderWords + newer];
  }

  /** … and before. */
  older(order: number): number {
    return this.orders[order * orderWords + older];
  }

  /** The order behind this one in its level, or `none`. */
  nextInLevel(order: number): number {
    return this.orders[order * orderWords + nextInLevel];
  }

  levelPrice(level: number): number {
    return this.levels[level * levelWords + levelPrice];
  }

  levelHead(level: number): number {
    return this.levels[level * levelWords + levelHead];
  }

  levelShares(level: number): number {
    return this.sums[level * (levelWords / 2)];
  }

  levelOrders(level: number): number {
    return this.levels[level * levelWords + levelOrders];
  }

  /** The next level of the side, or `none`. */
  worse(level: number): number {
    return this.levels[level * levelWords + worse];
  }

  /** Price of the best level; 0 where the side is empty. */
  bestPrice(symbol: number, side: number): number {
    const level = this.best[symbol * 2 + side];
    return level === none ? 0 : this.levelPrice(level);
  }

  /** The order that is first in priority, or `none`. */
  head(symbol: number, side: number): number {
    const level = this.best[symbol * 2 + side];
    return level === none ? none : this.levelHead(level);
  }

  /** The order behind this one in priority, or `none`. */
  after(order: number): number {
    const next = this.nextInLevel(order);
    if (next !== none) return next;
    const level = this.worse(this.orders[order * orderWords + orderLevel]);
    return level === none ? none : this.levelHead(level);
  }

  /** Enters an order last in its level; there is room for it. Returns its place. */
  add(symbol: number, side: number, price: number, shares: number, reference: number): number {
    const { orders } = this;
    const order = this.freeOrder;
    if (order === none) throw new RangeError(`more than ${this.capacity} orders are live`);
    const at = order * orderWords;
    this.freeOrder = orders[at + newer];
    this.references[order * (orderWords / 2)] = reference;
    orders[at + orderSymbol] = symbol;
    orders[at + orderSide] = side;
    orders[at + orderPrice] = price;
    orders[at + orderShares] = shares;
    this.joinLevel(order, this.findLevel(symbol * 2 + side, side, price));
    const before = this.newest[symbol];
    orders[at + older] = before;
    orders[at + newer] = none;
    if (before === none) this.oldest[symbol] = order;
    else orders[before * orderWords + newer] = order;
    this.newest[symbol] = order;
    this.liveOf[symbol]++;
    this.ordersOn[symbol * 2 + side]++;
    if (++this.live > this.peakLive) this.peakLive = this.live;
    return order;
  }

  /** Takes shares off an order; at 0 it leaves the book. */
  reduce(order: number, shares: number): void {
    const { orders } = this;
    const at = order * orderWords;
    if (shares >= orders[at + orderShares]) {
      this.remove(order);
      return;
    }
    orders[at + orderShares] -= shares;
    this.sums[orders[at + orderLevel] * (levelWords / 2)] -= shares;
  }

  remove(order: number): void {
    const { orders } = this;
    const at = order * orderWords;
    const symbol = orders[at + orderSymbol];
    const book = symbol * 2 + orders[at + orderSide];
    this.leaveLevel(order, book);
    const after = orders[at + newer];
    const before = orders[at + older];
    if (after === none) this.newest[symbol] = before;
    else orders[after * orderWords + older] = before;
    if (before === none) this.oldest[symbol] = after;
    else orders[before * orderWords + newer] = after;
    this.liveOf[symbol]--;
    this.ordersOn[book]--;
    this.live--;
    orders[at + newer] = this.freeOrder;
    this.freeOrder = order;
  }

  private findLevel(book: number, side: number, price: number): number {
    const { levels } = this;
    let before = none;
    let level = this.best[book];
    if (side === bid) {
      while (level !== none && levels[level * levelWords + levelPrice] > price) {
        before = level;
        level = levels[level * levelWords + worse];
      }
    } else {
      while (level !== none && levels[level * levelWords + levelPrice] < price) {
        before = level;
        level = levels[level * levelWords + worse];
      }
    }
    const isThere = level !== none && levels[level * levelWords + levelPrice] === price;
    return isThere ? level : this.insertLevel(book, price, before, level);
  }

  private insertLevel(book: number, price: number, before: number, after: number): number {
    const { levels } = this;
    const level = this.freeLevel;
    const at = level * levelWords;
    this.freeLevel = levels[at + worse];
    this.sums[level * (levelWords / 2)] = 0;
    levels[at + levelPrice] = price;
    levels[at + levelOrders] = 0;
    levels[at + levelHead] = none;
    levels[at + levelTail] = none;
    levels[at + better] = before;
    levels[at + worse] = after;
    if (before === none) this.best[book] = level;
    else levels[before * levelWords + worse] = level;
    if (after !== none) levels[after * levelWords + better] = level;
    return level;
  }

  private joinLevel(order: number, level: number): void {
    const { orders, levels } = this;
    const at = order * orderWords;
    const place = level * levelWords;
    const tail = levels[place + levelTail];
    orders[at + orderLevel] = level;
    orders[at + previousInLevel] = tail;
    orders[at + nextInLevel] = none;
    if (tail === none) levels[place + levelHead] = order;
    else orders[tail * orderWords + nextInLevel] = order;
    levels[place + levelTail] = order;
    levels[place + levelOrders]++;
    this.sums[level * (levelWords / 2)] += orders[at + orderShares];
  }

  private leaveLevel(order: number, book: number): void {
    const { orders, levels } = this;
    const at = order * orderWords;
    const level = orders[at + orderLevel];
    const place = level * levelWords;
    const next = orders[at + nextInLevel];
    const previous = orders[at + previousInLevel];
    if (next === none) levels[place + levelTail] = previous;
    else orders[next * orderWords + previousInLevel] = previous;
    if (previous === none) levels[place + levelHead] = next;
    else orders[previous * orderWords + nextInLevel] = next;
    this.sums[level * (levelWords / 2)] -= orders[at + orderShares];
    if (--levels[place + levelOrders] > 0) return;
    const above = levels[place + better];
    const below = levels[place + worse];
    if (above === none) this.best[book] = below;
    else levels[above * levelWords + worse] = below;
    if (below !== none) levels[below * levelWords + better] = above;
    levels[place + worse] = this.freeLevel;
    this.freeLevel = level;
  }
}
