/**
 * XML text to a tree of elements, for text that nobody vouches for.
 *
 * XML 1.0 as far as schemas need it. The text is measured before it is parsed (size, depth, elements, attributes, long
 * tags), a document type is refused, and no entity but XML's own five and character references is read. fast-xml-parser
 * does the parsing; it is loaded at the first text, so that a program that reads none does not pay for it.
 */
import { createRequire } from 'node:module';
import { SchemaError } from '../../core/errors.js';

/** One element; namespace prefixes are dropped from its name and kept on its attributes. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly inside, as it stands. */
  readonly text: string;
  readonly parent: XmlElement | null;
  /** From 1. */
  readonly line: number;
  /** The file or other name that errors tell. */
  readonly source: string;
}

/** Bounds on what is read; the largest schemas of exchanges have 400 KB, 2,200 elements and 6 levels. */
export const xmlLimits = {
  characters: 4 << 20,
  elements: 100_000,
  depth: 24,
  attributes: 32,
  tagCharacters: 16_384,
  blanks: 256,
};

/** The root element of a text. Throws `SchemaError` where the text is malformed, out of bounds or has a DOCTYPE. */
export function parseXml(text: string, source: string): XmlElement {
  const plain = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const lines = measure(plain, source);
  library ??= createRequire(import.meta.url)('fast-xml-parser') as Library;
  const verdict = library.XMLValidator.validate(plain);
  if (verdict !== true) refuse(source, verdict.err.line, 'xml', `the text is not well-formed XML: ${verdict.err.msg}`);
  const parser = new library.XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
    htmlEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    cdataPropName: cdata,
  });
  const roots = parsed(parser, plain, source).filter((node) => !(textName in node || cdata in node));
  if (roots.length !== 1) refuse(source, 1, 'xml', `${roots.length} root elements where XML has one`);
  const next = { index: 0 };
  const root = elementOf(roots[0], null, { source, lines, next });
  if (next.index !== lines.length) refuse(source, 1, 'xml', 'the text is not well-formed XML: its tags do not pair');
  return root;
}

/** Refuses what an element says; `what` is the error's code behind `sbe-`. */
export function refuseElement(element: XmlElement, what: string, text: string): never {
  refuse(element.source, element.line, what, `${pathOf(element)}: ${text}`);
}

/** Where an element stands, such as `messageSchema/types/composite PRICE9/type mantissa`. */
export function pathOf(element: XmlElement): string {
  const given = element.attributes.get('name');
  const step = given === undefined ? element.name : `${element.name} ${shown(given)}`;
  return element.parent === null ? step : `${pathOf(element.parent)}/${step}`;
}

/** Foreign text as an error may print it: short, and without control characters. */
export function shown(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 80 ? `${clean.slice(0, 80)}...` : clean;
}

type OrderedNode = Record<string, unknown> & { ':@'?: Record<string, string> };

interface Library {
  readonly XMLParser: new (options: object) => { parse(text: string): unknown };
  readonly XMLValidator: { validate(text: string): true | { err: { msg: string; line: number } } };
}

interface Reading {
  readonly source: string;
  /** Lines of the elements, in the order of their first tags. */
  readonly lines: readonly number[];
  readonly next: { index: number };
}

let library: Library | undefined;
const textName = '#text';
const cdata = '#cdata';

/** The parser throws of its own where it meets names that objects use themselves. */
function parsed(parser: { parse(text: string): unknown }, text: string, source: string): OrderedNode[] {
  try {
    return parser.parse(text) as OrderedNode[];
  } catch (error) {
    return refuse(source, 1, 'xml', `the text cannot be read: ${shown((error as Error).message)}`);
  }
}

function elementOf(node: OrderedNode, parent: XmlElement | null, reading: Reading): XmlElement {
  const key = Object.keys(node).find((name) => name !== ':@') ?? '';
  const children: XmlElement[] = [];
  const attributes = new Map<string, string>();
  const line = reading.lines[reading.next.index++] ?? 1;
  const name = key.slice(key.indexOf(':') + 1);
  const element = { name, attributes, children, text: '', parent, line, source: reading.source };
  for (const [attribute, value] of Object.entries(node[':@'] ?? {})) {
    attributes.set(attribute, expand(value, reading.source, line));
  }
  for (const child of node[key] as OrderedNode[]) {
    if (textName in child) element.text += expand(String(child[textName]), reading.source, line);
    else if (cdata in child) element.text += String((child[cdata] as OrderedNode[])[0]?.[textName] ?? '');
    else children.push(elementOf(child, element, reading));
  }
  return element;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function expand(text: string, source: string, line: number): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,16});?/g, (whole, entity: string) => {
    if (Object.hasOwn(named, entity) && whole.endsWith(';')) return named[entity];
    const digits = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(entity);
    const point = digits === null ? -1 : digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
    if (whole.endsWith(';') && point > 0 && point <= 0x10ffff) return String.fromCodePoint(point);
    return refuse(source, line, 'entity', `"${shown(whole)}": write the text itself, entities are not expanded`);
  });
}

/** Walks the tags once, refuses what is out of bounds, and gives the line of every element. */
function measure(text: string, source: string): number[] {
  const limits = xmlLimits;
  if (text.length > limits.characters) {
    refuse(source, 1, 'limit', `${text.length} characters, more than ${limits.characters}`);
  }
  const lines: number[] = [];
  let depth = 0;
  let line = 1;
  let counted = 0;
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    for (; counted < at; counted++) if (text.charCodeAt(counted) === 10) line++;
    const where = line;
    if (text.startsWith('<!--', at)) at = past(text, '-->', at + 4);
    else if (text.startsWith('<![CDATA[', at)) at = past(text, ']]>', at + 9);
    else if (text.startsWith('<!', at)) refuse(source, where, 'doctype', 'a document type is refused: take it out');
    else if (text.startsWith('<?', at)) at = past(text, '?>', at + 2);
    else if (text.startsWith('</', at)) {
      depth--;
      at = past(text, '>', at + 2);
    } else {
      const end = endOfTag(text, at + 1, (what) => refuse(source, where, 'limit', what));
      if (text[end - 2] !== '/') depth++;
      if (depth > limits.depth) refuse(source, where, 'limit', `elements nested deeper than ${limits.depth}`);
      if (lines.push(where) > limits.elements) refuse(source, where, 'limit', `more than ${limits.elements} elements`);
      at = end;
    }
  }
  return lines;
}

/** The place behind a tag's `>`; the text's end where there is none. */
function endOfTag(text: string, start: number, tooMuch: (what: string) => never): number {
  const { attributes, tagCharacters, blanks } = xmlLimits;
  let count = 0;
  let run = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (at - start > tagCharacters) tooMuch(`a tag of more than ${tagCharacters} characters`);
    if (char === '>') return at + 1;
    if (char === '=' && ++count > attributes) tooMuch(`more than ${attributes} attributes on one element`);
    run = char === ' ' || char === '\n' || char === '\t' ? run + 1 : 0;
    if (run > blanks) tooMuch(`more than ${blanks} blanks in a row inside a tag`);
    if (char === '"' || char === "'") {
      at = text.indexOf(char, at + 1);
      if (at === -1) return text.length;
    }
  }
  return text.length;
}

function past(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at === -1 ? text.length : at + end.length;
}

function refuse(source: string, line: number, what: string, text: string): never {
  throw new SchemaError(`sbe-${what}`, `${source}, line ${line}: ${text}`);
}
