/**
 * What a correct parser makes of one case, as plain data. It stands beside a capture that was saved, as
 * `CAPTURE.expect.json`, so that a check of that capture is held to what the mutation asks, and fails as it did.
 */
import { existsSync, writeFileSync } from 'node:fs';
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
  const given = held as Partial<CaseExpectation> & { tickreel?: unknown; version?: unknown };
  if (given?.tickreel !== 'mutation-case') throw refusal(path, 'it is of something else');
  if (given.version !== version) throw refusal(path, `its version is ${given.version}, and ${version} is read`);
  const lists = ['optional', 'gaps', 'doubtful', 'rejects', 'rejectable'] as const;
  const absent = lists.find((key) => !Array.isArray(given[key]));
  if (absent !== undefined) throw refusal(path, `it has no list ${absent}`);
  return given as CaseExpectation;
}

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
  return path.endsWith(suffix) && existsSync(path.slice(0, -suffix.length));
}
