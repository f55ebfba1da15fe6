/**
 * Decoding in batches: messages are sorted by type, a block at a time (`partition.ts`), then handed over type by type.
 *
 * Every message gets the verdict that the decoder of single messages gives it. Within a type the order is kept; across
 * types a batch's positions restore it.
 */
import { batchSource } from './batch-source.js';
import { type AccessorClasses, type AnyHandlers, type Engine, isCompiled, type UnknownHandler } from './compile.js';
import { MessagePartition, type TypeBatch } from './partition.js';
import type { Protocol } from './table.js';
import type { FlyweightBase, Handlers } from './types.js';

/**
 * What to do with batches: typed handlers, called for each message of a type and then for the next type's, `onBatch`
 * for all of a type at once, or both. Types come in the table's order, those without messages left out.
 */
export type BatchHandlers<P extends Protocol> = Handlers<P> & {
  /**
   * All messages of one type in a block: `offsets`, of which the first `count` are valid, count in `batch.view`.
   * Borrowed until the call returns.
   */
  onBatch?: (type: string, offsets: Int32Array, count: number, batch: TypeBatch) => void;
};

/** How batches are decoded. */
export interface BatchOptions {
  readonly engine?: Engine;
  /** About how many bytes of messages are sorted at a time; 32,768 unless told otherwise. */
  readonly blockBytes?: number;
}

/** Hands messages over by type. */
export interface BatchDecoder {
  /** Messages handed over in the blocks before the one at hand: the whole input's number of a batch's position 0. */
  readonly firstPosition: number;
  /**
   * Decodes messages that each follow their 2-byte big-endian length, up to `end`, and hands all of them over before it
   * returns. Returns the offset of the first byte not consumed: `end`, or that of a message which `end` cuts short.
   */
  decodeBlocks(view: DataView, offset: number, end: number): number;
  /**
   * The same, but messages are kept until a block is full, another view comes or `flush` is called: for packets, which
   * hold few each. The bytes must stay as they are until then. At most `limit` messages are taken.
   */
  collectBlocks(view: DataView, offset: number, end: number, limit?: number): number;
  /** Keeps one message of `length` bytes in the same way. */
  collect(view: DataView, offset: number, length: number): void;
  /** Hands over what is kept. */
  flush(): void;
}

/** What is called with the messages of one type. */
type EachMessage = (view: DataView, offsets: Int32Array, count: number) => void;
type OnBatch = (type: string, offsets: Int32Array, count: number, batch: TypeBatch) => void;

/** Builds a decoder of batches that calls `handlers`, with `handlers` as `this`. */
export function buildBatchDecoder<P extends Protocol>(
  table: P,
  classes: AccessorClasses,
  handlers: BatchHandlers<P>,
  options: BatchOptions = {},
): BatchDecoder {
  const { engine = 'auto', blockBytes } = options;
  const anyHandlers = handlers as AnyHandlers;
  const handled = new Set(table.messages.map(({ name }) => name).filter((name) => anyHandlers[name] !== undefined));
  const each = isCompiled(engine)
    ? (new Function('classes', 'handlers', batchSource(table, handled))(classes, anyHandlers) as EachByName)
    : interpretEach(classes, anyHandlers, handled);
  const order = table.messages.map(({ name }) => each[name]);
  const onUnknown = handlers.onUnknown?.bind(handlers);
  return new SortedDecoder(
    () => new MessagePartition(table, blockBytes),
    order,
    handlers.onBatch?.bind(handlers),
    onUnknown,
  );
}

type EachByName = Readonly<Record<string, EachMessage | undefined>>;

class SortedDecoder implements BatchDecoder {
  firstPosition = 0;
  private readonly createPartition: () => MessagePartition;
  private readonly each: readonly (EachMessage | undefined)[];
  private readonly onBatch: OnBatch | undefined;
  private readonly onUnknown: UnknownHandler | undefined;
  /** What is being filled. While a partition is handed over another takes its place: handlers may decode meanwhile. */
  private filling: MessagePartition;
  private spare: MessagePartition | null = null;

  constructor(
    createPartition: () => MessagePartition,
    each: readonly (EachMessage | undefined)[],
    onBatch: OnBatch | undefined,
    onUnknown: UnknownHandler | undefined,
  ) {
    this.createPartition = createPartition;
    this.each = each;
    this.onBatch = onBatch;
    this.onUnknown = onUnknown;
    this.filling = createPartition();
  }

  decodeBlocks(view: DataView, offset: number, end: number): number {
    const behind = this.collectBlocks(view, offset, end);
    this.flush();
    return behind;
  }

  collectBlocks(view: DataView, offset: number, end: number, limit = Number.MAX_SAFE_INTEGER): number {
    if (this.filling.view !== view) this.flush();
    let at = offset;
    let left = limit;
    for (;;) {
      const before = this.filling.count;
      at = this.filling.take(view, at, end, Math.min(left, 0x7fffffff));
      left -= this.filling.count - before;
      if (!this.filling.isFull && this.filling.count === before) return at;
      if (this.filling.isFull) this.flush();
    }
  }

  collect(view: DataView, offset: number, length: number): void {
    if (this.filling.view !== view || this.filling.isFull) this.flush();
    this.filling.add(view, offset, length);
  }

  flush(): void {
    const { filling } = this;
    if (filling.count === 0) return;
    this.filling = this.spare ?? this.createPartition();
    this.spare = null;
    try {
      this.handOver(filling);
    } finally {
      this.firstPosition += filling.count;
      filling.clear();
      this.spare = filling;
    }
  }

  private handOver(partition: MessagePartition): void {
    const { each, onBatch, onUnknown } = this;
    const { batches, view } = partition;
    for (let index = 0; index < batches.length; index++) {
      const batch = batches[index] as TypeBatch;
      const { count } = batch;
      if (count === 0) continue;
      each[index]?.(view, batch.offsets, count);
      onBatch?.(batch.type, batch.offsets, count, batch);
    }
    if (onUnknown === undefined) return;
    const { count, offsets, lengths } = partition.unknown;
    for (let index = 0; index < count; index++) onUnknown(view, offsets[index] as number, lengths?.[index] as number);
  }
}

function interpretEach(classes: AccessorClasses, handlers: AnyHandlers, handled: ReadonlySet<string>): EachByName {
  return Object.fromEntries(
    [...handled].map((name) => {
      const flyweight = new (classes[name] as new () => FlyweightBase)();
      const each: EachMessage = (view, offsets, count) => {
        for (let index = 0; index < count; index++) {
          handlers[name]?.(flyweight.wrap(view, offsets[index] as number) as never);
        }
      };
      return [name, each];
    }),
  );
}
