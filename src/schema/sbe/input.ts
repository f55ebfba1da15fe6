/** What plain values encoders take: integers in all their forms, and how others are refused. */
import { DecodeError } from '../../core/errors.js';
import { parseI64, parseU64 } from '../../core/halves.js';

/** Writes one value, of a message of the given version; null and undefined where the field can be none. */
export type WriteValue = (view: DataView, at: number, value: unknown, version: number) => void;

/** Where a value stands, such as `MDIncrementalRefreshBook46.NoMDEntries[3].MDEntryPx`; made when asked. */
export type PathOf = () => string;

/** Throws: a value that its field does not take. */
export function refuse(path: PathOf, value: unknown, expected: string): never {
  if (value === undefined)
    throw new DecodeError('encode-missing', `${path()}: no value, where ${expected} is asked for`);
  throw new DecodeError('encode-range', `${path()}: ${shown(value)} is not ${expected}`);
}

/** An integer of any size in the forms that are taken, as the halves of two's complement; null where it is none. */
export function parseInteger(value: unknown, signed: boolean): { readonly high: number; readonly low: number } | null {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || (value < 0 && !signed)) return null;
    return { high: Math.floor(value / two32) >>> 0, low: value >>> 0 };
  }
  if (typeof value === 'bigint') return parseInteger(String(value), signed);
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return null;
  if (value.length <= 15) return parseInteger(Number(value), signed);
  try {
    return signed ? parseI64(value) : parseU64(value);
  } catch {
    return null;
  }
}

const two32 = 2 ** 32;
const mostShown = 80;

/** A refused value in an error's text. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'function') return String(value);
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
