import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { mdp3, mdp3SchemaOf } from '../../../src/protocol/mdp3/index.js';
import { Mdp3Session, type Mdp3SessionOptions } from '../../../src/sim/mdp3/session.js';
import { type DecodedPacket, decodePacket, MarketClient, plainBook, type Values } from './market-client.js';
import { RecoveringClient } from './recovering-client.js';

const small: Mdp3SessionOptions = { messages: 8000, instruments: 20, durationNs: 60e9 };

/** Templates of a version that a session over UDP does not have: logins, and what TCP alone carries. */
const tcpOnly = ['AdminLogin15', 'AdminLogout16', 'SnapshotFullRefreshTCP61', 'SnapshotFullRefreshTCPLongQty68'];

function packetsOf(session: Mdp3Session): DecodedPacket[] {
  const packets: DecodedPacket[] = [];
  while (session.next()) packets.push(decodePacket(session.view, session.offset, session.length, session.feed));
  return packets;
}

function hashOf(options: Mdp3SessionOptions): string {
  const session = new Mdp3Session(options);
  const hash = createHash('sha256');
  while (session.next()) hash.update(new Uint8Array(session.view.buffer, session.offset, session.length));
  return hash.digest('hex').slice(0, 16);
}

function play(packets: readonly DecodedPacket[]): MarketClient {
  const client = new MarketClient();
  for (const packet of packets) if (packet.feed === 0) client.incremental(packet);
  return client;
}

describe.each([5, 6, 8, 9, 10, 11, 12, 13])('session of version %i', (schemaVersion) => {
  const options = { ...small, schemaVersion, channelReset: true };
  const session = new Mdp3Session(options);
  const packets = packetsOf(session);
  const truth = session.truth();
  const hasOrders = schemaVersion >= 8;

  it('hasItsNumbersExactly', () => {
    const messages = packets.flatMap((packet) => packet.messages);
    const counts: Record<string, number> = {};
    for (const { name } of messages) counts[name] = (counts[name] ?? 0) + 1;
    expect(messages.length).toBe(options.messages);
    expect(session.count).toBe(options.messages);
    expect(counts).toEqual(truth.messagesByTemplate);
    expect(messages.every(({ version }) => version === schemaVersion)).toBe(true);
  });

  it('hasEveryTemplate', () => {
    const { messages } = mdp3SchemaOf(schemaVersion) as NonNullable<ReturnType<typeof mdp3SchemaOf>>;
    const missing = messages.map(({ name }) => name).filter((name) => !(name in truth.messagesByTemplate));
    expect(missing.filter((name) => !tcpOnly.includes(name))).toEqual([]);
  });

  it('isAMarketWhoseEndIsTheTruth', () => {
    const client = play(packets);
    expect(client.problems).toEqual([]);
    expect(client.trades).toBe(truth.tradeCount);
    expect(client.quantity).toBe(truth.tradeQuantity);
    for (const told of truth.instruments) {
      const book = client.book(told.securityId);
      const { rptSeq, impliedBid, impliedOffer, bidOrders, offerOrders } = told;
      const bids = told.bids.slice(0, 10);
      const offers = told.offers.slice(0, 10);
      expect(plainBook(book, hasOrders), told.symbol).toEqual({
        rptSeq,
        bids,
        offers,
        impliedBid,
        impliedOffer,
        bidOrders,
        offerOrders,
      });
      expect(book.volume, told.symbol).toBe(told.volume);
    }
  });

  it('feedsOfRecoveryCountEachRound', () => {
    for (const feed of [1, 2, 3]) {
      const numbers = packets.filter((packet) => packet.feed === feed).map(({ sequence }) => sequence);
      const problems = numbers.filter((number, index) => number !== 1 && number !== (numbers[index - 1] ?? 0) + 1);
      expect(problems).toEqual([]);
      const rounds = numbers.filter((number) => number === 1).length;
      const { rounds: whole } = truth.feeds[feed];
      if (hasOrders || feed < 3) expect([whole, whole + 1]).toContain(rounds);
    }
  });
});

