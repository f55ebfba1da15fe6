/** The `--to soupbintcp://HOST:PORT?…` argument: where a replay serves SoupBinTCP clients, and on what terms. */
import { UsageError } from '../core/errors.js';
import { parseBytes, parseDuration } from '../core/time.js';
import { SOUP_PASSWORD_LENGTH, SOUP_USERNAME_LENGTH } from '../session/soupbintcp-writer.js';

/** What becomes of a client that falls behind by more than its buffer. */
export type SlowPolicy = 'disconnect' | 'wait';

export interface SoupTarget {
  kind: 'soupbintcp';
  host: string;
  /** 0: any free port. */
  port: number;
  /** Null: any user name and password will do. */
  user: string | null;
  password: string | null;
  /** Bytes of sequenced packets kept for clients that log in late or again. */
  historyBytes: number;
  /** Bytes that a client may be behind. */
  bufferBytes: number;
  slow: SlowPolicy;
  /** A client that sends nothing for so long is closed. */
  clientTimeoutMs: number;
  /** How long a message waits for those numbered before it, ns of the schedule. */
  reorderNs: number;
  /** Clients that must have logged in before the run begins. */
  wait: number;
  /** Connections at most. */
  maxClients: number;
}

/** What is served, unless the argument says otherwise: this machine alone, one client awaited. */
export const soupTargetDefaults: Omit<SoupTarget, 'port'> = {
  kind: 'soupbintcp',
  host: '127.0.0.1',
  user: null,
  password: null,
  historyBytes: 64 << 20,
  bufferBytes: 16 << 20,
  slow: 'disconnect',
  clientTimeoutMs: 15_000,
  reorderNs: 10e6,
  wait: 1,
  maxClients: 64,
};

/** Two of the longest packets: less would be full with one. */
const leastBufferBytes = 1 << 17;
const mostBytes = 1 << 30;
const leastTimeoutMs = 100;
const mostClients = 1024;
const options = 'user, password, history, buffer, slow, client-timeout, reorder, wait and clients';

/** Reads `soupbintcp://HOST:PORT?option=value&…`; without a host it is 127.0.0.1, port 0 is any free one. */
export function parseSoupTarget(text: string): SoupTarget {
  const match = /^soupbintcp:\/\/(\[[0-9a-fA-F:.%a-z]+\]|[^:@/?#[\]]*):(\d{1,6})\/?(?:\?(.*))?$/.exec(text);
  if (!match) {
    throw refusal(text, 'is not soupbintcp://HOST:PORT (an IPv6 address goes in brackets), as in soupbintcp://:26400');
  }
  const port = Number(match[2]);
  if (port > 65535) throw refusal(text, `port ${port} is outside 0 to 65535`);
  const host = match[1].replace(/^\[|\]$/g, '') || soupTargetDefaults.host;
  const target: SoupTarget = { ...soupTargetDefaults, host, port };
  for (const [name, value] of new URLSearchParams(match[3] ?? '')) readOption(text, target, name, value);
  if (target.wait > target.maxClients) {
    throw refusal(text, `wait=${target.wait} can never be: no more than ${target.maxClients} clients are let in`);
  }
  return target;
}

/** The target without its options, as clients are told it. */
export function formatSoupAddress(host: string, port: number): string {
  return `soupbintcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function readOption(text: string, target: SoupTarget, name: string, value: string): void {
  if (name === 'user') target.user = credential(text, name, value, SOUP_USERNAME_LENGTH);
  else if (name === 'password') target.password = credential(text, name, value, SOUP_PASSWORD_LENGTH);
  else if (name === 'history') target.historyBytes = byteCount(text, name, value, 0);
  else if (name === 'buffer') target.bufferBytes = byteCount(text, name, value, leastBufferBytes);
  else if (name === 'client-timeout') target.clientTimeoutMs = timeout(text, value);
  else if (name === 'reorder') target.reorderNs = parseDuration(value);
  else if (name === 'wait') target.wait = wholeNumber(text, name, value, 0);
  else if (name === 'clients') target.maxClients = wholeNumber(text, name, value, 1);
  else if (name !== 'slow') throw refusal(text, `unknown option '${name}'; there are ${options}`);
  else if (value === 'disconnect' || value === 'wait') target.slow = value;
  else throw refusal(text, 'slow is disconnect or wait');
}

function credential(text: string, name: string, value: string, most: number): string {
  if (/^[\x21-\x7e]+$/.test(value) && value.length <= most) return value;
  throw refusal(text, `${name} is 1 to ${most} printable characters`);
}

function byteCount(text: string, name: string, value: string, least: number): number {
  const bytes = parseBytes(value);
  if (bytes >= least && bytes <= mostBytes) return bytes;
  throw refusal(text, `${name} is a number of bytes from ${least} to 1GiB, as in ${name}=64MiB`);
}

function timeout(text: string, value: string): number {
  const ms = parseDuration(value) / 1e6;
  if (ms >= leastTimeoutMs) return ms;
  throw refusal(text, `client-timeout is ${leastTimeoutMs}ms or more`);
}

function wholeNumber(text: string, name: string, value: string, least: number): number {
  if (/^\d{1,4}$/.test(value) && Number(value) >= least && Number(value) <= mostClients) return Number(value);
  throw refusal(text, `${name} is a whole number from ${least} to ${mostClients}`);
}

function refusal(text: string, why: string): UsageError {
  return new UsageError('target', `'${text}': ${why}`);
}
