/** `binary-parser`, the engine of the reference decoders, loaded at the first parser: nothing else waits for it. */
import { createRequire } from 'node:module';
// The package declares no types for its ES module; its CommonJS build, named by path, has them.
import type { Parser } from 'binary-parser/dist/binary_parser.js';

export type { Parser } from 'binary-parser/dist/binary_parser.js';

let library: { readonly Parser: new () => Parser } | undefined;

/** A parser of nothing yet. */
export function newParser(): Parser {
  library ??= createRequire(import.meta.url)('binary-parser/dist/binary_parser.js') as typeof library;
  return new (library as NonNullable<typeof library>).Parser();
}
