/**
 * A sink that serves what it is sent as one SoupBinTCP 3.00 session over TCP.
 *
 * Each message of the MoldUDP64 datagrams becomes a sequenced data packet, in the order of their numbers and once each,
 * numbered from 1 as they are delivered; a run that is told to go back sends what clients have had once more, under the
 * next numbers. The packets lie in one history (a ring of bytes) from which every client is
 * sent: whoever logs in late gets what it asks for as long as that is kept. A client that falls behind by more than
 * its buffer is disconnected, or waited for.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { SinkError } from '../core/errors.js';
import type { Flow, Sink } from '../core/seams.js';
import { SoupBinTCPHistory } from '../session/soupbintcp-history.js';
import {
  checkSoupSession,
  MAX_SOUP_PAYLOAD,
  type SoupLogin,
  type SoupRejectReason,
} from '../session/soupbintcp-writer.js';
import { SoupConnection, type SoupHost, type SoupPatience, SoupServerCounts } from './soupbintcp-connection.js';
import { maxWaitingBytes, SoupFeed, type SoupFeedOptions } from './soupbintcp-feed.js';

export interface SoupServerOptions extends SoupFeedOptions {
  /** Address or name to listen on. */
  host: string;
  /** 0: any free port. */
  port: number;
  /** Session name for logins, at most 10 characters. */
  session: string;
  /** Null: any user name and password will do. */
  user: string | null;
  password: string | null;
  historyBytes: number;
  /** Bytes that a client may be behind; while it reads history, so much more than that. */
  bufferBytes: number;
  slow: 'disconnect' | 'wait';
  maxClients: number;
  clientTimeoutMs: number;
  /** Bytes that are gathered before they are sent on; 0 sends each datagram's messages as they come. */
  gatherBytes: number;
  heartbeatMs?: number;
  loginTimeoutMs?: number;
  /** A client that was told goodbye has so long to close its side. */
  lingerMs?: number;
  /** At the end, clients that take nothing for so long are given up. */
  drainMs?: number;
}

/** Says that the run is to end. */
export interface StopSign {
  readonly stopped: boolean;
}

const heartbeatMs = 1000;
const loginTimeoutMs = 30_000;
const lingerMs = 2000;
const drainMs = 5000;
/** The same once the run was stopped: whoever stopped it waits. */
const stoppedDrainMs = 1000;
const watchEveryMs = 100;
const pollMs = 5;
/** Room for what one datagram may set free on top of what clients may be behind. */
const slackBytes = 2 * maxWaitingBytes;
/** Where nothing was sent for so many looks in a row at least, what waits for earlier messages goes on without them. */
const idleLooks = 3;

/** Listens; rejects with SinkError where that fails. */
export async function openSoupServer(options: SoupServerOptions): Promise<SoupBinTCPServer> {
  checkSoupSession(options.session);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const { host, port } = options;
      const why = error.code === 'EADDRINUSE' ? 'the port is in use; name another, or 0 for any' : error.message;
      reject(new SinkError('listen', `cannot listen on ${host} port ${port}: ${why}`, { cause: error }));
    });
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  server.removeAllListeners('error');
  return new SoupBinTCPServer(server, options);
}

/** Made by `openSoupServer`. */
export class SoupBinTCPServer implements Sink, SoupHost {
  readonly counts = new SoupServerCounts();
  readonly history: SoupBinTCPHistory;
  readonly session: string;
  /** The port listened on. */
  readonly port: number;
  private readonly server: Server;
  private readonly options: SoupServerOptions;
  private readonly patience: SoupPatience;
  private readonly connections = new Set<SoupConnection>();
  private readonly timer: NodeJS.Timeout;
  private readonly feed: SoupFeed;
  private stop: StopSign = { stopped: false };
  /** No client reads anything before this place; counted anew where it matters. */
  private floor = 0;
  private flushedTo = 0;
  private isFlushDue = false;
  private watchedMs: number;
  private beatMs: number;
  private isClosing = false;
  /** Looks since the last datagram. */
  private looks = 0;

  constructor(server: Server, options: SoupServerOptions) {
    this.server = server;
    this.options = options;
    this.session = options.session;
    this.feed = new SoupFeed(options, (view, offset, length) => this.append(view, offset, length));
    this.history = new SoupBinTCPHistory(options.historyBytes + options.bufferBytes + slackBytes);
    this.patience = {
      heartbeatMs: options.heartbeatMs ?? heartbeatMs,
      loginTimeoutMs: options.loginTimeoutMs ?? loginTimeoutMs,
      clientTimeoutMs: options.clientTimeoutMs,
      lingerMs: options.lingerMs ?? lingerMs,
    };
    this.port = (server.address() as { port: number }).port;
    this.watchedMs = this.nowMs();
    this.beatMs = this.watchedMs;
    server.on('connection', (socket) => this.accept(socket));
    // Only a listening socket keeps the process; what it is asked to do is done on time or not at all.
    this.timer = setInterval(() => this.watch(), watchEveryMs).unref();
  }

  nowMs(): number {
    return performance.now();
  }

  /** Resolves once so many clients are logged in, or the run is stopped. */
  async waitForClients(count: number, stop: StopSign): Promise<void> {
    this.stop = stop;
    while (!stop.stopped && this.liveClients < count) await sleep(pollMs);
  }

