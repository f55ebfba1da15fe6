/** Compares what a flyweight gives, accessor by accessor, with the plain values of the same message. */
import { formatI64, formatU64 } from '../../../src/core/halves.js';
import { decimalOf, decimalText } from '../../../src/schema/sbe/decimal.js';
import type { SbePlain, SbeValues } from '../../../src/schema/sbe/plain-values.js';
import type {
  AnyGroup,
  SbeChoice,
  SbeEnumValue,
  SbeMessage,
  SbePrimitive,
  SbeSchema,
  SbeType,
} from '../../../src/schema/sbe/schema.js';

// biome-ignore lint/suspicious/noExplicitAny: accessors are reached by their names, whatever these are.
type Any = any;

const reserved = new Set('view offset version blockLength templateId schemaId name wrap count index next'.split(' '));
const keys = new Set(['type', 'name', 'templateId', 'version']);

/** Every difference, as text; empty where there is none. `counted.fields` grows by the fields that were compared. */
export function differences(
  schema: SbeSchema,
  message: SbeMessage,
  flyweight: Any,
  values: SbeValues,
  counted: { fields: number },
): string[] {
  const found: string[] = [];
  const head = [flyweight.name, flyweight.templateId, flyweight.schemaId, flyweight.version];
  same(found, message.name, head, [message.name, message.id, schema.id, values.version]);
  block(found, message, flyweight, values, message.name, counted, (name) => (keys.has(name) ? `${name}_` : name));
  return found;
}

function block(
  found: string[],
  { fields, groups, data }: SbeMessage | AnyGroup,
  source: Any,
  values: SbeValues,
  path: string,
  counted: { fields: number },
  keyOf: (name: string) => string,
): void {
  for (const { name, type, presence } of fields) {
    counted.fields++;
    value(found, type, presence === 'constant', source, accessor(name), values[keyOf(name)] ?? null, `${path}.${name}`);
  }
  for (const group of groups) {
    const cursor = source[accessor(group.name)];
    const entries = (values[keyOf(group.name)] ?? []) as readonly SbeValues[];
    same(found, `${path}.${group.name}.count`, cursor.count, entries.length);
    for (const [index, entry] of entries.entries()) {
      same(found, `${path}.${group.name}.next`, [cursor.next(), cursor.index], [true, index]);
      block(found, group, cursor, entry, `${path}.${group.name}[${index}]`, counted, (name) => name);
    }
    same(found, `${path}.${group.name} ends`, cursor.next(), false);
  }
  for (const { name, characterEncoding } of data) {
    const given = source[accessor(name)];
    const expected = values[keyOf(name)] ?? '';
    const shown = characterEncoding === '' ? Buffer.from(given).toString('hex') : given;
    same(found, `${path}.${name}`, shown, expected);
  }
}

function value(
  found: string[],
  type: SbeType,
  isConstant: boolean,
  source: Any,
  name: string,
  expected: SbePlain,
  path: string,
): void {
  if (type.kind === 'composite') composite(found, type, source, name, expected, path);
  else if (type.kind === 'enum') enumeration(found, type, source, name, expected, path);
  else if (type.kind === 'set') set(found, type, source, name, expected, path);
  else if (type.primitive === 'char') {
    same(found, path, source[name], expected ?? '');
    if (type.length === 1 && !isConstant && typeof expected === 'string' && expected !== '') {
      same(found, `${path}Code`, source[`${name}Code`], expected.charCodeAt(0));
    }
  } else if (type.length !== 1) {
    const list = (expected ?? []) as readonly (number | string | null)[];
    same(found, path, source[name], list.map(near));
    same(
      found,
      `${path}At`,
      list.map((_, index) => source[`${name}At`](index)),
      list.map(near),
    );
  } else number(found, type.primitive, source, name, expected as number | string | null, path);
}

