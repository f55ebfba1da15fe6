/**
 * Reads the text that an independent dissector printed of MoldUDP64 packets of ITCH 5.0 into comparable values: raw
 * integers, prices by their scale, codes, and times as nanoseconds of the day on the dissector's own clock.
 */

/** One packet; a session of zeros is printed as `No Value`, here the empty string. */
export interface DissectedPacket {
  readonly session: string;
  readonly sequence: string;
  readonly messages: Record<string, string | bigint>[];
}

/** Message names as the dissector has them: type code to ours. */
const names: Readonly<Record<string, string>> = {
  'System Event': 'SystemEvent',
  'Stock Trading Action': 'StockTradingAction',
  'Reg Sho Short Sale Price Test Restricted Indicator': 'RegShoRestriction',
  'Market Participant Position': 'MarketParticipantPosition',
  'Luld Auction Collar': 'LuldAuctionCollar',
  'Add Order No Mpid Attribution': 'AddOrder',
  'Add Order With Mpid Attribution': 'AddOrderMpid',
  'Order Executed': 'OrderExecuted',
  'Order Executed With Price': 'OrderExecutedWithPrice',
  'Order Cancel': 'OrderCancel',
  'Order Delete': 'OrderDelete',
  'Order Replace': 'OrderReplace',
  'Non Cross Trade': 'Trade',
  'Cross Trade': 'CrossTrade',
  'Net Order Imbalance Indicator': 'NetOrderImbalanceIndicator',
  'Retail Interest': 'RetailInterest',
};

/** Field names that are not simply the dissector's words in camelCase. */
const fieldNames: Readonly<Record<string, string>> = {
  'Locate Code': 'stockLocate',
  'Canceled Shares': 'cancelledShares',
  'Cross Shares': 'shares',
};

const textFields = new Set(['stock', 'mpid', 'attribution', 'reason']);
const codeFields = new Set([
  ...['eventCode', 'tradingState', 'regShoAction', 'primaryMarketMaker', 'marketMakerMode', 'marketParticipantState'],
  ...['buySellIndicator', 'printable', 'crossType', 'imbalanceDirection', 'priceVariationIndicator', 'interestFlag'],
]);

/** The packets of one file's text. */
export function dissected(text: string): DissectedPacket[] {
  return text.split(/^(?=packet \d)/m).map((block) => {
    const [head = '', ...messages] = block.split(/^ {4}Message: *$/m);
    const count = /Message Count: (\d+)/.exec(head)?.[1];
    if (Number(count) !== messages.length) throw new Error(`${count} messages announced, ${messages.length} printed`);
    const session = /Session: (.*)/.exec(head)?.[1]?.trim() ?? '';
    return {
      session: session === 'No Value' ? '' : session,
      sequence: /Sequence Number: (\d+)/.exec(head)?.[1] ?? '',
      messages: messages.map(parseMessage),
    };
  });
}

function parseMessage(text: string): Record<string, string | bigint> {
  const head = /Message Type: (.*) Message \((.)\)/.exec(text);
  const name = names[head?.[1] ?? ''];
  if (head === null || name === undefined) throw new Error(`unknown message in ${text}`);
  const values: Record<string, string | bigint> = { type: head[2] as string, name };
  for (const [, label = '', value = ''] of text.matchAll(/^ {12}([^:\n]+):(.*)$/gm)) {
    if (label === 'Message Length' || label === 'Message Type') continue;
    const field = fieldNames[label] ?? camelCase(label);
    values[field] = parseValue(field, value.replace(/^ /, ''));
  }
  return values;
}

function parseValue(field: string, value: string): string | bigint {
  if (field === 'reserved') return value.trimEnd();
  if (textFields.has(field)) return value.trimEnd();
  if (codeFields.has(field)) {
    const code = /\((.|<whitespace>)\)$/.exec(value.trimEnd())?.[1] ?? '';
    return code === '<whitespace>' ? '' : code;
  }
  if (field === 'timestamp') return clockNs(value);
  return field.toLowerCase().endsWith('price') ? scaled(value, 4) : BigInt(value.trim());
}

/** `2023-08-22 14:30:15.592415125` as nanoseconds since that clock's midnight. */
function clockNs(value: string): bigint {
  const parts = /^\d{4}-\d\d-\d\d (\d\d):(\d\d):(\d\d)\.(\d{9})$/.exec(value.trim());
  if (parts === null) throw new Error(`not a time: ${value}`);
  const [, hours = '', minutes = '', seconds = '', fraction = ''] = parts;
  return ((BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)) * 1_000_000_000n + BigInt(fraction);
}

function scaled(value: string, decimals: number): bigint {
  const [whole = '', fraction = ''] = value.trim().split('.');
  if (fraction.length > decimals) throw new Error(`too many decimals: ${value}`);
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

function camelCase(label: string): string {
  const words = label.split(' ');
  return words.map((word, index) => (index === 0 ? word.toLowerCase() : word)).join('');
}
