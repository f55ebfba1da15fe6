/**
 * The text that an independent dissector printed of MDP 3.0 packets, and our own decoding, both as the same plain lines,
 * so that whole packets compare line for line: nothing that it says is passed over, and nothing that we say either.
 */
import type { SbePlain, SbeValues } from '../../../src/schema/sbe/plain-values.js';
import type { AnyGroup, SbeField, SbeMessage, SbeSet } from '../../../src/schema/sbe/schema.js';
import { primitiveSizes } from '../../../src/schema/sbe/schema.js';

/** One packet: its headers and its messages as cut from the capture. */
export interface Packet {
  readonly bytes: number;
  /** `Message Sequence Number` and sending time in epoch nanoseconds, and what else stands before the messages. */
  readonly head: readonly string[];
  readonly messages: readonly Uint8Array[];
}

/** Labels of groups, less `Groups` at their end, and the names that they have in the schema. */
const groupNames: readonly [RegExp, string][] = [
  [/^Incremental Refresh .*Order Id$/, 'NoOrderIDEntries'],
  [/^Incremental Refresh /, 'NoMDEntries'],
  [/^Events$/, 'NoEvents'],
  [/^Feed Types$/, 'NoMDFeedTypes'],
  [/^Inst Attrib$/, 'NoInstAttrib'],
  [/^Lot Type Rules$/, 'NoLotTypeRules'],
  [/^Legs$/, 'NoLegs'],
];

/** What a label says beside the field's name: that it is optional, its number of decimals, its size, its enum. */
const suffixes = /( Optional| Ex| Short)+$/;
const renamed: Readonly<Record<string, string>> = {
  'Md Entry Type Book': 'Md Entry Type',
  'Md Entry Type Statistics': 'Md Entry Type',
};
const setFields = new Set(['matcheventindicator', 'settlpricetype', 'instattribvalue']);
const timeFields = new Set(['transacttime', 'lastupdatetime', 'eventtime']);

/** The dissector's text as lines. */
export function dissectedLines(text: string): string[] {
  const lines: string[] = [];
  let set = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || structural.has(line) || /^packet \d+ time /.test(line)) continue;
    const bits = /^([01. ]+) = (.*): .*$/.exec(line);
    if (bits !== null) {
      lines.push(...bitLines(set, bits[1] as string, bits[2] as string));
      continue;
    }
    const parts = /^(\[?[^:]+):(.*)$/.exec(line.replace(/\]$/, ''));
    const packet = /^Cme Globex Mdp3 Sbe 1\.\d+ \((\d+) Bytes\)$/.exec(line);
    if (packet !== null) lines.push(`packet of ${packet[1]}`);
    else if (parts === null) throw new Error(`not understood: ${line}`);
    else {
      const written = lineOf(parts[1] as string, (parts[2] as string).trim());
      set = written.split('=')[0] as string;
      if (written !== '') lines.push(written);
    }
  }
  return lines;
}

const structural = new Set([
  ...['Binary Packet Header:', 'Technical Header:', 'Message:', 'Tcp Message:', 'Message Header:'],
  ...['Group Size:', 'Group Size 8 Byte:', 'Schema Id: SchemaId', 'Version: Version'],
]);

function lineOf(label: string, value: string): string {
  const index = /^\[(.*) Group Index$/.exec(label);
  if (index !== null) return `entry ${groupName(index[1] as string)} ${value}`;
  const group = /^(.*) Groups$/.exec(label);
  if (group !== null && value === '') return `group ${groupName(group[1] as string)}`;
  // The line before `[… Group Index: 1]` says the same.
  if (/ Group$/.test(label) && value === '') return '';
  if (/^Padding \d+$/.test(label)) return `padding=${value.toLowerCase().replaceAll(' ', '')}`;
  if (label === 'Template Id') return `template=${plain(value)}`;
  if (value === '' && /^Md (Incremental|Instrument)/.test(label)) return `body ${plain(label)}`;
  const name = plain((renamed[label] ?? label).replace(suffixes, ''));
  return `${name}=${valueText(name, value)}`;
}

function groupName(label: string): string {
  const found = groupNames.find(([pattern]) => pattern.test(label));
  if (found === undefined) throw new Error(`unknown group: ${label}`);
  return found[1];
}

function valueText(name: string, value: string): string {
  const time = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d{9})$/.exec(value);
  if (time !== null) return `${Date.parse(`${time[1]}T${time[2]}Z`) / 1000}${time[3]}`;
  if (timeFields.has(name)) throw new Error(`not a time: ${value}`);
  const code = /^(.*) \((.)\)$/.exec(value) ?? /^(.*) \((\d+)\)$/.exec(value);
  if (code !== null) return `${plain(code[1] as string)}(${code[2]})`;
  return setFields.has(name) ? plain(value) : value;
}

