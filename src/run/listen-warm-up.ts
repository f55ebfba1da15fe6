/**
 * Runs the code of a listener before it says that it listens: cold, it takes 20 us and more for a packet, and at
 * 100 kpps the receive buffer has run over before the compiler is through.
 */
import type { Flow } from '../core/seams.js';
import { openUdpSink } from '../io/udp-sink.js';
import { itch50 } from '../protocol/itch50/index.js';
import { encodeSession, HEADER_LENGTH, writeHeader } from '../session/moldudp64.js';
import { Listener, type ListenSpec } from './listen.js';

const packets = 12_000;
const packetsPerTurn = 50;
/** The most time for it. */
const longestMs = 400;
const session = encodeSession('WARMUP');

/** Sends packets over loopback to a listener of its own; nothing leaves this machine, nothing is reported. */
export async function warmUpListener(spec: ListenSpec): Promise<void> {
  const endless = { durationMs: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY, idleMs: longestMs };
  const own = { host: '127.0.0.1', port: 0, iface: null, more: [], reference: null };
  const listener = await Listener.open({ ...spec, ...endless, ...own });
  const port = listener.receiver?.port ?? 0;
  const sink = await openUdpSink({ host: '127.0.0.1', port, ttl: 1, iface: null, loopback: true });
  const flow: Flow = {
    index: 0,
    transport: 'UDP',
    source: '',
    sourcePort: 0,
    destination: '127.0.0.1',
    destinationPort: port,
    name: '',
  };
  const running = listener.run();
  const view = packetView();
  const untilMs = Date.now() + longestMs;
  for (let sent = 0; sent < packets && Date.now() < untilMs; sent++) {
    writeHeader(view, 0, session, sent + 1, 1);
    // The sink reads the view until it has settled.
    sink.send(view, 0, view.byteLength, 0, flow);
    if (sent % packetsPerTurn === 0 || sink.unsettled > 0) await sink.settle();
  }
  await sink.close();
  listener.stop();
  await running;
}

/** A packet of one order, whose header is yet to be written. */
function packetView(): DataView {
  const order = itch50.encode({
    type: 'A',
    stockLocate: 1,
    trackingNumber: 0,
    timestamp: 0,
    orderReferenceNumber: 1,
    buySellIndicator: 'B',
    shares: 1,
    stock: 'WARM',
    price: 1,
  });
  const view = new DataView(new ArrayBuffer(HEADER_LENGTH + 2 + order.length));
  view.setUint16(HEADER_LENGTH, order.length);
  new Uint8Array(view.buffer).set(order, HEADER_LENGTH + 2);
  return view;
}
