/** How many messages of each type a full NASDAQ day has in 100,000, and what follows for a session's size. */

/** Messages of each type in 100,000; S comes at fixed times, W only on a day that asks for it. */
export const proportions: Readonly<Record<string, number>> = {
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

/** Messages that a session has at least, beside those of each symbol: the system events. */
export const systemEvents = 6;
/** Messages of each symbol at least: directory entry, trading state, short sale state, opening and closing cross. */
export const messagesOfSymbol = 5;
/** On a day of a market-wide halt, of each symbol besides: halted, quoting, crossed, trading; and once the breach. */
const messagesOfSymbolInHalt = 4;
/** A real day has about so many. */
const mostSymbols = 8000;
/** Messages for each of the first symbols of a small session. */
const messagesOfFirstSymbols = 100;
const firstSymbols = 8;

/** How many of a type a session of `messages` has. */
export function expected(type: string, messages: number): number {
  return (messages * proportions[type]) / 100_000;
}

/** The symbols of a session where none are asked for. */
export function defaultSymbols(messages: number): number {
  const first = Math.min(firstSymbols, Math.floor(messages / messagesOfFirstSymbols));
  return Math.max(1, first, Math.min(mostSymbols, Math.round(expected('R', messages))));
}

/** Fewest messages that hold the given symbols' day. */
export function leastMessages(symbols: number, hasMarketHalt: boolean): number {
  const ofHalt = hasMarketHalt ? 1 + messagesOfSymbolInHalt * symbols : 0;
  return systemEvents + messagesOfSymbol * symbols + ofHalt;
}
