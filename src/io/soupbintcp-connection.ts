/**
 * One client's connection to a SoupBinTCP 3.00 server: its login, its place in the session, heartbeats, its end.
 *
 * What is sent is read from the session's history, where it lies as it goes over the wire; nothing is queued by
 * client. The socket has one write at a time. What the kernel takes at once is done when `write` returns, so a client
 * that keeps up costs no memory, and one that does not is a place that falls behind the head.
 */
import type { Socket } from 'node:net';
import type { SoupBinTCPHistory } from '../session/soupbintcp-history.js';
import { SoupRequestDecoder } from '../session/soupbintcp-request.js';
import {
  LOGIN_ACCEPTED_LENGTH,
  SOUP_HEADER_LENGTH,
  type SoupLogin,
  type SoupRejectReason,
  SoupType,
  writeLoginAccepted,
  writeLoginRejected,
  writeSoupHeader,
} from '../session/soupbintcp-writer.js';

/** Bytes of one write at most: how far a slow client's place moves at a time. */
const longestWrite = 1 << 16;

/** What the server has met, for the report. */
export class SoupServerCounts {
  clients = 0;
  logins = 0;
  rejected = 0;
  loggedOut = 0;
  disconnectedSlow = 0;
  timedOut = 0;
  malformed = 0;
  /** Connections beyond the most that are let in. */
  refused = 0;
  unsequenced = 0;
  /** Clients that had not taken everything when they were given up at the end. */
  undrained = 0;
  /** Messages that no packet can hold, left out. */
  tooLong = 0;
  /** To all clients together, heartbeats and logins included. */
  bytesSent = 0;
}

/** What a connection needs of its server. */
export interface SoupHost {
  readonly history: SoupBinTCPHistory;
  readonly counts: SoupServerCounts;
  /** Session name as the login accepted packet tells it. */
  readonly session: string;
  /** The number of the message to begin with, or why not. */
  admit(login: SoupLogin): number | SoupRejectReason;
  nowMs(): number;
}

/** How long a server waits, ms. */
export interface SoupPatience {
  /** A client that nothing was sent to for so long gets a heartbeat. */
  readonly heartbeatMs: number;
  /** A connection has so long to log in. */
  readonly loginTimeoutMs: number;
  /** A client that sends nothing for so long is closed. */
  readonly clientTimeoutMs: number;
  /** A client that was told goodbye has so long to close its side. */
  readonly lingerMs: number;
}

export class SoupConnection {
  private isLoggedIn = false;
  /** While the client reads what was sent before it logged in, it may be so much further behind. */
  isCatchingUp = false;
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  private readonly host: SoupHost;
  private readonly socket: Socket;
  private readonly decoder: SoupRequestDecoder;
  /** The client's place in the session: what was handed to the socket, and of that what the kernel has taken. */
  private handed = 0;
  private taken = 0;
  private lastSentMs = 0;
  /** When it last sent anything; before the login, when it connected; once it is gone, when that was. */
  private sinceMs: number;
  private isEnding = false;
  private isGone = false;
  private readonly onWritten = (): void => this.pump();

