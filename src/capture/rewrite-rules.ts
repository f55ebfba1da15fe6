/** What a replay over raw Ethernet changes in the headers of frames: rules as text (`--rewrite-mac` …) and as data. */
import { UsageError } from '../core/errors.js';
import { parseAddress } from './endpoint.js';

/** Which of a header's two addresses or ports a rule is for. */
export type Side = 'source' | 'destination' | 'both';

/** An Ethernet address in two parts: its first two bytes and its last four, unsigned. */
export interface Mac {
  readonly high: number;
  readonly low: number;
}

/** `from` null: whatever it was. */
export interface MacRule {
  readonly side: Side;
  readonly from: Mac | null;
  readonly to: Mac;
}

/**
 * An address in 32-bit words, one of IPv4 or four of IPv6, signed. Bits under `mask` are compared with `from` and
 * replaced by those of `to`; the others, the host's, stay.
 */
export interface IpRule {
  readonly side: Side;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly mask: readonly number[];
  /** Whether every address matches, and all of it is replaced. */
  readonly isAny: boolean;
}

export interface PortRule {
  readonly side: Side;
  readonly from: number | null;
  readonly to: number;
}

/** Of the outermost tag: its number, any, or that there is no tag. */
export interface VlanRule {
  readonly from: number | 'any' | 'none';
  readonly to: number | 'none';
}

/** Of each kind the first rule that fits is obeyed. */
export interface RewriteRules {
  readonly macs: readonly MacRule[];
  readonly ips: readonly IpRule[];
  readonly ports: readonly PortRule[];
  readonly vlans: readonly VlanRule[];
}

export const noRewriting: RewriteRules = { macs: [], ips: [], ports: [], vlans: [] };

const MAX_PORT = 65_535;
const MAX_VLAN = 4094;

/** Whether there is any rule. */
export function rewritesAnything({ macs, ips, ports, vlans }: RewriteRules): boolean {
  return macs.length + ips.length + ports.length + vlans.length > 0;
}

/** Reads `[src:|dst:]OLD|any=NEW`; throws UsageError. */
export function parseMacRule(text: string): MacRule {
  const form = '[src:|dst:]OLD=NEW of Ethernet addresses, OLD or any, as in dst:any=02:00:00:00:00:01';
  const { side, from, to } = split(text, form);
  return { side, from: from === 'any' ? null : macOf(from, text, form), to: macOf(to, text, form) };
}

/** Reads `[src:|dst:]OLD[/PREFIX]|any=NEW`, both IPv4 or both IPv6; throws UsageError. */
export function parseIpRule(text: string): IpRule {
  const form = '[src:|dst:]OLD[/PREFIX]=NEW of IP addresses, OLD or any, as in 10.1.0.0/16=10.2.0.0';
  const { side, from, to } = split(text, form);
  const target = wordsOf(to, text, form);
  const isAny = from === 'any';
  const [address = '', prefixText] = from.split('/', 2);
  const source = isAny ? target.map(() => 0) : wordsOf(address, text, form);
  const bits = target.length * 32;
  const prefix = prefixText === undefined ? bits : whole(prefixText, bits);
  if (source.length !== target.length || prefix === null) throw refused(text, form);
  const mask = target.map((_, word) => prefixMask(prefix - word * 32));
  return { side, from: source.map((word, index) => word & (mask[index] as number)), to: target, mask, isAny };
}

/** Reads `[src:|dst:]OLD|any=NEW`; throws UsageError. */
export function parsePortRule(text: string): PortRule {
  const form = '[src:|dst:]OLD=NEW of ports, OLD or any, as in dst:26477=30001';
  const { side, from, to } = split(text, form);
  const old = from === 'any' ? null : whole(from, MAX_PORT);
  const target = whole(to, MAX_PORT);
  if (target === null || (old === null && from !== 'any')) throw refused(text, form);
  return { side, from: old, to: target };
}

/** Reads `OLD|any|none=NEW|none`; throws UsageError. */
export function parseVlanRule(text: string): VlanRule {
  const form = 'OLD=NEW of VLAN numbers (0 to 4094), OLD or any or none, NEW or none, as in 100=200 or any=none';
  const [from = '', to = ''] = text.split('=', 2);
  const old = from === 'any' || from === 'none' ? from : whole(from, MAX_VLAN);
  const target = to === 'none' ? to : whole(to, MAX_VLAN);
  if (old === null || target === null || text.split('=').length !== 2) throw refused(text, form);
  return { from: old, to: target };
}

function split(text: string, form: string): { side: Side; from: string; to: string } {
  const match = /^(?:(src|dst):)?([^=]+)=([^=]+)$/.exec(text);
  if (!match) throw refused(text, form);
  const [, side, from, to] = match as unknown as [string, string | undefined, string, string];
  return { side: side === 'src' ? 'source' : side === 'dst' ? 'destination' : 'both', from, to };
}

function macOf(text: string, whole: string, form: string): Mac {
  if (!/^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(text)) throw refused(whole, form);
  const digits = text.replace(/[:-]/g, '');
  return { high: Number.parseInt(digits.slice(0, 4), 16), low: Number.parseInt(digits.slice(4), 16) };
}

function wordsOf(text: string, whole: string, form: string): number[] {
  const bytes = parseAddress(text);
  if (bytes === null) throw refused(whole, form);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: bytes.length / 4 }, (_, word) => view.getInt32(word * 4));
}

function whole(text: string, most: number): number | null {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : null;
}

function prefixMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function refused(text: string, form: string): UsageError {
  return new UsageError('rewrite', `'${text}' is not ${form}`);
}
