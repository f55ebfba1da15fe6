/** A pack's messages in packets: MoldUDP64 with an end of session behind them, MDP 3.0, or a BinaryFILE. */
import { concat, type Packet, packetOf } from '../mutations/model.js';
import { setNumber, setSendingTime, setSession } from '../mutations/numbers.js';
import { MDP_HEADER, MOLD_HEADER } from '../mutations/packets.js';
import type { PackMessage } from './pack.js';

/** The session of packs of ITCH. */
export const packSession = 'CONFORM01';
/** 2026-01-05 14:30:00 UTC. */
const startSeconds = 1_767_623_400;
const packetNs = 1000;
const mostPacked = 1400;

const flows = {
  moldudp64: flow('127.0.0.1', 26_400, '239.255.42.1', 26_477),
  mdp3: flow('127.0.0.1', 26_410, '239.255.42.31', 14_310),
};

/** Where a message went. */
export interface Placed {
  readonly message: PackMessage;
  /** 1-based. */
  readonly packet: number;
  readonly sequence: number;
  readonly nanoseconds: number;
}

/** One message a packet, or as many as fit 1,400 bytes; MDP numbers packets, MoldUDP64 messages. */
export function packPackets(
  messages: readonly PackMessage[],
  framing: 'moldudp64' | 'mdp3',
  isPacked: boolean,
): { packets: Packet[]; placed: Placed[] } {
  const packets: Packet[] = [];
  const placed: Placed[] = [];
  let [size, number] = [0, 0];
  for (const message of messages) {
    const { bytes } = message;
    let packet = packets.at(-1);
    if (packet === undefined || !isPacked || size + bytes.length + 2 > mostPacked) {
      packet = opened(framing, packets.length, number + 1);
      packets.push(packet);
      size = 0;
    }
    size += bytes.length + 2;
    number++;
    packet.blocks.push({ bytes, fate: 'deliver', values: message.values });
    const sequence = framing === 'mdp3' ? packets.length : number;
    placed.push({ message, packet: packets.length, sequence, nanoseconds: packet.nanoseconds });
  }
  if (framing === 'moldudp64') packets.push({ ...opened(framing, packets.length, number + 1), count: 0xffff });
  return { packets, placed };
}

/** The messages as a BinaryFILE, with a record of length 0 at its end. */
export function packFile(messages: readonly PackMessage[]): Uint8Array {
  const records = messages.flatMap(({ bytes }) => [Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  return concat([...records, Uint8Array.of(0, 0)]);
}

/** A message as `decode` prints it. */
export function expectedLine({ message, packet, sequence, nanoseconds }: Placed, isMdp: boolean): string {
  const timestampNs = `${startSeconds}${String(nanoseconds).padStart(9, '0')}`;
  const protocol = isMdp ? 'mdp3' : 'itch50';
  const common = { packet, timestampNs, sequence, protocol, session: isMdp ? null : packSession };
  return JSON.stringify({ ...common, ...(isMdp ? { sendingTimeNs: timestampNs } : {}), ...message.values });
}

function opened(framing: 'moldudp64' | 'mdp3', index: number, number: number): Packet {
  const packet = packetOf(framing, flows[framing], startSeconds, index * packetNs, 0);
  packet.header = new Uint8Array(framing === 'mdp3' ? MDP_HEADER : MOLD_HEADER);
  if (framing === 'mdp3') {
    setNumber(packet, index + 1);
    setSendingTime(packet, BigInt(startSeconds) * 1_000_000_000n + BigInt(index * packetNs));
  } else {
    setSession(packet, packSession);
    setNumber(packet, number);
  }
  return packet;
}

function flow(source: string, sourcePort: number, destination: string, destinationPort: number): Packet['flow'] {
  const name = `${source}:${sourcePort} > ${destination}:${destinationPort}`;
  return { index: 0, transport: 'UDP', source, sourcePort, destination, destinationPort, name };
}
