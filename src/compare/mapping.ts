/** How a parser's own names, scales and codes become ours: what its configuration says, as rules of a comparison. */
import { UsageError } from '../core/errors.js';
import { decimalText } from './decimal-text.js';
import { type CompareRules, isHolder } from './values.js';

/** Where a field of ours stands in the parser's output, and how it is written there. */
export interface FieldMapping {
  /** The parser's name of it; dots lead into objects. Where absent it has ours. */
  readonly from?: string;
  /** Ours is the parser's value times 10^scale. */
  readonly scale?: number;
  /** Ours by the parser's. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What the parser writes for none. */
  readonly null?: readonly unknown[];
}

/** What may be said of all messages, and of those of one type. */
export interface FieldsMapping {
  readonly fields: Readonly<Record<string, FieldMapping>>;
  readonly ignore: readonly string[];
  /** Compared where the parser writes them, no divergence where it does not. */
  readonly optional: readonly string[];
}

export interface Mapping extends FieldsMapping {
  /** The parser's key of a message's type … */
  readonly type: string;
  /** … and our type or name by what it writes there. */
  readonly types: Readonly<Record<string, string>>;
  /** The parser's keys of what tells messages apart; null: they come in order. */
  readonly sequence: string | null;
  readonly session: string | null;
  /** Types that the parser knows, by type or name; others are not asked for. Empty: all. */
  readonly only: readonly string[];
  /** A group that the parser writes entry by entry, each as a message of its own; null: none. */
  readonly flatten: string | null;
  /** Only what the parser writes is compared. */
  readonly partial: boolean;
  /** Tell fields of the parser that are none of ours. */
  readonly tellsExtra: boolean;
  readonly messages: Readonly<Record<string, FieldsMapping>>;
}

/** Our names for everything, one message an object, all fields. */
export const plainMapping: Mapping = {
  type: 'type',
  types: {},
  sequence: null,
  session: null,
  only: [],
  flatten: null,
  partial: false,
  tellsExtra: false,
  fields: {},
  ignore: [],
  optional: [],
  messages: {},
};

/** What we say of a message beside its fields, which a parser need not. */
const ownKeys = ['type', 'name', 'templateId', 'version', 'schemaId', 'raw', 'blockLength'];

/** The rules for messages of one type; `type` and `name` choose what the mapping says of it alone. */
export function mappingRules(mapping: Mapping): (message: { type: string; name: string | null }) => CompareRules {
  const built = new Map<string, CompareRules>();
  return ({ type, name }) => {
    const key = `${type} ${name}`;
    let rules = built.get(key);
    if (rules === undefined) {
      const own = mapping.messages[type] ?? mapping.messages[name ?? ''];
      rules = rulesOf(mapping, own ?? { fields: {}, ignore: [], optional: [] });
      built.set(key, rules);
    }
    return rules;
  };
}

function rulesOf(mapping: Mapping, own: FieldsMapping): CompareRules {
  const fields = { ...mapping.fields, ...own.fields };
  return {
    ignored: new Set([...mapping.ignore, ...own.ignore]),
    optional: new Set([...ownKeys, ...mapping.optional, ...own.optional, ...(mapping.partial ? ['*'] : [])]),
    tellsExtra: mapping.tellsExtra,
    read(holder, pattern, key) {
      // Which type it is was compared before.
      if (pattern === 'type' || pattern === 'name') return undefined;
      const field = fields[pattern] ?? fields[key];
      return field === undefined ? holder[key] : translated(valueAt(holder, field.from ?? key), field);
    },
  };
}

/** Whether the parser is asked for messages of a type. */
export function isAsked({ only }: Mapping, type: string, name: string | null): boolean {
  return only.length === 0 || only.includes(type) || (name !== null && only.includes(name));
}

/** The value at a path of keys; undefined where there is none. A key that has dots itself goes first. */
export function valueAt(holder: Readonly<Record<string, unknown>>, path: string): unknown {
  if (path in holder) return holder[path];
  let at: unknown = holder;
  for (const key of path.split('.')) {
    if (!isHolder(at)) return undefined;
    at = at[key];
  }
  return at;
}

function translated(value: unknown, { scale = 0, values, null: nulls }: FieldMapping): unknown {
  if (value === undefined) return undefined;
  if (nulls?.some((none) => none === value || String(none) === String(value)) === true) return null;
  if (values !== undefined && String(value) in values) return values[String(value)];
  return scale === 0 ? value : (decimalText(value, scale) ?? value);
}

