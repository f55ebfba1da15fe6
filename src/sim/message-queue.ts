/**
 * ITCH 5.0 messages written by hand at the offsets of the table, into one buffer from which they are taken in order.
 *
 * The table's encoder takes an object a message, ten times as slow; offsets come from the table all the same, so that
 * a layout is written in one place only.
 */
import * as itch from '../protocol/itch50/messages.js';
import type { Message } from '../schema/table.js';

/** Room for what one action writes: the largest is the cross of a symbol whose orders all execute. */
export const queueBytes = 1 << 19;

const two32 = 0x1_0000_0000;
const longestMessage = 50;

type Layout<M extends Message> = Readonly<Record<M['fields'][number]['name'], number>> & {
  readonly code: number;
  readonly bytes: number;
};

/** Offsets of a message's fields by name, its type's code and its length. */
function layout<M extends Message>(message: M): Layout<M> {
  const offsets = Object.fromEntries(message.fields.map(({ name, offset }) => [name, offset]));
  return { ...offsets, code: message.typeCode, bytes: message.length } as Layout<M>;
}

const systemEvent = layout(itch.systemEvent);
const directory = layout(itch.stockDirectory);
const tradingAction = layout(itch.stockTradingAction);
const regSho = layout(itch.regShoRestriction);
const participant = layout(itch.marketParticipantPosition);
const declineLevel = layout(itch.mwcbDeclineLevel);
const mwcbStatus = layout(itch.mwcbStatus);
const quotingPeriod = layout(itch.quotingPeriodUpdate);
const collar = layout(itch.luldAuctionCollar);
const operationalHalt = layout(itch.operationalHalt);
const add = layout(itch.addOrder);
const addMpid = layout(itch.addOrderMpid);
const executed = layout(itch.orderExecuted);
const executedWithPrice = layout(itch.orderExecutedWithPrice);
const cancel = layout(itch.orderCancel);
const deletion = layout(itch.orderDelete);
const replacement = layout(itch.orderReplace);
const trade = layout(itch.trade);
const cross = layout(itch.crossTrade);
const broken = layout(itch.brokenTrade);
const imbalance = layout(itch.netOrderImbalanceIndicator);
const retail = layout(itch.retailInterest);
const directListing = layout(itch.directListingWithCapitalRaise);

/** The two words of an eight-character symbol. */
export interface SymbolWords {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** What a NOII message says beside its symbol. */
export interface Imbalance {
  paired: number;
  imbalance: number;
  direction: number;
  far: number;
  near: number;
  reference: number;
  crossType: number;
  variation: number;
}

/** What a directory entry says beside its symbol; texts of one character but for the sub-type. */
export interface DirectoryEntry {
  readonly category: string;
  readonly financialStatus: string;
  readonly roundLot: number;
  readonly classification: string;
  readonly subType: string;
  readonly threshold: string;
  readonly ipo: string;
  readonly tier: string;
  readonly etp: string;
  readonly leverage: number;
  readonly inverse: string;
}

export class MessageQueue {
  readonly view = new DataView(new ArrayBuffer(queueBytes));
  /** The message taken last. */
  offset = 0;
  length = 0;
  timestampNs = 0;
  /** Messages written so far, and those of each type's code. */
  written = 0;
  readonly counts = new Float64Array(256);
  /** Exchange time of what is written next. */
  nowNs = 0;
  private readonly lengths = new Uint8Array(256);
  private at = 0;
  private end = 0;

  constructor(private readonly symbols: SymbolWords) {
    const layouts: Message[] = Object.values(itch);
    for (const { typeCode, length } of layouts) this.lengths[typeCode] = length;
  }

  get isEmpty(): boolean {
    return this.at === this.end;
  }

  /** Moves on to the next message; there is one. */
  take(): void {
    const { view, at } = this;
    this.offset = at;
    this.length = this.lengths[view.getUint8(at)];
    this.timestampNs = view.getUint16(at + add.timestamp) * two32 + view.getUint32(at + add.timestamp + 2);
    this.at = at + this.length;
  }

  systemEvent(code: number): void {
    const at = this.begin(systemEvent, 0);
    this.view.setUint8(at + systemEvent.eventCode, code);
  }

  directory(locate: number, entry: DirectoryEntry): void {
    const { view } = this;
    const at = this.begin(directory, locate);
    this.symbol(at + directory.stock, locate);
    view.setUint8(at + directory.marketCategory, code(entry.category));
    view.setUint8(at + directory.financialStatusIndicator, code(entry.financialStatus));
    view.setUint32(at + directory.roundLotSize, entry.roundLot);
    view.setUint8(at + directory.roundLotsOnly, code('N'));
    view.setUint8(at + directory.issueClassification, code(entry.classification));
    this.text(at + directory.issueSubType, entry.subType, 2);
    view.setUint8(at + directory.authenticity, code('P'));
    view.setUint8(at + directory.shortSaleThresholdIndicator, code(entry.threshold));
    view.setUint8(at + directory.ipoFlag, code(entry.ipo));
    view.setUint8(at + directory.luldReferencePriceTier, code(entry.tier));
    view.setUint8(at + directory.etpFlag, code(entry.etp));
    view.setUint32(at + directory.etpLeverageFactor, entry.leverage);
    view.setUint8(at + directory.inverseIndicator, code(entry.inverse));
  }

