/** SVG 1.1 as text: elements with escaped attributes, and text from outside made safe to show. */

/** Longer texts end in an ellipsis. */
const longestText = 160;
const titleNames = 3;

/** An element; attributes are escaped, content is taken as markup. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === 'number' ? number(value) : escapeXml(value)}"`;
  });
  return content === '' ? `<${name}${written.join('')}/>\n` : `<${name}${written.join('')}>${content}</${name}>\n`;
}

/** A line of text; what it says is cleaned and escaped. */
export function text(
  x: number,
  y: number,
  words: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element('text', { x, y, ...attributes }, escapeXml(clean(words)));
}

/** Two decimals of a pixel at most. */
export function number(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/**
 * Text of files and sessions as one bounded line: control and format characters (which may turn the direction of
 * writing), lone surrogates and code points that XML 1.0 (2.2) does not allow become a replacement character.
 */
export function clean(words: string, longest = longestText): string {
  const start = words.slice(0, 2 * longest);
  const characters = [...start.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, '\u{fffd}')];
  if (characters.length <= longest && start.length === words.length) return characters.join('');
  return `${characters.slice(0, longest - 1).join('')}…`;
}

/** Files for a title: the names of the first three, without their folders. */
export function filesTitle(paths: readonly string[]): string {
  const names = paths.slice(0, titleNames).map((path) => path.slice(path.lastIndexOf('/') + 1));
  return names.join(', ') + (paths.length > titleNames ? ` and ${paths.length - titleNames} more` : '');
}

export function escapeXml(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The width of a text in pixels, near enough to lay out by: glyphs of the widest usual font are 0.6 of its size. */
export function widthOf(words: string, size: number): number {
  return clean(words).length * size * 0.6;
}
