/**
 * Errors: one class per layer, each with a stable code.
 *
 * Bad input in bulk is never thrown: it is counted and reported through `Damage`. What is thrown is a bad call, a bad
 * table, a file that cannot be read at all or a socket that cannot be opened.
 */

/** The base of every error that tickreel throws on purpose; `code` is stable, `message` is for people. */
export class TickreelError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A capture file that cannot be opened or recognised. */
export class CaptureError extends TickreelError {}

/** A session that cannot be framed as asked. */
export class SessionError extends TickreelError {}

/** A message that cannot be decoded or encoded; the text carries the field path and the offset. */
export class DecodeError extends TickreelError {}

/** A message table that contradicts itself. */
export class SchemaError extends TickreelError {}

/** A destination that cannot be opened or written. */
export class SinkError extends TickreelError {}

/** A call or command line that asks for something impossible or contradictory. */
export class UsageError extends TickreelError {}
