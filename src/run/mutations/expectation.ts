/**
 * What a correct parser makes of one case, as plain data. It stands beside a capture that was saved, as
 * `CAPTURE.expect.json`, so that a check of that capture is held to what the mutation asks, and fails as it did.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { isHolder } from '../../compare/values.js';
import { CaptureError } from '../../core/errors.js';
import { unwritable } from '../../io/file-error.js';
import { readTextFile } from '../../io/text-input.js';
import { isOfTcp, type Label, type MessageValues } from '../../sim/mutations/model.js';
import { numberOf } from '../../sim/mutations/numbers.js';
import { isControl, isMdp } from '../../sim/mutations/packets.js';
import type { WrittenPacket } from './write.js';

/** Numbers, first to last. */
export type Range = readonly [from: number, to: number];

/** Of one capture with a mutation in it; `null` where there is none. */
export interface CaseExpectation {
  readonly mutation: Pick<Label, 'kind' | 'verdict' | 'what'> | null;
  /** Messages that a parser may as well leave out. */
  readonly optional: readonly MessageValues[];
  /** Numbers that are missing, and those that may be taken for missing or not. */
  readonly gaps: readonly Range[];
  readonly doubtful: readonly Range[];
  /** Packets that are to be rejected, by their numbers in the capture, and all that may be. */
  readonly rejects: readonly { readonly packets: readonly number[]; readonly kind: string }[];
  readonly rejectable: readonly number[];
  /** Of TCP and BinaryFILE damage shows where it is met: there packets are not told apart. */
  readonly isStream: boolean;
  /** What the parser takes on the capture as it is: far more is growth. Null where that is not known. */
  readonly usualMemoryBytes: number | null;
}

const suffix = '.expect.json';
const version = 1;
const mostBytes = 64 << 20;

/** What is expected of packets as they were written. */
export function expectationOf(written: readonly WrittenPacket[], usualMemoryBytes: number | null): CaseExpectation {
  const reported = written.filter(({ expected }) => expected.isReported);
  const due = reported.filter(({ packet }) => packet.label?.verdict === 'reject' && !mayPass(packet.label.kind));
  const label = written.find(({ packet }) => packet.label !== null)?.packet.label ?? null;
  return {
    mutation: label === null ? null : { kind: label.kind, verdict: label.verdict, what: label.what },
    optional: written.flatMap(({ expected: { messages } }) =>
      messages.filter(({ isOptional }) => isOptional).map(({ values }) => values),
    ),
    gaps: written.flatMap(({ expected: { gap } }) => (gap === null ? [] : [gap])),
    doubtful: written.flatMap(doubtfulOf),
    rejects: due.map(({ packet, numbers }) => ({ packets: numbers, kind: packet.label?.kind ?? '' })),
    rejectable: reported.flatMap(({ numbers }) => numbers),
    isStream: written.some(({ packet }) => isOfTcp(packet) || packet.framing === 'binaryfile'),
    usualMemoryBytes,
  };
}

/** Hosts refuse a wrong checksum; captures of the sender have them, so that readers of captures may pass them. */
function mayPass(kind: string): boolean {
  return kind.endsWith('checksum');
}

/** Numbers of a packet that may be taken for lost or not, in part or all; a header may count more than follow. */
function doubtfulOf({ packet }: WrittenPacket): Range[] {
  const first = numberOf(packet);
  if (!packet.isOptional || Number.isNaN(first)) return [];
  const { length } = packet.blocks;
  const count = isMdp(packet) ? 1 : Math.max(length, isControl(packet) ? 0 : (packet.count ?? 0));
  return [[first, first + count - 1]];
}

/** Writes it beside the capture; throws SinkError. */
export function saveExpectation(capture: string, expectation: CaseExpectation): void {
  const path = `${capture}${suffix}`;
  try {
    writeFileSync(path, `${JSON.stringify({ tickreel: 'mutation-case', version, ...expectation }, null, 1)}\n`);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** What stands beside the capture; null where nothing does. Throws CaptureError where it cannot be read. */
export function savedExpectation(capture: string): CaseExpectation | null {
  if (!hasExpectation(capture)) return null;
  const path = `${capture}${suffix}`;
  const text = readTextFile(path, mostBytes);
  let held: unknown;
  try {
    held = JSON.parse(text);
  } catch {
    throw refusal(path, 'it is no JSON');
  }
  if (!isHolder(held) || held.tickreel !== 'mutation-case') throw refusal(path, 'it is of something else');
  if (held.version !== version) throw refusal(path, `its version is ${held.version}, and ${version} is read`);
  const wrong = Object.entries(shape).find(([key, isRight]) => !isRight(held[key]));
  if (wrong !== undefined) throw refusal(path, `its ${wrong[0]} is not as it was written`);
  return held as unknown as CaseExpectation;
}

const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isRange = (value: unknown): boolean => listOf(isNumber)(value) && (value as unknown[]).length === 2;
const isReject = (value: unknown): boolean =>
  isHolder(value) && listOf(isNumber)(value.packets) && typeof value.kind === 'string';

function listOf(isEntry: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(isEntry);
}

/** What each key of the file holds. */
const shape: Readonly<Record<keyof CaseExpectation, (value: unknown) => boolean>> = {
  mutation: (value) => value === null || isHolder(value),
  optional: listOf(isHolder),
  gaps: listOf(isRange),
  doubtful: listOf(isRange),
  rejects: listOf(isReject),
  rejectable: listOf(isNumber),
  isStream: (value) => typeof value === 'boolean',
  usualMemoryBytes: (value) => value === null || isNumber(value),
};

function refusal(path: string, why: string): CaptureError {
  const text = `${path} does not say what is expected of the capture: ${why}; save the case again, or remove it`;
  return new CaptureError('mutation-case', text);
}

/** Whether what is expected of a capture stands beside it. */
export function hasExpectation(capture: string): boolean {
  return existsSync(`${capture}${suffix}`);
}

/** Whether a file is such, and its capture beside it: it is no capture itself. */
export function isExpectation(path: string): boolean {
  return path.endsWith(suffix) && existsSync(captureOf(path));
}

/** The capture that such a file stands beside. */
export function captureOf(path: string): string {
  return path.slice(0, -suffix.length);
}
