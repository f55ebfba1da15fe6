/**
 * Numbers that a program shows of itself, picked out of text: a metric of Prometheus' text format (0.0.4, OpenMetrics
 * alike), a path into JSON, or what a pattern finds.
 */
import { SinkError, UsageError } from '../core/errors.js';

/** The number that a text shows; null where it shows none. Throws SinkError where what stands there is no count. */
export type ReadCount = (text: string) => number | null;

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const label = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;
/** Names of metrics that are told where the one asked for is not there. */
const toldNames = 5;
/** What stands at the beginning of a line. */
const leadingNumber = /^\s*(\d[\d,_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)/m;

/**
 * Reads what a number is picked by: `$.path.to[0].it` of JSON, `/pattern/` whose first group (or all of it) is the
 * number, `name` or `name{label="value"}` of Prometheus, where series that match are added up; null: a number at a
 * line's beginning. Throws UsageError, which begins with `where`.
 */
export function countReader(selector: string | null, where: string): ReadCount {
  if (selector === null) return matcher(leadingNumber, 'a line');
  if (selector.startsWith('$')) return jsonReader(selector, where);
  const pattern = /^\/(.+)\/([im]*)$/.exec(selector);
  if (pattern === null) return metricReader(selector, where);
  try {
    return matcher(new RegExp(pattern[1] as string, `m${pattern[2]?.replace('m', '')}`), selector);
  } catch (error) {
    throw new UsageError('counter', `${where}: it is no regular expression: ${(error as Error).message}`);
  }
}

/** The metrics that a text has, a few of them, for who looks for another. */
export function metricNames(text: string): string[] {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const [name] = metricName.exec(line) ?? [];
    if (name !== undefined) names.add(name);
    if (names.size === toldNames) break;
  }
  return [...names];
}

/** The last match counts. */
function matcher(pattern: RegExp, name: string): ReadCount {
  const all = new RegExp(pattern.source, `g${pattern.flags}`);
  return (text) => {
    let found: string | null = null;
    for (const match of text.matchAll(all)) found = match[1] ?? match[0];
    return found === null ? null : countOf(found.replace(/[,_]/g, ''), name);
  };
}

function jsonReader(selector: string, where: string): ReadCount {
  const rest = selector.slice(1);
  const keys = [...rest.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\["([^"]+)"\]/g)];
  if (keys.length === 0 || keys.map(([all]) => all).join('') !== rest) {
    throw new UsageError('counter', `${where}: '${selector}' is no path into JSON, such as $.stats.feeds[0].messages`);
  }
  return (text) => {
    let at: unknown;
    try {
      at = JSON.parse(text);
    } catch {
      return null;
    }
    for (const [, name, index, quoted] of keys) {
      if (typeof at !== 'object' || at === null) return null;
      at = (at as Record<string, unknown>)[name ?? index ?? quoted ?? ''];
    }
    return at === undefined ? null : countOf(typeof at === 'string' ? at : JSON.stringify(at), selector);
  };
}

function metricReader(selector: string, where: string): ReadCount {
  const [name] = metricName.exec(selector) ?? [''];
  const braces = selector.slice(name.length).trim();
  const wanted = braces === '' ? new Map<string, string>() : labelsOf(/^\{(.*)\}$/s.exec(braces)?.[1] ?? '?');
  if (name === '' || wanted === null) {
    const text =
      'a metric as name or name{label="value"}, a path as $.stats.messages, or a pattern as /counted (\\d+)/';
    throw new UsageError('counter', `${where}: '${selector}' picks no number: wants ${text}`);
  }
  return (text) => {
    let sum: number | null = null;
    for (const line of text.split('\n')) {
      if (!line.startsWith(name)) continue;
      const sample = /^(?:\{(.*)\})?\s+(\S+)(?:\s+\S+)?\s*$/.exec(line.slice(name.length));
      const labels = sample === null ? null : labelsOf(sample[1] ?? '');
      if (labels === null || [...wanted].some(([key, value]) => labels.get(key) !== value)) continue;
      sum = (sum ?? 0) + countOf(sample?.[2] ?? '', selector);
    }
    return sum;
  };
}

/** Null where they are not written as labels are. */
function labelsOf(text: string): Map<string, string> | null {
  const labels = new Map<string, string>();
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const match = label.exec(text);
    if (match === null) return null;
    labels.set(match[1] as string, unescaped(match[2] as string));
  }
  return labels;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_all, one: string) => (one === 'n' ? '\n' : one));
}

function countOf(text: string, name: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new SinkError('counter-number', `${name} is ${text.slice(0, 40)}, which is no count`);
}
