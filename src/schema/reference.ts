/** Generates the Markdown reference of a protocol: every message, offset, length, type, scale and enumeration. */
import type { Field } from './field.js';
import type { Message, Protocol } from './table.js';

/** The reference as Markdown, a pure function of the table. */
export function referenceMarkdown(table: Protocol): string {
  const blocks = [
    `# ${table.name}`,
    `${table.version}. All integers are unsigned and big-endian; text is left justified and padded with spaces.`,
    contents(table),
    ...table.messages.flatMap(messageBlocks),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function contents(table: Protocol): string {
  const rows = table.messages.map(({ type, name, length, section, summary }) => [
    code(type),
    `[${name}](#${name.toLowerCase()})`,
    `${length}`,
    section,
    summary,
  ]);
  return markdownTable(['Type', 'Message', 'Length', 'Section', 'What it says'], rows);
}

function messageBlocks(message: Message): string[] {
  const rows = [
    ['0', '1', 'messageType', 'char', '', code(message.type)],
    ...message.fields.map((field) => [
      `${field.offset}`,
      `${field.length}`,
      field.name,
      field.kind,
      scale(field),
      field.note ?? '',
    ]),
  ];
  const head = markdownTable(['Offset', 'Length', 'Field', 'Type', 'Unit or scale', 'Note'], rows);
  const enumerations = message.fields.filter(({ values }) => values !== undefined).map(enumeration);
  const title = [
    `## ${message.name}`,
    `Type ${code(message.type)}, ${message.length} bytes, section ${message.section}: ${message.summary}.`,
  ];
  return [...title, head, ...enumerations];
}

function enumeration({ name, values }: Field): string {
  const rows = Object.entries(values ?? {}).map(([key, meaning]) => [code(key), meaning]);
  return markdownTable([`${name}`, 'Meaning'], rows);
}

function scale({ unit, decimals }: Field): string {
  if (decimals !== undefined) return `${decimals} decimals`;
  return unit ?? '';
}

function code(text: string): string {
  return text.trim() === '' ? '(space)' : `\`${text}\``;
}

/** A table with a head. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return lines.join('\n');
}