  tradingAction(locate: number, state: string, reason: string): void {
    const at = this.begin(tradingAction, locate);
    this.symbol(at + tradingAction.stock, locate);
    this.view.setUint8(at + tradingAction.tradingState, code(state));
    this.view.setUint8(at + tradingAction.reserved, code(' '));
    this.text(at + tradingAction.reason, reason, 4);
  }

  regSho(locate: number, action: string): void {
    const at = this.begin(regSho, locate);
    this.symbol(at + regSho.stock, locate);
    this.view.setUint8(at + regSho.regShoAction, code(action));
  }

  participant(locate: number, mpid: number, primary: string, mode: string, state: string): void {
    const at = this.begin(participant, locate);
    this.view.setUint32(at + participant.mpid, mpid);
    this.symbol(at + participant.stock, locate);
    this.view.setUint8(at + participant.primaryMarketMaker, code(primary));
    this.view.setUint8(at + participant.marketMakerMode, code(mode));
    this.view.setUint8(at + participant.marketParticipantState, code(state));
  }

  /** Levels in units of 10^-8. */
  declineLevels(level1: number, level2: number, level3: number): void {
    const at = this.begin(declineLevel, 0);
    this.u64(at + declineLevel.level1, level1);
    this.u64(at + declineLevel.level2, level2);
    this.u64(at + declineLevel.level3, level3);
  }

  mwcbStatus(level: string): void {
    const at = this.begin(mwcbStatus, 0);
    this.view.setUint8(at + mwcbStatus.breachedLevel, code(level));
  }

  /** The specification has locate 0 here, and the symbol in its field alone. */
  quotingPeriod(locate: number, releaseSeconds: number, price: number): void {
    const at = this.begin(quotingPeriod, 0);
    this.symbol(at + quotingPeriod.stock, locate);
    this.view.setUint32(at + quotingPeriod.ipoQuotationReleaseTime, releaseSeconds);
    this.view.setUint8(at + quotingPeriod.ipoQuotationReleaseQualifier, code('A'));
    this.view.setUint32(at + quotingPeriod.ipoPrice, price);
  }

  collar(locate: number, reference: number, upper: number, lower: number, extension: number): void {
    const at = this.begin(collar, locate);
    this.symbol(at + collar.stock, locate);
    this.view.setUint32(at + collar.auctionCollarReferencePrice, reference);
    this.view.setUint32(at + collar.upperAuctionCollarPrice, upper);
    this.view.setUint32(at + collar.lowerAuctionCollarPrice, lower);
    this.view.setUint32(at + collar.auctionCollarExtension, extension);
  }

  operationalHalt(locate: number, market: string, action: string): void {
    const at = this.begin(operationalHalt, locate);
    this.symbol(at + operationalHalt.stock, locate);
    this.view.setUint8(at + operationalHalt.marketCode, code(market));
    this.view.setUint8(at + operationalHalt.operationalHaltAction, code(action));
  }

  /** An order without attribution where `mpid` is 0; sides by their letters' codes. */
  add(locate: number, reference: number, side: number, shares: number, price: number, mpid: number): void {
    const { view } = this;
    const at = this.begin(mpid === 0 ? add : addMpid, locate);
    this.u64(at + add.orderReferenceNumber, reference);
    view.setUint8(at + add.buySellIndicator, side);
    view.setUint32(at + add.shares, shares);
    this.symbol(at + add.stock, locate);
    view.setUint32(at + add.price, price);
    if (mpid !== 0) view.setUint32(at + addMpid.attribution, mpid);
  }

  executed(locate: number, reference: number, shares: number, match: number): void {
    const at = this.begin(executed, locate);
    this.u64(at + executed.orderReferenceNumber, reference);
    this.view.setUint32(at + executed.executedShares, shares);
    this.u64(at + executed.matchNumber, match);
  }

  executedAt(locate: number, reference: number, shares: number, match: number, printable: string, price: number): void {
    const at = this.begin(executedWithPrice, locate);
    this.u64(at + executedWithPrice.orderReferenceNumber, reference);
    this.view.setUint32(at + executedWithPrice.executedShares, shares);
    this.u64(at + executedWithPrice.matchNumber, match);
    this.view.setUint8(at + executedWithPrice.printable, code(printable));
    this.view.setUint32(at + executedWithPrice.executionPrice, price);
  }

  cancel(locate: number, reference: number, shares: number): void {
    const at = this.begin(cancel, locate);
    this.u64(at + cancel.orderReferenceNumber, reference);
    this.view.setUint32(at + cancel.cancelledShares, shares);
  }

