/** The bench's cases of MDP 3.0: the library's and their peers, all over one channel. */
import { CaptureReader, itch50, mdp3, SessionDemux } from 'tickreel';
import type { BenchCase } from './cases.js';
import type { Input } from './corpus.js';
import { handWrittenMdpChecksum } from './mdp-hand-written.js';
import { mdpChecksum, mdpChecksumHandlers, resetMdpChecksum } from './mdp-handlers.js';
import { binaryParserMdpChecksum } from './mdp-peers.js';
import { mdpMessages } from './mdp-session.js';

/** How much of the channel a `decodePacket` call is given. */
const chunkBytes = 65_536;
const slowPeerMessages = 50_000;
const channel = 'channel.mdp3';
const [channelReset, adminHeartbeat] = [4, 12];

/** All cases of MDP 3.0, the library's first. */
export const mdpCases: readonly BenchCase[] = [
  {
    name: 'mdp-decode',
    about: 'messages behind their MsgSize in memory: every field of every group entry through typed handlers',
    input: channel,
    per: 'entry',
    messages: mdpMessages,
    sum: 'mdp-fields',
    prepare: prepareDecode,
  },
  {
    name: 'mdp-end-to-end',
    about: 'nanosecond pcap in memory: CaptureReader (checksums verified), SessionDemux, every field of every entry',
    input: 'channel-ns.pcap',
    per: 'entry',
    messages: mdpMessages,
    sum: 'mdp-fields',
    prepare: prepareEndToEnd,
  },
  {
    name: 'peer-mdp-hand-written',
    about: 'a loop written by hand for this checksum alone, lengths trusted',
    input: channel,
    per: 'entry',
    messages: mdpMessages,
    sum: 'mdp-fields',
    prepare: ({ bytes }) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return () => handWrittenMdpChecksum(view, 0, view.byteLength);
    },
  },
  {
    name: 'peer-mdp-binary-parser',
    about: 'binary-parser, parsers written by hand',
    input: channel,
    per: 'entry',
    messages: slowPeerMessages,
    sum: 'mdp-fields',
    prepare:
      ({ bytes }) =>
      () =>
        binaryParserMdpChecksum(bytes),
  },
];

function prepareDecode({ bytes }: Input): () => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const decoder = mdp3.createDecoder(mdpChecksumHandlers);
  return () => {
    resetMdpChecksum();
    for (let at = 0; at < bytes.length; ) {
      const behind = decoder.decodePacket(view, at, Math.min(at + chunkBytes, bytes.length));
      if (behind === at) throw new Error(`no whole message at ${at}`);
      at = behind;
    }
    return mdpChecksum();
  };
}

function prepareEndToEnd({ bytes }: Input): () => number {
  const decoder = mdp3.createDecoder(mdpChecksumHandlers);
  const fail = (damage: { message: string }): never => {
    throw new Error(damage.message);
  };
  const isOf = (templateId: number) => (view: DataView, offset: number) =>
    view.getUint16(offset + 2, true) === templateId;
  const facts = { fits: mdp3.isKnown, isReset: isOf(channelReset), isHeartbeat: isOf(adminHeartbeat) };
  return () => {
    resetMdpChecksum();
    const reader = new CaptureReader({ onDamage: fail });
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length) => void decoder.decode(view, offset, length),
        onGap: (from) => fail({ message: `gap at ${from}` }),
        onDamage: fail,
      },
      { lengthOf: itch50.lengthOf, mdp3: facts },
    );
    reader.push(bytes);
    reader.end();
    while (reader.next()) {
      const { view, offset, length, flow, packetNumber, fileOffset } = reader;
      demux.datagram(view, offset, length, reader.nanoseconds, flow, packetNumber, fileOffset);
    }
    if (!reader.done || reader.counts.badUdpChecksums !== 0) throw new Error('the capture was not read as it is');
    return mdpChecksum();
  };
}
