/** Messages of MDP 3.0 for the tests of what reads captures: definitions and book updates, encoded by the table. */
import { Random } from '../../src/core/random.js';
import type { Flow } from '../../src/core/seams.js';
import { mdp3 } from '../../src/protocol/mdp3/index.js';
import type { SbeValues } from '../../src/schema/sbe/plain-values.js';
import { baseNs } from '../session/mdp3-build.js';

export { baseNs, packet as mdpPacket, sbe, sized, tcpPacket } from '../session/mdp3-build.js';

/** Seconds of `baseNs`. */
export const baseSeconds = Number(baseNs / 1_000_000_000n);

/** The incremental feed of channel 310, line A, its line B, and the feed that replays its instruments. */
export const lines: Record<'a' | 'b' | 'instruments', Flow> = {
  a: flowTo(0, '224.0.31.1', 14310),
  b: flowTo(1, '224.0.32.1', 15310),
  instruments: flowTo(2, '224.0.31.43', 14310),
};

/** A channel configuration that names these lines. */
export const configuration = `<?xml version="1.0"?>
<configuration environment="TEST" updated="2026/01/05-00:00:00">
  <channel id="310" label="Equity Futures">
    <products><product code="ES"><group code="ES"/></product></products>
    <connections>
      ${connection('310IA', 'I', 'Incremental', '224.0.31.1', 14310, 'A')}
      ${connection('310IB', 'I', 'Incremental', '224.0.32.1', 15310, 'B')}
      ${connection('310NA', 'N', 'Instrument Replay', '224.0.31.43', 14310, 'A')}
    </connections>
  </channel>
</configuration>`;

/** MDInstrumentDefinitionFuture54; what does not matter is drawn. */
export function definition(symbol: string, securityId: number, version = 13): Uint8Array {
  const template = mdp3.messageOf(54);
  const bytes = mdp3.generate(new Random(symbol), template);
  const drawn = mdp3.toObject(new DataView(bytes.buffer), 0, bytes.length) as SbeValues;
  return mdp3.encode({ ...drawn, version, Symbol: symbol, SecurityID: securityId });
}

/** MDIncrementalRefreshBook46: a bid of each security, its price in its id; `atNs` counts from `baseNs`. */
export function book(atNs: number, ...securityIds: number[]): Uint8Array {
  return mdp3.encode({
    templateId: 46,
    version: 9,
    TransactTime: String(baseNs + BigInt(atNs)),
    MatchEventIndicator: { raw: 0x84 },
    NoMDEntries: securityIds.map((SecurityID, index) => ({
      MDEntryPx: `${SecurityID}.25`,
      MDEntrySize: 3,
      SecurityID,
      RptSeq: index + 1,
      NumberOfOrders: 2,
      MDPriceLevel: 1,
      MDUpdateAction: 'New',
      MDEntryType: 'Bid',
    })),
    NoOrderIDEntries: [],
  });
}

function flowTo(index: number, destination: string, destinationPort: number): Flow {
  const [source, sourcePort] = ['10.0.0.1', 1000 + index];
  const name = `${source}:${sourcePort} > ${destination}:${destinationPort}`;
  return { index, transport: 'UDP', source, sourcePort, destination, destinationPort, name };
}

function connection(id: string, type: string, name: string, ip: string, port: number, feed: string): string {
  return `<connection id="${id}"><type feed-type="${type}">${name}</type><protocol>UDP/IP</protocol><ip>${ip}</ip>
    <host-ip>10.0.0.1</host-ip><port>${port}</port><feed>${feed}</feed></connection>`;
}
