/**
 * Mutations of the framing: lengths and counts that lie, packets that end too early or too late.
 *
 * MoldUDP64 1.00 and MDP 3.0 over UDP: what is whole before the lie is kept, what the framing cannot reach is not.
 * SoupBinTCP 3.00 over TCP and BinaryFILE have no packets: behind a wrong length a parser looks for the next message or
 * gives up, and must not make one up.
 */
import { blockOffsets, editPayload, type MutationKind, randomBytes, type Site, udpFramings } from './kind.js';
import { concat, empty, type MutationFraming, viewOf } from './model.js';
import { isControl, MDP_HEADER, MOLD_HEADER } from './packets.js';

const layer = 'session';
const verdict = 'reject';
const mold: readonly MutationFraming[] = ['moldudp64'];
const mdp: readonly MutationFraming[] = ['mdp3'];

export const sessionKinds: readonly MutationKind[] = [
  {
    ...{ name: 'header-short', layer, framings: udpFramings, verdict },
    summary: 'the payload ends within its header: nothing is kept',
    apply(site) {
      const { packet } = site;
      if (!hasMessages(site)) return null;
      const length = 1 + site.random.below((packet.framing === 'mdp3' ? MDP_HEADER : MOLD_HEADER) - 1);
      return editPayload(site, (payload) => payload.slice(0, length)) ? `${length} bytes` : null;
    },
  },
  {
    ...{ name: 'payload-short', layer, framings: udpFramings, verdict },
    summary: 'the payload ends within its last message: those before it are kept',
    apply(site) {
      if (!hasMessages(site)) return null;
      const last = site.packet.blocks.at(-1)?.bytes.length ?? 0;
      const cut = 1 + site.random.below(Math.max(1, last));
      return editPayload(site, (payload) => payload.slice(0, payload.length - cut)) ? `${cut} bytes cut off` : null;
    },
  },
  {
    ...{ name: 'trailing-bytes', layer, framings: mold, verdict: 'deliver' },
    summary: 'bytes behind the last message that the header counts: all messages are delivered, the bytes reported',
    apply(site) {
      if (!hasMessages(site)) return null;
      const bytes = randomBytes(site.random, 1 + site.random.below(8));
      if (!editPayload(site, (payload) => concat([payload, bytes]))) return null;
      site.packet.isOptional = false;
      return `${bytes.length} bytes more`;
    },
  },
  {
    ...{ name: 'trailing-byte', layer, framings: mdp, verdict: 'deliver' },
    summary: 'a byte behind the last message, too short for another: all messages are delivered, the byte reported',
    apply(site) {
      if (!hasMessages(site)) return null;
      if (!editPayload(site, (payload) => concat([payload, Uint8Array.of(site.random.below(256))]))) return null;
      site.packet.isOptional = false;
      return 'a byte more';
    },
  },
  ...moldKinds(),
  ...mdpKinds(),
  ...soupKinds(),
  ...fileKinds(),
];

function moldKinds(): readonly MutationKind[] {
  return [
    countKind('count-high', 'the header counts more messages than follow', (blocks, { random }) =>
      Math.min(0xfffe, blocks + 1 + random.below(3)),
    ),
    countKind(
      'count-low',
      'the header counts fewer messages than follow: the rest is no part of the packet',
      (blocks) => (blocks > 1 ? blocks - 1 : -1),
    ),
    countKind('count-maximum', 'the header counts 65,534 messages, the most that it can', () => 0xfffe),
    countKind('end-with-messages', 'an end of session that carries messages: they are none of its', () => 0xffff),
    lengthKind('block-length-long', 'the last message says more bytes than are left', 'last', (length, { random }) =>
      Math.min(0xffff, length + 1 + random.below(40)),
    ),
    lengthKind(
      'block-length-first',
      'the first of several says a byte more, and takes it from the next',
      'first',
      (n) => n + 1,
    ),
    lengthKind(
      'block-length-short',
      'the last says a byte less than it has: of no layout, and a byte is left',
      'last',
      (n) => n - 1,
    ),
    lengthKind('block-length-maximum', 'the last message says 65,535 bytes', 'last', () => 0xffff),
    {
      ...{ name: 'block-empty', layer, framings: mold, verdict: 'skip' },
      summary: 'a message of no bytes has a number like any other, and nothing to deliver',
      apply(site) {
        if (!hasMessages(site)) return null;
        const index = site.random.below(site.packet.blocks.length);
        site.packet.blocks[index] = { bytes: empty, fate: 'skip', values: null };
        return `message ${index + 1} of ${site.packet.blocks.length} is empty`;
      },
    },
  ];
}

