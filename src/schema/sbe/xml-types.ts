/**
 * The types of an SBE schema in XML: `type`, `composite`, `enum`, `set`, and `ref` inside of composites.
 *
 * FIX Simple Binary Encoding 1.0, "Message Schema": types are named in any order and any number of sections, and may be
 * used before they stand. A composite that contains itself is refused, and so is one that grows out of bounds.
 */
import { type EncodingParts, encodingOf, layMembers, named } from './build.js';
import { checkType, sbeLimits } from './check.js';
import { parseValue } from './primitives.js';
import {
  primitiveSizes,
  type SbeComposite,
  type SbeEnum,
  type SbePrimitive,
  type SbeSet,
  type SbeType,
} from './schema.js';
import { deprecatedOf, integerOf, namedOf, presenceIn, requireText, valueIn } from './xml-attributes.js';
import { refuseElement, shown, type XmlElement } from './xml-text.js';

/** Types by name, read when they are first asked for. */
export interface TypeLibrary {
  /** The type of that name, else the primitive of that name; refuses an unknown name at `user`. */
  typeOf(name: string, user: XmlElement): SbeType;
  /** The value that `Enum.Name` refers to. */
  referenceOf(reference: string, user: XmlElement): number | bigint;
}

/** Reads the types sections of a schema, all of them. */
export function readTypes(root: XmlElement): TypeLibrary {
  const elements = new Map<string, XmlElement>();
  for (const section of root.children) {
    if (section.name !== 'types') continue;
    for (const element of section.children) {
      if (!readers.has(element.name)) refuseElement(element, 'element', 'is no type: type, composite, enum or set');
      const { name } = namedOf(element);
      if (elements.has(name))
        refuseElement(element, 'duplicate', `type "${name}" is there twice: rename or remove one`);
      elements.set(name, element);
    }
  }
  const types = new Map<string, SbeType>();
  const open = new Set<string>();
  const library: TypeLibrary = {
    typeOf(name, user) {
      const known = types.get(name);
      if (known !== undefined) return known;
      const element = elements.get(name);
      if (element === undefined) {
        if (isPrimitive(name)) return keep(encodingOf(name, name, {}));
        refuseElement(user, 'type', `type "${shown(name)}" is not in the schema's types`);
      }
      if (open.has(name)) refuseElement(user, 'cycle', `type "${name}" contains itself`);
      if (open.size > maxOpen) refuseElement(user, 'limit', `types refer to types deeper than ${maxOpen}`);
      open.add(name);
      const type = keep(readType(element, library));
      open.delete(name);
      return type;
    },
    referenceOf(reference, user) {
      const [enumName = '', valueName = '', more] = reference.split('.');
      const type = more === undefined && enumName !== '' ? library.typeOf(enumName, user) : undefined;
      const value = type?.kind === 'enum' ? type.values.find(({ name }) => name === valueName) : undefined;
      if (value === undefined) {
        refuseElement(user, 'constant', `valueRef "${shown(reference)}" names no value of an enum: write Enum.Value`);
      }
      return value.value;
    },
  };
  const keep = (type: SbeType): SbeType => {
    types.set(type.name, type);
    return type;
  };
  for (const [name, element] of elements) library.typeOf(name, element);
  return library;
}

/** Types that refer to each other in a row: composites in composites, an enum, its encoding. */
const maxOpen = sbeLimits.nesting + 2;

const readers = new Map<string, (element: XmlElement, library: TypeLibrary) => SbeType>([
  ['type', readEncoding],
  ['composite', readComposite],
  ['enum', readEnum],
  ['set', readSet],
]);

/** One type and nothing of those that it refers to. */
function readType(element: XmlElement, library: TypeLibrary): SbeType {
  const reader = readers.get(element.name);
  if (reader === undefined) refuseElement(element, 'element', 'is no type: type, composite, enum, set or ref');
  const type = reader(element, library);
  checkType(type, (what, text) => refuseElement(element, what, text));
  return type;
}

