/** The public interface of tickreel. */

// Protocols and the message tables that they come from.
export { type Itch50Table, itch50, itch50Table } from './protocol/itch50/index.js';
export { type Codec, createCodec } from './schema/codec.js';
export { canGenerateCode, type Decoder, type Engine } from './schema/compile.js';
export type { CsvWriter } from './schema/csv.js';
export type { EncodeOptions } from './schema/encode.js';
export {
  alpha,
  char,
  type Enumeration,
  type Field,
  type FieldKind,
  type FieldOptions,
  u8,
  u16,
  u32,
  u48,
  u64,
} from './schema/field.js';
export type { RandomSource } from './schema/generate.js';
export type { JsonOptions, JsonWriter, ValueOptions } from './schema/json.js';
export { buildParser, type ReferenceDecoder } from './schema/reference-decoder.js';
export { type Message, type MessageInfo, message, type Protocol, protocol } from './schema/table.js';
export type {
  AnyValues,
  Flyweight,
  FlyweightBase,
  Handlers,
  Integer64,
  MessageName,
  PlainValues,
  Values,
} from './schema/types.js';
