/** Everything that follows from one message table, behind one object a protocol. */
import { UsageError } from '../core/errors.js';
import type { LengthOf, TimestampOf } from '../core/seams.js';
import { type AccessorClasses, buildAccessors, buildDecoder, type Decoder, type Engine } from './compile.js';
import { type Message, type Protocol, timestampOffset } from './table.js';
import type { Flyweight, Handlers, MessageName } from './types.js';

/** A protocol's readers and writers, all from its table. */
export interface Codec<P extends Protocol> {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly messages: P['messages'];
  /** The length that the type at `offset` prescribes; 0 where the type is unknown. */
  readonly lengthOf: LengthOf;
  /** Nanoseconds since midnight, from the place that all messages share; only called where the layout is known. */
  readonly timestampOf: TimestampOf;
  /** True where the type is known and `length` is exactly its own. */
  isKnown(view: DataView, offset: number, length: number): boolean;
  /** The message's name by its type byte; undefined where unknown. */
  nameOf(typeCode: number): string | undefined;
  /** The message's table by its type byte; undefined where unknown. */
  messageOf(typeCode: number): Message | undefined;
  /** A decoder that hands each message to the handler of its name. */
  createDecoder(handlers: Handlers<P>, engine?: Engine): Decoder;
  /** A flyweight of one message type, to be moved with `wrap`. */
  createFlyweight<Name extends MessageName<P>>(name: Name): Flyweight<Extract<P['messages'][number], { name: Name }>>;
}

/** Builds the codec of a protocol; the flyweight classes are compiled when first asked for. */
export function createCodec<const P extends Protocol>(table: P): Codec<P> {
  const { id, name, version, messages } = table;
  const lengths = new Uint16Array(256);
  const byType = new Array<Message | undefined>(256).fill(undefined);
  for (const message of messages) {
    lengths[message.typeCode] = message.length;
    byType[message.typeCode] = message;
  }
  const timestampAt = timestampOffset(table);
  const compiled = new Map<Engine, AccessorClasses>();
  function classesOf(engine: Engine): AccessorClasses {
    const classes = compiled.get(engine) ?? buildAccessors(table, engine);
    compiled.set(engine, classes);
    return classes;
  }
  return {
    id,
    name,
    version,
    messages,
    lengthOf: (view, offset) => lengths[view.getUint8(offset)] as number,
    timestampOf: (view, offset) =>
      view.getUint16(offset + timestampAt) * 0x100000000 + view.getUint32(offset + timestampAt + 2),
    isKnown: (view, offset, length) => length !== 0 && lengths[view.getUint8(offset)] === length,
    nameOf: (typeCode) => byType[typeCode]?.name,
    messageOf: (typeCode) => byType[typeCode],
    createDecoder: (handlers, engine = 'auto') => buildDecoder(table, classesOf(engine), handlers, engine),
    createFlyweight: (messageName) => {
      const flyweightClass = classesOf('auto')[messageName];
      if (flyweightClass === undefined)
        throw new UsageError('unknown-message', `${id} has no message "${messageName}"`);
      return new flyweightClass() as never;
    },
  };
}
