/**
 * Messages as plain values, as they stand in JSON: what `toObject` gives, what JSON says and what `encode` takes.
 *
 * A message is `type` (its template id as text), `name`, `templateId`, `version`, then its fields, its groups as arrays
 * of objects, its data. None reads as null: a null value, and what the message's version or block length does not have.
 */
import { UsageError } from '../../core/errors.js';
import type { AnyGroup, SbeMessage, SbeSchema } from './schema.js';
import { symbolField, symbolKey } from './tagged.js';

/** How values are written. */
export interface SbeValueOptions {
  /** 64-bit integers as decimal strings (the default) or as JSON integers, exact in either form. */
  readonly int64?: 'string' | 'number';
  /** Enums as `{ value, name }` (the default), or as their name alone: the raw value where it has none. */
  readonly enums?: 'object' | 'name';
  /** Of JSON: the symbol of a SecurityID, written behind it as `symbol` where one is known. */
  readonly symbolOf?: ((securityId: number) => string | undefined) | undefined;
}

/** What is written: `type`, `name`, `templateId`, `version`, root fields and groups, `Group.Field` within groups. */
export interface SbeSelectOptions extends SbeValueOptions {
  readonly fields?: readonly string[] | undefined;
}

/** How objects are made. */
export interface SbeObjectOptions extends SbeValueOptions {
  /** Keeps the bytes of every block under the key `wireBytes`, so that `encode` gives them back one for one. */
  readonly wire?: boolean;
}

/** A value: null, text, an integer, a 64-bit integer or decimal as a string, an enum, a set, a composite, an array. */
export type SbePlain = null | string | number | SbePlainEnum | SbePlainSet | SbeValues | readonly SbePlain[];

/** A number, or the character of an enum of characters; the name null where the version knows none. */
export interface SbePlainEnum {
  readonly value: number | string;
  readonly name: string | null;
}

/** The bits as an integer (of 64 bits: as such integers are written), and the names of those that have one. */
export interface SbePlainSet {
  readonly raw: number | string;
  readonly names: readonly string[];
}

/** A message, a group's entry or a composite. */
export interface SbeValues {
  readonly [name: string]: SbePlain | undefined;
}

/** What `encode` takes: `SbeValues`, or anything that each field accepts in their place. */
export type SbeInput = Readonly<Record<string, unknown>>;

/** The key under which `toObject` keeps original bytes: of messages and entries `SbeWire`, of groups dimensions. */
export const wireBytes: unique symbol = Symbol('wireBytes');

/** The original bytes of a message or an entry; what stands in its groups is kept there. */
export interface SbeWire {
  /** The message header; null of an entry. */
  readonly header: Uint8Array | null;
  readonly block: Uint8Array;
  /** The lengths' composites before each data. */
  readonly data: readonly Uint8Array[];
  /** What stands behind the last group and data that the schema knows; empty of an entry. */
  readonly tail: Uint8Array;
}

/** The original bytes that an object keeps; undefined where it keeps none. */
export function wireOf(values: SbeInput): SbeWire | undefined {
  return (values as { readonly [wireBytes]?: SbeWire })[wireBytes];
}

/** What can be selected of one level: all of it, or these names, groups with a selection of their own. */
export type Selection = 'all' | ReadonlyMap<string, Selection>;

/** The keys that every message has, in order. */
export const commonKeys = ['type', 'name', 'templateId', 'version'] as const;

/** The key of a field, group or data at the root: its name, with an underscore where that is one of the common keys. */
export function rootKey(name: string): string {
  return reserved.has(name) ? `${name}_` : name;
}

/** The common keys, then the keys of all messages' fields, groups and data, each once, in order of first appearance. */
export function columnsOf(schema: SbeSchema): string[] {
  const names = schema.messages.flatMap((message) => namesOf(message).map(rootKey));
  return [...new Set([...commonKeys, ...names])];
}

/** True where a message has what a name selects. */
export function hasField(schema: SbeSchema, name: string): boolean {
  if (commonKeys.some((key) => key === name)) return true;
  const path = name.split('.');
  return schema.messages.some((message) => hasPath(message, path));
}

/** Reads the selected names; `UsageError` where one is in none of the schema's messages. */
export function selectionOf(schema: SbeSchema, fields: readonly string[] | undefined): Selection {
  if (fields === undefined) return 'all';
  const selected = new Map<string, Selection>();
  for (const name of fields) {
    if (!hasField(schema, name)) throw new UsageError('unknown-field', `${schema.package} has no field "${name}"`);
    select(selected, name.split('.'));
  }
  return selected;
}

/** What a selection leaves of one name; undefined where nothing. */
export function selectedOf(selection: Selection, key: string): Selection | undefined {
  return selection === 'all' ? 'all' : selection.get(key);
}

const reserved: ReadonlySet<string> = new Set(commonKeys);

function namesOf(block: Pick<AnyGroup, 'fields' | 'groups' | 'data'>): string[] {
  return [...block.fields, ...block.groups, ...block.data].map(({ name }) => name);
}

/** What can be selected of a block: its names, and the symbol of its SecurityID. */
export function selectableOf(block: Pick<AnyGroup, 'fields' | 'groups' | 'data'>): string[] {
  const names = namesOf(block);
  return symbolField(block) === undefined ? names : [...names, symbolKey];
}

/** True where a message or group has a field, a group or data at the path. */
export function hasPath(message: SbeMessage, path: readonly string[]): boolean {
  const [first = '', ...rest] = path;
  if (rest.length === 0) return selectableOf(message).some((name) => rootKey(name) === first);
  let group = message.groups.find(({ name }) => rootKey(name) === first);
  for (const [index, name] of rest.entries()) {
    if (group === undefined) return false;
    if (index === rest.length - 1) return selectableOf(group).includes(name);
    group = group.groups.find((inner) => inner.name === name);
  }
  return false;
}

function select(into: Map<string, Selection>, path: readonly string[]): void {
  const [first = '', ...rest] = path;
  const known = into.get(first);
  if (rest.length === 0 || known === 'all') {
    into.set(first, 'all');
    return;
  }
  const inner = new Map(known);
  select(inner, rest);
  into.set(first, inner);
}
