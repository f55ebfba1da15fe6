/** A receiver on loopback that takes so many packets a second and no more, and serves the count of those it took. */
import { createSocket } from 'node:dgram';
import { type AckAddress, serveAckCounter } from '../../src/io/ack-counter.js';

/** What it takes at once after it had nothing to do, or was kept from the processor, in seconds of its capacity. */
const burstSeconds = 0.2;

export interface LimitedReceiver {
  readonly port: number;
  /** Packets taken so far, and packets left out. */
  readonly taken: number;
  readonly refused: number;
  close(): void;
}

export async function startLimitedReceiver(perSecond: number, ack: AckAddress): Promise<LimitedReceiver> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
  const most = perSecond * burstSeconds;
  let allowed = most;
  let latestMs = performance.now();
  let [taken, refused] = [0, 0];
  socket.on('message', () => {
    const nowMs = performance.now();
    allowed = Math.min(most, allowed + ((nowMs - latestMs) / 1000) * perSecond);
    latestMs = nowMs;
    if (allowed < 1) refused++;
    else {
      allowed--;
      taken++;
    }
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const server = await serveAckCounter(ack, () => taken);
  return {
    port: socket.address().port,
    get taken() {
      return taken;
    },
    get refused() {
      return refused;
    },
    close: () => {
      server.close();
      socket.close();
    },
  };
}
