/**
 * The bench's corpus: one synthetic ITCH 5.0 day as a BinaryFILE in memory, the same bytes for the same seed.
 *
 * Types are drawn at random in the proportions of a full NASDAQ day, so that a branch predictor learns no order.
 * Orders that are executed, cancelled, deleted or replaced are live ones of the stock that the message names. Messages
 * are written by hand, not by the library that is measured.
 */
import { sfc32 } from './random.js';

/** Seed of the committed corpus. */
export const sessionSeed = 20261120;

/** Messages in the committed corpus. */
export const sessionMessages = 5_000_000;

/** Messages of each type in 100,000; S comes at fixed places, and each stock has its R, H and Y at the start. */
const proportions: Readonly<Record<string, number>> = {
  A: 38_000,
  D: 36_000,
  U: 18_000,
  E: 2_300,
  X: 1_600,
  P: 1_200,
  I: 1_000,
  F: 1_000,
  L: 500,
  C: 150,
  Q: 60,
  N: 60,
  H: 40,
  Y: 40,
  R: 30,
  J: 10,
  B: 4,
  K: 2,
  h: 2,
  O: 1,
  V: 1,
};

const startNs = 4 * 3600e9;
const spanNs = 16 * 3600e9;
const maxMessageLength = 50;

/** Where the day's system events fall, as parts of the session. */
const systemEvents = [
  ['S', 0.001],
  ['Q', 0.05],
  ['M', 0.93],
  ['E', 0.99],
] as const;

/** Builds a session of `messages` messages: each preceded by its 2-byte big-endian length. */
export function buildSession(messages: number, seed: number = sessionSeed): Uint8Array<ArrayBuffer> {
  return new SessionWriter(messages, seed).write();
}

class SessionWriter {
  private readonly messages: number;
  private readonly next: () => number;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly view: DataView;
  private readonly types: Uint8Array;
  private readonly stocks: number;
  private readonly symbols: Uint8Array;
  private readonly mids: Uint32Array;
  private readonly liveReference: Float64Array;
  private readonly liveStock: Uint16Array;
  private readonly liveShares: Uint32Array;
  private live = 0;
  private reference = 0x100000000 - 1_000_000;
  private match = 20_000;
  private timestampNs = startNs;
  private at = 0;

  constructor(messages: number, seed: number) {
    this.messages = messages;
    this.next = sfc32(seed);
    this.bytes = new Uint8Array(messages * (maxMessageLength + 2));
    this.view = new DataView(this.bytes.buffer);
    this.types = typeTable();
    this.stocks = Math.min(1200, Math.max(12, Math.floor(messages / 4000)));
    this.symbols = new Uint8Array(this.stocks * 8).fill(0x20);
    this.mids = new Uint32Array(this.stocks);
    this.liveReference = new Float64Array(messages);
    this.liveStock = new Uint16Array(messages);
    this.liveShares = new Uint32Array(messages);
    for (let stock = 0; stock < this.stocks; stock++) this.listStock(stock);
  }

  write(): Uint8Array<ArrayBuffer> {
    const events = new Map<number, number>(
      systemEvents.map(([code, part]) => [Math.floor(part * this.messages), code.charCodeAt(0)]),
    );
    this.systemEvent(0x4f);
    let index = 1;
    for (const type of [0x52, 0x48, 0x59]) {
      for (let stock = 0; stock < this.stocks && index < this.messages - 1; stock++, index++) this.message(type, stock);
    }
    for (; index < this.messages - 1; index++) {
      const event = events.get(index);
      if (event !== undefined) this.systemEvent(event);
      else this.message(this.types[this.next() % this.types.length] as number, this.pickStock());
    }
    this.systemEvent(0x43);
    return this.bytes.slice(0, this.at);
  }

  /** A few stocks have most of the messages. */
  private pickStock(): number {
    const part = this.next() / 0x100000000;
    return Math.floor(part * part * part * this.stocks);
  }

