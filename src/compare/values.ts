/** Two decodes of one message, value by value: what differs, by the path of the field. */
import { decimalText } from './decimal-text.js';

/** One field that differs. `path` has indexes (`NoMDEntries[2].MDEntryPx`), `pattern` has none. */
export interface FieldDifference {
  readonly path: string;
  readonly pattern: string;
  readonly expected: unknown;
  /** Undefined where the other side has no such field. */
  readonly actual: unknown;
  /** True where one side has the field and the other does not. */
  readonly isAbsent: boolean;
}

/** How values are held against each other. */
export interface CompareRules {
  /** Fields, by pattern or by their last name, that are left out. */
  readonly ignored: ReadonlySet<string>;
  /** Fields that are compared only where the other side has them; `*` for all. */
  readonly optional: ReadonlySet<string>;
  /** Tell fields that only the other side has. */
  readonly tellsExtra: boolean;
  /** The other side's value of a field, translated; undefined where it has none. */
  read(holder: Readonly<Record<string, unknown>>, pattern: string, key: string): unknown;
}

/** Fields under their own names, all of them. */
export const plainRules: CompareRules = {
  ignored: new Set(),
  optional: new Set(),
  tellsExtra: true,
  read: (holder, _pattern, key) => holder[key],
};

/** Differences told of one message; more are as good as another message. */
const mostDifferences = 200;

/** What differs, in the order of `expected`; empty where nothing does. */
export function compareValues(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  rules: CompareRules,
): FieldDifference[] {
  const found: FieldDifference[] = [];
  compareHolders(expected, actual, '', '', rules, found);
  return found;
}

/** Whether two values say the same: numbers by value in any notation, enumerations by value or name. */
export function sameValue(expected: unknown, actual: unknown): boolean {
  if (expected === actual) return true;
  if (isNone(expected) || isNone(actual)) return isNone(expected) && isNone(actual);
  if (isHolder(expected)) return sameNamed(expected, actual);
  if (isHolder(actual)) return sameNamed(actual, expected);
  if (typeof expected === 'boolean' || typeof actual === 'boolean') return false;
  if (typeof expected === 'string' && typeof actual === 'string' && expected.trimEnd() === actual.trimEnd())
    return true;
  const number = decimalText(expected);
  return number !== null && number === decimalText(actual);
}

function compareHolders(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  path: string,
  pattern: string,
  rules: CompareRules,
  found: FieldDifference[],
): void {
  for (const key of Object.keys(expected)) {
    if (found.length >= mostDifferences) return;
    const inner = pattern === '' ? key : `${pattern}.${key}`;
    if (rules.ignored.has(inner) || rules.ignored.has(key)) continue;
    const value = rules.read(actual, inner, key);
    const innerPath = path === '' ? key : `${path}.${key}`;
    if (value === undefined) {
      const isOptional = rules.optional.has('*') || rules.optional.has(inner) || rules.optional.has(key);
      if (!isOptional) found.push(difference(innerPath, inner, expected[key], undefined, true));
    } else compareField(expected[key], value, innerPath, inner, rules, found);
  }
  if (!rules.tellsExtra) return;
  for (const key of Object.keys(actual)) {
    const inner = pattern === '' ? key : `${pattern}.${key}`;
    if (key in expected || rules.ignored.has(inner) || rules.ignored.has(key)) continue;
    if (rules.optional.has(key) || rules.optional.has(inner)) continue;
    if (found.length >= mostDifferences) return;
    found.push(difference(path === '' ? key : `${path}.${key}`, inner, undefined, actual[key], true));
  }
}

function compareField(
  expected: unknown,
  actual: unknown,
  path: string,
  pattern: string,
  rules: CompareRules,
  found: FieldDifference[],
): void {
  if (isEntries(expected)) {
    // No entries are no group at all to many.
    const entries = Array.isArray(actual) ? actual : isNone(actual) && expected.length === 0 ? [] : null;
    if (entries === null || entries.length !== expected.length) {
      const counted = entries === null ? actual : `${entries.length} entries`;
      found.push(difference(path, pattern, `${expected.length} entries`, counted, false));
    }
    for (const [index, entry] of expected.entries()) {
      const other: unknown = entries?.[index];
      if (!isHolder(other) || found.length >= mostDifferences) break;
      compareHolders(entry, other, `${path}[${index}]`, pattern, rules, found);
    }
  } else if (isComposite(expected) && isHolder(actual)) {
    compareHolders(expected, actual, path, pattern, rules, found);
  } else if (Array.isArray(expected) && Array.isArray(actual)) {
    const isSame = expected.length === actual.length && expected.every((one, index) => sameValue(one, actual[index]));
    if (!isSame) found.push(difference(path, pattern, expected, actual, false));
  } else if (!sameValue(expected, actual)) found.push(difference(path, pattern, expected, actual, false));
}

/** Of an enumeration `{value, name}` and of a set `{raw, names}`: the other may be the like, the value, or the name. */
function sameNamed(named: Readonly<Record<string, unknown>>, other: unknown): boolean {
  if (Array.isArray(named)) return false;
  if ('raw' in named) {
    const { raw, names } = named as { raw: unknown; names?: readonly unknown[] };
    if (Array.isArray(other)) {
      return Array.isArray(names) && names.length === other.length && names.every((name) => other.includes(name));
    }
    return sameValue(raw, isHolder(other) ? other.raw : other);
  }
  if (!('value' in named)) return false;
  const { value, name } = named;
  if (isHolder(other)) return sameValue(value, other.value);
  return sameValue(value, other) || (name !== null && name === other);
}

function difference(
  path: string,
  pattern: string,
  expected: unknown,
  actual: unknown,
  isAbsent: boolean,
): FieldDifference {
  return { path, pattern, expected, actual, isAbsent };
}

/** Whether a value is an object with keys. */
export function isHolder(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntries(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && (value.length === 0 || isHolder(value[0]));
}

function isComposite(value: unknown): value is Readonly<Record<string, unknown>> {
  return isHolder(value) && !('value' in value && 'name' in value) && !('raw' in value && 'names' in value);
}

/** Nothing: null, no value, or a text of blanks, as an empty character field reads. */
function isNone(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && value.trim() === '');
}
