/**
 * SoupBinTCP 3.00 section 2.3: what a client sends to a server, read from the bytes of its connection.
 *
 * Only a login request is kept until it is whole; of debug and unsequenced packets, which may be 65,535 bytes long, the
 * text is passed over. So what a client can make the server hold is the 49 bytes of a login.
 */
import {
  LOGIN_REQUEST_LENGTH,
  SOUP_HEADER_LENGTH,
  SOUP_LENGTH_SIZE,
  SOUP_PASSWORD_LENGTH,
  SOUP_SEQUENCE_LENGTH,
  SOUP_SESSION_LENGTH,
  SOUP_USERNAME_LENGTH,
  type SoupLogin,
  SoupType,
} from './soupbintcp-writer.js';

export interface SoupRequestHandler {
  /** Padding is removed; `sequence` is NaN where the field is no number. */
  onLogin(login: SoupLogin): void;
  onLogout(): void;
  onUnsequenced(): void;
  /** What came is no packet of a client's; nothing behind it is read. */
  onMalformed(): void;
}

export class SoupRequestDecoder {
  private readonly handler: SoupRequestHandler;
  private readonly packet = new Uint8Array(LOGIN_REQUEST_LENGTH);
  private used = 0;
  /** Bytes of text still to be passed over. */
  private passing = 0;
  private stopped = false;

  constructor(handler: SoupRequestHandler) {
    this.handler = handler;
  }

  /** Reads no more, not even what is left of the chunk at hand. */
  stop(): void {
    this.stopped = true;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.stopped; ) {
      if (this.passing > 0) {
        const count = Math.min(this.passing, chunk.length - at);
        this.passing -= count;
        at += count;
        continue;
      }
      this.packet[this.used++] = chunk[at++] as number;
      if (this.used === SOUP_HEADER_LENGTH) this.begin();
      else if (this.used === LOGIN_REQUEST_LENGTH) this.login();
    }
  }

  private begin(): void {
    const length = (this.packet[0] as number) * 256 + (this.packet[1] as number);
    const type = this.packet[SOUP_LENGTH_SIZE];
    if (type === SoupType.loginRequest && length === LOGIN_REQUEST_LENGTH - SOUP_LENGTH_SIZE) return;
    this.used = 0;
    if (length >= 1 && (type === SoupType.debug || type === SoupType.unsequencedData)) {
      this.passing = length - 1;
      if (type === SoupType.unsequencedData) this.handler.onUnsequenced();
    } else if (length === 1 && type === SoupType.logoutRequest) this.handler.onLogout();
    else if (length !== 1 || type !== SoupType.clientHeartbeat) {
      this.stop();
      this.handler.onMalformed();
    }
  }

  private login(): void {
    this.used = 0;
    let at = SOUP_HEADER_LENGTH;
    const text = (length: number): string => {
      const bytes = this.packet.subarray(at, at + length);
      at += length;
      return String.fromCharCode(...bytes).trim();
    };
    const username = text(SOUP_USERNAME_LENGTH);
    const password = text(SOUP_PASSWORD_LENGTH);
    const session = text(SOUP_SESSION_LENGTH);
    const sequence = text(SOUP_SEQUENCE_LENGTH);
    this.handler.onLogin({
      username,
      password,
      session,
      sequence: /^\d+$/.test(sequence) ? Number(sequence) : Number.NaN,
    });
  }
}
