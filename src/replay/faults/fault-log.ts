/**
 * The log of faults: NDJSON, a line for everything that was done to a packet, in the packets' order, enough to do the
 * very same again without a draw.
 *
 *     {"tickreel":"fault-log","version":1,"seed":1,"faults":["A: loss 0.1%"]}
 *     {"loop":1,"packet":17,"line":"A","kind":"loss","fault":0,"length":120,"sum":4711,"session":"S","from":1,"to":3}
 *     …
 *     {"end":true,"loop":1,"packet":5000,"complete":true}
 *
 * `packet` is the place among the packets played in the loop, from 1; `length` and `sum` (the Internet checksum's sum
 * of the payload) are the packet's as it came, by which a log is known not to fit a capture.
 */
import { addWords, fold } from '../../capture/checksum.js';
import { UsageError } from '../../core/errors.js';
import { readSession } from '../../session/moldudp64-header.js';
import { type ActionKind, type FaultAction, noAction } from './action.js';
import { faultKinds, maxDelayNs } from './fault.js';
import type { PacketAtHand } from './packet.js';

export const faultLogVersion = 1;
/** The longest line that is read: a packet of 100 copies or 1000 bits takes less than a tenth. */
export const maxLogLineLength = 100_000;

/** A packet by its loop and its place in it. */
export interface PacketPlace {
  readonly loop: number;
  readonly packet: number;
}

/** A line of the log: what was done to which packet. */
export interface LogEntry extends PacketPlace {
  readonly line: string;
  readonly length: number;
  readonly sum: number;
  readonly action: FaultAction;
}

/** The last line: the last packet that was taken, and whether the source ended with it. */
export interface LogEnd extends PacketPlace {
  readonly isComplete: boolean;
}

/** The first line, without its line end. */
export function formatLogHead(faults: readonly string[], seed: unknown): string {
  return JSON.stringify({ tickreel: 'fault-log', version: faultLogVersion, seed, faults });
}

/** A line of what was done, without its line end. */
export function formatLogEntry(packet: PacketAtHand, line: string, action: FaultAction): string {
  const { view, offset, length, framing, from, to } = packet;
  const { kind, fault } = action;
  return JSON.stringify({
    loop: packet.loop,
    packet: packet.place,
    line,
    kind,
    ...(fault < 0 ? {} : { fault }),
    ...parametersOf(action),
    length,
    sum: sumOf(view, offset, length),
    ...(framing === 'moldudp64' ? { session: readSession(view, offset) } : {}),
    ...(to < from ? {} : { from, to }),
  });
}

/** The last line, without its line end. */
export function formatLogEnd({ loop, packet }: PacketPlace, isComplete: boolean): string {
  return JSON.stringify({ end: true, loop, packet, complete: isComplete });
}

/** The 16-bit sum that entries know a payload by. */
export function sumOf(view: DataView, offset: number, length: number): number {
  return fold(addWords(0, view, offset, length));
}

/** Reads the first line: what the faults were, as texts. Throws UsageError. */
export function parseLogHead(line: string | null, path: string): { seed: unknown; faults: string[] } {
  const head = line === null ? null : parseObject(line, `${path}, line 1`);
  if (head === null || head.tickreel !== 'fault-log') {
    throw refusal(`${path}: no fault log: write one with --fault-log`);
  }
  if (head.version !== faultLogVersion) {
    throw refusal(`${path}: a fault log of version ${head.version}; version ${faultLogVersion} is read`);
  }
  const faults = Array.isArray(head.faults) ? head.faults.filter((text) => typeof text === 'string') : [];
  return { seed: head.seed, faults };
}

/** Reads any other line; `where` names file and line. Throws UsageError. */
export function parseLogLine(line: string, where: string): LogEntry | LogEnd {
  const object = parseObject(line, where);
  const loop = integer(object, 'loop', 0, where);
  const packet = integer(object, 'packet', 0, where);
  if (object.end === true) return { loop, packet, isComplete: object.complete === true };
  const name = object.line;
  if (typeof name !== 'string' || !/^[A-Z]$/.test(name)) throw refusal(`${where}: "line" is no letter`);
  const length = integer(object, 'length', 0, where, 65_535);
  const sum = integer(object, 'sum', 0, where, 65_535);
  return { loop, packet, line: name, length, sum, action: actionOf(object, length, where) };
}

/** What of an action is not as in `noAction`. */
function parametersOf(action: FaultAction): Record<string, unknown> {
  const { kind, isLost, delayNs, behind, length, bits, isStale, copiesNs, copy } = action;
  return {
    ...(kind === 'rate' && isLost ? { tailDrop: true } : {}),
    ...(delayNs > 0 ? { delayNs } : {}),
    ...(behind > 0 ? { behind } : {}),
    ...(length >= 0 ? { toLength: length } : {}),
    ...(kind === 'corrupt' ? { bits, checksum: isStale ? 'stale' : 'fixed' } : {}),
    ...(kind === 'dup' ? { copiesNs } : {}),
    ...(copy > 0 ? { copy } : {}),
  };
}

function actionOf(object: Record<string, unknown>, packetLength: number, where: string): FaultAction {
  const kind = [...faultKinds, 'overflow' as const].find((name) => name === object.kind) as ActionKind | undefined;
  if (kind === undefined) throw refusal(`${where}: "kind" ${JSON.stringify(object.kind)} is no kind of fault`);
  const has = (name: string) => object[name] !== undefined;
  const length = has('toLength') ? integer(object, 'toLength', 0, where, packetLength) : -1;
  return {
    ...noAction,
    kind,
    fault: has('fault') ? integer(object, 'fault', 0, where) : -1,
    isLost: kind === 'loss' || kind === 'overflow' || object.tailDrop === true,
    delayNs: has('delayNs') ? integer(object, 'delayNs', 0, where) : 0,
    behind: has('behind') ? integer(object, 'behind', 1, where) : 0,
    length,
    bits: kind === 'corrupt' ? integers(object, 'bits', packetLength * 8 - 1, where) : [],
    isStale: object.checksum === 'stale',
    copiesNs: kind === 'dup' ? integers(object, 'copiesNs', maxDelayNs, where) : [],
    copy: has('copy') ? integer(object, 'copy', 0, where) : 0,
  };
}

function parseObject(line: string, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw refusal(`${where}: no JSON object`);
}

function integer(object: Record<string, unknown>, name: string, least: number, where: string, most?: number): number {
  return whole(object[name], `"${name}"`, least, where, most);
}

function integers(object: Record<string, unknown>, name: string, most: number, where: string): number[] {
  const values: unknown = object[name];
  if (!Array.isArray(values)) throw refusal(`${where}: "${name}" is no list`);
  return values.map((value: unknown) => whole(value, `"${name}" with`, 0, where, most));
}

function whole(value: unknown, what: string, least: number, where: string, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw refusal(`${where}: ${what} ${JSON.stringify(value)} is no whole number from ${least} to ${most}`);
}

function refusal(text: string): UsageError {
  return new UsageError('fault-log', text);
}
