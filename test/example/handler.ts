/** A small feed handler, as a project that uses the kit would have: it decodes orders of ITCH 5.0, with names of its own. */
import type { MessageParser, ParserContext } from '../../src/index.js';

export interface NewOrder {
  kind: 'new';
  ns: number;
  id: bigint;
  side: 'buy' | 'sell';
  quantity: number;
  symbol: string;
  dollars: number;
}

/** Decodes Add Order (`A`); other messages are not its own. */
export class OrderHandler implements MessageParser {
  orders = 0;

  onMessage(view: DataView, offset: number, length: number, _context?: ParserContext): NewOrder | null {
    if (view.getUint8(offset) !== 0x41 || length !== 36) return null;
    this.orders++;
    let symbol = '';
    for (let at = offset + 24; at < offset + 32; at++) symbol += String.fromCharCode(view.getUint8(at));
    return {
      kind: 'new',
      ns: view.getUint16(offset + 5) * 2 ** 32 + view.getUint32(offset + 7),
      id: view.getBigUint64(offset + 11),
      side: view.getUint8(offset + 19) === 0x42 ? 'buy' : 'sell',
      quantity: view.getUint32(offset + 20),
      symbol,
      dollars: view.getUint32(offset + 32) / 1e4,
    };
  }
}

/** How its names, scales and codes become those of the specification. */
export const handlerMap = {
  type: 'kind',
  types: { new: 'A' },
  only: ['A'],
  fields: {
    timestamp: 'ns',
    orderReferenceNumber: 'id',
    buySellIndicator: { from: 'side', values: { buy: 'B', sell: 'S' } },
    shares: 'quantity',
    stock: 'symbol',
    price: { from: 'dollars', scale: 4 },
  },
  ignore: ['stockLocate', 'trackingNumber'],
};