  send(view: DataView, offset: number, length: number, scheduledNs: number, flow: Flow): void {
    this.looks = 0;
    this.feed.datagram(view, offset, length, scheduledNs, flow);
    const gathered = this.history.head - this.flushedTo;
    if (gathered > this.options.gatherBytes) this.flush();
    else if (gathered > 0 && !this.isFlushDue) {
      this.isFlushDue = true;
      setImmediate(() => this.flush());
    }
    // A sender that spins lets no timer fire for a while.
    const nowMs = this.nowMs();
    if (nowMs - this.beatMs >= watchEveryMs) this.beat(nowMs);
  }

  /** Messages that clients had before come again, as the next ones of the session. */
  jump(): void {
    this.feed.jump();
  }

  /** Where clients are waited for: how many are too far behind. */
  get unsettled(): number {
    if (this.options.slow !== 'wait') return 0;
    let count = 0;
    for (const connection of this.connections) if (this.isSlow(connection)) count++;
    return count;
  }

  async settle(): Promise<void> {
    this.flush();
    await turn();
    while (this.unsettled > 0 && !this.stop.stopped) {
      await sleep(pollMs);
      this.looks = 0;
    }
  }

  /** Ends the session for every client, gives each the time to take what is left for it, and stops listening. */
  async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.feed.end();
    for (const connection of this.connections) connection.end();
    await this.drain();
    for (const connection of this.connections) connection.giveUp();
    clearInterval(this.timer);
    await closed;
  }

  counters(): Record<string, number> {
    return { ...this.counts, messages: this.history.nextSequence - 1, ...this.feed.counters() };
  }

  admit({ username, password, session, sequence }: SoupLogin): number | SoupRejectReason {
    const { options, history } = this;
    if (!isSame(options.user, username) || !isSame(options.password, password)) return 'A';
    if ((session !== '' && session !== this.session) || Number.isNaN(sequence)) return 'S';
    if (sequence === 0 || sequence >= history.nextSequence) return history.nextSequence;
    const place = history.placeOf(sequence);
    if (place < 0 || history.head - place > options.historyBytes) return 'S';
    this.floor = Math.min(this.floor, place);
    return sequence;
  }

  private accept(socket: Socket): void {
    if (this.isClosing || this.connections.size >= this.options.maxClients) {
      this.counts.refused++;
      socket.destroy();
      return;
    }
    this.counts.clients++;
    const connection = new SoupConnection(socket, this);
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
  }

  private append(view: DataView, offset: number, length: number): void {
    const { history } = this;
    if (length > MAX_SOUP_PAYLOAD) {
      this.counts.tooLong++;
      return;
    }
    const head = history.head + SoupBinTCPHistory.bytesFor(length);
    if (head - this.floor > history.capacity) this.makeRoom(head - history.capacity);
    history.append(view, offset, length);
  }

  /** Nobody may read before `floor` any more, whatever the policy: those bytes are about to be overwritten. */
  private makeRoom(floor: number): void {
    this.flush();
    this.floor = this.history.head;
    for (const connection of this.connections) {
      if (!connection.isLive) continue;
      if (connection.place < floor) this.dropSlow(connection);
      else this.floor = Math.min(this.floor, connection.place);
    }
  }

  private flush(): void {
    this.isFlushDue = false;
    this.flushedTo = this.history.head;
    for (const connection of this.connections) {
      connection.pump();
      if (this.options.slow === 'disconnect' && this.isSlow(connection)) this.dropSlow(connection);
    }
  }

  private isSlow(connection: SoupConnection): boolean {
    if (!connection.isLive) return false;
    const { bufferBytes, historyBytes } = this.options;
    const { behind } = connection;
    if (behind <= bufferBytes) connection.isCatchingUp = false;
    return behind > (connection.isCatchingUp ? historyBytes + bufferBytes : bufferBytes);
  }

  private dropSlow(connection: SoupConnection): void {
    this.counts.disconnectedSlow++;
    connection.destroy();
  }

  private beat(nowMs: number): void {
    this.beatMs = nowMs;
    for (const connection of this.connections) connection.beat(nowMs, this.patience.heartbeatMs);
  }

  private watch(): void {
    const nowMs = this.nowMs();
    // What this process slept or spun through is no silence of its clients'.
    const stalledMs = Math.max(0, nowMs - this.watchedMs - 2 * watchEveryMs);
    this.watchedMs = nowMs;
    const reorderLooks = Math.ceil(this.options.reorderNs / (watchEveryMs * 1e6));
    if (++this.looks === Math.max(idleLooks, reorderLooks + 1)) {
      this.feed.goOn();
      this.flush();
    }
    for (const connection of this.connections) connection.watch(nowMs, stalledMs, this.patience);
    this.beat(nowMs);
  }

  /** Until every connection is closed, or none has moved for too long. */
  private async drain(): Promise<void> {
    let left = -1;
    for (let sinceMs = this.nowMs(); this.connections.size > 0; await sleep(pollMs)) {
      let now = 0;
      for (const connection of this.connections) now += connection.behind + 1;
      if (now !== left) sinceMs = this.nowMs();
      left = now;
      const mostMs = this.stop.stopped ? stoppedDrainMs : (this.options.drainMs ?? drainMs);
      if (this.nowMs() - sinceMs >= mostMs) return;
    }
  }

  private get liveClients(): number {
    let count = 0;
    for (const connection of this.connections) if (connection.isLive) count++;
    return count;
  }
}

/** User names and passwords are compared without regard to case (section 2.3.1). */
function isSame(expected: string | null, given: string): boolean {
  return expected === null || expected.toUpperCase() === given.toUpperCase();
}
