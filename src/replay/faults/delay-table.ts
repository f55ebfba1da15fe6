/**
 * Distributions of delays from text: a percentile distribution of HdrHistogram (`.hgrm`, what `--hgrm` writes), or two
 * columns, a delay (`100us`, or a plain number of nanoseconds) and its weight.
 *
 * Of a percentile distribution everything between two of its lines is as likely; of two columns only what they list is
 * drawn. Lines that begin with `#` are remarks, but for that which says the unit of an `.hgrm`.
 */
import { UsageError } from '../../core/errors.js';
import { parseDuration } from '../../core/time.js';
import { type DelayTable, maxDelayNs } from './fault.js';

const unitLine = /^#\[Values are in units of (\d+(?:\.\d+)?) ns\]/m;
const maxLines = 1_000_000;

/** Reads either form; `path` names the file in errors. Throws UsageError. */
export function readDelayTable(text: string, path: string): DelayTable {
  const lines = text.split('\n', maxLines + 1).map((line) => line.trim());
  if (lines.length > maxLines) throw refusal(path, `more than ${maxLines} lines`);
  return /^Value\s+Percentile/m.test(text.trimStart()) ? readPercentiles(lines, text, path) : readWeights(lines, path);
}

function readPercentiles(lines: readonly string[], text: string, path: string): DelayTable {
  const unit = unitLine.exec(text);
  if (unit === null) {
    const line = '#[Values are in units of 1000 ns]';
    throw refusal(path, `a percentile distribution without its unit: add the line ${line} (for microseconds)`);
  }
  const valuesNs: number[] = [];
  const upTo: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (!/^[\d.]/.test(line)) continue;
    const [value, percentile] = line.split(/\s+/, 2).map(Number);
    const ns = value * Number(unit[1]);
    const isRight = ns >= (valuesNs.at(-1) ?? 0) && percentile >= (upTo.at(-1) ?? 0) && percentile <= 1;
    if (!isRight) throw refusal(path, `line ${index + 1}: '${line}' is no value and percentile behind the line before`);
    if (percentile === upTo.at(-1)) {
      // A step: the higher value ends it.
      valuesNs[valuesNs.length - 1] = ns;
      continue;
    }
    valuesNs.push(checked(ns, path, index));
    upTo.push(percentile);
  }
  if (valuesNs.length === 0) throw refusal(path, 'no line of values: nothing was recorded');
  upTo[upTo.length - 1] = 1;
  return { valuesNs, upTo, isContinuous: true };
}

function readWeights(lines: readonly string[], path: string): DelayTable {
  const rows: [ns: number, weight: number][] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [delay = '', weight = '', ...others] = line.split(/[\s,]+/);
    if (others.length > 0 || !/^\d+(\.\d+)?$/.test(weight)) {
      throw refusal(path, `line ${index + 1}: '${line}' is not a delay and its weight, such as '100us 3'`);
    }
    rows.push([checked(delayOf(delay, path, index), path, index), Number(weight)]);
  }
  const total = rows.reduce((sum, [, weight]) => sum + weight, 0);
  if (!(total > 0 && Number.isFinite(total))) throw refusal(path, 'no delay has a weight: write lines such as 100us 3');
  rows.sort(([one], [other]) => one - other);
  let sum = 0;
  const kept = rows.filter(([, weight]) => weight > 0);
  const upTo = kept.map(([, weight]) => {
    sum += weight;
    return sum / total;
  });
  return { valuesNs: kept.map(([ns]) => ns), upTo, isContinuous: false };
}

function delayOf(text: string, path: string, index: number): number {
  if (/^\d+$/.test(text)) return Number(text);
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof UsageError) throw refusal(path, `line ${index + 1}: ${error.message}`);
    throw error;
  }
}

function checked(ns: number, path: string, index: number): number {
  if (ns <= maxDelayNs) return ns;
  throw refusal(path, `line ${index + 1}: longer than an hour, the longest delay`);
}

function refusal(path: string, text: string): UsageError {
  return new UsageError('delay-histogram', `${path}: ${text}`);
}
