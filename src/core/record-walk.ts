/** What cuts a file into parts at the bounds of its records, as one thread does for others that read the parts. */

/** A walk over bytes that come piece by piece, each piece beginning where the walk over the last one stopped. */
export interface RecordWalk {
  /** Packets, or records of a BinaryFILE, walked over so far. */
  readonly records: number;
  /** Whether the last `walk` met nothing but packets, so that another reader can read them. */
  readonly isPlain: boolean;
  /** Set where what follows is no record: nothing behind can be told apart. */
  readonly isLost: boolean;
  /** The bytes that a reader needs to be shown before it can begin where the walk stands. */
  readonly description: Uint8Array;
  /** Walks from `from` over all that is whole before `limit`; returns where it stopped. */
  walk(view: DataView, from: number, limit: number): number;
}