describe('session', () => {
  it('isTheSameForTheSameOptions', () => {
    expect(hashOf(small)).toBe(hashOf(small));
    expect(hashOf({ ...small, seed: 2 })).not.toBe(hashOf(small));
  });

  /** Fixed for good: whoever changes the generator changes every fixture made by it. */
  it('hasTheseBytes', () => {
    expect(hashOf({ messages: 2000, durationNs: 1e9 })).toBe('753eb2ba12ca2e28');
    expect(hashOf({ messages: 2000, durationNs: 1e9, schemaVersion: 9 })).toBe('e4fa0237f5156f08');
  });

  it.each([9, 13])('snapshotsOfVersion%iAreTheBookOfTheirMoment', (schemaVersion) => {
    const client = new MarketClient();
    let compared = 0;
    for (const packet of packetsOf(new Mdp3Session({ ...small, schemaVersion }))) {
      if (packet.feed === 0) client.incremental(packet);
      for (const message of packet.feed === 2 ? packet.messages : []) {
        expect(message.LastMsgSeqNumProcessed).toBe(client.sequence);
        const book = client.book(message.SecurityID);
        expect(message.RptSeq).toBe(book.rptSeq);
        expect(levelsTold(message)).toEqual([book.levels.Bid, book.levels.Offer]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(300);
  });

  it.each([
    [9, 0.1],
    [13, 0.1],
    [13, 0.45],
  ])('aClientOfVersion%iThatJoinsAt%fRecovers', (schemaVersion, part) => {
    const session = new Mdp3Session({ ...small, schemaVersion });
    const packets = packetsOf(session);
    const client = new RecoveringClient();
    for (const packet of packets.slice(Math.floor(packets.length * part))) client.packet(packet);
    expect(client.problems).toEqual([]);
    const { instruments } = session.truth();
    for (const { symbol, securityId, rptSeq, bids, offers, bidOrders, offerOrders, ...told } of instruments) {
      const book = client.book(securityId);
      expect(book, symbol).toBeDefined();
      const { impliedBid, impliedOffer } = told;
      const expected = { rptSeq, bids: bids.slice(0, 10), offers: offers.slice(0, 10), impliedBid, impliedOffer };
      expect(plainBook(book as NonNullable<typeof book>, true), symbol).toEqual({
        ...expected,
        bidOrders,
        offerOrders,
      });
    }
  });

  it('definitionsGoRoundAndNewcomersAreAnnounced', () => {
    const session = new Mdp3Session(small);
    const packets = packetsOf(session);
    const ofFeed = (feed: number) =>
      packets.filter((packet) => packet.feed === feed).flatMap(({ messages }) => messages);
    const isDefinition = ({ name }: Values) => /Definition/.test(name);
    const announced = ofFeed(0).filter(isDefinition);
    expect(announced.map(({ TotNumReports }) => TotNumReports)).toEqual([null, null]);
    const totals = new Set(ofFeed(1).map(({ TotNumReports }) => TotNumReports));
    expect([...totals]).toEqual([18, 19, 20]);
    const listed = ofFeed(1)
      .slice(0, 18)
      .map(({ Symbol: symbol }) => symbol);
    const { instruments } = session.truth();
    expect([...listed, ...announced.map(({ Symbol: symbol }) => symbol)]).toEqual(
      instruments.map(({ symbol }) => symbol),
    );
  });

  it.each([9, 13])('messagesOfVersion%iHaveNothingInTheirPadding', (schemaVersion) => {
    const session = new Mdp3Session({ messages: 2000, durationNs: 1e9, schemaVersion });
    while (session.next()) {
      const { view, length } = session;
      for (let at = 12; at < length; at += view.getUint16(at, true)) {
        const size = view.getUint16(at, true) - 2;
        const values = mdp3.toObject(view, at + 2, size) as NonNullable<ReturnType<typeof mdp3.toObject>>;
        expect(Buffer.from(view.buffer, at + 2, size).equals(mdp3.encode(values)), String(values.name)).toBe(true);
      }
    }
  });

  it('booksAreToldInEveryWay', () => {
    const packets = packetsOf(new Mdp3Session({ ...small, messages: 30_000 }));
    const messages = packets.flatMap((packet) => (packet.feed === 0 ? packet.messages : []));
    const valuesOf = (group: string, field: string) => {
      const values = messages.flatMap((message) => (message[group] ?? []).map((entry: Values) => entry[field]));
      // Constants are no names.
      return [...new Set(values)].filter((value) => String(value).length > 1 && value !== undefined).sort();
    };
    const actions = ['Change', 'Delete', 'DeleteFrom', 'DeleteThru', 'New', 'Overlay'];
    expect(valuesOf('NoMDEntries', 'MDUpdateAction')).toEqual(actions);
    expect(valuesOf('NoOrderIDEntries', 'OrderUpdateAction')).toEqual(['Delete', 'New', 'Update']);
    expect(valuesOf('NoMDEntries', 'AggressorSide')).toEqual(['Buy', 'NoAggressor', 'Sell']);
    expect(valuesOf('NoMDEntries', 'MDEntryType')).toEqual(
      [
        ...['Bid', 'Offer', 'ImpliedBid', 'ImpliedOffer', 'BookReset'],
        ...['OpenPrice', 'HighTrade', 'LowTrade', 'VWAP', 'HighestBid', 'LowestOffer'],
        ...['SettlementPrice', 'ClearedVolume', 'OpenInterest', 'FixingPrice'],
      ].sort(),
    );
  });

  it('longEventsGoOverSeveralPackets', () => {
    const packets = packetsOf(new Mdp3Session({ ...small, mtu: 1280, channelReset: true }));
    const open = packets.filter(({ feed, messages }) => {
      const marks = messages.at(-1)?.MatchEventIndicator;
      return feed === 0 && marks !== undefined && !marks.names.includes('EndOfEvent');
    });
    expect(open.length).toBeGreaterThan(0);
    expect(play(packets).problems).toEqual([]);
  });

  it('packetsStayWithinTheMtu', () => {
    for (const mtu of [1280, 1500, 9000]) {
      const session = new Mdp3Session({ ...small, mtu });
      let longest = 0;
      while (session.next()) longest = Math.max(longest, session.length);
      expect(longest).toBeLessThanOrEqual(mtu - 48);
      expect(longest).toBeGreaterThan(1000);
      expect(session.count).toBe(small.messages);
    }
  });

  it('packetsAreInOrderOfTime', () => {
    const session = new Mdp3Session(small);
    let last = 0;
    while (session.next()) {
      const ns = (session.seconds % 1e6) * 1e9 + session.nanoseconds;
      expect(ns).toBeGreaterThan(last);
      last = ns;
    }
  });

  it.each([
    [{ messages: 10 }, 'a session of 16 instruments has at least'],
    [{ messages: 1000, instruments: 0 }, 'a session has 1 to 2000 instruments, not 0'],
    [{ messages: 1000, schemaVersion: 7 }, 'versions 5, 6 and 8 to 13 of the schema are known, not 7'],
    [{ messages: 1000, mtu: 576 }, 'packets of this feed have 1280 to 9000 bytes at most, not 576'],
    [{ messages: 1000, channel: 0 }, 'channels have numbers from 1 to 32767, not 0'],
    [{ messages: 1000, durationNs: 1 }, 'a session lies within one day of Chicago and lasts 100 ms or more'],
    [{ messages: 1000, durationNs: 1e9, untilNs: 5 }, 'give the end of the session or its duration, not both'],
    [{ messages: 1000, date: '2026-02-30' }, 'date "2026-02-30": there is no such day'],
  ])('refuses %j', (options, text) => {
    expect(() => new Mdp3Session(options)).toThrow(text);
  });

  it.each([1, 2, 3, 7, 8, 100])('%i instruments have a session', (instruments) => {
    const session = new Mdp3Session({ messages: 4000, instruments, durationNs: 1e9 });
    expect(play(packetsOf(session)).problems).toEqual([]);
    expect(session.count).toBe(4000);
  });
});

function levelsTold(message: Values) {
  return ['Bid', 'Offer'].map((side) =>
    message.NoMDEntries.filter(({ MDEntryType }: Values) => MDEntryType === side).map(
      ({ MDEntryPx, MDEntrySize, NumberOfOrders }: Values) => ({
        price: MDEntryPx,
        size: MDEntrySize,
        orders: NumberOfOrders,
      }),
    ),
  );
}
