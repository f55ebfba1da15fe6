/**
 * Runs the code of a replay before its first deadline, so that the first packets are not late by what compiling takes.
 *
 * The capture's beginning is played on a virtual clock into nothing, and datagrams are sent to a socket of our own on
 * loopback. Cold, the first thousand packets at 100 kpps went out up to 20 ms late here.
 */
import { createSocket } from 'node:dgram';
import { VirtualClock } from '../core/clock.js';
import type { Clock, Flow } from '../core/seams.js';
import { VirtualWaiter } from '../core/waiter.js';
import { openUdpSink } from '../io/udp-sink.js';
import { ReplayControl } from '../replay/control.js';
import { LatencyRecorder } from '../replay/latency.js';
import { NullSink } from '../replay/sinks.js';
import { assemble } from './assembly.js';
import { CaptureSource } from './capture-source.js';
import type { ReplaySpec } from './replay-spec.js';

const warmPackets = 20_000;
const warmLoops = 50;
const warmSends = 4_000;
const sendsPerTurn = 100;
const payloadBytes = 64;
/** The most time for playing: a filter that nothing passes must not read a whole day twice. */
const longestMs = 300;

/**
 * Warms reading, scheduling and, for a UDP target, sending; nothing leaves this machine, nothing is reported. Of a
 * capture that cannot be read twice (a pipe) nothing is touched.
 */
export async function warmUp(spec: ReplaySpec, isRepeatable: boolean, clock: Clock): Promise<void> {
  if (isRepeatable) await warmEngine(spec, clock);
  if (spec.target.kind === 'udp') await warmSocket();
}

async function warmEngine(spec: ReplaySpec, clock: Clock): Promise<void> {
  const short = { ...spec, limit: Math.min(warmPackets, spec.limit), loops: warmLoops, startAt: null };
  const source = await CaptureSource.open(short, () => {});
  const recorder = new LatencyRecorder();
  const virtual = new VirtualClock();
  const control = new ReplayControl();
  const timer = setTimeout(() => control.stop(), longestMs);
  try {
    const { engine } = assemble(short, source, new NullSink(), recorder, control, {
      // Reads the real clock as well, for that is what the run will do.
      clock: { nowNs: () => virtual.nowNs() + 0 * clock.nowNs() },
      waiter: { waitUntil: (deadlineNs) => new VirtualWaiter(control.stopWord).waitUntil(deadlineNs, virtual) },
      rest: async (ns) => virtual.advance(ns),
      chooseOrigin: (nowNs) => nowNs,
    });
    await engine.run();
  } finally {
    clearTimeout(timer);
    recorder.destroy();
    await source.close();
  }
}

async function warmSocket(): Promise<void> {
  const receiver = createSocket('udp4');
  const bound = await new Promise<boolean>((resolve) => {
    receiver.once('error', () => resolve(false)).bind(0, '127.0.0.1', () => resolve(true));
  });
  if (!bound) return;
  const { port } = receiver.address();
  const sink = await openUdpSink({ host: '127.0.0.1', port, ttl: 1, iface: null, loopback: true });
  const flow: Flow = { index: 0, source: '', sourcePort: 0, destination: '127.0.0.1', destinationPort: port, name: '' };
  const view = new DataView(new ArrayBuffer(payloadBytes));
  for (let sent = 0; sent < warmSends; sent++) {
    sink.send(view, 0, payloadBytes, 0, flow);
    if (sent % sendsPerTurn === 0) await sink.settle();
  }
  await sink.close();
  receiver.close();
}
