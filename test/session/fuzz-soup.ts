/** Mutated SoupBinTCP streams, in pieces of any length, each run against a plain reading of the same bytes. */
import { expect } from 'vitest';
import { Random } from '../../src/core/random.js';
import type { Join } from '../../src/core/seams.js';
import { SessionDemux } from '../../src/session/demux.js';
import { mutate, randomMessage } from './fuzz.js';
import { accepted, heartbeat, login, packet, sequenced, tcpFlow, unsequenced } from './soup.js';
import { concat, embed, latin1, lengthOf } from './support.js';

/** What the length field says, by type, as the specification prints it; S, U and debug are as long as they like. */
const fixedLengths: Record<string, number> = { A: 31, J: 2, H: 1, Z: 1, L: 47, R: 1, O: 1 };

interface PlainReading {
  messages: string[];
  /** What is left behind the last whole packet, where all before are sound; else null. */
  rest: number | null;
}

/** The messages up to the first packet that is none, as a plain reader of the specification finds them. */
function plainRead(bytes: Uint8Array): PlainReading {
  const stream = Buffer.from(bytes);
  const messages: string[] = [];
  let sequence = 0;
  let at = 0;
  while (at + 3 <= stream.length) {
    const length = stream.readUInt16BE(at);
    const type = String.fromCharCode(stream[at + 2] as number);
    const isSound = length > 0 && ('SU+'.includes(type) || fixedLengths[type] === length);
    if (!isSound) return { messages, rest: null };
    if (at + 2 + length > stream.length) break;
    const payload = stream.subarray(at + 3, at + 2 + length).toString('latin1');
    if (type === 'A') {
      const digits = payload.slice(10).replace(/^[ \0]+|[ \0]+$/g, '');
      sequence = /^\d+$/.test(digits) && Number(digits) <= 2 ** 52 ? Number(digits) : 0;
    } else if (type === 'U') messages.push(`0 ${payload}`);
    else if (type === 'S') {
      messages.push(`${sequence} ${payload}`);
      if (sequence > 0) sequence++;
    }
    at += 2 + length;
  }
  return { messages, rest: stream.length - at };
}

function randomStream(random: Random): Uint8Array {
  const parts = [random.below(4) === 0 ? login('user', 'secret') : accepted('S1', 1 + random.below(1000))];
  for (let count = random.below(12); count > 0; count--) {
    const kind = random.below(12);
    if (kind === 0) parts.push(heartbeat);
    else if (kind === 1) parts.push(packet(random.pick(['+', 'Z', 'R', 'O'])));
    else if (kind === 2) parts.push(unsequenced(randomMessage(random)));
    else if (kind === 3) parts.push(accepted(random.pick(['S1', 'S2']), random.below(1000)));
    else parts.push(sequenced(randomMessage(random)));
  }
  return concat(...parts);
}

/** Decodes mutated streams through a demux: exact up to the first packet that is none, and bounded from there on. */
export function fuzzSoup(cases: number, seed: number): void {
  const random = new Random(seed);
  const flow = tcpFlow();
  for (let number = 0; number < cases; number++) {
    const { bytes } = mutate(randomStream(random), random);
    const heard: string[] = [];
    const codes: string[] = [];
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _ns, sequence) => heard.push(`${sequence} ${latin1(view, offset, length)}`),
        onDamage: ({ code }) => codes.push(code),
      },
      { lengthOf, force: () => 'soupbintcp' },
    );
    const most = random.pick([1, 5, 60, 400]);
    // A break in the stream is no matter for the plain reader: only what is heard is bounded.
    const isWhole = random.below(4) > 0;
    let join: Join = 'start';
    for (let at = 0, piece = 1; at < bytes.length; piece++) {
      const part = bytes.slice(at, at + 1 + random.below(most));
      const { view, offset, length } = embed(part);
      demux.segment(view, offset, length, 0, flow, join, piece, 0);
      new Uint8Array(view.buffer).fill(0xdd);
      at += part.length;
      join = isWhole || random.below(6) > 0 ? 'next' : random.pick(['lost', 'start'] as const);
    }
    demux.finish();
    const { messages, rest } = plainRead(bytes);
    const told = codes.filter((code) => code !== 'login-sequence');
    const check = (actual: unknown, expected: unknown) => {
      if (JSON.stringify(actual) === JSON.stringify(expected)) return;
      expect(actual, `seed ${seed} case ${number}: ${Buffer.from(bytes).toString('hex')}`).toEqual(expected);
    };
    if (isWhole) check(heard.slice(0, messages.length), messages);
    if (isWhole && rest !== null) check([heard.length, told], [messages.length, rest > 0 ? ['cut-packet'] : []]);
    if (isWhole && rest === null) check(told[0], 'soup-packet');
    check([heard.length * 3 <= bytes.length, codes.length <= 3 * bytes.length], [true, true]);
  }
}