  delete(locate: number, reference: number): void {
    const at = this.begin(deletion, locate);
    this.u64(at + deletion.orderReferenceNumber, reference);
  }

  replace(locate: number, original: number, reference: number, shares: number, price: number): void {
    const at = this.begin(replacement, locate);
    this.u64(at + replacement.originalOrderReferenceNumber, original);
    this.u64(at + replacement.newOrderReferenceNumber, reference);
    this.view.setUint32(at + replacement.shares, shares);
    this.view.setUint32(at + replacement.price, price);
  }

  /** The reference is 0 and the side B, as the specification has it. */
  trade(locate: number, shares: number, price: number, match: number): void {
    const at = this.begin(trade, locate);
    this.u64(at + trade.orderReferenceNumber, 0);
    this.view.setUint8(at + trade.buySellIndicator, code('B'));
    this.view.setUint32(at + trade.shares, shares);
    this.symbol(at + trade.stock, locate);
    this.view.setUint32(at + trade.price, price);
    this.u64(at + trade.matchNumber, match);
  }

  cross(locate: number, shares: number, price: number, match: number, type: number): void {
    const at = this.begin(cross, locate);
    this.u64(at + cross.shares, shares);
    this.symbol(at + cross.stock, locate);
    this.view.setUint32(at + cross.crossPrice, price);
    this.u64(at + cross.matchNumber, match);
    this.view.setUint8(at + cross.crossType, type);
  }

  broken(locate: number, match: number): void {
    const at = this.begin(broken, locate);
    this.u64(at + broken.matchNumber, match);
  }

  imbalance(locate: number, values: Imbalance): void {
    const { view } = this;
    const at = this.begin(imbalance, locate);
    this.u64(at + imbalance.pairedShares, values.paired);
    this.u64(at + imbalance.imbalanceShares, values.imbalance);
    view.setUint8(at + imbalance.imbalanceDirection, values.direction);
    this.symbol(at + imbalance.stock, locate);
    view.setUint32(at + imbalance.farPrice, values.far);
    view.setUint32(at + imbalance.nearPrice, values.near);
    view.setUint32(at + imbalance.currentReferencePrice, values.reference);
    view.setUint8(at + imbalance.crossType, values.crossType);
    view.setUint8(at + imbalance.priceVariationIndicator, values.variation);
  }

  retail(locate: number, flag: string): void {
    const at = this.begin(retail, locate);
    this.symbol(at + retail.stock, locate);
    this.view.setUint8(at + retail.interestFlag, code(flag));
  }

  /** Prices: the allowed range, the near execution price, and the collar around it. */
  directListing(locate: number, lowest: number, highest: number, near: number, nearNs: number): void {
    const { view } = this;
    const at = this.begin(directListing, locate);
    this.symbol(at + directListing.stock, locate);
    view.setUint8(at + directListing.openEligibilityStatus, code('Y'));
    view.setUint32(at + directListing.minimumAllowablePrice, lowest);
    view.setUint32(at + directListing.maximumAllowablePrice, highest);
    view.setUint32(at + directListing.nearExecutionPrice, near);
    this.u64(at + directListing.nearExecutionTime, nearNs);
    view.setUint32(at + directListing.lowerPriceRangeCollar, near - Math.ceil(near / 10));
    view.setUint32(at + directListing.upperPriceRangeCollar, near + Math.ceil(near / 10));
  }

  /** Writes what every message begins with; returns where the message is. */
  private begin(message: { readonly code: number; readonly bytes: number }, locate: number): number {
    const { view, nowNs } = this;
    if (this.at === this.end) {
      this.at = 0;
      this.end = 0;
    }
    const at = this.end;
    if (at + longestMessage > queueBytes) throw new RangeError(`more than ${queueBytes} bytes of messages at once`);
    view.setUint8(at, message.code);
    view.setUint16(at + add.stockLocate, locate);
    view.setUint16(at + add.trackingNumber, locate === 0 ? 0 : (locate & 7) * 2);
    view.setUint16(at + add.timestamp, Math.floor(nowNs / two32));
    view.setUint32(at + add.timestamp + 2, nowNs % two32);
    this.end = at + message.bytes;
    this.written++;
    this.counts[message.code]++;
    return at;
  }

  private symbol(at: number, locate: number): void {
    this.view.setUint32(at, this.symbols.high[locate - 1]);
    this.view.setUint32(at + 4, this.symbols.low[locate - 1]);
  }

  private u64(at: number, value: number): void {
    this.view.setUint32(at, Math.floor(value / two32));
    this.view.setUint32(at + 4, value % two32);
  }

  private text(at: number, text: string, length: number): void {
    for (let index = 0; index < length; index++) {
      this.view.setUint8(at + index, index < text.length ? text.charCodeAt(index) : 0x20);
    }
  }
}

function code(text: string): number {
  return text.charCodeAt(0);
}
