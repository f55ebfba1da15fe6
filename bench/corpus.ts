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
const committed: Readonly<Record<string, string>> = {};

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
