/** A strict reader of the XML that pictures are written in: elements, attributes, text; anything else throws. */

export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** Its own text, entities resolved. */
  text: string;
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The root element; throws where the text is not well-formed. */
export function parseXml(text: string): XmlElement {
  if (!text.startsWith(declaration)) throw new Error('no XML declaration');
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let at = declaration.length;
  while (at < text.length) {
    const top = open[open.length - 1];
    const next = text.indexOf('<', at);
    const words = text.slice(at, next < 0 ? text.length : next);
    top.text += resolve(words);
    if (next < 0) break;
    const end = text.indexOf('>', next);
    if (end < 0) throw new Error(`tag not closed at ${next}`);
    const tag = text.slice(next + 1, end);
    if (tag.startsWith('/')) {
      if (open.length === 1 || top.name !== tag.slice(1)) throw new Error(`</${tag.slice(1)}> closes ${top.name}`);
      open.pop();
    } else {
      const element = parseTag(tag);
      top.children.push(element);
      if (!tag.endsWith('/')) open.push(element);
    }
    at = end + 1;
  }
  if (open.length !== 1) throw new Error(`${open[open.length - 1].name} is not closed`);
  if (root.children.length !== 1 || root.text.trim() !== '') throw new Error('not one root element');
  return root.children[0];
}

/** The element and all within it. */
export function elementsOf(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(elementsOf)];
}

/** All that a reader sees as words. */
export function wordsOf(svg: string): string[] {
  return elementsOf(parseXml(svg))
    .filter(({ name }) => name === 'text')
    .map(({ text }) => text);
}

function parseTag(tag: string): XmlElement {
  const body = tag.endsWith('/') ? tag.slice(0, -1) : tag;
  const name = /^[a-z]+/.exec(body)?.[0];
  if (name === undefined) throw new Error(`not a tag: <${tag}>`);
  const attributes: Record<string, string> = {};
  let rest = body.slice(name.length);
  while (rest !== '') {
    const match = /^ ([A-Za-z][A-Za-z\d-]*)="([^"<]*)"/.exec(rest);
    if (match === null) throw new Error(`not attributes: ${rest}`);
    if (match[1] in attributes) throw new Error(`${match[1]} twice in <${tag}>`);
    attributes[match[1]] = resolve(match[2]);
    rest = rest.slice(match[0].length);
  }
  return { name, attributes, children: [], text: '' };
}

function resolve(text: string): string {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isAllowed =
      code === 10 || (code >= 0x20 && code < 0xd800) || (code >= 0xe000 && code < 0xfffe) || code > 0xffff;
    if (!isAllowed) throw new Error(`U+${code.toString(16)} is not allowed`);
  }
  if (text.includes('>')) throw new Error(`> in text: ${text}`);
  return text.replace(/&([^;&]*;?)/g, (_, entity: string) => {
    const value = entity.endsWith(';') ? entities[entity.slice(0, -1)] : undefined;
    if (value === undefined) throw new Error(`not an entity: &${entity}`);
    return value;
  });
}
