/** MDP 3.0 by binary-parser, with parsers written as its documentation has it: groups are arrays of nested parsers. */
import { Parser } from 'binary-parser/dist/binary_parser.js';

/** Decodes each message behind its size; every value that the parsers yield is added up by word. */
export function binaryParserMdpChecksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += view.getUint16(at, true)) {
    const template = view.getUint16(at + 4, true);
    const parser = parsers[template]?.[view.getUint16(at + 8, true) >= 10 ? 1 : 0];
    if (parser === undefined) throw new Error(`template ${template} at ${at}`);
    const message: Record<string, Values[string] | Values[]> = parser.parse(
      bytes.subarray(at + 10, at + view.getUint16(at, true)),
    );
    for (const key in message) {
      const value = message[key] as Values[string] | Values[];
      if (!Array.isArray(value)) sum = (sum + words(key, value)) | 0;
      else for (const entry of value) sum = (sum + sumOf(entry)) | 0;
    }
  }
  return sum >>> 0;
}

type Values = Record<string, number | bigint>;

/** The values that stand for none, which count as 0; of 64 bits all count as they stand. */
const nulls: Readonly<Record<string, number>> = {
  ...{ MDEntrySize: 0x7fff_ffff, NumberOfOrders: 0x7fff_ffff, TradeableSize: 0x7fff_ffff, MDDisplayQty: 0x7fff_ffff },
  ...{ ReferenceID: 255, MDTradeEntryID: 0xffff_ffff, TradeDate: 65_535, TradingReferenceDate: 65_535 },
  ...{ Level: 127 },
};

function sumOf(entry: Values): number {
  let sum = 0;
  for (const key in entry) sum = (sum + words(key, entry[key] as number | bigint)) | 0;
  return sum;
}

function words(name: string, value: number | bigint): number {
  if (typeof value === 'bigint') return Number((value >> 32n) + (value & 0xffff_ffffn)) | 0;
  return name.endsWith('Count') || value === nulls[name] ? 0 : value | 0;
}

const little = () => new Parser().endianness('little');

function incremental(entries: Parser): Parser {
  return little()
    .uint64('TransactTime')
    .uint8('MatchEventIndicator')
    .seek(2)
    .seek(2)
    .uint8('entryCount')
    .array('NoMDEntries', { type: entries, length: 'entryCount' });
}

function withOrders(parser: Parser, orders: Parser): Parser {
  return parser.seek(7).uint8('orderCount').array('NoOrderIDEntries', { type: orders, length: 'orderCount' });
}

const levelHead = () =>
  little()
    .int64('MDEntryPx')
    .int32('MDEntrySize')
    .int32('SecurityID')
    .uint32('RptSeq')
    .int32('NumberOfOrders')
    .uint8('MDPriceLevel')
    .uint8('MDUpdateAction')
    .uint8('MDEntryType');

const levelOrder = little()
  .uint64('OrderID')
  .uint64('MDOrderPriority')
  .int32('MDDisplayQty')
  .uint8('ReferenceID')
  .uint8('OrderUpdateAction')
  .seek(2);

const order = little()
  .uint64('OrderID')
  .uint64('MDOrderPriority')
  .int64('MDEntryPx')
  .int32('MDDisplayQty')
  .int32('SecurityID')
  .uint8('MDUpdateAction')
  .uint8('MDEntryType')
  .seek(6);

const trade = little()
  .int64('MDEntryPx')
  .int32('Size')
  .int32('SecurityID')
  .uint32('RptSeq')
  .int32('Orders')
  .uint8('AggressorSide')
  .uint8('MDUpdateAction')
  .uint32('MDTradeEntryID')
  .seek(2);

const tradeOrder = little().uint64('OrderID').int32('LastQty').seek(4);

const snapshotLevel = little()
  .int64('MDEntryPx')
  .int32('MDEntrySize')
  .int32('NumberOfOrders')
  .int8('Level')
  .uint16('TradingReferenceDate')
  .uint8('OpenCloseSettlFlag')
  .uint8('SettlPriceType')
  .uint8('MDEntryType');

const snapshot = little()
  .uint32('LastMsgSeqNumProcessed')
  .uint32('TotNumReports')
  .int32('SecurityID')
  .uint32('RptSeq')
  .uint64('TransactTime')
  .uint64('LastUpdateTime')
  .uint16('TradeDate')
  .uint8('MDSecurityTradingStatus')
  .int64('HighLimitPrice')
  .int64('LowLimitPrice')
  .int64('MaxPriceVariation')
  .seek(2)
  .uint8('entryCount')
  .array('NoMDEntries', { type: snapshotLevel, length: 'entryCount' });

/** By template: for versions before 10, and from then on. */
const parsers: Readonly<Record<number, readonly [Parser, Parser]>> = {
  46: [
    withOrders(incremental(levelHead().seek(5)), levelOrder),
    withOrders(incremental(levelHead().int32('TradeableSize').seek(1)), levelOrder),
  ],
  47: [incremental(order), incremental(order)],
  48: [withOrders(incremental(trade), tradeOrder), withOrders(incremental(trade), tradeOrder)],
  52: [snapshot, snapshot],
};
