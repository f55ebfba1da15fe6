import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { looksLikeMdp3, SessionDemux } from '../../src/session/demux.js';
import type { Mdp3Facts } from '../../src/session/mdp3.js';
import { describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { facts } from './mdp3-build.js';

/** Takes every plausible message for a known one: what is recognised beyond MDP 3.0 would be so by framing alone. */
const credulous: Mdp3Facts = { fits: () => true };

/** Decodes a capture; `messages` are `sequence template/schema/version sending time`. */
function decode(path: string, mdp3: Mdp3Facts | null) {
  const messages: string[] = [];
  const damages: string[] = [];
  const demux = new SessionDemux(
    {
      onMessage: (view, offset, length, _ns, sequence, stream) => {
        if (length < 8) return;
        const [template, schema, version] = [2, 4, 6].map((place) => view.getUint16(offset + place, true));
        const nanoseconds = String(stream.sendingNanoseconds).padStart(9, '0');
        messages.push(`${sequence} ${template}/${schema}/${version} ${stream.sendingSeconds}.${nanoseconds}`);
      },
      onDamage: ({ code }) => damages.push(code),
    },
    { lengthOf: itch50.lengthOf, ...(mdp3 === null ? {} : { mdp3 }) },
  );
  const reader = new CaptureReader({ onDamage: () => {} });
  reader.push(readCapture(path));
  reader.end();
  while (reader.next()) {
    const { view, offset, length, flow, join, packetNumber, fileOffset } = reader;
    if (flow.transport === 'UDP') demux.datagram(view, offset, length, 0, flow, packetNumber, fileOffset);
    else demux.segment(view, offset, length, 0, flow, join ?? 'next', packetNumber, fileOffset);
  }
  demux.finish();
  return { messages, damages, flows: demux.flows(), sessions: demux.sessions() };
}

describeCaptures('MDP 3.0', () => {
  // Numbers and times as the third-party decodes print them; of schema 2, which they do not know, as the bytes read.
  const vectors: [string, sequence: number, templates: number[], schema: string, sent: string][] = [
    ['v5/MdIncrementalRefreshBook', 19_321_375, [32], '1/5', '1446234284.339294656'],
    ['v5/MdIncrementalRefreshSessionStatistics', 19_345_102, [37, 32, 35, 32, 32, 32], '1/5', '1446234377.694588241'],
    ['v5/MdIncrementalRefreshTradeSummary', 19_321_415, [42], '1/5', '1446234284.847061045'],
    ['v5/MdIncrementalRefreshVolume', 19_321_379, [37, 32], '1/5', '1446234284.406158799'],
    ['v5/MdInstrumentDefinitionSpread', 2, [29, 29, 27, 29, 27], '1/5', '1446849164.970634188'],
    ['v9/MdIncrementalRefreshBook', 1_028_095, [46, 46], '1/9', '1536760535.685381248'],
    ['v9/MdIncrementalRefreshOrderBook', 911_525, [47], '1/9', '1536760536.898363329'],
    ['v9/MdIncrementalRefreshVolume', 1_160_087, [37, 46, 46, 48, 37, 46, 46], '1/9', '1536760536.330721282'],
    ['v12/MdIncrementalRefreshBookLongQty', 119, [64], '1/12', '1631080342.516984028'],
    ['v12/RequestAck.Tcp', 2, [206], '2/0', '1631080288.174161917'],
    ['v12/SecurityListRequest.Tcp', 2, [208], '2/0', '1631080288.116932000'],
    ['v12/SecurityStatusRequest.Tcp', 3, [209], '2/0', '1631080288.402250300'],
    ['v12/SubscriberHeartbeat.Tcp', 6, [210], '2/0', '1631080362.389521600'],
  ];
  test.each(vectors)('%s', (name, sequence, templates, schema, sent) => {
    const { messages, damages, flows } = decode(`mdp3/${name}.pcap`, facts);
    expect(messages).toEqual(templates.map((template) => `${sequence} ${template}/${schema} ${sent}`));
    expect(damages).toEqual([]);
    const framing = name.startsWith('v12') ? 'MDP3-TCP' : 'MDP3';
    expect(flows.map(({ recognisedAs, unrecognisedPackets }) => [recognisedAs, unrecognisedPackets])).toEqual([
      [framing, 0],
    ]);
  });
});

describeCaptures('no other capture is MDP 3.0, and those that are are nothing else', () => {
  const files = listCaptures('').filter((path) => /\.(pcap|pcapng|cap)$/.test(path));
  const framings = (path: string, mdp3: Mdp3Facts | null) =>
    decode(path, mdp3).flows.map(({ source, destination, recognisedAs }) => `${source} ${destination} ${recognisedAs}`);

  test('files', () => {
    const others = files.filter((path) => !path.startsWith('mdp3/'));
    expect(others.length).toBeGreaterThan(500);
    const changed = others.filter((path) => framings(path, credulous).join() !== framings(path, null).join());
    expect(changed).toEqual([]);
    const folders = new Set(others.map((path) => path.split('/')[0]));
    expect([...folders].sort()).toEqual(
      expect.arrayContaining(['cta', 'fix', 'ilink3', 'itch50', 'jnx', 'ouch', 'utp']),
    );
  });

  test('nor is anything in the FAST files', () => {
    const taken: string[] = [];
    for (const path of listCaptures('fast').filter((name) => name.endsWith('.dat'))) {
      const bytes = readCapture(path);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at + 22 <= Math.min(view.byteLength, 200_000); at++) {
        if (looksLikeMdp3(view, at, Math.min(1400, view.byteLength - at), facts)) taken.push(`${path} at ${at}`);
      }
    }
    expect(taken).toEqual([]);
  });

  test('without facts the files of MDP 3.0 are nothing', () => {
    const found = files.filter((path) => path.startsWith('mdp3/')).flatMap((path) => decode(path, null).flows);
    expect(found.map(({ recognisedAs }) => recognisedAs)).toEqual(Array(13).fill(null));
  });
});
