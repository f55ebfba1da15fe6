/** Mutated packets and files, each run against a plain reading of the same bytes. */
import { expect } from 'vitest';
import { Random } from '../../src/core/random.js';
import { BinaryFileReader } from '../../src/session/binaryfile.js';
import { SessionDemux } from '../../src/session/demux.js';
import {
  block,
  concat,
  embed,
  itch,
  itchTypes,
  latin1,
  lengthOf,
  makeFlow,
  mold,
  pump,
  timestampOf,
} from './support.js';

type Mutation = { bytes: Uint8Array; at: number };

/** Changes bytes from `at` on and none before. */
export function mutate(original: Uint8Array, random: Random): Mutation {
  const at = random.below(original.length);
  const head = original.slice(0, at);
  const rest = original.slice(at);
  switch (random.below(7)) {
    case 0:
      return { bytes: head, at };
    case 1:
      rest[0] = (rest[0] as number) ^ (1 << random.below(8));
      return { bytes: concat(head, rest), at };
    case 2:
      rest[0] = random.below(256);
      return { bytes: concat(head, rest), at };
    case 3:
      return { bytes: concat(head, rest.slice(1 + random.below(40))), at };
    case 4:
      return {
        bytes: concat(
          head,
          Uint8Array.from({ length: 1 + random.below(40) }, () => random.below(256)),
          rest,
        ),
        at,
      };
    case 5:
      return { bytes: concat(head, new Uint8Array(1 + random.below(40)), rest), at };
    default:
      for (let index = 0; index < rest.length; index += 1 + random.below(9)) rest[index] = random.below(256);
      return { bytes: concat(head, rest), at };
  }
}

export function randomMessage(random: Random): Uint8Array {
  if (random.below(8) > 0) return itch(random.pick(itchTypes), random.nextUint32(), random.below(256));
  return Uint8Array.from({ length: random.below(30) }, () => random.below(256));
}

/** The messages of a packet as a plain reader of the specification finds them, and whether it is whole. */
function plainRead(bytes: Uint8Array): { messages: string[]; isWhole: boolean } {
  const packet = Buffer.from(bytes);
  if (packet.length < 20) return { messages: [], isWhole: false };
  const first = packet.readBigUInt64BE(10);
  const count = packet.readUInt16BE(18);
  if (count === 0 || count === 0xffff) return { messages: [], isWhole: packet.length === 20 && first < 2n ** 53n };
  const isNumbered = first !== 0n && first + BigInt(count) <= 2n ** 53n;
  const messages: string[] = [];
  let at = 20;
  while (messages.length < count && at + 2 <= packet.length) {
    const end = at + 2 + packet.readUInt16BE(at);
    if (end > packet.length) break;
    const sequence = isNumbered ? Number(first) + messages.length : 0;
    messages.push(`${sequence} ${packet.subarray(at + 2, end).toString('latin1')}`);
    at = end;
  }
  return { messages, isWhole: messages.length === count && at === packet.length && (isNumbered || first === 0n) };
}

/** Decodes mutated packets through a demux; what it decodes must be what the plain reader finds, damage told apart. */
export function fuzzPackets(cases: number, seed: number): void {
  const random = new Random(seed);
  const flow = makeFlow();
  for (let number = 0; number < cases; number++) {
    const heard: string[] = [];
    let damages = 0;
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _ns, sequence) => heard.push(`${sequence} ${latin1(view, offset, length)}`),
        onDamage: () => damages++,
      },
      { lengthOf, force: () => (random.below(2) === 0 ? 'moldudp64' : undefined) },
    );
    let hasDownstream = false;
    for (let sequence = 1 + random.below(5), packet = 1; packet <= 4; packet++) {
      const messages = Array.from({ length: random.below(6) }, () => randomMessage(random));
      const { bytes } = mutate(mold(sequence, messages), random);
      sequence += messages.length;
      const { view, offset, length } = embed(bytes);
      const [heardBefore, damagesBefore] = [heard.length, damages];
      const isDecoded = demux.datagram(view, offset, length, 0, flow, packet, 0);
      const { messages: expected, isWhole } = plainRead(bytes);
      const isRequest = bytes.length === 20 && !isWhole && !hasDownstream && expected.length === 0 && !isControl(bytes);
      if (isDecoded && bytes.length >= 20 && !isRequest) hasDownstream = true;
      const told = heard.slice(heardBefore);
      const context = `seed ${seed} case ${number} packet ${packet}: ${Buffer.from(bytes).toString('hex')}`;
      expect(told, context).toEqual(isDecoded ? expected : []);
      expect(damages > damagesBefore, context).toBe(isDecoded && !isWhole && !isRequest);
    }
    const [report] = demux.sessions();
    if (report !== undefined) {
      const missing = report.gaps.reduce((sum, gap) => sum + gap.count, 0);
      expect([report.missing, report.gapsDropped]).toEqual([missing, 0]);
    }
  }
}

function isControl(bytes: Uint8Array): boolean {
  const count = (bytes[18] as number) * 256 + (bytes[19] as number);
  return count === 0 || count === 0xffff;
}

const records = 60;

/** Reads mutated files; every record that ends before the mutation must be delivered, and chunking change nothing. */
export function fuzzFiles(cases: number, seed: number): void {
  const random = new Random(seed);
  for (let number = 0; number < cases; number++) {
    const style = random.pick(['framed', 'zero-length', 'no-prefix'] as const);
    const frameByType = style !== 'framed' || random.below(2) === 0;
    const messages = Array.from({ length: records }, () => itch(random.pick(itchTypes), random.nextUint32()));
    const parts = messages.map((message) => {
      if (style === 'framed') return block(message);
      return style === 'no-prefix' ? message : concat(new Uint8Array(2), message);
    });
    const { bytes, at } = mutate(concat(...parts), random);
    const context = `seed ${seed} case ${number}, ${style}, mutated at ${at}: ${Buffer.from(bytes).toString('hex')}`;
    const whole = readFile(bytes, frameByType, [bytes.length]);
    const cuts = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(300));
    expect(readFile(bytes, frameByType, cuts), context).toEqual(whole);
    let end = 0;
    const valid = messages.filter((_, index) => {
      end += (parts[index] as Uint8Array).length;
      return end <= at;
    });
    // A file without lengths is only known for one by its first messages.
    if (style === 'no-prefix' && valid.length < 32) continue;
    const expected = valid.map((message) => Buffer.from(message).toString('latin1'));
    expect(whole.messages.slice(0, valid.length), context).toEqual(expected);
    expect(whole.messages.length + whole.codes.length, context).toBeLessThanOrEqual(bytes.length + 1);
  }
}

function readFile(bytes: Uint8Array, frameByType: boolean, cuts: number[]): { messages: string[]; codes: string[] } {
  const codes: string[] = [];
  const onDamage = (damage: { message: string }) => codes.push(damage.message);
  const reader = new BinaryFileReader({ midnightSeconds: 0, timestampOf, lengthOf, frameByType, onDamage });
  const messages: string[] = [];
  pump(reader, bytes, cuts, ({ view, offset, length }) => messages.push(latin1(view, offset, length)));
  return { messages, codes };
}
