/** The generated session: what a book builder checks in every message, its proportions, its determinism, its limits. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newYorkMidnight } from '../../src/core/time.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { ItchSession, type ItchSessionOptions } from '../../src/sim/itch-session.js';
import { proportions } from '../../src/sim/proportions.js';
import { check, MarketChecker } from './market-checker.js';

const hourNs = 3600e9;

describe('ItchSession', () => {
  it('keeps the rules of the market and tells the truth', () => {
    for (const options of [
      { messages: 150_000, seed: 1 },
      { messages: 40_000, seed: 2, symbols: 40, marketWideHalt: true },
      { messages: 40_000, seed: 'one symbol', symbols: 1 },
      { messages: 30_000, seed: 4, symbols: 12, lowestPrice: 0.0002, highestPrice: 1.2 },
      { messages: 30_000, seed: 5, symbols: 2000 },
      { messages: 60_000, seed: 13, symbols: 4, lowestPrice: 100_000, highestPrice: 200_000 },
      { messages: 40_000, seed: 6, symbols: 30, liveOrders: 1024 },
    ]) {
      expectSound(options);
    }
  });

  it('would not pass with a message left out', () => {
    for (const type of ['A', 'E', 'H', 'C']) {
      const session = new ItchSession({ messages: 20_000, seed: 1, symbols: 20 });
      const checker = new MarketChecker();
      let left = 0;
      while (session.next()) {
        const { view, offset, length } = session;
        if (view.getUint8(offset) === type.charCodeAt(0) && ++left === 10) continue;
        try {
          checker.message(view, offset, length);
        } catch (error) {
          checker.problems.push(String(error));
        }
      }
      const found = checker.truth();
      const truth = session.truth();
      const isSame = JSON.stringify([found.books, found.shares]) === JSON.stringify([truth.books, truth.shares]);
      expect(isSame && checker.problems.length === 0, type).toBe(false);
    }
  });

  it('keeps them for any seed, size and part of the day', () => {
    fc.assert(
      fc.property(anyOptions, (options) => expectSound(options)),
      { numRuns: 40 },
    );
  });

  it('lets a symbol that is halted by itself wait for the whole market', () => {
    let waited = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const session = new ItchSession({
        messages: 6000,
        symbols: 40,
        seed,
        durationNs: 99e9 + 7,
        marketWideHalt: true,
      });
      expect(check(session).problems).toEqual([]);
      const { halts } = session.truth();
      const ofMarket = halts.filter(({ reason }) => reason === 'MWC1');
      const until = ofMarket.at(-1)?.untilNs ?? 0;
      for (const halt of halts) {
        if (halt.reason !== 'MWC1' && halt.fromNs < ofMarket[0].fromNs && Number(halt.untilNs) > until) waited++;
      }
    }
    expect(waited).toBeGreaterThan(0);
  });

  it('has every type in real proportions', () => {
    const session = new ItchSession({ messages: 400_000, seed: 9, marketWideHalt: true });
    const counts = countTypes(session);
    expect(Object.keys(counts).sort()).toEqual(itch50.messages.map(({ type }) => type).sort());
    for (const [type, share] of Object.entries(proportions)) {
      const wanted = (400_000 * share) / 100_000;
      // The rest are few, come by symbol, or depend on what halts.
      if (!'ADUEXPIFLN'.includes(type)) continue;
      expect(counts[type] / wanted, type).toBeGreaterThan(0.85);
      expect(counts[type] / wanted, type).toBeLessThan(1.15);
    }
    for (const type of ['C', 'Q', 'R', 'Y']) {
      expect(counts[type] / ((400_000 * proportions[type]) / 100_000), type).toBeGreaterThan(0.5);
      expect(counts[type] / ((400_000 * proportions[type]) / 100_000), type).toBeLessThan(2);
    }
  });

  it('has no breach of the circuit breaker unless asked', () => {
    const counts = countTypes(new ItchSession({ messages: 100_000 }));
    expect(Object.keys(counts).length).toBe(itch50.messages.length - 1);
    expect(counts.W).toBeUndefined();
  });

  it('makes exactly as many messages as asked for, from the fewest on', () => {
    for (const messages of [11, 12, 13, 50, 99, 100, 101, 999, 4999, 5000, 5001]) {
      const session = new ItchSession({ messages });
      const checker = check(session);
      expect(checker.problems).toEqual([]);
      expect(session.count).toBe(messages);
      expect(session.next()).toBe(false);
    }
  });

  it('gives the same bytes for the same options', () => {
    const options = { messages: 50_000, symbols: 20, seed: 42, date: '2026-03-02' };
    const hash = hashOf(new ItchSession(options));
    expect(hashOf(new ItchSession(options))).toBe(hash);
    expect(hashOf(new ItchSession({ ...options, seed: 43 }))).not.toBe(hash);
    expect(hash).toBe('a84946000f8dbd1d');
  });

  it('stamps messages with New York time', () => {
    const session = new ItchSession({ messages: 2000, date: '2026-07-06' });
    const midnight = newYorkMidnight('2026-07-06');
    while (session.next()) {
      const ns = itch50.timestampOf(session.view, session.offset);
      expect((session.seconds - midnight) * 1e9 + session.nanoseconds).toBe(ns);
    }
    expect(session.truth()).toMatchObject({ first: `${midnight + 3 * 3600}.000000000` });
  });

  it('is busiest at the open and the close, and comes in bursts', () => {
    const session = new ItchSession({ messages: 200_000, seed: 3 });
    const byHalfHour = new Array<number>(48).fill(0);
    let before = 0;
    let close = 0;
    while (session.next()) {
      const ns = itch50.timestampOf(session.view, session.offset);
      byHalfHour[Math.floor(ns / (hourNs / 2))]++;
      if (ns - before < 10_000) close++;
      before = ns;
    }
    expect(byHalfHour[19]).toBeGreaterThan(2 * byHalfHour[25]);
    expect(byHalfHour[31]).toBeGreaterThan(2 * byHalfHour[25]);
    expect(byHalfHour[25]).toBeGreaterThan(3 * byHalfHour[12]);
    // 200,000 messages spread evenly over 17 hours would be 300 ms apart.
    expect(close / session.count).toBeGreaterThan(0.6);
  });

  it('gives most of the flow to few symbols', () => {
    const session = new ItchSession({ messages: 100_000, symbols: 100 });
    const byLocate = new Array<number>(101).fill(0);
    while (session.next()) byLocate[session.view.getUint16(session.offset + 1)]++;
    const sorted = byLocate.slice(1).sort((a, b) => b - a);
    const busiest = sorted.slice(0, 20).reduce((sum, messages) => sum + messages, 0);
    expect(busiest).toBeGreaterThan(45_000);
    expect(sorted[99]).toBeGreaterThan(50);
  });

  it('never has more live orders than its limit, however long it is', () => {
    const session = new ItchSession({ messages: 300_000, symbols: 8, liveOrders: 1024 });
    while (session.next());
    const { peakLiveOrders, liveOrders, messagesByType } = session.truth();
    expect(peakLiveOrders).toBeLessThanOrEqual(1024);
    expect(peakLiveOrders).toBeGreaterThan(700);
    expect(liveOrders).toBeGreaterThan(500);
    expect(messagesByType.D).toBeGreaterThan(100_000);
  });

  it('has room for the orders of as many symbols as there can be', () => {
    const session = new ItchSession({ messages: 1_000_000, symbols: 65_535, seed: 3 });
    while (session.next());
    expect(session.truth().messages).toBe(1_000_000);
    expect(session.truth().peakLiveOrders).toBeLessThan(1 << 18);
    const few = new ItchSession({ messages: 60_000, symbols: 3000, liveOrders: 1024 });
    expect(check(few).problems).toEqual([]);
    expect(few.truth().peakLiveOrders).toBeLessThanOrEqual(1024);
  });

  it('opens, closes and ends on time', () => {
    const events = eventTimes(new ItchSession({ messages: 20_000 }));
    expect(events).toEqual({
      O: 3 * hourNs,
      S: 4 * hourNs,
      Q: 9.5 * hourNs,
      M: 16 * hourNs,
      E: 20 * hourNs,
      C: 20 * hourNs + 300e9,
    });
  });

  it('fits a short day around its open', () => {
    const events = eventTimes(new ItchSession({ messages: 20_000, durationNs: 64e9 }));
    expect(events.Q).toBe(9.5 * hourNs);
    expect(events.O).toBe(9.5 * hourNs - 5e8);
    expect(events.C).toBe(9.5 * hourNs + 63.5e9);
  });

  it('refuses what cannot be', () => {
    for (const [options, text] of [
      [{ messages: 10 }, 'has at least 11 messages'],
      [{ messages: 1.5 }, 'has at least 11 messages, not 1.5'],
      [{ messages: 1000, symbols: 0 }, '1 to 65535 symbols, not 0'],
      [{ messages: 1000, symbols: 65_536 }, '1 to 65535 symbols'],
      [{ messages: 1000, symbols: 200 }, 'has at least 1006 messages'],
      [{ messages: 1000, symbols: 110, marketWideHalt: true }, 'has at least 997 messages'],
      [{ messages: 1000, lowestPrice: 0 }, 'prices begin at'],
      [{ messages: 1000, lowestPrice: 20, highestPrice: 10 }, 'prices begin at'],
      [{ messages: 1000, liveOrders: 10 }, 'at least 1024 orders'],
      [{ messages: 1000, date: '2026-02-30' }, 'there is no such day'],
      [{ messages: 1000, fromNs: 17 * hourNs }, 'no market hours are left'],
      [{ messages: 1000, fromNs: 10 * hourNs, untilNs: 9 * hourNs }, 'lies within one day'],
      [{ messages: 1000, untilNs: 17 * hourNs, durationNs: hourNs }, 'not both'],
      [{ messages: 1000, durationNs: 10 }, 'lasts a second or more'],
    ] as const) {
      if (text.includes('997')) expect(() => new ItchSession({ ...options, messages: 996 })).toThrow(text);
      else expect(() => new ItchSession(options)).toThrow(text);
    }
  });
});

const anyOptions = fc
  .record({
    messages: fc.integer({ min: 100, max: 8000 }),
    symbols: fc.integer({ min: 1, max: 40 }),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
    hours: fc.option(fc.constantFrom(1 / 3600, 0.01, 0.5, 3, 8, 17, 20), { nil: undefined }),
    marketWideHalt: fc.boolean(),
    prices: fc.constantFrom({}, { lowestPrice: 0.0002, highestPrice: 1.1 }, { lowestPrice: 9e4, highestPrice: 2e5 }),
  })
  .map(({ hours, messages, prices, ...others }) => ({
    ...others,
    ...prices,
    messages: Math.max(messages, 7 + 9 * others.symbols),
    ...(hours === undefined ? {} : { durationNs: hours * hourNs }),
  }));

function expectSound(options: ItchSessionOptions): void {
  const session = new ItchSession(options);
  const checker = check(session);
  expect(checker.problems).toEqual([]);
  expect(session.count).toBe(options.messages);
  expect(session.truth()).toMatchObject(checker.truth());
  expect(checker.peak).toBeLessThanOrEqual(options.liveOrders ?? 1 << 18);
}

function countTypes(session: ItchSession): Record<string, number> {
  const counts: Record<string, number> = {};
  while (session.next()) {
    const type = String.fromCharCode(session.view.getUint8(session.offset));
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

function eventTimes(session: ItchSession): Record<string, number> {
  const times: Record<string, number> = {};
  while (session.next()) {
    const { view, offset } = session;
    if (view.getUint8(offset) !== 0x53) continue;
    times[String.fromCharCode(view.getUint8(offset + 11))] = itch50.timestampOf(view, offset);
  }
  return times;
}

function hashOf(session: ItchSession): string {
  const hash = createHash('sha256');
  while (session.next()) hash.update(new Uint8Array(session.view.buffer, session.offset, session.length));
  return hash.digest('hex').slice(0, 16);
}