/** Reads a mapping from plain data, such as a YAML file holds; throws UsageError, which names `path` and the key. */
export function mappingOf(given: Readonly<Record<string, unknown>>, path: string): Mapping {
  return {
    type: textOf(given.type, `${path}: type`) ?? 'type',
    types: textsOf(given.types, `${path}: types`),
    sequence: textOf(given.sequence, `${path}: sequence`),
    session: textOf(given.session, `${path}: session`),
    only: listOf(given.only, `${path}: only`),
    flatten: textOf(given.flatten, `${path}: flatten`),
    partial: booleanOf(given.partial, `${path}: partial`),
    tellsExtra: booleanOf(given['report-extra'], `${path}: report-extra`),
    messages: Object.fromEntries(
      Object.entries(holderOf(given.messages, `${path}: messages`)).map(([type, own]) => {
        const where = `${path}: messages.${type}`;
        const held = holderOf(own, where);
        refuseOtherKeys(held, fieldKeys, where);
        return [type, fieldsOf(held, where)];
      }),
    ),
    ...fieldsOf(given, path),
  };
}

/** Keys of a mapping, for who reads them among others. */
export const mappingKeys = [
  ...(['type', 'types', 'sequence', 'session', 'only', 'flatten', 'partial', 'report-extra', 'messages'] as const),
  ...(['fields', 'ignore', 'optional'] as const),
];
const fieldKeys = ['fields', 'ignore', 'optional'];
const ruleKeys = ['from', 'scale', 'values', 'null'];

function fieldsOf(given: Readonly<Record<string, unknown>>, path: string): FieldsMapping {
  const fields = Object.entries(holderOf(given.fields, `${path}: fields`)).map(([name, rule]) => {
    return [name, typeof rule === 'string' ? { from: rule } : fieldOf(rule, `${path}: fields.${name}`)] as const;
  });
  return {
    fields: Object.fromEntries(fields),
    ignore: listOf(given.ignore, `${path}: ignore`),
    optional: listOf(given.optional, `${path}: optional`),
  };
}

function fieldOf(rule: unknown, path: string): FieldMapping {
  const held = holderOf(rule, path);
  refuseOtherKeys(held, ruleKeys, path);
  const from = textOf(held.from, `${path}.from`);
  const { scale } = held;
  if (scale !== undefined && !(Number.isInteger(scale) && Math.abs(scale as number) <= 38)) {
    throw refusal(`${path}.scale: a whole number from -38 to 38: ours is the parser's times 10^scale`);
  }
  return {
    ...(from === null ? {} : { from }),
    ...(scale === undefined ? {} : { scale: scale as number }),
    ...(held.values === undefined ? {} : { values: holderOf(held.values, `${path}.values`) }),
    ...(held.null === undefined ? {} : { null: Array.isArray(held.null) ? held.null : [held.null] }),
  };
}

/** Throws UsageError where there is a key that is none of `keys`. */
export function refuseOtherKeys(held: Readonly<Record<string, unknown>>, keys: readonly string[], path: string): void {
  const other = Object.keys(held).find((key) => !keys.includes(key));
  if (other !== undefined) throw refusal(`${path}: '${other}' is no key here: there are ${keys.join(', ')}`);
}

/** An object, empty where there is none; throws UsageError for anything else. */
export function holderOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (isHolder(value)) return value;
  throw refusal(`${path}: wants keys with values below it`);
}

/** A text or number as text, null where there is none; throws UsageError for anything else. */
export function textOf(value: unknown, path: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw refusal(`${path}: wants a text`);
}

/** A list of texts, also one text alone; throws UsageError for anything else. */
export function listOf(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => textOf(one, path) ?? '');
}

function textsOf(value: unknown, path: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(holderOf(value, path)).map(([key, one]) => [key, textOf(one, `${path}.${key}`) ?? '']),
  );
}

/** True or false, false where there is neither; throws UsageError for anything else. */
export function booleanOf(value: unknown, path: string): boolean {
  if (value === undefined || value === null || value === false) return false;
  if (value === true) return true;
  throw refusal(`${path}: true or false`);
}

function refusal(text: string): UsageError {
  return new UsageError('parser-config', text);
}