  constructor(socket: Socket, host: SoupHost) {
    this.socket = socket;
    this.host = host;
    this.sinceMs = host.nowMs();
    this.decoder = new SoupRequestDecoder({
      onLogin: (login) => this.onLogin(login),
      onLogout: () => {
        host.counts.loggedOut++;
        this.destroy();
      },
      onUnsequenced: () => {
        host.counts.unsequenced++;
        if (!this.isLoggedIn) this.onMalformed();
      },
      onMalformed: () => this.onMalformed(),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      if (this.isLive) this.sinceMs = host.nowMs();
      this.decoder.push(chunk);
    });
    // A connection that breaks is closed next, and that is all there is to know.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.leave();
        resolve();
      });
    });
  }

  /** Whether the client is logged in and has not been told goodbye. */
  get isLive(): boolean {
    return this.isLoggedIn && !this.isGone;
  }

  /** Bytes of the session that the kernel has not taken yet. */
  get behind(): number {
    return this.host.history.head - this.place;
  }

  /** The first byte of the session that may still be read. */
  get place(): number {
    if (this.socket.writableLength === 0) this.taken = this.handed;
    return this.taken;
  }

  /** Hands the socket what the history has for it, until the kernel takes no more. */
  pump(): void {
    const { history, counts } = this.host;
    if (!this.isLive) return;
    while (this.socket.writableLength === 0) {
      if (this.handed === history.head) {
        if (this.isEnding) this.sendEnd();
        return;
      }
      const bytes = history.bytesAt(this.handed, longestWrite);
      this.handed += bytes.length;
      this.lastSentMs = this.host.nowMs();
      counts.bytesSent += bytes.length;
      this.socket.write(bytes, this.onWritten);
    }
  }

  /** Sends a heartbeat where nothing was sent for so long; a client with data under way needs none. */
  beat(nowMs: number, afterMs: number): void {
    if (!this.isLive || this.socket.writableLength > 0) return;
    if (nowMs - this.lastSentMs >= afterMs) this.write(SOUP_HEADER_LENGTH, heartbeat);
  }

  /** Closes a connection that was silent for too long; `stalledMs` of it this process itself took no part in. */
  watch(nowMs: number, stalledMs: number, patience: SoupPatience): void {
    this.sinceMs += stalledMs;
    const { loginTimeoutMs, clientTimeoutMs, lingerMs } = patience;
    const mostMs = this.isGone ? lingerMs : this.isLoggedIn ? clientTimeoutMs : loginTimeoutMs;
    if (nowMs - this.sinceMs < mostMs) return;
    if (!this.isGone) this.host.counts.timedOut++;
    this.destroy();
  }

  /** Sends what is left, the end of the session, and closes. */
  end(): void {
    if (!this.isLoggedIn) this.destroy();
    this.isEnding = true;
    this.pump();
  }

  /** At the end of the server: the time to take what was left is over. */
  giveUp(): void {
    if (this.isLive) this.host.counts.undrained++;
    this.destroy();
  }

  /** Closes at once, whatever is under way. */
  destroy(): void {
    this.leave();
    this.socket.destroy();
  }

  private onLogin(login: SoupLogin): void {
    const { host } = this;
    if (this.isLoggedIn) {
      this.onMalformed();
      return;
    }
    const answer = host.admit(login);
    if (typeof answer === 'string') {
      host.counts.rejected++;
      this.write(SOUP_HEADER_LENGTH + 1, (view) => writeLoginRejected(view, 0, answer));
      this.leave();
      this.socket.end();
      return;
    }
    host.counts.logins++;
    this.handed = host.history.placeOf(answer);
    this.taken = this.handed;
    this.isCatchingUp = true;
    this.isLoggedIn = true;
    this.sinceMs = host.nowMs();
    this.write(LOGIN_ACCEPTED_LENGTH, (view) => writeLoginAccepted(view, 0, host.session, answer));
    this.pump();
  }

  private onMalformed(): void {
    this.host.counts.malformed++;
    this.destroy();
  }

  private sendEnd(): void {
    this.write(SOUP_HEADER_LENGTH, (view) => writeSoupHeader(view, 0, SoupType.endOfSession));
    this.leave();
    this.socket.end();
  }

  private write(length: number, fill: (view: DataView) => void): void {
    const bytes = new Uint8Array(length);
    fill(new DataView(bytes.buffer));
    this.lastSentMs = this.host.nowMs();
    this.host.counts.bytesSent += length;
    this.socket.write(bytes, this.onWritten);
  }

  private leave(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.sinceMs = this.host.nowMs();
    this.decoder.stop();
  }
}

const heartbeat = (view: DataView): void => {
  writeSoupHeader(view, 0, SoupType.serverHeartbeat);
};
