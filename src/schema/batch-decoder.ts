/**
 * Decoding in batches: messages are sorted by type, a block at a time (`partition.ts`), then handed over type by type.
 *
 * Every message gets the verdict that the decoder of single messages gives it. Within a type the order is kept; across
 * types a batch's positions restore it.
 */
import type { BlockTaker } from '../core/seams.js';
import { batchSource } from './batch-source.js';
import { type AccessorClasses, type AnyHandlers, type Engine, isCompiled, type UnknownHandler } from './compile.js';
import { MessagePartition, type TypeBatch } from './partition.js';
import type { Protocol } from './table.js';
import type { FlyweightBase, Handlers } from './types.js';

/**
 * What to do with batches: typed handlers, called for each message of a type and then for the next type's, `onBatch`
 * for all of a type at once, or both. Types come in the table's order, those without messages left out; `onUnknown` is
 * called last. A handler must not move the flyweight that it is given: its view is set once a batch.
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
export interface BatchDecoder extends BlockTaker {
  /** Messages handed over in the blocks before the one at hand: the whole input's number of a batch's position 0. */
  readonly firstPosition: number;
  /**
   * Decodes messages that each follow their 2-byte big-endian length, up to `end`, and hands all of them over before it
   * returns. Returns the offset of the first byte not consumed: `end`, or that of a message which `end` cuts short.
   */
  decodeBlocks(view: DataView, offset: number, end: number): number;
  /**
   * The same, but messages are kept until a block is full, another view comes or `flush` is called: for packets, which
   * hold few each. The bytes must stay as they are until then. At most `limit` messages are taken. `takeBlocks` does
   * the same, and says how many were.
   */
  collectBlocks(view: DataView, offset: number, end: number, limit?: number): number;
  /** Keeps one message of `length` bytes in the same way. */
  collect(view: DataView, offset: number, length: number): void;
  /** Hands over what is kept. */
  flush(): void;
}

/** What hands over the messages of one type that a partition holds. */
type EachMessage = (view: DataView) => void;
type EachByName = Readonly<Record<string, EachMessage | undefined>>;
type OnBatch = (type: string, offsets: Int32Array, count: number, batch: TypeBatch) => void;

let decoders = 0;

/** Builds a decoder of batches that calls `handlers`, with `handlers` as `this`. */
export function buildBatchDecoder<P extends Protocol>(
  table: P,
  classes: AccessorClasses,
  handlers: BatchHandlers<P>,
  { engine = 'auto', blockBytes }: BatchOptions = {},
): BatchDecoder {
  const anyHandlers = handlers as AnyHandlers;
  const handled = new Set(table.messages.map(({ name }) => name).filter((name) => anyHandlers[name] !== undefined));
  const onBatch = handlers.onBatch?.bind(handlers);
  const onUnknown = handlers.onUnknown?.bind(handlers);
  const build = (): SortedDecoder => {
    const partition = new MessagePartition(table, blockBytes, engine);
    const each = isCompiled(engine)
      ? compileEach(table, classes, anyHandlers, handled, partition)
      : interpretEach(classes, anyHandlers, handled, partition);
    return new SortedDecoder(
      partition,
      table.messages.map(({ name }) => each[name]),
      onBatch,
      onUnknown,
      build,
    );
  };
  return build();
}

class SortedDecoder implements BatchDecoder {
  firstPosition = 0;
  behind = 0;
  zeroLength = 0;
  private readonly partition: MessagePartition;
  private readonly each: readonly (EachMessage | undefined)[];
  private readonly onBatch: OnBatch | undefined;
  private readonly onUnknown: UnknownHandler | undefined;
  private readonly build: () => SortedDecoder;
  /** While messages are handed over: what handlers decode meanwhile goes through a decoder of its own. */
  private isBusy = false;
  private inner: SortedDecoder | null = null;

  constructor(
    partition: MessagePartition,
    each: readonly (EachMessage | undefined)[],
    onBatch: OnBatch | undefined,
    onUnknown: UnknownHandler | undefined,
    build: () => SortedDecoder,
  ) {
    this.partition = partition;
    this.each = each;
    this.onBatch = onBatch;
    this.onUnknown = onUnknown;
    this.build = build;
  }

