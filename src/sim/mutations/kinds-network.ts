/**
 * Mutations of what carries a datagram: Ethernet, IPv4 (RFC 791), UDP (RFC 768), the capture's record.
 *
 * What these layers refuse never reaches a socket, so a correct receiver has a gap where the packet was. A reader of
 * captures may deliver a packet whose checksum is wrong where it counts it: captured where it is sent, hardware had yet
 * to fill it in.
 */
import { editPayload, type MutationKind, udpFramings } from './kind.js';
import { type Frame, type Layer, type Packet, viewOf } from './model.js';

const verdict = 'reject';
const ETHERNET = 14;
const IPV4 = 20;
const UDP = ETHERNET + IPV4;
const PAYLOAD = UDP + 8;

export const networkKinds: readonly MutationKind[] = [
  frameKind(
    'frame-padding',
    'frame',
    'deliver',
    'zeros behind the IP packet, as Ethernet pads: no part of it',
    (frame) => {
      const padded = new Uint8Array(frame.length + 18);
      padded.set(frame);
      return padded;
    },
  ),
  lostKind('frame-type-unknown', 'frame', 'skip', 'an Ethernet type that is none of IP', (frame) => {
    viewOf(frame).setUint16(12, 0x88b5);
  }),
  lostKind('frame-length', 'frame', 'skip', 'an Ethernet type below 1,536, which is a length and no IP', (frame) => {
    viewOf(frame).setUint16(12, 46);
  }),
  cutKind(
    'frame-cut',
    'frame',
    'the capture’s record has fewer bytes than the packet: what is whole is kept, the rest reported',
    (cut) => `the last ${cut} bytes were not captured`,
    (full, cut) => ({ bytes: full.slice(0, full.length - cut), wireLength: full.length }),
  ),
  lostKind('ip-version', 'ip', verdict, 'IP version 5', (frame) => {
    frame[ETHERNET] = 0x55;
  }),
  lostKind('ip-header-length', 'ip', verdict, 'a header of 4 words, shorter than IPv4’s least', (frame) => {
    frame[ETHERNET] = 0x44;
  }),
  lostKind('ip-length-below', 'ip', verdict, 'a total length of 19, less than the header', (frame) => {
    viewOf(frame).setUint16(ETHERNET + 2, IPV4 - 1);
    fixIpChecksum(frame);
  }),
  lostKind('ip-length-short', 'ip', verdict, 'a total length that ends within the UDP datagram', (frame) => {
    viewOf(frame).setUint16(ETHERNET + 2, frame.length - ETHERNET - 3);
    fixIpChecksum(frame);
  }),
  suspectKind('ip-length-long', 'ip', 'a total length beyond the frame’s end', (frame) => {
    viewOf(frame).setUint16(ETHERNET + 2, frame.length - ETHERNET + 9);
    fixIpChecksum(frame);
  }),
  suspectKind('ip-checksum', 'ip', 'a wrong header checksum', (frame) => {
    viewOf(frame).setUint16(ETHERNET + 10, viewOf(frame).getUint16(ETHERNET + 10) ^ 0x0101);
  }),
  lostKind('ip-protocol', 'ip', 'skip', 'an IP protocol that is not UDP', (frame) => {
    frame[ETHERNET + 9] = 132;
    fixIpChecksum(frame);
  }),
  fragmentKind('ip-fragments', 'deliver', 'two IP fragments, in order', ([a, b]) => [a, b]),
  fragmentKind('ip-fragments-reversed', 'deliver', 'two IP fragments, the last one first', ([a, b]) => [b, a]),
  fragmentKind('ip-fragments-repeated', 'deliver', 'two IP fragments, the first one twice', ([a, b]) => [a, a, b]),
  fragmentKind('ip-fragment-missing', 'reject', 'one of two IP fragments alone, which is no datagram', ([a]) => [a]),
  cutKind(
    'udp-length-short',
    'transport',
    'a UDP length that ends within the last message: what is whole is kept, the rest reported',
    (cut) => `a UDP length ${cut} too low`,
    (full, cut) => {
      viewOf(full).setUint16(UDP + 4, full.length - UDP - cut);
      return { bytes: full };
    },
  ),
  lostKind('udp-length-below', 'transport', verdict, 'a UDP length of 7, less than its header', (frame) => {
    viewOf(frame).setUint16(UDP + 4, 7);
  }),
  lostKind('udp-length-long', 'transport', verdict, 'a UDP length beyond the IP packet', (frame) => {
    viewOf(frame).setUint16(UDP + 4, viewOf(frame).getUint16(UDP + 4) + 10);
  }),
  suspectKind('udp-checksum', 'transport', 'a wrong UDP checksum', (frame) => {
    const view = viewOf(frame);
    const wrong = view.getUint16(UDP + 6) ^ 0x0101;
    view.setUint16(UDP + 6, wrong === 0 ? 0x0202 : wrong);
  }),
  frameKind('udp-checksum-zero', 'transport', 'deliver', 'a UDP checksum of 0: the sender computed none', (frame) => {
    viewOf(frame).setUint16(UDP + 6, 0);
    return frame;
  }),
];

