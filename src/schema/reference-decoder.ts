/**
 * The reference decoder: the same table decoded by `binary-parser`, an independent engine to check the accessors with.
 *
 * It derives from the same offsets, so it cannot find a wrong table; and it compiles with `new Function`, so it needs
 * code generation.
 */
import { newParser, type Parser } from './binary-parser.js';
import type { Field } from './field.js';
import type { Protocol } from './table.js';
import type { PlainValues } from './types.js';

/** Decodes one whole message to plain values, 64-bit integers as decimal strings; null where its type is unknown. */
export type ReferenceDecoder = (bytes: Uint8Array) => PlainValues | null;

type RawValues = Readonly<Record<string, number | bigint | string>>;

/** A `binary-parser` parser of the protocol: type byte, then the fields; 48-bit integers as `…High` and `…Low`. */
export function buildParser(table: Protocol): Parser {
  const choices: Record<number, Parser> = {};
  for (const { typeCode, fields } of table.messages) {
    const parser = newParser().endianness('big');
    for (const field of fields) addField(parser, field);
    choices[typeCode] = parser;
  }
  return newParser().endianness('big').uint8('messageType').choice({ tag: 'messageType', choices });
}

/** Builds the reference decoder of a protocol. */
export function buildReferenceDecoder(table: Protocol): ReferenceDecoder {
  const parser = buildParser(table);
  const byType = new Map(table.messages.map((message) => [message.typeCode, message]));
  return (bytes) => {
    const message = byType.get(bytes[0] ?? -1);
    if (message === undefined) return null;
    const raw: RawValues = parser.parse(bytes);
    const values: Record<string, string | number> = { type: message.type, name: message.name };
    for (const field of message.fields) values[field.name] = plainValue(field, raw);
    return values as PlainValues;
  };
}

function addField(parser: Parser, { name, kind, length }: Field): void {
  switch (kind) {
    case 'u8':
      parser.uint8(name);
      break;
    case 'u16':
      parser.uint16(name);
      break;
    case 'u32':
      parser.uint32(name);
      break;
    case 'u48':
      parser.uint16(`${name}High`).uint32(`${name}Low`);
      break;
    case 'u64':
      parser.uint64(name);
      break;
    default:
      // Not `string`: its TextDecoder takes Latin-1 for Windows-1252, which reads bytes 0x80 to 0x9f as others.
      parser.buffer(name, { length, formatter: textOf });
  }
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/ +$/, '');
}

function plainValue({ name, kind }: Field, raw: RawValues): string | number {
  if (kind === 'u48') return Number(raw[`${name}High`]) * 0x100000000 + Number(raw[`${name}Low`]);
  const value = raw[name] as number | bigint | string;
  return typeof value === 'bigint' ? value.toString() : value;
}