  /** Symbols count A to Z, AA, AB … */
  private listStock(stock: number): void {
    const letters: number[] = [];
    for (let rest = stock + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) letters.unshift(0x41 + ((rest - 1) % 26));
    this.symbols.set(letters, stock * 8);
    this.mids[stock] = 10_000 + (this.next() % 5_000_000);
  }

  private systemEvent(code: number): void {
    const at = this.begin(0x53, 12, 0);
    this.view.setUint8(at + 11, code);
  }

  /** Writes length, type, locate, tracking number and time; returns the offset of the message. */
  private begin(type: number, length: number, locate: number): number {
    const { view } = this;
    const part = this.next() / 0x100000000;
    const square = part * part;
    const burst = square * square * square * square;
    this.timestampNs += 1 + Math.floor((burst * 9 * 0.98 * spanNs) / this.messages);
    view.setUint16(this.at, length);
    const at = this.at + 2;
    view.setUint8(at, type);
    view.setUint16(at + 1, locate);
    view.setUint16(at + 3, this.next() % 4);
    view.setUint16(at + 5, Math.floor(this.timestampNs / 0x100000000));
    view.setUint32(at + 7, this.timestampNs % 0x100000000);
    this.at = at + length;
    return at;
  }

  private message(type: number, stock: number): void {
    const isModify = type === 0x44 || type === 0x55 || type === 0x45 || type === 0x43 || type === 0x58;
    if (type === 0x41 || type === 0x46 || (isModify && this.live === 0)) this.addOrder(stock, type === 0x46);
    else if (isModify) this.modify(type, this.next() % this.live);
    else if (type === 0x50 || type === 0x51 || type === 0x42) this.print(type, stock);
    else this.administrative(type, stock);
  }

  private addOrder(stock: number, attributed: boolean): void {
    const { view } = this;
    const at = this.begin(attributed ? 0x46 : 0x41, attributed ? 40 : 36, stock + 1);
    const shares = 100 * (1 + (this.next() % 10));
    this.reference += 1 + (this.next() % 8);
    this.setU64(at + 11, this.reference);
    view.setUint8(at + 19, this.next() % 2 === 0 ? 0x42 : 0x53);
    view.setUint32(at + 20, shares);
    this.setSymbol(at + 24, stock);
    view.setUint32(at + 32, this.price(stock));
    if (attributed) this.setMpid(at + 36);
    this.liveReference[this.live] = this.reference;
    this.liveStock[this.live] = stock;
    this.liveShares[this.live] = shares;
    this.live++;
  }

  private modify(type: number, order: number): void {
    const stock = this.liveStock[order] as number;
    const length = type === 0x44 ? 19 : type === 0x55 ? 35 : type === 0x45 ? 31 : type === 0x43 ? 36 : 23;
    const at = this.begin(type, length, stock + 1);
    this.setU64(at + 11, this.liveReference[order] as number);
    if (type === 0x44) this.remove(order);
    else if (type === 0x55) this.replace(order, at);
    else this.reduce(type, order, at);
  }

  private replace(order: number, at: number): void {
    this.reference += 1 + (this.next() % 8);
    this.liveReference[order] = this.reference;
    this.liveShares[order] = 100 * (1 + (this.next() % 10));
    this.setU64(at + 19, this.reference);
    this.view.setUint32(at + 27, this.liveShares[order] as number);
    this.view.setUint32(at + 31, this.price(this.liveStock[order] as number));
  }

  /** Executes (E, C) or cancels (X) a part of the order; an execution takes all of it every other time. */
  private reduce(type: number, order: number, at: number): void {
    const { view } = this;
    const shares = this.liveShares[order] as number;
    const taken = type !== 0x58 && this.next() % 2 === 0 ? shares : 1 + (this.next() % shares);
    view.setUint32(at + 19, taken);
    if (type !== 0x58) this.setU64(at + 23, ++this.match);
    if (type === 0x43) {
      view.setUint8(at + 31, this.next() % 4 === 0 ? 0x4e : 0x59);
      view.setUint32(at + 32, this.price(this.liveStock[order] as number));
    }
    this.liveShares[order] = shares - taken;
    if (taken === shares) this.remove(order);
  }

