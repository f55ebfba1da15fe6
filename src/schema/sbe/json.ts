/** Writes messages as the inside of JSON objects, straight from the bytes. */
import { jsonQuoted } from '../text.js';
import { dimensionReader, headerReader, lengthReader } from './block.js';
import { jsonValue, type WriteJson } from './json-value.js';
import { dataText } from './object.js';
import { rootKey, type SbeValueOptions, type Selection, selectableOf, selectedOf } from './plain-values.js';
import type { AnyGroup, SbeData, SbeField, SbeMessage, SbeSchema } from './schema.js';
import { isPresent, type ReadContext, readContext } from './slot.js';
import { symbolField, symbolKey } from './tagged.js';

/**
 * Writes the message at `offset`, without braces: `"type":"46","name":"MDIncrementalRefreshBook46",…`; its layout must
 * be known and must fit. Empty where none of its fields was selected.
 */
export type WriteSbeJson = (view: DataView, offset: number) => string;

/** Builds the JSON writer of one message. */
export function compileMessageJson(
  schema: SbeSchema,
  message: SbeMessage,
  selection: Selection,
  options: SbeValueOptions = {},
): WriteSbeJson {
  const header = headerReader(schema);
  const context = readContext(schema, options);
  const constants = [`"type":"${message.id}"`, `"name":"${message.name}"`, `"templateId":${message.id}`].filter(
    (_, index) => selectedOf(selection, ['type', 'name', 'templateId'][index] as string) !== undefined,
  );
  const head = constants.join(',');
  const hasVersion = selectedOf(selection, 'version') !== undefined;
  const versionKey = `${head === '' ? '' : ','}"version":`;
  const block = blockJson(message, selection, context, rootKey, head === '' && !hasVersion);
  return (view, offset) => {
    const version = header.version(view, offset);
    const place: Place = { view, at: offset + header.size, version };
    const start = hasVersion ? `${head}${versionKey}${version}` : head;
    return start + block(place, header.blockLength(view, offset));
  };
}

/** Writes one group, its dimensions at `place`, as an array of objects; leaves the place behind it. */
export function groupJson(group: AnyGroup, selection: Selection, context: ReadContext): (place: Place) => string {
  const dimension = dimensionReader(group, context.little);
  const block = blockJson(group, selection, context, (name) => name, true);
  return (place) => {
    const blockLength = dimension.blockLength(place.view, place.at);
    const count = dimension.numInGroup(place.view, place.at);
    place.at += dimension.size;
    let text = '[';
    for (let index = 0; index < count; index++) {
      text += index === 0 ? '{' : ',{';
      text += block(place, blockLength);
      text += '}';
    }
    return `${text}]`;
  };
}

/** Writes one data as text; leaves the place behind it. */
export function dataJson(data: SbeData, context: ReadContext): (place: Place) => string {
  const lengthOf = lengthReader(data, context.little);
  return (place) => {
    const length = lengthOf(place.view, place.at);
    const at = place.at + data.headerSize;
    place.at = at + length;
    return jsonQuoted(dataText(place.view, at, length, data));
  };
}

/** Where a message is being read; `at` moves on as groups and data are. */
export interface Place {
  readonly view: DataView;
  at: number;
  readonly version: number;
}

interface BehindBlock {
  readonly prefix: string;
  readonly sinceVersion: number;
  readonly write: (place: Place) => string;
}

function blockJson(
  block: Pick<AnyGroup, 'fields' | 'groups' | 'data'>,
  selection: Selection,
  context: ReadContext,
  keyOf: (name: string) => string,
  isFirst: boolean,
): (place: Place, blockLength: number) => string {
  let separator = isFirst ? '' : ',';
  const prefixOf = (name: string): string => {
    if (selectedOf(selection, keyOf(name)) === undefined) return '';
    const prefix = `${separator}"${keyOf(name)}":`;
    separator = ',';
    return prefix;
  };
  const ofSymbol = context.options.symbolOf === undefined ? undefined : symbolField(block);
  const fields = block.fields.flatMap((field) => {
    const prefix = prefixOf(field.name);
    if (prefix !== '')
      return { field, prefix, write: field === ofSymbol ? withSymbol(field, context) : jsonValue(field, context) };
    const own = field === ofSymbol ? prefixOf(symbolKey) : '';
    return own === '' ? [] : { field, prefix: own, write: symbolOnly(context) };
  });
  const behind: BehindBlock[] = block.groups.map((group) => {
    const inner = innerSelection(group, selectedOf(selection, keyOf(group.name)));
    const prefix = inner === undefined ? '' : prefixOf(group.name);
    // What is not selected is walked all the same: what follows stands behind it.
    const write = groupJson(group, inner ?? new Map(), context);
    return { prefix, sinceVersion: group.sinceVersion, write };
  });
  for (const data of block.data) {
    behind.push({ prefix: prefixOf(data.name), sinceVersion: data.sinceVersion, write: dataJson(data, context) });
  }
  return (place, blockLength) => {
    const { view, version, at } = place;
    let text = '';
    for (const { field, prefix, write } of fields) {
      text += prefix;
      text += isPresent(field, version, blockLength) ? write(view, at + field.offset, version) : 'null';
    }
    place.at += blockLength;
    for (const { prefix, sinceVersion, write } of behind) {
      const value = sinceVersion > version ? 'null' : write(place);
      if (prefix !== '') text += prefix + value;
    }
    return text;
  };
}

/** Writes a SecurityID, and behind it the symbol that it has where one is known: `505,"symbol":"ESZ5"`. */
function withSymbol(field: SbeField, context: ReadContext): WriteJson {
  const write = jsonValue(field, context);
  return (view, at, version) => {
    const symbol = context.options.symbolOf?.(view.getInt32(at, context.little));
    const value = write(view, at, version);
    return symbol === undefined ? value : `${value},"${symbolKey}":${jsonQuoted(symbol)}`;
  };
}

/** Writes the symbol alone. */
export function symbolOnly({ little, options }: ReadContext): WriteJson {
  return (view, at) => {
    const symbol = options.symbolOf?.(view.getInt32(at, little));
    return symbol === undefined ? 'null' : jsonQuoted(symbol);
  };
}

/** What a selection leaves of a group: undefined where it selects none of what the group has. */
export function innerSelection(group: AnyGroup, selection: Selection | undefined): Selection | undefined {
  if (selection === undefined || selection === 'all') return selection;
  return selectableOf(group).some((name) => selection.has(name)) ? selection : undefined;
}
