/**
 * The live orders of a session in price-time priority: by symbol and side a list of price levels from the best to the
 * worst, by level a queue of orders, by symbol all orders from the oldest to the newest. Records in typed arrays of one
 * fixed capacity, linked by index; nothing is allocated after construction.
 *
 * What is known of an order stands together, and of a level too: of many symbols the books lie far beyond the caches,
 * and an array a field would be a miss a field. What lists are walked by stands apart, in few bytes: ages and ladder.
 */

/** Sides, as the arrays count them. */
export const bid = 0;
export const ask = 1;

/** The end of every list. */
export const none = -1;

/** Words of 32 bits of an order's record: its reference number first, a double; its book is 2 × symbol + side. */
const orderWords = 8;
const orderPrice = 2;
const orderShares = 3;
const orderBook = 4;
const orderLevel = 5;
const nextInLevel = 6;
const previousInLevel = 7;

/** Words of a level's record, the sum of its shares first, a double. */
const levelWords = 8;
const levelHead = 2;
const levelTail = 3;
const levelOrders = 4;
const better = 5;

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
  /** By 2 × order: the symbol's next newer order, and its next older one. */
  private readonly ages: Int32Array;
  /** By 2 × level: its price, and the next worse level. */
  private readonly ladder: Int32Array;
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
    this.ages = new Int32Array(capacity * 2);
    this.ladder = new Int32Array(capacity * 2);
    this.liveOf = new Int32Array(symbols);
    this.oldest = new Int32Array(symbols).fill(none);
    this.newest = new Int32Array(symbols).fill(none);
    this.best = new Int32Array(symbols * 2).fill(none);
    this.ordersOn = new Int32Array(symbols * 2);
    for (let index = 0; index < capacity; index++) {
      const next = index + 1 < capacity ? index + 1 : none;
      this.ages[index * 2] = next;
      this.ladder[index * 2 + 1] = next;
    }
  }

  reference(order: number): number {
    return this.references[order * (orderWords / 2)];
  }

  symbol(order: number): number {
    return this.orders[order * orderWords + orderBook] >> 1;
  }

  side(order: number): number {
    return this.orders[order * orderWords + orderBook] & 1;
  }

  price(order: number): number {
    return this.orders[order * orderWords + orderPrice];
  }

  shares(order: number): number {
    return this.orders[order * orderWords + orderShares];
  }

  /** The order of the symbol that was entered next, or `none` … */
  newer(order: number): number {
    return this.ages[order * 2];
  }

  /** … and before. */
  older(order: number): number {
    return this.ages[order * 2 + 1];
  }

  /** The order behind this one in its level, or `none`. */
  nextInLevel(order: number): number {
    return this.orders[order * orderWords + nextInLevel];
  }

  levelPrice(level: number): number {
    return this.ladder[level * 2];
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
    return this.ladder[level * 2 + 1];
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
    const { orders, ages } = this;
    const order = this.freeOrder;
    if (order === none) throw new RangeError(`more than ${this.capacity} orders are live`);
    const at = order * orderWords;
    this.freeOrder = ages[order * 2];
    this.references[order * (orderWords / 2)] = reference;
    orders[at + orderBook] = symbol * 2 + side;
    orders[at + orderPrice] = price;
    orders[at + orderShares] = shares;
    this.joinLevel(order, this.findLevel(symbol * 2 + side, side, price));
    const before = this.newest[symbol];
    ages[order * 2] = none;
    ages[order * 2 + 1] = before;
    if (before === none) this.oldest[symbol] = order;
    else ages[before * 2] = order;
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
    const { ages } = this;
    const book = this.orders[order * orderWords + orderBook];
    const symbol = book >> 1;
    this.leaveLevel(order, book);
    const after = ages[order * 2];
    const before = ages[order * 2 + 1];
    if (after === none) this.newest[symbol] = before;
    else ages[after * 2 + 1] = before;
    if (before === none) this.oldest[symbol] = after;
    else ages[before * 2] = after;
    this.liveOf[symbol]--;
    this.ordersOn[book]--;
    this.live--;
    ages[order * 2] = this.freeOrder;
    this.freeOrder = order;
  }

  private findLevel(book: number, side: number, price: number): number {
    const { ladder } = this;
    let before = none;
    let level = this.best[book];
    if (side === bid) {
      while (level !== none && ladder[level * 2] > price) {
        before = level;
        level = ladder[level * 2 + 1];
      }
    } else {
      while (level !== none && ladder[level * 2] < price) {
        before = level;
        level = ladder[level * 2 + 1];
      }
    }
    return level !== none && ladder[level * 2] === price ? level : this.insertLevel(book, price, before, level);
  }

  private insertLevel(book: number, price: number, before: number, after: number): number {
    const { levels, ladder } = this;
    const level = this.freeLevel;
    const at = level * levelWords;
    this.freeLevel = ladder[level * 2 + 1];
    this.sums[level * (levelWords / 2)] = 0;
    levels[at + levelOrders] = 0;
    levels[at + levelHead] = none;
    levels[at + levelTail] = none;
    levels[at + better] = before;
    ladder[level * 2] = price;
    ladder[level * 2 + 1] = after;
    if (before === none) this.best[book] = level;
    else ladder[before * 2 + 1] = level;
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
    const below = this.ladder[level * 2 + 1];
    if (above === none) this.best[book] = below;
    else this.ladder[above * 2 + 1] = below;
    if (below !== none) levels[below * levelWords + better] = above;
    this.ladder[level * 2 + 1] = this.freeLevel;
    this.freeLevel = level;
  }
}
