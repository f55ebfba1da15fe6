/** What one event has to tell beside price levels: changed orders, trades and figures; all of fixed capacity. */

/** Orders that one event changes at most. */
export const maxChanges = 4096;
/** Prices that one event trades at, and orders that it fills, at most: they fit one message. */
export const maxTrades = 4;
export const maxFills = 40;
/** Figures of one event at most: they fit one message. */
export const maxFigures = 24;

/** OrderUpdateAction, and MDUpdateAction of orders alone. */
export const orderNew = 0;
export const orderUpdate = 1;
export const orderDelete = 2;

/** Belongs to no price level that is told. */
export const noEntry = -1;

export class OrderChanges {
  count = 0;
  readonly instrument = new Uint16Array(maxChanges);
  readonly side = new Uint8Array(maxChanges);
  readonly price = new Int32Array(maxChanges);
  readonly orderId = new Float64Array(maxChanges);
  readonly priority = new Float64Array(maxChanges);
  readonly qty = new Int32Array(maxChanges);
  readonly action = new Uint8Array(maxChanges);
  /** The price level that it is told with, or `noEntry`. */
  readonly entry = new Int32Array(maxChanges);

  clear(): void {
    this.count = 0;
  }

  add(
    instrument: number,
    side: number,
    price: number,
    orderId: number,
    priority: number,
    qty: number,
    action: number,
  ): void {
    if (this.count === maxChanges) throw new RangeError(`an event changes more than ${maxChanges} orders`);
    const index = this.count++;
    this.instrument[index] = instrument;
    this.side[index] = side;
    this.price[index] = price;
    this.orderId[index] = orderId;
    this.priority[index] = priority;
    this.qty[index] = qty;
    this.action[index] = action;
    this.entry[index] = noEntry;
  }
}

/** Trades of one instrument in one event, by price; the orders filled, the aggressor's first at each price. */
export class TradeList {
  count = 0;
  instrument = 0;
  /** AggressorSide: 0 none, 1 buy, 2 sell. */
  aggressor = 0;
  readonly price = new Int32Array(maxTrades);
  readonly qty = new Float64Array(maxTrades);
  readonly firstFill = new Int32Array(maxTrades);
  readonly fills = new Int32Array(maxTrades);
  fillCount = 0;
  readonly orderId = new Float64Array(maxFills);
  readonly lastQty = new Int32Array(maxFills);

  clear(): void {
    this.count = 0;
    this.fillCount = 0;
  }

  /** Starts the trades of an incoming order. */
  begin(instrument: number, aggressor: number): void {
    this.instrument = instrument;
    this.aggressor = aggressor;
  }

  /** Room for one more resting order, at this price or, where it is new, at one more. */
  hasRoom(price: number): boolean {
    const isNew = this.count === 0 || this.price[this.count - 1] !== price;
    return isNew ? this.count < maxTrades && this.fillCount + 2 <= maxFills : this.fillCount < maxFills;
  }

  fill(price: number, incomingId: number, restingId: number, qty: number): void {
    if (this.count === 0 || this.price[this.count - 1] !== price) {
      const index = this.count++;
      this.price[index] = price;
      this.qty[index] = 0;
      this.firstFill[index] = this.fillCount;
      this.fills[index] = 0;
      this.put(incomingId, 0);
    }
    const index = this.count - 1;
    this.qty[index] += qty;
    this.lastQty[this.firstFill[index]] += qty;
    this.put(restingId, qty);
  }

  private put(orderId: number, qty: number): void {
    this.orderId[this.fillCount] = orderId;
    this.lastQty[this.fillCount] = qty;
    this.fillCount++;
    this.fills[this.count - 1]++;
  }
}

/** Figures of one message, each about one instrument; NaN and `noFigure` stand for what is not told. */
export class FigureList {
  count = 0;
  readonly instrument = new Uint16Array(maxFigures);
  readonly type = new Uint8Array(maxFigures);
  /** In price steps. */
  readonly price = new Float64Array(maxFigures);
  readonly size = new Float64Array(maxFigures);
  readonly action = new Uint8Array(maxFigures);
  /** OpenCloseSettlFlag. */
  readonly flag = new Uint8Array(maxFigures);
  readonly settlPriceType = new Uint8Array(maxFigures);

  clear(): void {
    this.count = 0;
  }

  get isFull(): boolean {
    return this.count === maxFigures;
  }

  add(
    instrument: number,
    type: number,
    price: number,
    size = Number.NaN,
    flag = noFlag,
    action = 0,
    settlPriceType = 0,
  ): void {
    const index = this.count++;
    this.instrument[index] = instrument;
    this.type[index] = type;
    this.price[index] = price;
    this.size[index] = size;
    this.flag[index] = flag;
    this.action[index] = action;
    this.settlPriceType[index] = settlPriceType;
  }
}

/** The null of OpenCloseSettlFlag. */
export const noFlag = 255;