function number(
  found: string[],
  primitive: SbePrimitive,
  source: Any,
  name: string,
  expected: number | string | null,
  path: string,
): void {
  same(found, path, source[name], near(expected));
  const isFloat = primitive === 'float' || primitive === 'double';
  // A float with a null value of its own can be no number and yet not null.
  if (!isFloat || expected !== null) same(found, `${path}IsNull`, source[`${name}IsNull`], expected === null);
  if (expected !== null && primitive.endsWith('64')) {
    same(found, `${path} halves`, digits(primitive, source[`${name}High`], source[`${name}Low`]), expected);
  }
}

function composite(
  found: string[],
  type: Extract<SbeType, { kind: 'composite' }>,
  source: Any,
  name: string,
  expected: SbePlain,
  path: string,
): void {
  const decimal = decimalOf(type);
  if (decimal === null) {
    for (const member of type.members) {
      const inner = `${name}${member.name.charAt(0).toUpperCase()}${member.name.slice(1)}`;
      const part = expected === null ? null : ((expected as SbeValues)[member.name] ?? null);
      const isConstant = member.type.kind === 'encoding' && member.type.presence === 'constant';
      // Constants of an absent composite stand in the schema; whether they are told is the flyweight's.
      if (expected === null && isConstant) continue;
      value(found, member.type, isConstant, source, inner, part, `${path}.${member.name}`);
    }
    return;
  }
  const { primitive } = decimal.mantissa.type;
  same(found, `${path}IsNull`, source[`${name}IsNull`], expected === null);
  const scaled = source[name] as number;
  if (expected === null) same(found, path, scaled, Number.NaN);
  else {
    const mantissa = primitive.endsWith('64')
      ? digits(primitive, source[`${name}MantissaHigh`], source[`${name}MantissaLow`])
      : String(source[`${name}Mantissa`]);
    same(found, `${path} exact`, decimalText(mantissa, decimal.exponent), expected);
    const error = Math.abs(scaled - Number(expected));
    if (!(error <= Math.abs(scaled) * 2 ** -50)) found.push(`${path}: ${scaled} for ${expected}`);
  }
}

function enumeration(
  found: string[],
  { primitive, values }: Extract<SbeType, { kind: 'enum' }>,
  source: Any,
  name: string,
  expected: SbePlain,
  path: string,
): void {
  const { value: raw, name: valueName } = (expected ?? { value: null, name: null }) as {
    value: Any;
    name: string | null;
  };
  same(found, path, source[name], valueName === null ? null : nowCalled(values, valueName));
  if (raw !== null)
    same(found, `${path}Code`, source[`${name}Code`], primitive === 'char' ? raw.charCodeAt(0) : Number(raw));
}

function set(
  found: string[],
  { primitive, choices }: Extract<SbeType, { kind: 'set' }>,
  source: Any,
  name: string,
  expected: SbePlain,
  path: string,
): void {
  const { raw, names } = (expected ?? { raw: Number.NaN, names: [] }) as { raw: number | string; names: string[] };
  same(found, path, source[name], Number(raw));
  if (expected !== null && primitive === 'uint64') {
    same(found, `${path} halves`, digits(primitive, source[`${name}High`], source[`${name}Low`]), raw);
  }
  same(
    found,
    `${path} choices`,
    choices.filter((choice) => source[`${name}${choice.name}`]).map((choice) => choice.name),
    names.map((one) => nowCalled(choices, one)),
  );
}

/** Flyweights have the names of their schema, where plain values have those of the message's version. */
function nowCalled(values: readonly (SbeEnumValue | SbeChoice)[], name: string): string {
  return values.find((one) => Object.values(one.formerNames ?? {}).includes(name))?.name ?? name;
}

function digits(primitive: string, high: number, low: number): string {
  return primitive === 'int64' ? formatI64(high, low) : formatU64(high, low);
}

function near(plain: number | string | null): number {
  return plain === null ? Number.NaN : Number(plain);
}

function accessor(name: string): string {
  return reserved.has(name) ? `${name}_` : name;
}

function same(found: string[], path: string, given: unknown, expected: unknown): void {
  const isSame = Array.isArray(expected)
    ? Array.isArray(given) &&
      given.length === expected.length &&
      given.every((one, index) => Object.is(one, expected[index]))
    : Object.is(given, expected);
  if (!isSame) found.push(`${path}: ${String(given)} for ${String(expected)}`);
}