function mdpKinds(): readonly MutationKind[] {
  return [
    sizeKind('size-zero', 'MsgSize 0, which would never end', () => 0),
    sizeKind('size-below', 'MsgSize 9, less than its own two bytes and the header', () => 9),
    sizeKind('size-long', 'MsgSize says more bytes than are left', (size, { random }) => size + 1 + random.below(40)),
    sizeKind(
      'size-short',
      'MsgSize says a byte less than the message has: its block or group does not fit',
      (n) => n - 1,
    ),
    sizeKind('size-maximum', 'MsgSize 65,535', () => 0xffff),
    {
      ...{ name: 'header-only', layer, framings: mdp, verdict: 'skip' },
      summary: 'a packet header without messages: it has a number, and nothing to deliver',
      apply(site) {
        if (!hasMessages(site)) return null;
        site.packet.blocks = [];
        return 'no messages';
      },
    },
  ];
}

function soupKinds(): readonly MutationKind[] {
  const framings: readonly MutationFraming[] = ['soupbintcp'];
  const lie = (name: string, summary: string, claim: (right: number, site: Site) => number): MutationKind => ({
    ...{ name, layer, framings, verdict, summary },
    apply(site) {
      const block = site.packet.blocks.at(-1);
      if (block?.fate !== 'deliver' || site.next === null) return null;
      block.claimed = claim(block.bytes.length + 1, site);
      // A packet that ends elsewhere carries a message of no known layout, which takes a number.
      block.fate = block.claimed > 0 && block.claimed < 0xffff ? 'skip' : 'lost';
      site.packet.isReported = true;
      site.packet.breaksFraming = 'behind';
      return `a length of ${block.claimed} in place of ${block.bytes.length + 1}`;
    },
  });
  const put = (name: string, summary: string, type: string, textOf: (site: Site) => string): MutationKind => ({
    ...{ name, layer, framings, verdict: 'skip', summary },
    apply(site) {
      if (site.packet.blocks.length === 0) return null;
      const text = textOf(site);
      site.packet.lead = concat([site.packet.lead, soupBytes(type, text)]);
      return `a packet '${type}' of ${text.length} bytes in front`;
    },
  });
  return [
    lie('soup-length-zero', 'a packet of length 0, which has not even a type', () => 0),
    lie('soup-length-long', 'a packet takes bytes of the next', (right, { random }) => right + 1 + random.below(30)),
    lie(
      'soup-length-short',
      'a packet ends before its message does',
      (right, { random }) => right - 1 - random.below(5),
    ),
    lie('soup-length-maximum', 'a packet of 65,535 bytes, which the stream does not have', () => 0xffff),
    put('soup-heartbeat', 'a server heartbeat between messages takes no number', 'H', () => ''),
    put(
      'soup-debug',
      'a debug packet, for people, takes no number',
      '+',
      ({ random }) => `debug ${random.below(1000)}`,
    ),
    put(
      'soup-end-of-session',
      'an end of session; what follows on the connection is delivered all the same',
      'Z',
      () => '',
    ),
    {
      ...{ name: 'soup-type-unknown', layer, framings, verdict },
      summary: 'a packet of a type that SoupBinTCP does not have: reported, and none of its bytes is a message',
      apply(site) {
        if (site.packet.blocks.length === 0) return null;
        site.packet.lead = concat([site.packet.lead, soupBytes('?', 'unknown')]);
        site.packet.isReported = true;
        site.packet.breaksFraming = 'before';
        return "a packet '?' of 7 bytes in front";
      },
    },
  ];
}

