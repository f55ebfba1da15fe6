/** The bench's inputs by name, each with the SHA-256 that its committed sizes must have. */
import { createHash } from 'node:crypto';
import { buildMdpPcap, buildMdpSession } from './mdp-session.js';
import { buildPcap } from './pcap.js';
import { buildSession } from './session.js';

/** What a case reads. */
export type InputName =
  | 'session.NASDAQ_ITCH50'
  | 'session-ns.pcap'
  | 'session-us.pcap'
  | 'channel.mdp3'
  | 'channel-ns.pcap';

/** One input in memory. */
export interface Input {
  readonly name: InputName;
  readonly messages: number;
  /** Entries of all groups; 0 of a protocol without any. */
  readonly entries: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

/** SHA-256 by input and number of messages. */
const committed: Readonly<Record<string, string>> = {
  'session.NASDAQ_ITCH50 5000000': 'c999a0e701b75e8ae2d0501443f7ce9cbc59676623ed2c70d8a40dc616d59935',
  'session-ns.pcap 5000000': 'a152dcb9cde8216d6b7fa7751fbe8e689c9b0d9cda8f8a538384e289ed7420b6',
  'session.NASDAQ_ITCH50 200000': 'e33fbfb89bc28ebca0756fc67edaa05a381de9aceed09ac5b2e0df7bef865b5e',
  'session-ns.pcap 200000': '3aa4a742f9f454168057427a92f95eaae51d36f468531f07938fc8c9c2dd0df7',
  'session-us.pcap 200000': 'f59e2c106f7aca25871ff0e609c994566ec898ffb8f5a011bd3f03f89dc6d1a0',
  'session.NASDAQ_ITCH50 20000': '4c9c567ab61e00a7e743686ede06c60ef58716f2f856142805d97d0b0ea71e5f',
  'session-ns.pcap 20000': '08404a5df563c585910944dcbeeba9e9adea4915099eca8365f1a3e00ec580d3',
  'session-us.pcap 20000': '06cbcbd1418f8eeb3cd1ac57e9907ccead5c2513b32c33ee636e23e25a932bf8',
  'channel.mdp3 1000000': '782ea9cdd5f5c993a0b51dd3447986479f3a521bf773fb127d0c077d7ba9b105',
  'channel-ns.pcap 1000000': '233978d00d38e4489bd536f65adac346e6234b8618dd57b0e33a149972a56caf',
  'channel.mdp3 50000': 'ef8bd710ea7f2a91062ea5df0079922294e4c027da1f21ec4023e1ec5afc6fac',
  'channel.mdp3 20000': '4b90918451c08af5ee8549f79cd5222727b51decc1fe1978b328b1fefc91bd36',
  'channel-ns.pcap 20000': 'add80fdf4610df338fe5dedbd6691c761b8cd372f8b0eecbb05fa32a6e667a63',
};

/** Builds an input and checks its hash where one is committed for its size. */
export function buildInput(name: InputName, messages: number): Input {
  const { bytes, entries } = name.startsWith('channel') ? buildChannel(name, messages) : buildDay(name, messages);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const expected = committed[`${name} ${messages}`];
  if (expected !== undefined && expected !== sha256) {
    throw new Error(`${name} of ${messages} messages has SHA-256 ${sha256}, not ${expected}: the generator changed`);
  }
  return { name, messages, entries, bytes, sha256 };
}

function buildDay(name: InputName, messages: number): Pick<Input, 'bytes' | 'entries'> {
  const session = buildSession(messages);
  if (name === 'session.NASDAQ_ITCH50') return { bytes: session, entries: 0 };
  return { bytes: buildPcap(session, name === 'session-ns.pcap' ? 'ns' : 'us'), entries: 0 };
}

function buildChannel(name: InputName, messages: number): Pick<Input, 'bytes' | 'entries'> {
  const channel = buildMdpSession(messages);
  return name === 'channel.mdp3' ? channel : { bytes: buildMdpPcap(channel), entries: channel.entries };
}
