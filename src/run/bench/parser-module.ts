/**
 * A parser of the user's own: a module with `onMessage(view, offset, length)`, or a class that has it as a method, as
 * the default export or a named one; as default also a function that makes one, or onMessage itself. `reset()` is
 * called before each run, outside its time, and what `checksum()` returns is compared from run to run, where there are
 * such.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TickreelError, UsageError } from '../../core/errors.js';
import type { Region } from './sample.js';
import type { PreparedStage } from './stages.js';

/** What a parser module gives. */
export interface ParserModule {
  onMessage(view: DataView, offset: number, length: number): unknown;
  reset?(): unknown;
  checksum?(): unknown;
}

/** A parser that threw: `message` is its number among the sample's, from 1. */
export class ParserFailure extends TickreelError {
  readonly messageNumber: number;

  constructor(text: string, messageNumber: number, cause: unknown) {
    super('parser-threw', text, { cause });
    this.messageNumber = messageNumber;
  }
}

/** Loads the module; rejects with UsageError where there is none, it does not load, or has no such function. */
export async function loadParser(path: string): Promise<ParserModule> {
  if (!existsSync(path)) throw new UsageError('parser', `--parser: there is no file ${path}`);
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError('parser', `--parser ${path} does not load: ${describeThrown(error)}`, { cause: error });
  }
  for (const candidate of [module, madeByDefault(module.default, path), ...Object.values(module)]) {
    const parser = parserOf(candidate, path);
    if (parser !== null) return parser;
  }
  const names = Object.keys(module).join(', ') || 'nothing';
  const wanted = 'onMessage(view, offset, length), nor a class that has it as a method';
  throw new UsageError('parser', `--parser ${path} exports ${names}: no ${wanted}`);
}

/** A default export that is a function: onMessage itself, by its three arguments, or one that makes a parser. */
function madeByDefault(given: unknown, path: string): unknown {
  if (typeof given !== 'function' || /^class\b/.test(Function.prototype.toString.call(given))) return given;
  if (given.prototype?.onMessage !== undefined) return given;
  if (given.length >= 3) return { onMessage: given };
  try {
    return given();
  } catch (error) {
    throw new UsageError('parser', `--parser ${path}: its function threw: ${describeThrown(error)}`, { cause: error });
  }
}

/** An object with the method, or an instance of a class with it; null where it is neither. */
function parserOf(candidate: unknown, path: string): ParserModule | null {
  if (typeof candidate === 'function') {
    const { prototype } = candidate as { prototype?: Partial<ParserModule> };
    if (typeof prototype?.onMessage !== 'function') return null;
    try {
      return new (candidate as new () => ParserModule)();
    } catch (error) {
      const text = `--parser ${path}: new ${candidate.name}() threw: ${describeThrown(error)}`;
      throw new UsageError('parser', text, { cause: error });
    }
  }
  if (typeof candidate !== 'object' || candidate === null) return null;
  return typeof (candidate as Partial<ParserModule>).onMessage === 'function' ? (candidate as ParserModule) : null;
}

/** What was thrown, in one line, with the place in the user's own file where there is one. */
export function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return String(error).split('\n', 1)[0];
  const place = /\n\s+at (.*)/.exec(error.stack ?? '')?.[1];
  const first = `${error.name}: ${error.message}`.split('\n', 1)[0];
  return place === undefined ? first : `${first} (at ${place})`;
}

/** A message's place in its region, and the whole of them. */
export interface MessageIndex {
  readonly views: readonly DataView[];
  /** Of message n: which view, where in it, and how long it is. */
  readonly view: Uint8Array;
  readonly offset: Uint32Array;
  readonly length: Uint16Array;
}

/** Where each message lies, so that what calls a parser does nothing else. */
export function indexMessages(regions: readonly Region[], messages: number): MessageIndex {
  const index = {
    views: regions.map(({ bytes, byteCount }) => new DataView(bytes, 0, byteCount)),
    view: new Uint8Array(messages),
    offset: new Uint32Array(messages),
    length: new Uint16Array(messages),
  };
  let count = 0;
  for (const [region, { protocol, byteCount }] of regions.entries()) {
    const view = index.views[region];
    for (let at = 0; at < byteCount; count++) {
      const size = view.getUint16(at, protocol === 'mdp3');
      index.view[count] = region;
      index.offset[count] = at + 2;
      index.length[count] = protocol === 'mdp3' ? size - 2 : size;
      at += index.length[count] + 2;
    }
  }
  return index;
}

/**
 * The parser as a stage. `progress[0]` is the number of messages begun, so that who waits for one that does not return
 * can say which.
 */
export function parserStage(
  path: string,
  parser: ParserModule,
  index: MessageIndex,
  progress: Int32Array,
): PreparedStage {
  const { views, view, offset, length } = index;
  return {
    before() {
      parser.reset?.();
      return null;
    },
    run() {
      let at = 0;
      try {
        // Region by region, so that the call has one view at a time.
        for (const [region, bytes] of views.entries()) {
          for (; at < length.length && view[at] === region; at++) {
            progress[0] = at + 1;
            parser.onMessage(bytes, offset[at], length[at]);
          }
        }
      } catch (error) {
        throw new ParserFailure(describeFailure(path, index, at, error), at + 1, error);
      }
      const sum = parser.checksum?.();
      return typeof sum === 'number' ? sum : 0;
    },
  };
}

/** Calls the parser with one message, for a run whose pace is another's. */
export function parserCall(path: string, parser: ParserModule, index: MessageIndex): (message: number) => void {
  const { views, view, offset, length } = index;
  return (message) => {
    try {
      parser.onMessage(views[view[message]], offset[message], length[message]);
    } catch (error) {
      throw new ParserFailure(describeFailure(path, index, message, error), message + 1, error);
    }
  };
}

function describeFailure(path: string, index: MessageIndex, at: number, error: unknown): string {
  const place = index.offset[at];
  const code = index.views[index.view[at]].getUint8(place);
  const type = code > 0x20 && code < 0x7f ? ` (first byte ${String.fromCharCode(code)})` : '';
  return (
    `${path} threw on message ${at + 1} of ${index.length.length}${type}, ` +
    `called with offset ${place} and length ${index.length[at]}: ${describeThrown(error)}`
  );
}