function fileKinds(): readonly MutationKind[] {
  const framings: readonly MutationFraming[] = ['binaryfile'];
  const lie = (name: string, summary: string, claim: (right: number, site: Site) => number): MutationKind => ({
    ...{ name, layer, framings, verdict, summary },
    apply(site) {
      const block = site.packet.blocks.at(-1);
      if (block?.fate !== 'deliver' || site.next === null) return null;
      block.claimed = claim(block.bytes.length, site);
      block.fate = 'lost';
      site.packet.isReported = true;
      site.packet.breaksFraming = 'behind';
      return `a length of ${block.claimed} in place of ${block.bytes.length}`;
    },
  });
  return [
    lie('record-length-zero', 'a length of 0 before the end of the file, which is no end of session', () => 0),
    lie('record-length-maximum', 'a length of 65,535 bytes', () => 0xffff),
    {
      ...{ name: 'file-short', layer, framings, verdict, isOfLast: true },
      summary: 'the file ends within its last message: those before it are kept',
      apply(site) {
        const block = site.packet.blocks.at(-1);
        if (site.next !== null || block?.fate !== 'deliver') return null;
        const kept = site.random.below(block.bytes.length);
        block.claimed = block.bytes.length;
        block.bytes = block.bytes.slice(0, kept);
        block.fate = 'lost';
        site.packet.isReported = true;
        site.packet.breaksFraming = 'behind';
        return `${kept} of ${block.claimed} bytes`;
      },
    },
  ];
}

function countKind(name: string, summary: string, countOf: (blocks: number, site: Site) => number): MutationKind {
  return {
    ...{ name, layer, framings: mold, verdict, summary },
    apply(site) {
      if (!hasMessages(site)) return null;
      const { length } = site.packet.blocks;
      const count = countOf(length, site);
      if (count < 1) return null;
      const isDone = editPayload(site, (payload, view) => {
        view.setUint16(18, count);
        return payload;
      });
      return isDone ? `a count of ${count} where ${length} follow` : null;
    },
  };
}

function lengthKind(
  name: string,
  summary: string,
  which: 'first' | 'last',
  claim: (right: number, site: Site) => number,
): MutationKind {
  return {
    ...{ name, layer, framings: mold, verdict, summary },
    apply(site) {
      const { blocks } = site.packet;
      if (!hasMessages(site) || (which === 'first' && blocks.length < 2)) return null;
      const at = blockOffsets(site.packet).at(which === 'first' ? 0 : -1) ?? 0;
      let told = '';
      const isDone = editPayload(site, (payload, view) => {
        const right = view.getUint16(at);
        view.setUint16(at, claim(right, site));
        told = `a length of ${view.getUint16(at)} in place of ${right}`;
        return payload;
      });
      return isDone ? told : null;
    },
  };
}

function sizeKind(name: string, summary: string, claim: (right: number, site: Site) => number): MutationKind {
  return {
    ...{ name, layer, framings: mdp, verdict, summary },
    apply(site) {
      if (!hasMessages(site)) return null;
      const at = blockOffsets(site.packet).at(-1) ?? 0;
      let told = '';
      const isDone = editPayload(site, (payload, view) => {
        const right = view.getUint16(at, true);
        view.setUint16(at, claim(right, site), true);
        told = `MsgSize ${view.getUint16(at, true)} in place of ${right}`;
        return payload;
      });
      return isDone ? told : null;
    },
  };
}

function hasMessages({ packet }: Site): boolean {
  return packet.blocks.length > 0 && !packet.isReported && !isControl(packet);
}

/** A logical packet of SoupBinTCP. */
export function soupBytes(type: string, text: string): Uint8Array {
  const bytes = new Uint8Array(3 + text.length);
  viewOf(bytes).setUint16(0, text.length + 1);
  bytes[2] = type.charCodeAt(0);
  for (let at = 0; at < text.length; at++) bytes[3 + at] = text.charCodeAt(at);
  return bytes;
}