function readEncoding(element: XmlElement, library: TypeLibrary): SbeType {
  const { name, ...options } = namedOf(element);
  const primitive = requireText(element, 'primitiveType');
  if (!isPrimitive(primitive)) {
    refuseElement(
      element,
      'type',
      `primitiveType "${shown(primitive)}" is none of ${Object.keys(primitiveSizes).join(', ')}`,
    );
  }
  const length = integerOf(element, 'length', 0) ?? undefined;
  const presence = presenceIn(element) ?? 'required';
  const parts: EncodingParts = {
    ...options,
    length,
    presence,
    nullValue: valueIn(element, 'nullValue', primitive),
    minValue: valueIn(element, 'minValue', primitive),
    maxValue: valueIn(element, 'maxValue', primitive),
    characterEncoding: element.attributes.get('characterEncoding') ?? '',
  };
  if (presence !== 'constant') return encodingOf(name, primitive, parts);
  const reference = element.attributes.get('valueRef');
  const constant =
    reference === undefined ? constantOf(element, primitive, length) : library.referenceOf(reference, element);
  return encodingOf(name, primitive, { ...parts, constant });
}

/** A constant's text: one value, or text where the type is an array of characters. */
function constantOf(
  element: XmlElement,
  primitive: SbePrimitive,
  length: number | undefined,
): number | bigint | string {
  const text = element.text.length === 1 ? element.text : element.text.trim();
  if (text === '') refuseElement(element, 'constant', 'a constant has no value: write it as the text of the element');
  if (primitive === 'char' && (length ?? text.length) !== 1) {
    if (text.length > (length ?? text.length)) {
      refuseElement(element, 'constant', `constant "${shown(text)}" is longer than its length ${length}`);
    }
    return text;
  }
  const value = parseValue(primitive, text);
  if (value === null) refuseElement(element, 'constant', `constant "${shown(text)}" is no ${primitive}`);
  return value;
}

function readComposite(element: XmlElement, library: TypeLibrary): SbeComposite {
  const { name, ...options } = namedOf(element);
  const members = element.children.map((child) => {
    const offset = integerOf(child, 'offset', 0) ?? undefined;
    if (child.name !== 'ref') return { name: namedOf(child).name, type: readType(child, library), offset };
    const { name: own, sinceVersion } = namedOf(child);
    const type = library.typeOf(requireText(child, 'type'), child);
    const deprecated = deprecatedOf(child) ?? type.deprecated;
    return { name: own, type: { ...type, sinceVersion: sinceVersion || type.sinceVersion, deprecated }, offset };
  });
  return { kind: 'composite', ...named(name, options), ...layMembers(members) };
}

function readEnum(element: XmlElement, library: TypeLibrary): SbeEnum {
  const { name, ...options } = namedOf(element);
  const { primitive, nullValue } = encodingTypeOf(element, library);
  const own = valueIn(element, 'nullValue', primitive);
  const values = element.children.map((child) => {
    if (child.name !== 'validValue') refuseElement(child, 'element', 'an enum holds validValue elements only');
    const { name: valueName, ...more } = namedOf(child);
    const value = parseValue(primitive, child.text);
    if (value === null) refuseElement(child, 'value', `"${shown(child.text.trim())}" is no ${primitive}`);
    return { ...named(valueName, more), value };
  });
  return { kind: 'enum', ...named(name, options), primitive, nullValue: own ?? nullValue, values };
}

function readSet(element: XmlElement, library: TypeLibrary): SbeSet {
  const { name, ...options } = namedOf(element);
  const { primitive } = encodingTypeOf(element, library);
  const choices = element.children.map((child) => {
    if (child.name !== 'choice') refuseElement(child, 'element', 'a set holds choice elements only');
    const { name: choiceName, ...more } = namedOf(child);
    const bit = parseValue('uint8', child.text);
    if (bit === null) refuseElement(child, 'value', `"${shown(child.text.trim())}" is no number of a bit`);
    return { ...named(choiceName, more), bit: Number(bit) };
  });
  return { kind: 'set', ...named(name, options), primitive, choices };
}

/** The primitive of an enum or set, and the null value where its encoding is optional. */
function encodingTypeOf(
  element: XmlElement,
  library: TypeLibrary,
): { primitive: SbePrimitive; nullValue: number | bigint | null } {
  const name = requireText(element, 'encodingType');
  const type = library.typeOf(name, element);
  if (type.kind !== 'encoding' || type.length !== 1 || type.presence === 'constant') {
    refuseElement(element, 'type', `encodingType "${shown(name)}" is not a single value`);
  }
  return { primitive: type.primitive, nullValue: type.nullValue };
}

function isPrimitive(name: string): name is SbePrimitive {
  return Object.hasOwn(primitiveSizes, name);
}