/** The payload ends within its last message, in a frame that was built around all of it. */
function cutKind(
  name: string,
  layer: Layer,
  summary: string,
  told: (cut: number) => string,
  frameOf: (full: Uint8Array, cut: number) => Frame,
): MutationKind {
  return {
    ...{ name, layer, framings: udpFramings, verdict, summary },
    apply(site) {
      if (!isIpv4(site.packet) || !hasPayload(site.packet)) return null;
      const last = site.packet.blocks.at(-1)?.bytes.length ?? 1;
      const cut = 1 + site.random.below(last);
      if (!editPayload(site, (payload) => payload.slice(0, payload.length - cut))) return null;
      site.packet.isReported = true;
      site.packet.carry = (frame) => [frameOf(grownBy(frame, new Uint8Array(cut)), cut)];
      return told(cut);
    },
  };
}

/** The frame is another, its datagram the same. */
function frameKind(
  name: string,
  layer: Layer,
  expected: MutationKind['verdict'],
  summary: string,
  edit: (frame: Uint8Array) => Uint8Array,
): MutationKind {
  return {
    ...{ name, layer, framings: udpFramings, verdict: expected, summary },
    apply({ packet }) {
      if (!isIpv4(packet) || !hasPayload(packet)) return null;
      packet.carry = (frame) => [{ bytes: edit(frame) }];
      return summary;
    },
  };
}

/** The network refuses the packet. */
function lostKind(
  name: string,
  layer: Layer,
  expected: MutationKind['verdict'],
  summary: string,
  edit: (frame: Uint8Array) => void,
): MutationKind {
  return editedKind(name, layer, expected, summary, edit, (packet) => {
    packet.isReceived = false;
    packet.isReported = expected === 'reject';
  });
}

/** A host refuses the packet; a reader of captures may deliver it where it says so. */
function suspectKind(name: string, layer: Layer, summary: string, edit: (frame: Uint8Array) => void): MutationKind {
  return editedKind(name, layer, 'reject', summary, edit, (packet) => {
    packet.isReported = true;
    packet.isOptional = true;
  });
}

/** The frame is edited in place, and its packet marked with what becomes of it. */
function editedKind(
  name: string,
  layer: Layer,
  expected: MutationKind['verdict'],
  summary: string,
  edit: (frame: Uint8Array) => void,
  mark: (packet: Packet) => void,
): MutationKind {
  const kind = frameKind(name, layer, expected, summary, (frame) => {
    edit(frame);
    return frame;
  });
  return {
    ...kind,
    apply(site) {
      const what = kind.apply(site);
      if (what !== null) mark(site.packet);
      return what;
    },
  };
}

function fragmentKind(
  name: string,
  expected: MutationKind['verdict'],
  summary: string,
  order: (parts: [Uint8Array, Uint8Array]) => Uint8Array[],
): MutationKind {
  return {
    ...{ name, layer: 'ip', framings: udpFramings, verdict: expected, summary },
    apply(site) {
      const { packet, random } = site;
      if (!isIpv4(packet) || !hasPayload(packet)) return null;
      const id = 1 + random.below(0xffff);
      const share = random.float();
      packet.carry = (frame) => order(fragmentsOf(frame, id, share)).map((bytes): Frame => ({ bytes: bytes.slice() }));
      packet.isReceived = expected !== 'reject';
      packet.isReported = !packet.isReceived;
      return summary;
    },
  };
}

/** Cuts the IP packet of a frame in two, at a multiple of 8 bytes. */
function fragmentsOf(frame: Uint8Array, id: number, share: number): [Uint8Array, Uint8Array] {
  const length = frame.length - UDP;
  const eighths = 1 + Math.floor(share * Math.floor((length - 9) / 8));
  const at = UDP + 8 * eighths;
  const first = frame.slice(0, at);
  const second = new Uint8Array(UDP + frame.length - at);
  second.set(frame.subarray(0, UDP));
  second.set(frame.subarray(at), UDP);
  for (const [bytes, word] of [
    [first, 0x2000],
    [second, eighths],
  ] as const) {
    const view = viewOf(bytes);
    view.setUint16(ETHERNET + 2, bytes.length - ETHERNET);
    view.setUint16(ETHERNET + 4, id);
    view.setUint16(ETHERNET + 6, word);
    fixIpChecksum(bytes);
  }
  return [first, second];
}

/** The frame with bytes behind its datagram, its lengths grown by them; the UDP checksum is left out. */
function grownBy(frame: Uint8Array, tail: Uint8Array): Uint8Array {
  const grown = new Uint8Array(frame.length + tail.length);
  grown.set(frame);
  grown.set(tail, frame.length);
  const view = viewOf(grown);
  view.setUint16(ETHERNET + 2, grown.length - ETHERNET);
  view.setUint16(UDP + 4, grown.length - UDP);
  view.setUint16(UDP + 6, 0);
  fixIpChecksum(grown);
  return grown;
}

/** Sets the checksum of an IPv4 header without options right. */
function fixIpChecksum(frame: Uint8Array): void {
  const view = viewOf(frame);
  view.setUint16(ETHERNET + 10, 0);
  let sum = 0;
  for (let at = ETHERNET; at < UDP; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(ETHERNET + 10, ~sum & 0xffff);
}

function isIpv4({ flow }: Packet): boolean {
  return !flow.source.includes(':');
}

/** Long enough to be cut into fragments too. */
function hasPayload(packet: Packet): boolean {
  return (
    packet.blocks.length > 0 && !packet.isReported && packet.blocks.some(({ bytes }) => bytes.length > PAYLOAD - UDP)
  );
}
