/**
 * An SBE schema out of its XML file, such as an exchange's `templates_FixBinary.xml`.
 *
 * FIX Simple Binary Encoding 1.0, "Message Schema": `messageSchema` with its types and messages, read by local names so
 * that any namespace prefix will do. The text is untrusted: what does not fit is refused, with file, line and element.
 */
import { dataOf, dimensionOf, type Fail, type FieldParts, fieldOf, headerOf, named } from './build.js';
import { checkSchema } from './check.js';
import type { AnyGroup, SbeComposite, SbeData, SbeField, SbeMessage, SbeNumber, SbeSchema, SbeType } from './schema.js';
import { integerOf, namedOf, presenceIn, requireInteger, requireText, valueIn } from './xml-attributes.js';
import { parseXml, refuseElement, shown, type XmlElement } from './xml-text.js';
import { readTypes, type TypeLibrary } from './xml-types.js';

/**
 * Reads a schema from the text of its XML file. `source` names the file in errors. Throws `SchemaError` with file,
 * line, element and reason where the text is malformed, out of bounds, or no schema.
 */
export function readSbeXml(text: string, source: string): SbeSchema {
  const root = parseXml(text, source);
  if (root.name !== 'messageSchema') {
    refuseElement(root, 'element', 'is no SBE schema: the root element of one is "messageSchema"');
  }
  for (const child of root.children) {
    if (child.name === 'include') refuseElement(child, 'element', 'other files are not included: put their types here');
    if (child.name !== 'types' && child.name !== 'message')
      refuseElement(child, 'element', 'is neither types nor message');
  }
  const library = readTypes(root);
  const byteOrder = root.attributes.get('byteOrder') ?? 'littleEndian';
  if (byteOrder !== 'littleEndian' && byteOrder !== 'bigEndian') {
    refuseElement(root, 'attribute', `byteOrder "${shown(byteOrder)}" is neither littleEndian nor bigEndian`);
  }
  const headerType = compositeOf(root.attributes.get('headerType') ?? 'messageHeader', root, library);
  const reading: Reading = { library, elements: new Map() };
  const messages = root.children.filter(({ name }) => name === 'message').map((child) => readMessage(child, reading));
  const schema: SbeSchema = {
    package: root.attributes.get('package') ?? '',
    id: requireInteger(root, 'id'),
    version: requireInteger(root, 'version'),
    semanticVersion: root.attributes.get('semanticVersion') ?? '',
    description: root.attributes.get('description') ?? '',
    byteOrder,
    header: headerOf(headerType, failAt(root)),
    messages,
  };
  checkSchema(schema, (what, reason, _path, node) => refuseElement(reading.elements.get(node) ?? root, what, reason));
  return schema;
}

interface Reading {
  readonly library: TypeLibrary;
  /** Where each message, group, field and data was read from. */
  readonly elements: Map<object, XmlElement>;
}

function readMessage(element: XmlElement, reading: Reading): SbeMessage {
  const { name, ...options } = namedOf(element);
  const block = readBlock(element, reading);
  const id = requireInteger(element, 'id');
  return keep({ ...named(name, options), id, ...block, untilVersion: null }, element, reading);
}

function readGroup(element: XmlElement, reading: Reading): AnyGroup {
  const { name, ...options } = namedOf(element);
  const typeName = element.attributes.get('dimensionType') ?? 'groupSizeEncoding';
  const dimension = dimensionOf(compositeOf(typeName, element, reading.library), failAt(element));
  const block = readBlock(element, reading);
  return keep({ ...named(name, options), id: requireInteger(element, 'id'), dimension, ...block }, element, reading);
}

interface Block {
  readonly blockLength: number;
  readonly fields: SbeField[];
  readonly groups: AnyGroup[];
  readonly data: SbeData[];
}

/** What a message and a group both hold: fields, then groups, then data. */
function readBlock(element: XmlElement, reading: Reading): Block {
  const fields: SbeField[] = [];
  const groups: AnyGroup[] = [];
  const data: SbeData[] = [];
  let end = 0;
  for (const child of element.children) {
    if (child.name === 'field') {
      if (groups.length + data.length > 0)
        refuseElement(child, 'order', 'a field stands behind a group or data: move it up');
      const field = readField(child, end, reading);
      fields.push(field);
      if (field.size > 0) end = field.offset + field.size;
    } else if (child.name === 'group') {
      if (data.length > 0) refuseElement(child, 'order', 'a group stands behind data: move it up');
      groups.push(readGroup(child, reading));
    } else if (child.name === 'data') {
      data.push(readData(child, reading));
    } else {
      refuseElement(child, 'element', 'is none of field, group, data');
    }
  }
  const longest = fields.reduce((most, { offset, size }) => Math.max(most, offset + size), 0);
  return { blockLength: integerOf(element, 'blockLength', 0) ?? longest, fields, groups, data };
}

function readField(element: XmlElement, end: number, reading: Reading): SbeField {
  const { name, ...options } = namedOf(element);
  const type = reading.library.typeOf(requireText(element, 'type'), element);
  const parts: FieldParts = {
    ...options,
    id: requireInteger(element, 'id'),
    presence: presenceIn(element) ?? undefined,
    constant: constantOf(element, type, reading),
    nullValue: type.kind === 'encoding' || type.kind === 'enum' ? valueIn(element, 'nullValue', type.primitive) : null,
  };
  return keep(fieldOf(name, type, integerOf(element, 'offset', 0) ?? end, parts), element, reading);
}

/** The value of a constant field that does not have it from its type: by `valueRef`. */
function constantOf(element: XmlElement, type: SbeType, reading: Reading): SbeNumber | null {
  const reference = element.attributes.get('valueRef');
  if (element.attributes.get('presence') !== 'constant' || reference === undefined) {
    if (type.kind === 'enum' && element.attributes.get('presence') === 'constant') {
      refuseElement(element, 'constant', 'a constant enum has no valueRef: write valueRef="Enum.Value"');
    }
    return null;
  }
  return reading.library.referenceOf(reference, element);
}

function readData(element: XmlElement, reading: Reading): SbeData {
  const { name, ...options } = namedOf(element);
  const type = compositeOf(requireText(element, 'type'), element, reading.library);
  const data = dataOf(name, type, { ...options, id: requireInteger(element, 'id') }, failAt(element));
  return keep(data, element, reading);
}

function compositeOf(name: string, user: XmlElement, library: TypeLibrary): SbeComposite {
  const type = library.typeOf(name, user);
  if (type.kind !== 'composite') refuseElement(user, 'type', `type "${shown(name)}" is no composite`);
  return type;
}

function keep<Part extends object>(part: Part, element: XmlElement, reading: Reading): Part {
  reading.elements.set(part, element);
  return part;
}

function failAt(element: XmlElement): Fail {
  return (what, text) => refuseElement(element, what, text);
}
