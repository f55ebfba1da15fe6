/** Opens the sink that sends UDP the best way that works here, and says which that is. */
import { SinkError } from '../core/errors.js';
import type { Sink } from '../core/seams.js';
import { type BatchSinkOptions, openBatchSink } from './native/batch-sink.js';
import { batchedSockets } from './native/batched-sockets.js';
import { openUdpSink } from './udp-sink.js';

/** How datagrams are handed to the kernel; `auto` is the best that works here. */
export type SendPath = 'auto' | 'sendmmsg' | 'dgram';

export interface UdpSendOptions extends BatchSinkOptions {
  via?: SendPath;
}

/** A sink for UDP, with what a report tells of it. */
export interface UdpSendSink {
  sink: Sink & { readonly errors: ReadonlyMap<string, number> };
  /** Which way the datagrams took: `sendmmsg+gso`, `sendmmsg`, `dgram`, or `dgram:` and why not another. */
  path(): string;
  counters(): Record<string, number>;
}

/** Rejects with SinkError where the address is wrong, or `sendmmsg` is asked for and cannot be. */
export async function openUdpSender(options: UdpSendOptions): Promise<UdpSendSink> {
  const { via = 'auto' } = options;
  const { libc, absence } = via === 'dgram' ? { libc: null, absence: null } : batchedSockets();
  if (libc !== null) {
    const sink = await openBatchSink(libc, options);
    return { sink, path: () => sink.path, counters: () => sink.counters() };
  }
  const needs = via === 'sendmmsg' ? 'via=sendmmsg' : options.onSent ? 'transmit time stamps' : null;
  if (needs !== null || options.txtime) {
    const what = needs ?? 'kernel pacing';
    throw new SinkError('native', `udp: ${what} cannot be had here: ${absence ?? 'via=dgram was asked for'}`);
  }
  const sink = await openUdpSink(options);
  return { sink, path: () => (absence === null ? 'dgram' : `dgram: ${absence}`), counters: () => ({}) };
}
