/** SoupBinTCP packets built by hand from the specification, and a driver that gives them to a demux in pieces. */
import type { Flow, Join } from '../../src/core/seams.js';
import { type ForcedFraming, SessionDemux } from '../../src/session/demux.js';
import { concat, EventLog, embed, lengthOf, text, u16 } from './support.js';

export function packet(type: string, payload: Uint8Array | string = ''): Uint8Array {
  const bytes = typeof payload === 'string' ? text(payload) : payload;
  return concat(u16(bytes.length + 1), text(type), bytes);
}

export const accepted = (session: string, sequence: number | string): Uint8Array =>
  packet('A', session.padStart(10) + String(sequence).padStart(20));

export const login = (user: string, password: string, session = '', sequence = 0): Uint8Array =>
  packet('L', user.padEnd(6) + password.padEnd(10) + session.padStart(10) + String(sequence).padStart(20));

export const sequenced = (message: Uint8Array | string): Uint8Array => packet('S', message);
export const unsequenced = (message: Uint8Array | string): Uint8Array => packet('U', message);
export const heartbeat: Uint8Array = packet('H');
export const clientHeartbeat: Uint8Array = packet('R');
export const endOfSession: Uint8Array = packet('Z');

export function tcpFlow(index = 0): Flow {
  const [source, destination] = ['10.0.0.1', '10.0.0.2'];
  const name = `${source}:${7000 + index} > ${destination}:40000`;
  return { index, transport: 'TCP', source, sourcePort: 7000 + index, destination, destinationPort: 40000, name };
}

export type PieceParts = Uint8Array | string | { join: Join; bytes: Uint8Array | string; flow?: number };

/** Gives pieces to a demux; the first one of a flow starts its connection unless it says otherwise. */
export function demuxPieces(pieces: PieceParts[], force?: ForcedFraming) {
  const log = new EventLog();
  const demux = new SessionDemux(log, { lengthOf, force: () => force });
  return { events: log.events, damages: log.damages, demux, ...givePieces(demux, pieces) };
}

/** The same for a demux at hand: whether each piece was decoded, and the flows. */
export function givePieces(demux: SessionDemux, pieces: PieceParts[]) {
  const flows = new Map<number, Flow>();
  const decoded = pieces.map((piece, number) => {
    const parts = piece instanceof Uint8Array || typeof piece === 'string' ? { bytes: piece } : piece;
    const index = 'flow' in parts ? (parts.flow ?? 0) : 0;
    const join = 'join' in parts ? parts.join : flows.has(index) ? 'next' : 'start';
    const flow = flows.get(index) ?? tcpFlow(index);
    flows.set(index, flow);
    const { view, offset, length } = embed(typeof parts.bytes === 'string' ? text(parts.bytes) : parts.bytes);
    const answer = demux.segment(view, offset, length, number * 1000, flow, join, number + 1, number * 100);
    // Borrowed until the call returns.
    new Uint8Array(view.buffer).fill(0xdd);
    return answer;
  });
  return { decoded, flows };
}
