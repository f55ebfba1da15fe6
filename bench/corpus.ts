/** The bench's inputs by name, each with the SHA-256 that its committed sizes must have. */
import { createHash } from 'node:crypto';
import { buildPcap } from './pcap.js';
import { buildSession } from './session.js';

/** What a case reads. */
export type InputName = 'session.NASDAQ_ITCH50' | 'session-ns.pcap' | 'session-us.pcap';

/** One input in memory. */
export interface Input {
  readonly name: InputName;
  readonly messages: number;
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
};

/** Builds an input and checks its hash where one is committed for its size. */
export function buildInput(name: InputName, messages: number): Input {
  const session = buildSession(messages);
  const bytes =
    name === 'session.NASDAQ_ITCH50' ? session : buildPcap(session, name === 'session-ns.pcap' ? 'ns' : 'us');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const expected = committed[`${name} ${messages}`];
  if (expected !== undefined && expected !== sha256) {
    throw new Error(`${name} of ${messages} messages has SHA-256 ${sha256}, not ${expected}: the generator changed`);
  }
  return { name, messages, bytes, sha256 };
}
