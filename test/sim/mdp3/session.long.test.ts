/** Any seed, size, version and length: exact counts, a market without contradictions, recovery from anywhere. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mdp3Session } from '../../../src/sim/mdp3/session.js';
import { type DecodedPacket, decodePacket, MarketClient, plainBook } from './market-client.js';
import { RecoveringClient } from './recovering-client.js';

const options = fc.record({
  messages: fc.integer({ min: 2000, max: 20_000 }),
  instruments: fc.integer({ min: 1, max: 60 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  schemaVersion: fc.constantFrom(5, 6, 8, 9, 10, 11, 12, 13),
  durationNs: fc.constantFrom(100e6, 1e9, 60e9, 7200e9),
  mtu: fc.constantFrom(1280, 1500, 9000),
  channelReset: fc.boolean(),
});

describe('session', () => {
  it('isAMarketWhateverItIsMadeFrom', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 0, max: 25 }), (made, joinsAt) => {
        const session = new Mdp3Session(made);
        const packets: DecodedPacket[] = [];
        while (session.next()) packets.push(decodePacket(session.view, session.offset, session.length, session.feed));
        const client = new MarketClient();
        for (const packet of packets) if (packet.feed === 0) client.incremental(packet);
        expect(client.problems).toEqual([]);
        expect(session.count).toBe(made.messages);
        const late = new RecoveringClient();
        for (const packet of packets.slice(Math.floor((packets.length * joinsAt) / 100))) late.packet(packet);
        expect(late.problems).toEqual([]);
        const hasOrders = made.schemaVersion >= 8;
        for (const { securityId, rptSeq, bids, offers, ...told } of session.truth().instruments) {
          const { impliedBid, impliedOffer, bidOrders, offerOrders } = told;
          const levels = { bids: bids.slice(0, 10), offers: offers.slice(0, 10) };
          const expected = { rptSeq, ...levels, impliedBid, impliedOffer, bidOrders, offerOrders };
          expect(plainBook(client.book(securityId), hasOrders)).toEqual(expected);
          const recovered = late.book(securityId);
          if (recovered !== undefined) expect(plainBook(recovered, hasOrders)).toEqual(expected);
        }
      }),
      { numRuns: 150 },
    );
  });
});
