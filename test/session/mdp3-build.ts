/** MDP 3.0 packets built by hand from CME's description of its technical headers, and drivers that decode them. */
import type { Flow, MessageListener, Stream } from '../../src/core/seams.js';
import { type ForcedFraming, SessionDemux } from '../../src/session/demux.js';
import type { Mdp3Facts } from '../../src/session/mdp3.js';
import type { Mdp3Stream } from '../../src/session/mdp3-stream.js';
import { givePieces, type PieceParts } from './soup.js';
import { concat, EventLog, embed, latin1, lengthOf, makeFlow, text } from './support.js';

/** 2023-11-14T22:13:20Z. */
export const baseNs = 1_700_000_000_000_000_000n;

/** Templates of schema 1 whose block lies within the message; 4 is ChannelReset, 12 AdminHeartbeat. */
export const facts: Mdp3Facts = {
  fits: (view, offset, length) =>
    length >= 8 &&
    view.getUint16(offset + 4, true) === 1 &&
    view.getUint16(offset + 2, true) < 100 &&
    8 + view.getUint16(offset, true) <= length,
  isReset: (view, offset) => view.getUint16(offset + 2, true) === 4,
  isHeartbeat: (view, offset) => view.getUint16(offset + 2, true) === 12,
};

export function words(...values: number[]): Uint8Array {
  return new Uint8Array(Buffer.concat(values.map((value) => Buffer.from([value & 0xff, value >> 8]))));
}

export interface SbeParts {
  template?: number;
  schema?: number;
  version?: number;
  blockLength?: number;
}

/** An SBE message with this body, without its MsgSize. */
export function sbe(body: Uint8Array | string, parts: SbeParts = {}): Uint8Array {
  const bytes = typeof body === 'string' ? text(body) : body;
  const { template = 46, schema = 1, version = 9, blockLength = bytes.length } = parts;
  return concat(words(blockLength, template, schema, version), bytes);
}

/** A message behind its MsgSize. */
export function sized(message: Uint8Array | string, size?: number): Uint8Array {
  const bytes = typeof message === 'string' ? sbe(message) : message;
  return concat(words(size ?? bytes.length + 2), bytes);
}

function head(sequence: number, atNs: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(sequence, 0);
  bytes.writeBigUInt64LE(baseNs + BigInt(atNs), 4);
  return new Uint8Array(bytes);
}

/** A UDP packet, sent `atNs` behind `baseNs`; strings are bodies of messages. */
export function packet(sequence: number, atNs: number | bigint, messages: (Uint8Array | string)[]): Uint8Array {
  return concat(head(sequence, atNs), ...messages.map((message) => sized(message)));
}

/** The same in the TCP form. */
export function tcpPacket(sequence: number, atNs: number | bigint, messages: (Uint8Array | string)[]): Uint8Array {
  return concat(words(0xcafe), packet(sequence, atNs, messages));
}

/** Keeps each event as a line; bodies of messages stand for them. */
export class Mdp3Log extends EventLog implements MessageListener {
  override onMessage(
    view: DataView,
    offset: number,
    length: number,
    _ns: number,
    sequence: number,
    stream: Stream,
  ): void {
    const again = stream.isDuplicate ? ' again' : '';
    this.events.push(`message ${sequence} ${latin1(view, offset + 8, length - 8)}${again}`);
  }

  onRestart(sequence: number): void {
    this.events.push(`restart ${sequence}`);
  }
}

/** Decodes datagrams, each of flow 0 or of the flow given. */
export function demuxPackets(packets: (Uint8Array | [number, Uint8Array])[], force?: ForcedFraming) {
  const log = new Mdp3Log();
  const flows = new Map<number, Flow>();
  const demux = new SessionDemux(log, { lengthOf, mdp3: facts, force: () => force });
  const decoded = packets.map((one, number) => {
    const [index, bytes] = one instanceof Uint8Array ? [0, one] : one;
    const flow = flows.get(index) ?? makeFlow(index);
    flows.set(index, flow);
    const { view, offset, length } = embed(bytes);
    const answer = demux.datagram(view, offset, length, number * 1000, flow, number + 1, number * 100);
    new Uint8Array(view.buffer).fill(0xdd);
    return answer;
  });
  const streams = demux.streams as readonly Mdp3Stream[];
  return { events: log.events, damages: log.damages, decoded, demux, stream: streams[0] as Mdp3Stream };
}

/** Decodes pieces of TCP streams; the first one of a flow starts its connection unless it says otherwise. */
export function demuxMdp3Pieces(pieces: PieceParts[], force?: ForcedFraming) {
  const log = new Mdp3Log();
  const demux = new SessionDemux(log, { lengthOf, mdp3: facts, force: () => force });
  const { decoded } = givePieces(demux, pieces);
  demux.finish();
  return { events: log.events, damages: log.damages, decoded, demux };
}
