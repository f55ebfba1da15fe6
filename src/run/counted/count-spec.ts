/** How a program that is only counted tells its counts, as the key `count` of a parser's YAML file says it. */
import { resolve } from 'node:path';
import { holderOf, mappingKeys, refuseOtherKeys, textOf } from '../../compare/mapping.js';
import { UsageError } from '../../core/errors.js';
import { parseDuration } from '../../core/time.js';
import { type AckAddress, parseAckAddress } from '../../io/ack-counter.js';
import { countReader, type ReadCount } from '../../io/counter-text.js';

/** What a count is of. */
export const countUnits = ['messages', 'packets'] as const;
export type CountUnit = (typeof countUnits)[number];

/** Where counts are read. `http` with port 0 stands for a free one, told to the program as {count-port}. */
export type CountSource =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'ack'; readonly address: AckAddress };

/** One number, and how it is picked out of what is read. */
export interface Count {
  /** `total`, or the type or name of messages. */
  readonly name: string;
  /** Null: a number at a line's beginning. */
  readonly selector: string | null;
  readonly read: ReadCount;
}

export interface CountSpec {
  readonly source: CountSource;
  /** Of all; null where types alone are counted. */
  readonly total: Count | null;
  readonly types: readonly Count[];
  readonly unit: CountUnit;
  /** A counter that has stood still for so long has come to its end. */
  readonly settleMs: number;
}

/** Keys of a mapping that say nothing of a program of which nothing but counts is known. */
export const keysNotOfCounted: readonly string[] = mappingKeys.filter((key) => key !== 'only');

const keys = ['from', 'total', 'types', 'unit', 'settle'];
const defaultSettleMs = 1000;

/**
 * Reads what stands at the key `count`: an address alone, or keys; paths are of `folder`. Throws UsageError, which
 * names `path`.
 */
export function countSpecOf(given: unknown, path: string, folder: string): CountSpec {
  const held = typeof given === 'string' ? { from: given } : holderOf(given, path);
  refuseOtherKeys(held, keys, path);
  const [from = '', picked] = splitOnce(textOf(held.from, `${path}.from`) ?? '');
  const source = sourceOf(from, path, folder);
  const types = Object.entries(holderOf(held.types, `${path}.types`)).map(([name, given]) => {
    const where = `${path}.types.${name}`;
    const selector = textOf(given, where);
    if (selector === null) throw refusal(`${where}: say which number it is`);
    return countOf(name, selector, where);
  });
  const selector = textOf(held.total, `${path}.total`) ?? picked ?? null;
  if (source.kind === 'http' && selector === null && types.length === 0) {
    throw refusal(`${path}: say which number it is: total: METRIC, or $.path.into.json, or /pattern/`);
  }
  if (source.kind === 'ack' && (selector !== null || types.length > 0)) {
    throw refusal(`${path}: ${from} tells one number alone: leave out total and types`);
  }
  const hasTotal = selector !== null || types.length === 0;
  const unit = (textOf(held.unit, `${path}.unit`) ?? 'messages') as CountUnit;
  if (!countUnits.includes(unit)) throw refusal(`${path}.unit: one of ${countUnits.join(', ')}`);
  if (unit === 'packets' && types.length > 0) throw refusal(`${path}: packets have no types: leave one out`);
  const settle = textOf(held.settle, `${path}.settle`);
  return {
    source,
    total: hasTotal ? countOf('total', selector, `${path}.total`) : null,
    types,
    unit,
    settleMs: settle === null ? defaultSettleMs : parseDuration(settle) / 1e6,
  };
}

function countOf(name: string, selector: string | null, where: string): Count {
  return { name, selector, read: countReader(selector, where) };
}

/** An address may have the total behind a '#'. */
function splitOnce(text: string): [string, string?] {
  const at = text.indexOf('#');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function sourceOf(from: string, path: string, folder: string): CountSource {
  if (from === 'stdout') return { kind: 'stdout' };
  if (/^https?:\/\//.test(from) && URL.canParse(from)) return { kind: 'http', url: from };
  if (/^(?:tcp|unix|file):/.test(from)) {
    const address = parseAckAddress(from);
    const isLocal = address.kind === 'unix' || address.kind === 'file';
    return { kind: 'ack', address: isLocal ? { ...address, path: resolve(folder, address.path) } : address };
  }
  throw refusal(`${path}.from: wants stdout, http://HOST:PORT/PATH, tcp://HOST:PORT, unix:PATH or file:PATH`);
}

function refusal(text: string): UsageError {
  return new UsageError('parser-config', text);
}
