/** A page of the manual, and its three forms: roff of the man(7) macros, Markdown, and plain text. */

/** A paragraph, a list of terms with their meaning, or lines as they are typed. */
export type Block =
  | string
  | { readonly rows: readonly (readonly [term: string, meaning: string])[] }
  | { readonly lines: readonly string[] }
  | { readonly heading: string };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface Page {
  /** As in `tickreel-replay`, of section 1. */
  readonly name: string;
  readonly version: string;
  readonly sections: readonly Section[];
}

export const pageFormats = ['man', 'markdown', 'text'] as const;
export type PageFormat = (typeof pageFormats)[number];

/** What a file of the format is called: `tickreel-replay.1`. */
export const pageEndings: Readonly<Record<PageFormat, string>> = { man: '1', markdown: 'md', text: 'txt' };

const textColumns = 78;
const textIndent = 7;

export function formatPage(page: Page, format: PageFormat): string {
  if (format === 'man') return manPage(page);
  return format === 'markdown' ? markdownPage(page) : textPage(page);
}

function manPage({ name, version, sections }: Page): string {
  const lines = [`.TH ${roff(name.toUpperCase(), true)} 1 "" "tickreel ${roff(version, true)}" "tickreel manual"`];
  for (const { title, blocks } of sections) {
    lines.push(`.SH ${title.toUpperCase()}`);
    for (const [index, block] of blocks.entries()) {
      if (typeof block === 'string') lines.push(...(index === 0 ? [] : ['.PP']), roff(block));
      else if ('heading' in block) lines.push(`.SS ${roff(block.heading)}`);
      else if ('rows' in block) {
        for (const [term, meaning] of block.rows) lines.push('.TP', `\\fB${roff(term, true)}\\fR`, roff(meaning));
      } else lines.push('.PP', '.EX', ...block.lines.map((line) => roff(line, true)), '.EE');
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Escapes for roff: a backslash, a control character that begins a line, letters beyond ASCII; in what is typed also
 * `-`, which is a hyphen otherwise, and `'`, `` ` ``, `^` and `~`, which would be typeset.
 */
function roff(text: string, isTyped = false): string {
  let escaped = text.replaceAll('\\', '\\e');
  if (isTyped) {
    escaped = escaped
      .replaceAll('-', '\\-')
      .replaceAll("'", '\\(aq')
      .replaceAll('`', '\\(ga')
      .replaceAll('^', '\\(ha')
      .replaceAll('~', '\\(ti');
  } else
    escaped = escaped.replace(/(^|[\s(|])(--?)(?=[a-zA-Z ])/g, (_all, before, dashes) => before + roff(dashes, true));
  const ascii = escaped.replace(/[^\n -~]/gu, (letter) => `\\[u${hex(letter)}]`);
  return ascii.replace(/^(?=[.'])/gm, '\\&');
}

function hex(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

function markdownPage({ name, sections }: Page): string {
  const lines = [`# ${name}(1)`];
  for (const { title, blocks } of sections) {
    lines.push('', `## ${title}`);
    for (const block of blocks) {
      lines.push('');
      if (typeof block === 'string') lines.push(markdown(block));
      else if ('heading' in block) lines.push(`### ${markdown(block.heading)}`);
      else if ('rows' in block) {
        for (const [term, meaning] of block.rows) lines.push(`- \`${term}\`: ${markdown(meaning)}`);
      } else lines.push('```', ...block.lines, '```');
    }
  }
  return `${lines.join('\n')}\n`;
}

function markdown(text: string): string {
  return text.replace(/[<>*_\\[\]]/g, '\\$&');
}

function textPage({ name, version, sections }: Page): string {
  const lines = [`${name}(1), tickreel ${version}`];
  for (const { title, blocks } of sections) lines.push('', title.toUpperCase(), ...formatBlocks(blocks, textIndent));
  return `${lines.join('\n')}\n`;
}

/** Blocks as lines of plain text, a blank line between two. */
export function formatBlocks(blocks: readonly Block[], indent: number): string[] {
  const lines: string[] = [];
  for (const [index, block] of blocks.entries()) {
    if (index > 0) lines.push('');
    if (typeof block === 'string') lines.push(...wrap(block, indent));
    else if ('heading' in block) lines.push(`${' '.repeat(Math.max(0, indent - 4))}${block.heading}`);
    else if ('lines' in block) lines.push(...block.lines.map((line) => ' '.repeat(indent) + line));
    else for (const [term, meaning] of block.rows) lines.push(...formatRow(term, meaning, indent));
  }
  return lines;
}

/** The term, and its meaning on the same line where the term is short. */
function formatRow(term: string, meaning: string, indent: number): string[] {
  const meaningIndent = indent + 8;
  const head = ' '.repeat(indent) + term;
  const body = wrap(meaning, meaningIndent);
  if (head.length + 1 >= meaningIndent || body.length === 0) return [head, ...body];
  return [head.padEnd(meaningIndent) + body[0].trimStart(), ...body.slice(1)];
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent + line.length + 1 + word.length > textColumns) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((part) => ' '.repeat(indent) + part);
}
