/** The numbers in the headers of MoldUDP64 and MDP packets, read and written; exact below 2^53. */
import { type Packet, viewOf } from './model.js';
import { MDP_HEADER, MDP_TCP_HEADER, MOLD_HEADER } from './packets.js';

const two32 = 2 ** 32;

/** The packet's number; NaN where its header is cut short. */
export function numberOf({ framing, header }: Packet): number {
  const view = viewOf(header);
  if (framing === 'moldudp64' && header.length === MOLD_HEADER) return view.getUint32(10) * two32 + view.getUint32(14);
  if (framing === 'mdp3' && header.length === MDP_HEADER) return view.getUint32(0, true);
  if (framing === 'mdp3-tcp' && header.length === MDP_TCP_HEADER) return view.getUint32(2, true);
  return Number.NaN;
}

export function setNumber({ framing, header }: Packet, number: number): void {
  const view = viewOf(header);
  if (framing === 'mdp3') view.setUint32(0, number, true);
  else if (framing === 'mdp3-tcp') view.setUint32(2, number, true);
  else {
    view.setUint32(10, Math.floor(number / two32));
    view.setUint32(14, number % two32);
  }
}

/** MDP's SendingTime, ns since the epoch. */
export function sendingTimeOf({ header }: Packet): bigint {
  return viewOf(header).getBigUint64(header.length - 8, true);
}

export function setSendingTime({ header }: Packet, ns: bigint): void {
  viewOf(header).setBigUint64(header.length - 8, ns, true);
}

/** MoldUDP64's session, without the spaces that pad it. */
export function sessionOf({ header }: Packet): string {
  return String.fromCharCode(...header.subarray(0, 10)).replace(/[ \0]+$/, '');
}

export function setSession({ header }: Packet, session: string): void {
  for (let at = 0; at < 10; at++) header[at] = session.charCodeAt(at) || 0x20;
}
