/**
 * A script of faults in YAML:
 *
 *     seed: 7
 *     faults:
 *       - "A: loss 0.1%"            # as on the command line
 *       - line: B                   # or a line and a window once, …
 *         from: 10s
 *         until: 20s
 *         loss: seq 1000-1010       # … and behind each kind what would follow it there
 *         delay: normal 100us 20us
 */
import type { Node, Pair, YAMLMap } from 'yaml';
import { UsageError } from '../core/errors.js';
import { type Fault, faultKinds } from '../replay/faults/fault.js';
import { parseFaults } from '../replay/faults/parse.js';

const topKeys = ['seed', 'faults'];
const entryKeys = ['line', 'from', 'until', ...faultKinds];

export interface FaultScript {
  readonly faults: Fault[];
  readonly seed: number | string | null;
}

type Yaml = typeof import('yaml');

/** Reads a script; `path` names it in errors. Rejects with UsageError, which tells the line. */
export async function parseFaultScript(text: string, path: string): Promise<FaultScript> {
  // Loaded for a script alone.
  const yaml = await import('yaml');
  const { isMap, isScalar, isSeq } = yaml;
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  const whereOf = (node: unknown): string => {
    const offset = (node as Node | null)?.range?.[0];
    return offset === undefined ? path : `${path}, line ${lines.linePos(offset).line}`;
  };
  if (error !== undefined) throw refusal(`${path}: ${error.message.split('\n')[0].replace(/:$/, '')}`);
  const root = document.contents;
  if (!isMap(root)) throw refusal(`${path}: no script: it begins with "faults:", and a list of them below`);
  refuseOtherKeys(yaml, root, topKeys, whereOf);
  const seed: unknown = root.get('seed');
  const isSeed =
    seed === undefined || (Number.isSafeInteger(seed) && (seed as number) >= 0) || typeof seed === 'string';
  if (!isSeed) throw refusal(`${whereOf(root.get('seed', true))}: seed is a whole number or a text`);
  const list: unknown = root.get('faults', true);
  if (!isSeq(list)) throw refusal(`${whereOf(list ?? root)}: faults is a list: write each behind "- "`);
  const faults = list.items.flatMap((item) => {
    if (isMap(item)) return entryOf(yaml, item, whereOf);
    if (isScalar(item) && typeof item.value === 'string') return parseFaults(item.value, whereOf(item));
    throw refusal(`${whereOf(item)}: a fault is a text such as "A: loss 0.1%", or has keys such as line and loss`);
  });
  return { faults, seed: (seed as number | string | undefined) ?? null };
}

/** Every kind of an entry is a fault of its line and window. */
function entryOf(yaml: Yaml, entry: YAMLMap, whereOf: (node: unknown) => string): Fault[] {
  refuseOtherKeys(yaml, entry, entryKeys, whereOf);
  const line = textOf(yaml, entry, 'line', whereOf);
  const window = ['from', 'until'].flatMap((key) => {
    const time = textOf(yaml, entry, key, whereOf);
    return time === null ? [] : [`${key} ${time}`];
  });
  const kinds = entry.items.filter((pair) => faultKinds.some((kind) => kind === keyOf(yaml, pair)));
  if (kinds.length === 0) throw refusal(`${whereOf(entry)}: says nothing to do: add a key such as loss or delay`);
  return kinds.flatMap((pair) => {
    const kind = keyOf(yaml, pair);
    const values = yaml.isSeq(pair.value) ? pair.value.items : [pair.value];
    return values.map((value) => {
      const scope = line === null ? '' : `${line}: `;
      const words = [kind, wordsOf(yaml, value, kind, whereOf), ...window].filter((word) => word !== '').join(' ');
      return parseFaults(`${scope}${words}`, whereOf(value ?? pair.key))[0];
    });
  });
}

function refuseOtherKeys(yaml: Yaml, map: YAMLMap, keys: readonly string[], whereOf: (node: unknown) => string): void {
  const other = map.items.find((pair) => !keys.includes(keyOf(yaml, pair)));
  if (other !== undefined) {
    throw refusal(`${whereOf(other.key)}: '${keyOf(yaml, other)}' is no key here: there are ${keys.join(', ')}`);
  }
}

function textOf(yaml: Yaml, entry: YAMLMap, key: string, whereOf: (node: unknown) => string): string | null {
  const node: unknown = entry.get(key, true);
  return node === undefined ? null : wordsOf(yaml, node, key, whereOf);
}

/** What stands behind a key, as one text: numbers as they were written. */
function wordsOf(yaml: Yaml, node: unknown, key: string, whereOf: (node: unknown) => string): string {
  if (yaml.isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number')) {
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }
  throw refusal(`${whereOf(node)}: ${key} wants a text, as behind it on the command line`);
}

function keyOf(yaml: Yaml, { key }: Pair): string {
  return yaml.isScalar(key) ? String(key.value) : String(key);
}

function refusal(text: string): UsageError {
  return new UsageError('fault-script', text);
}