  decodeBlocks(view: DataView, offset: number, end: number): number {
    if (this.isBusy) return this.innermost().decodeBlocks(view, offset, end);
    const behind = this.collectBlocks(view, offset, end);
    this.flush();
    return behind;
  }

  collectBlocks(view: DataView, offset: number, end: number, limit = Number.MAX_SAFE_INTEGER): number {
    this.takeBlocks(view, offset, end, limit);
    return this.behind;
  }

  takeBlocks(view: DataView, offset: number, end: number, most: number): number {
    if (this.isBusy) return this.takeWithin(view, offset, end, most);
    const { partition } = this;
    if (partition.view !== view) this.flush();
    const zeroLength = partition.zeroLength;
    let at = offset;
    for (let left = most; ; ) {
      const before = partition.count;
      at = partition.take(view, at, end, left);
      const taken = partition.count - before;
      left -= taken;
      // A view beyond 2 GiB is taken from only where nothing is held.
      if (partition.isFull || (taken === 0 && before > 0 && partition.view !== view)) this.flush();
      else if (taken === 0 || partition.view === view) {
        this.behind = at;
        this.zeroLength = (partition.zeroLength - zeroLength) | 0;
        return most - left;
      }
    }
  }

  private takeWithin(view: DataView, offset: number, end: number, most: number): number {
    const inner = this.innermost();
    const taken = inner.takeBlocks(view, offset, end, most);
    this.behind = inner.behind;
    this.zeroLength = inner.zeroLength;
    return taken;
  }

  collect(view: DataView, offset: number, length: number): void {
    if (this.isBusy) this.innermost().collect(view, offset, length);
    else {
      if (this.partition.view !== view) this.flush();
      this.partition.add(view, offset, length);
      if (this.partition.isFull) this.flush();
    }
  }

  flush(): void {
    const { partition } = this;
    if (this.isBusy) this.innermost().flush();
    else if (partition.count > 0) {
      this.isBusy = true;
      try {
        this.handOver();
      } finally {
        this.isBusy = false;
        this.firstPosition += partition.count;
        partition.clear();
        this.inner?.flush();
      }
    }
  }

  private innermost(): SortedDecoder {
    this.inner ??= this.build();
    return this.inner;
  }

  private handOver(): void {
    const { each, onBatch, onUnknown, partition } = this;
    const { batches, view } = partition;
    for (let index = 0; index < batches.length; index++) {
      const batch = batches[index] as TypeBatch;
      const { count } = batch;
      if (count === 0) continue;
      each[index]?.(view);
      onBatch?.(batch.type, batch.offsets, count, batch);
    }
    if (onUnknown === undefined) return;
    const { count, offsets, lengths } = partition.unknown;
    for (let index = 0; index < count; index++) onUnknown(view, offsets[index] as number, lengths?.[index] as number);
  }
}

function compileEach(
  table: Protocol,
  classes: AccessorClasses,
  handlers: AnyHandlers,
  handled: ReadonlySet<string>,
  { lists, starts }: MessagePartition,
): EachByName {
  const source = batchSource(table, handled, starts, decoders++);
  return new Function('classes', 'handlers', 'lists', source)(classes, handlers, lists) as EachByName;
}

function interpretEach(
  classes: AccessorClasses,
  handlers: AnyHandlers,
  handled: ReadonlySet<string>,
  { batches }: MessagePartition,
): EachByName {
  const called = batches.filter(({ message }) => message !== null && handled.has(message.name));
  return Object.fromEntries(
    called.map((batch) => {
      const name = batch.message?.name as string;
      const flyweight = new (classes[name] as new () => FlyweightBase)();
      const each: EachMessage = (view) => {
        const { offsets, count } = batch;
        for (let index = 0; index < count; index++) {
          handlers[name]?.(flyweight.wrap(view, offsets[index] as number) as never);
        }
      };
      return [name, each];
    }),
  );
}