/** A pattern such as `...0 ....`, most significant bit first, as one line a bit, the least significant first. */
function bitLines(set: string, pattern: string, label: string): string[] {
  const marks = [...pattern.replaceAll(' ', '')].reverse();
  const name = /^(Unused .*|Reserved \d+)$/.test(label) ? '' : plain(label);
  return marks.flatMap((mark, bit) => (mark === '.' ? [] : [`${set} bit ${bit} ${name}=${mark}`]));
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(' ', '');
}

/** Our decoding of a packet as lines; `read` gives a message's layout and values. */
export function ourLines(
  packet: Packet,
  read: (bytes: Uint8Array) => { message: SbeMessage; values: SbeValues },
): string[] {
  const lines = [`packet of ${packet.bytes}`, ...packet.head];
  for (const bytes of packet.messages) {
    const { message, values } = read(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const blockLength = view.getUint16(0, true);
    const name = plain(message.name.replace(/\d+$/, ''));
    const size = packet.head.length === 3 ? 'tcpmessagesize' : 'messagesize';
    lines.push(`${size}=${bytes.length + 2}`, `blocklength=${blockLength}`, `template=${name}(${message.id})`);
    lines.push(`body ${name}`);
    const reading = { bytes, at: 8, version: view.getUint16(6, true) };
    lines.push(...blockLines(reading, message, values, blockLength));
    if (reading.at !== bytes.length) throw new Error(`${message.name}: ${bytes.length - reading.at} bytes are left`);
  }
  return lines;
}

interface Reading {
  readonly bytes: Uint8Array;
  at: number;
  readonly version: number;
}

/** Fields and padding in the order of their offsets, then groups; constants and what is absent are not on the wire. */
function blockLines(reading: Reading, block: SbeMessage | AnyGroup, values: SbeValues, blockLength: number): string[] {
  const { bytes, version } = reading;
  const start = reading.at;
  const lines: string[] = [];
  let end = 0;
  const padTo = (offset: number): void => {
    if (offset > end) lines.push(`padding=${hex(bytes.subarray(start + end, start + offset))}`);
  };
  const present = block.fields.filter(
    ({ sinceVersion, offset, size }) => size > 0 && sinceVersion <= version && offset + size <= blockLength,
  );
  for (const field of present.sort((one, other) => one.offset - other.offset)) {
    padTo(field.offset);
    lines.push(...fieldLines(field, values[field.name] ?? null, version));
    end = field.offset + field.size;
  }
  padTo(blockLength);
  reading.at += blockLength;
  for (const group of block.groups) {
    if (group.sinceVersion <= version)
      lines.push(...groupLines(reading, group, values[group.name] as readonly SbeValues[]));
  }
  return lines;
}

function groupLines(reading: Reading, group: AnyGroup, entries: readonly SbeValues[]): string[] {
  const { bytes, at } = reading;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { size, numInGroup } = group.dimension;
  const stride = view.getUint16(at, true);
  const lines = [`group ${group.name}`, `blocklength=${stride}`];
  if (numInGroup.offset > 2) lines.push(`padding=${hex(bytes.subarray(at + 2, at + numInGroup.offset))}`);
  lines.push(`numingroup=${entries.length}`);
  reading.at += size;
  for (const [index, entry] of entries.entries()) {
    lines.push(`entry ${group.name} ${index + 1}`, ...blockLines(reading, group, entry, stride));
  }
  return lines;
}

function fieldLines({ name, type }: SbeField, value: SbePlain, version: number): string[] {
  const label = plain(name);
  if (type.kind === 'set') return setLines(label, type, value as { raw: number; names: string[] }, version);
  if (type.kind === 'composite' && typeof value === 'object' && value !== null) {
    const members = Object.entries(value as SbeValues);
    return [`${label}=`, ...members.map(([member, one]) => `${plain(member)}=${one ?? 'No Value'}`)];
  }
  if (type.kind === 'enum' && value !== null) {
    const { value: raw, name: valueName } = value as { value: string | number; name: string | null };
    return [`${label}=${plain(valueName ?? 'unknown')}(${raw})`];
  }
  return [`${label}=${value === null || value === '' ? 'No Value' : value}`];
}

function setLines(
  label: string,
  { primitive, choices }: SbeSet,
  { raw, names }: { raw: number; names: string[] },
  version: number,
): string[] {
  const lines = [`${label}=${names.map(plain).join('|')}`];
  for (let bit = 0; bit < primitiveSizes[primitive] * 8; bit++) {
    const choice = choices.find((one) => one.bit === bit && one.sinceVersion <= version);
    const former = Object.entries(choice?.formerNames ?? {}).find(([until]) => Number(until) >= version)?.[1];
    lines.push(`${label} bit ${bit} ${plain(former ?? choice?.name ?? '')}=${(raw >>> bit) & 1}`);
  }
  return lines;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