  private remove(order: number): void {
    const last = --this.live;
    this.liveReference[order] = this.liveReference[last] as number;
    this.liveStock[order] = this.liveStock[last] as number;
    this.liveShares[order] = this.liveShares[last] as number;
  }

  private print(type: number, stock: number): void {
    const { view } = this;
    this.match++;
    if (type === 0x42) {
      this.setU64(this.begin(type, 19, stock + 1) + 11, this.match - 1);
      return;
    }
    const at = this.begin(type, type === 0x50 ? 44 : 40, stock + 1);
    if (type === 0x50) {
      view.setUint8(at + 19, 0x42);
      view.setUint32(at + 20, 1 + (this.next() % 1000));
      this.setSymbol(at + 24, stock);
      view.setUint32(at + 32, this.price(stock));
      this.setU64(at + 36, this.match);
      return;
    }
    this.setU64(at + 11, this.next() % 1_000_000);
    this.setSymbol(at + 19, stock);
    view.setUint32(at + 27, this.price(stock));
    this.setU64(at + 31, this.match);
    view.setUint8(at + 39, 0x4f);
  }

  private administrative(type: number, stock: number): void {
    const layout = administrativeLayouts[type];
    if (layout === undefined) throw new Error(`type ${type} has no layout`);
    const length = [...layout].reduce((sum, code) => sum + (layoutLengths[code] ?? 1), 11);
    let at = this.begin(type, length, type === 0x56 ? 0 : stock + 1) + 11;
    for (const code of layout) {
      if (code === 's') this.setSymbol(at, stock);
      else if (code === 'm') this.setMpid(at);
      else if (code === 'p') this.view.setUint32(at, this.price(stock));
      else if (code === 'n') this.view.setUint32(at, this.next() % 1000);
      else if (code === 'q') this.setU64(at, this.next() % 100_000);
      else if (code === 't') this.setU64(at, this.timestampNs);
      else if (code === 'l') this.setU64(at, 400_000_000_000 + (this.next() % 1_000_000));
      else this.view.setUint8(at, code.charCodeAt(0));
      at += layoutLengths[code] ?? 1;
    }
  }

  private price(stock: number): number {
    const mid = this.mids[stock] as number;
    const moved = Math.max(10_000, mid + ((this.next() % 5) - 2) * 100);
    this.mids[stock] = moved;
    return moved;
  }

  private setU64(at: number, value: number): void {
    this.view.setUint32(at, Math.floor(value / 0x100000000));
    this.view.setUint32(at + 4, value % 0x100000000);
  }

  private setSymbol(at: number, stock: number): void {
    for (let index = 0; index < 8; index++) this.bytes[at + index] = this.symbols[stock * 8 + index] as number;
  }

  private setMpid(at: number): void {
    for (let index = 0; index < 4; index++) this.bytes[at + index] = 0x41 + (this.next() % 6);
  }
}

/** What follows the header: s symbol, m MPID, p price, n count, q quantity, t time, l level; else the byte itself. */
const administrativeLayouts: Readonly<Record<number, string>> = {
  82: 'sQNnNCZ PNN1NnN',
  72: 'sT     ',
  89: 's0',
  76: 'msYNA',
  86: 'lll',
  75: 'snAp',
  74: 'spppn',
  104: 'sQT',
  73: 'qqOspppOL',
  78: 'sB',
  79: 'sNppptpp',
};

const layoutLengths: Readonly<Record<string, number>> = { s: 8, m: 4, p: 4, n: 4, q: 8, t: 8, l: 8 };

/** Type codes repeated by proportion, for one uniform draw. */
function typeTable(): Uint8Array {
  const codes: number[] = [];
  for (const [type, count] of Object.entries(proportions))
    codes.push(...new Array<number>(count).fill(type.charCodeAt(0)));
  return Uint8Array.from(codes);
}
