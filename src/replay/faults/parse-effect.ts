/** What a fault does, as written: its kind and the kind's own parameters. */
import { parseRational, type Rational } from '../../core/rational.js';
import { parseShare } from '../../core/share.js';
import { type Delay, type FaultEffect, type FaultKind, faultKinds, type Span } from './fault.js';
import { problem, type Words } from './words.js';

const maxCopies = 100;
const maxBits = 1000;
/** A packet waits for so many others at most. */
export const maxReorderDistance = 10_000;
const maxLength = 65_535;
const defaultQueuePackets = 1000;
const rateForms = '10MB/s, 1Gbps or 100kpps';
const scales: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20 };
/** What other tools call them. */
const otherNames: Readonly<Record<string, FaultKind>> = {
  drop: 'loss',
  lose: 'loss',
  duplicate: 'dup',
  duplication: 'dup',
  reordering: 'reorder',
  corruption: 'corrupt',
  latency: 'delay',
};

/** Reads it. Throws UsageError. */
export function parseEffect(words: Words): FaultEffect {
  const word = words.take(`a kind of fault (${faultKinds.join(', ')})`);
  const kind = faultKinds.find((name) => name === word);
  if (kind === undefined) {
    const other = otherNames[word];
    const hint = other === undefined ? `there are ${faultKinds.join(', ')}` : `write ${other}`;
    throw problem(`'${word}' is no kind of fault: ${hint}`);
  }
  return readers[kind](words);
}

/** Whether an effect is done to all packets where none are named. */
export function isForAll(kind: FaultKind): boolean {
  return kind === 'delay' || kind === 'jitter';
}

const readers: Readonly<Record<FaultKind, (words: Words) => FaultEffect>> = {
  rate: parseRate,
  loss: () => ({ kind: 'loss' }),
  truncate: parseTruncate,
  corrupt: parseCorrupt,
  dup: parseDup,
  delay: (words) => ({ kind: 'delay', delay: parseDelay(words) }),
  jitter: (words) => ({ kind: 'jitter', delay: parseDelay(words) }),
  reorder: parseReorder,
};

function parseRate(words: Words): FaultEffect {
  const word = words.take(`a rate such as ${rateForms}`);
  const match = /^([\d./]*\d)([kMG]?)(B\/s|bps|bits?\/s|pps|packets\/s)$/.exec(word);
  if (match === null) throw problem(`'${word}' is no rate: write ${rateForms}`);
  const unit = match[3].startsWith('p') ? 'packets' : 'bits';
  const perSecond = parseRational(match[1], scales[match[2]] * (match[3] === 'B/s' ? 8 : 1));
  if (perSecond === null || !isKept(perSecond)) {
    throw problem(`'${word}': a rate is above 0, below ${rateForms.split(' ')[0]} × 10^9, and has at most 15 digits`);
  }
  const queue = words.takeIf('queue') ? parseQueue(words) : { packets: defaultQueuePackets, bytes: Number.NaN };
  const queuePackets = Number.isNaN(queue.packets) ? Number.POSITIVE_INFINITY : queue.packets;
  const queueBytes = Number.isNaN(queue.bytes) ? Number.POSITIVE_INFINITY : queue.bytes;
  return { kind: 'rate', unit, perSecond, queuePackets, queueBytes };
}

/** A packet may take no longer than the clock is exact for, and no less than a thousandth of a nanosecond. */
function isKept({ numerator, denominator }: Rational): boolean {
  const perSecond = numerator / denominator;
  return perSecond >= 1e-3 && perSecond <= 1e15;
}

function parseQueue(words: Words): { packets: number; bytes: number } {
  const wanted = 'a length such as 100 (packets) or 64kB';
  const word = words.take(wanted);
  const match = /^(\d{1,12})(?:([kMG]|[KM]i)?B)?$/.exec(word);
  if (match === null) throw problem(`'${word}' is no queue: write ${wanted}`);
  if (!word.endsWith('B')) {
    words.takeIf('packets');
    return { packets: Number(match[1]), bytes: Number.NaN };
  }
  return { packets: Number.NaN, bytes: Number(match[1]) * scales[match[2] ?? ''] };
}

function parseTruncate(words: Words): FaultEffect {
  if (words.takeIf('by')) {
    return { kind: 'truncate', to: null, by: words.count('a number of bytes such as 10', 1, maxLength) };
  }
  words.takeIf('to');
  const to = startsCounts(words) ? words.counts('a length in bytes such as 40 or 20-60', 0, maxLength) : null;
  return { kind: 'truncate', to, by: 0 };
}

function parseCorrupt(words: Words): FaultEffect {
  const bits = startsCounts(words) ? words.count('a number of bits such as 3', 1, maxBits) : 1;
  if (!words.takeIf('bits')) words.takeIf('bit');
  const checksum = words.takeIf('stale') ? 'stale' : 'fixed';
  if (checksum === 'fixed') words.takeIf('fixed');
  return { kind: 'corrupt', bits, checksum };
}

function parseDup(words: Words): FaultEffect {
  const copies = startsCounts(words) ? words.count('a number of copies such as 1', 1, maxCopies) : 1;
  const delay = words.takeIf('after') ? parseDelay(words) : atOnce;
  return { kind: 'dup', copies, delay };
}

function parseReorder(words: Words): FaultEffect {
  const { next } = words;
  const forms = '3 or 1-4 (packets that go first), or a time such as 100us';
  if (next === undefined) throw problem(`does not say by how much: write ${forms}`);
  if (isShare(next)) throw problem(`'${next}' is no distance: write ${forms}, and behind it which packets`);
  if (/^\d+(-\d+)?$/.test(next)) {
    const behind: Span = words.counts('a number of packets such as 3 or 1-4', 1, maxReorderDistance);
    return { kind: 'reorder', behind, delay: null };
  }
  return { kind: 'reorder', behind: null, delay: parseDelay(words) };
}

const atOnce: Delay = { kind: 'span', span: { least: 0, most: 0 } };

function parseDelay(words: Words): Delay {
  if (words.takeIf('normal')) {
    return { kind: 'normal', meanNs: words.duration('a mean such as 100us'), deviationNs: words.duration(deviation) };
  }
  if (words.takeIf('pareto')) {
    const leastNs = words.duration('a least delay such as 50us');
    return { kind: 'pareto', leastNs, shape: words.number('a shape above 0 such as 3') };
  }
  if (words.takeIf('histogram')) return { kind: 'histogram', path: words.path(), table: null };
  const { next } = words;
  if (next !== undefined && !/^[\d.]/.test(next)) {
    const forms = '100us, 20us-80us, normal 100us 20us, pareto 50us 3 or histogram FILE';
    throw problem(`'${next}' is no delay: write ${forms}`);
  }
  return { kind: 'span', span: words.durations() };
}

const deviation = 'a standard deviation such as 20us';

function startsCounts({ next }: Words): boolean {
  return next !== undefined && /^\d+(-\d+)?$/.test(next);
}

function isShare(word: string): boolean {
  return parseShare(word) !== null;
}
