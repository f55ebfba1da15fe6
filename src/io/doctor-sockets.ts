/**
 * What UDP does on this machine's loopback interface: buffers granted, datagrams sent and received again, multicast.
 *
 * Nothing leaves the machine: destinations are 127.0.0.1, ::1, and a group on the loopback interface with a time to
 * live of 1.
 */
import { createSocket, type Socket } from 'node:dgram';
import { batchedSockets } from './native/batched-sockets.js';
import { defaultReceiveBufferBytes, openUdpReceiver } from './udp-receiver.js';
import { defaultSendBufferBytes } from './udp-sink.js';

export interface BufferFacts {
  readonly askedBytes: number;
  readonly grantedBytes: number;
}

export interface RoundTripFacts {
  /** Whether the receiving socket could be opened (and the group joined). */
  readonly opened: boolean;
  readonly sent: number;
  readonly received: number;
  /** What the system said where something was refused. */
  readonly error: string | null;
}

export interface SocketFacts {
  /** Null where not even a socket on 127.0.0.1 can be opened. */
  readonly receiveBuffer: BufferFacts | null;
  readonly sendBuffer: BufferFacts | null;
  readonly loopback: RoundTripFacts;
  readonly ipv6: RoundTripFacts;
  readonly multicast: RoundTripFacts;
  /** Why datagrams cannot be sent and received in batches; null where they can. */
  readonly batchedAbsence: string | null;
}

/** Where datagrams go and come back. */
export interface Route {
  /** Address to bind, or group to join. */
  readonly host: string;
  readonly family: 4 | 6;
  /** Interface of a group, both ways. */
  readonly iface: string | null;
  readonly datagrams: number;
}

/** The group of the bundled captures. */
export const probeGroup = '239.255.42.1';
const loopbackDatagrams = 1000;
/** Datagrams sent before the receiver has its turn: far fewer than the smallest default buffer holds. */
const datagramsAtOnce = 50;
const datagramBytes = 64;
/** How long the last datagram may take. */
const patienceMs = 500;

/** Opens sockets and sends; takes well below a second where nothing is lost, at most half a second more a route. */
export async function probeSockets(): Promise<SocketFacts> {
  return {
    receiveBuffer: await receiveBuffer(),
    sendBuffer: await sendBuffer(),
    loopback: await roundTrip({ host: '127.0.0.1', family: 4, iface: null, datagrams: loopbackDatagrams }),
    ipv6: await roundTrip({ host: '::1', family: 6, iface: null, datagrams: 1 }),
    multicast: await roundTrip({ host: probeGroup, family: 4, iface: '127.0.0.1', datagrams: 1 }),
    batchedAbsence: batchedSockets().absence,
  };
}

/** Sends datagrams to a socket of its own and counts those that arrive; never rejects. */
export async function roundTrip(route: Route): Promise<RoundTripFacts> {
  let received = 0;
  let sent = 0;
  let opened = false;
  let allArrived = (): void => {};
  try {
    const { host, iface } = route;
    const bufferBytes = defaultReceiveBufferBytes;
    const receiver = await openUdpReceiver({ host, port: 0, iface, bufferBytes }, () => {
      if (++received === route.datagrams) allArrived();
    });
    opened = true;
    try {
      const sender = await openSender(route);
      try {
        const arrival = new Promise<void>((resolve) => {
          allArrived = resolve;
        });
        for (; sent < route.datagrams; sent++) {
          await send(sender, receiver.port, host);
          if (sent % datagramsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await Promise.race([arrival, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())]);
      } finally {
        sender.close();
      }
    } finally {
      await receiver.close();
    }
    return { opened, sent, received, error: null };
  } catch (error) {
    return { opened, sent, received, error: (error as Error).message };
  }
}

async function openSender({ family, iface }: Route): Promise<Socket> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    await bound(socket, family === 6 ? '::1' : '127.0.0.1');
    if (iface === null) return socket;
    // Refused means not sent: the group must not go out by another interface.
    socket.setMulticastInterface(iface);
    socket.setMulticastTTL(1);
    socket.setMulticastLoopback(true);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function send(socket: Socket, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(new Uint8Array(datagramBytes), port, host, (error) => (error ? reject(error) : resolve()));
  });
}

async function receiveBuffer(): Promise<BufferFacts | null> {
  const options = { host: '127.0.0.1', port: 0, iface: null, bufferBytes: defaultReceiveBufferBytes };
  try {
    const receiver = await openUdpReceiver(options, () => {});
    await receiver.close();
    return receiver.buffer;
  } catch {
    return null;
  }
}

async function sendBuffer(): Promise<BufferFacts | null> {
  const socket = createSocket('udp4');
  try {
    await bound(socket, '127.0.0.1');
    socket.setSendBufferSize(defaultSendBufferBytes);
    // Linux reports twice what it grants, for its own overhead.
    const grantedBytes = socket.getSendBufferSize() / (process.platform === 'linux' ? 2 : 1);
    return { askedBytes: defaultSendBufferBytes, grantedBytes };
  } catch {
    return null;
  } finally {
    socket.close();
  }
}

function bound(socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve();
    });
  });
}
