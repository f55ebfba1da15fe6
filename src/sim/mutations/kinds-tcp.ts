/**
 * Mutations of streams: segments of TCP (RFC 9293) under SoupBinTCP and MDP 3.0, and the chain of headers and messages
 * that MDP's TCP form is, whose next header tells where reading can go on.
 */
import type { MutationKind, Site } from './kind.js';
import type { Block, Layer, MutationFraming, Packet } from './model.js';

const streams: readonly MutationFraming[] = ['soupbintcp', 'mdp3-tcp'];
const mdp: readonly MutationFraming[] = ['mdp3-tcp'];
const layer: Layer = 'transport';
const verdict = 'reject';
/** Above any size of a message, and other than the mark of a header. */
const noMark = 0xfeca;

export const tcpKinds: readonly MutationKind[] = [
  segmentsKind('tcp-split', 'a packet in two segments', (at, length) => [
    [0, at],
    [at, length],
  ]),
  segmentsKind('tcp-order', 'two segments, the later one first', (at, length) => [
    [at, length],
    [0, at],
  ]),
  segmentsKind('tcp-repeated', 'a segment that is sent twice', (_at, length) => [
    [0, length],
    [0, length],
  ]),
  segmentsKind('tcp-overlap', 'segments that overlap', (at, length) => [
    [0, at],
    [Math.max(0, at - 3), length],
  ]),
  {
    ...{ name: 'tcp-missing', layer, framings: streams, verdict },
    summary: 'a segment was not captured: reported; SoupBinTCP has no numbers behind it until the next login',
    apply(site) {
      const { packet, next } = site;
      if (packet.blocks.length === 0 || next === null) return null;
      packet.segments = () => [];
      for (const block of packet.blocks) block.fate = 'lost';
      packet.isReported = true;
      if (packet.framing === 'soupbintcp') packet.breaksFraming = 'behind';
      return 'a segment is missing';
    },
  },
  {
    ...{ name: 'chain-mark', layer: 'session', framings: mdp, verdict },
    summary: 'a header without its mark: nothing of the packet can be told, the next header is looked for',
    apply(site) {
      const { packet, next } = site;
      if (packet.blocks.length === 0 || packet.isReported || next === null) return null;
      packet.header[0] = noMark & 0xff;
      packet.header[1] = noMark >> 8;
      for (const block of packet.blocks) block.fate = 'lost';
      packet.isReported = true;
      return `a mark of 0x${noMark.toString(16)}`;
    },
  },
  sizeKind('chain-size-zero', 'MsgSize 0: the next header is looked for', () => 0),
  sizeKind('chain-size-below', 'MsgSize 9, less than its own two bytes and the header', () => 9),
  sizeKind(
    'chain-size-short',
    'MsgSize a byte less than the message: it does not fit, and a byte is left',
    (n) => n - 1,
  ),
  sizeKind(
    'chain-size-long',
    'MsgSize takes bytes of the next header, whose packet is lost with it',
    (n, { random }, next) => {
      for (const block of next.blocks) block.fate = 'lost';
      next.isReported = true;
      return n + 2 + random.below(8);
    },
  ),
  {
    ...{ name: 'chain-short', layer: 'session', framings: mdp, verdict, isOfLast: true },
    summary: 'the stream ends within its last message: those before it are kept',
    apply(site) {
      const block = site.packet.blocks.at(-1);
      if (site.next !== null || site.packet.isReported || block?.fate !== 'deliver') return null;
      const size = block.bytes.length + 2;
      const kept = 1 + site.random.below(block.bytes.length - 1);
      block.claimed = size;
      block.bytes = block.bytes.slice(0, kept);
      block.fate = 'lost';
      site.packet.isReported = true;
      return `${kept + 2} of ${size} bytes`;
    },
  },
];

function segmentsKind(
  name: string,
  summary: string,
  orderOf: (from: number, length: number) => readonly (readonly [number, number])[],
): MutationKind {
  return {
    ...{ name, layer, framings: streams, verdict: 'deliver', summary },
    apply({ packet, random }) {
      if (packet.blocks.length === 0) return null;
      const share = random.float();
      packet.segments = (length) => orderOf(1 + Math.floor(share * (length - 1)), length);
      return 'the packets are the same';
    },
  };
}

/** The last of several messages says another length; those before it show the packet's number. */
function sizeKind(
  name: string,
  summary: string,
  claim: (right: number, site: Site, next: Packet) => number,
): MutationKind {
  return {
    ...{ name, layer: 'session', framings: mdp, verdict, summary },
    apply(site) {
      const block = lastOfSeveral(site);
      const { next } = site;
      if (block === null || next === null || next.blocks.length === 0 || next.isReported) return null;
      const right = block.bytes.length + 2;
      block.claimed = claim(right, site, next);
      block.fate = 'lost';
      site.packet.isReported = true;
      return `MsgSize ${block.claimed} in place of ${right}`;
    },
  };
}

function lastOfSeveral({ packet }: Site): Block | null {
  const block = packet.blocks.at(-1);
  return packet.blocks.length > 1 && !packet.isReported && block?.fate === 'deliver' ? block : null;
}
