/** Mutated MDP 3.0 packets and streams, each run against a plain reading of the same bytes. */
import { expect } from 'vitest';
import { Random } from '../../src/core/random.js';
import type { Join } from '../../src/core/seams.js';
import { SessionDemux } from '../../src/session/demux.js';
import type { Mdp3Stream } from '../../src/session/mdp3-stream.js';
import { mutate } from './fuzz.js';
import { facts, packet, sbe, tcpPacket } from './mdp3-build.js';
import { tcpFlow } from './soup.js';
import { concat, embed, latin1, lengthOf, makeFlow } from './support.js';

function randomMessage(random: Random): Uint8Array {
  const body = Uint8Array.from({ length: random.below(random.below(10) === 0 ? 400 : 40) }, () => random.below(256));
  const template = random.pick([4, 12, 27, 46, 46, 47, 206]);
  return sbe(body, { template, schema: template > 200 ? 2 : 1, version: random.below(14) });
}

const randomMessages = (random: Random): Uint8Array[] =>
  Array.from({ length: random.below(6) }, () => randomMessage(random));

interface PlainReading {
  messages: string[];
  isWhole: boolean;
}

/** Messages from `start` on as a plain reader finds them, each as `sequence bytes`. */
function plainMessages(bytes: Buffer, start: number, sequence: number): PlainReading {
  const messages: string[] = [];
  let at = start;
  while (at + 2 <= bytes.length) {
    const size = bytes.readUInt16LE(at);
    if (size < 10 || at + size > bytes.length) break;
    messages.push(`${sequence} ${bytes.subarray(at + 2, at + size).toString('latin1')}`);
    at += size;
  }
  return { messages, isWhole: at === bytes.length };
}

/** Decodes mutated packets through a demux; what it decodes must be what the plain reader finds, damage told apart. */
export function fuzzMdp3(cases: number, seed: number): void {
  const random = new Random(seed);
  const flow = makeFlow();
  for (let number = 0; number < cases; number++) {
    const heard: string[] = [];
    let damages = 0;
    let gaps = 0;
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _ns, sequence) => heard.push(`${sequence} ${latin1(view, offset, length)}`),
        onDamage: () => damages++,
        onGap: (from, to) => {
          expect(from).toBeLessThanOrEqual(to);
          gaps++;
        },
      },
      { lengthOf, mdp3: facts, force: () => (random.below(2) === 0 ? 'mdp3' : undefined) },
    );
    for (let sequence = 1 + random.below(5), index = 1; index <= 5; index++, sequence++) {
      const { bytes } = mutate(packet(random.below(9) === 0 ? 1 : sequence, index, randomMessages(random)), random);
      // Without a margin behind it, reading past the packet would throw.
      const { view, offset, length } = embed(bytes, random.below(2) * 3);
      const [heardBefore, damagesBefore] = [heard.length, damages];
      const isDecoded = demux.datagram(view, offset, length, 0, flow, index, 0);
      const context = `seed ${seed} case ${number} packet ${index}: ${Buffer.from(bytes).toString('hex')}`;
      const isShort = bytes.length < 12;
      const plain = isShort
        ? { messages: [], isWhole: false }
        : plainMessages(Buffer.from(bytes), 12, Buffer.from(bytes).readUInt32LE(0));
      expect(heard.slice(heardBefore), context).toEqual(isDecoded ? plain.messages : []);
      expect(damages - damagesBefore, context).toBe(isDecoded && !plain.isWhole ? 1 : 0);
    }
    const [report] = demux.sessions();
    if (report === undefined) continue;
    const missing = report.gaps.reduce((sum, gap) => sum + gap.count, 0);
    expect([report.missing, report.gapsDropped, report.messages]).toEqual([missing, 0, heard.length]);
    expect((demux.streams[0] as Mdp3Stream).missing).toBe(missing);
    expect(gaps).toBeGreaterThanOrEqual(report.gaps.length > 0 ? 1 : 0);
  }
}

/** The messages of a stream up to the first that is none, as a plain reader finds them. */
function plainStream(bytes: Uint8Array): { messages: string[]; rest: number | null } {
  const stream = Buffer.from(bytes);
  const messages: string[] = [];
  let sequence = 0;
  for (let at = 0; ; ) {
    const left = stream.length - at;
    if (left < 2) return { messages, rest: left };
    const size = stream.readUInt16LE(at);
    if (size === 0xcafe) {
      if (left < 14) return { messages, rest: left };
      sequence = stream.readUInt32LE(at + 2);
      at += 14;
      continue;
    }
    if (size < 10 || size > 0xcafe) return { messages, rest: null };
    if (left < 10) return { messages, rest: left };
    const [block, , schema, version] = [2, 4, 6, 8].map((place) => stream.readUInt16LE(at + place)) as number[];
    if ((block as number) + 10 > size || (schema as number) > 255 || (version as number) > 255) {
      return { messages, rest: null };
    }
    if (left < size) return { messages, rest: left };
    messages.push(`${sequence} ${stream.subarray(at + 2, at + size).toString('latin1')}`);
    at += size;
  }
}

const behind = concat(
  ...Array.from({ length: 150 }, (_, index) => tcpPacket(1000 + index, 1000 + index, ['filler '.repeat(60)])),
  tcpPacket(5000, 5000, ['the last']),
);

/**
 * Decodes mutated streams: exact up to the first message that is none, however the bytes are cut; and behind damage and
 * more bytes than any message has, the next packets are found again.
 */
export function fuzzMdp3Tcp(cases: number, seed: number): void {
  const random = new Random(seed);
  const flow = tcpFlow();
  for (let number = 0; number < cases; number++) {
    const first = tcpPacket(1, 0, [sbe('first')]);
    const packets = Array.from({ length: 1 + random.below(8) }, (_, index) =>
      tcpPacket(index + 2, index + 2, randomMessages(random)),
    );
    const mutated = concat(first, mutate(concat(...packets), random).bytes);
    const isFollowed = random.below(8) === 0;
    const bytes = isFollowed ? concat(mutated, behind) : mutated;
    const context = `seed ${seed} case ${number}: ${Buffer.from(mutated).toString('hex')}`;
    const heard: string[] = [];
    let damages = 0;
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length, _ns, sequence) => heard.push(`${sequence} ${latin1(view, offset, length)}`),
        onDamage: () => damages++,
      },
      { lengthOf, mdp3: facts },
    );
    const most = random.pick([1, 7, 60, 1400, 70_000]);
    let join: Join = 'start';
    for (let at = 0, length = 0; at < bytes.length; at += length) {
      length = Math.min(bytes.length - at, most === 1 ? 1 : 1 + random.below(most));
      const piece = embed(bytes.subarray(at, at + length), random.below(2) * 3);
      demux.segment(piece.view, piece.offset, piece.length, 0, flow, join, number, at);
      new Uint8Array(piece.view.buffer).fill(0xdd);
      join = 'next';
    }
    const pending = demux.flows()[0]?.pending;
    demux.finish();
    const plain = plainStream(bytes);
    if (plain.rest === null) {
      expect(heard.slice(0, plain.messages.length), context).toEqual(plain.messages);
      expect(damages, context).toBeGreaterThan(0);
    } else {
      expect([heard, pending], context).toEqual([plain.messages, plain.rest]);
      expect(damages, context).toBe(plain.rest > 0 ? 1 : 0);
    }
    if (isFollowed) expect(heard.at(-1)?.slice(0, 4), context).toBe('5000');
  }
}
