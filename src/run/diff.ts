/** Two captures, or two decodes, or one of each, compared message by message. */
import type { FileDamage } from '../analysis/damage-log.js';
import { type InputSpec, isStandardInput } from '../analysis/input.js';
import { Comparison, type ComparisonCounts } from '../compare/comparison.js';
import type { Divergence, DivergenceCause } from '../compare/divergence.js';
import { locator } from '../compare/locate.js';
import { type CompareRules, plainRules } from '../compare/values.js';
import { CaptureError, UsageError } from '../core/errors.js';
import { type FilterSpec, noFilter } from '../replay/filter.js';
import { messagesAround } from './around.js';
import { compareSources } from './compare-sources.js';
import { CaptureMessages, type Keying, type MessageSource } from './message-source.js';
import { NdjsonMessages } from './ndjson-source.js';

/** One side: a capture, or a decode in NDJSON. */
export interface DiffSide {
  readonly input: InputSpec;
  readonly filter?: FilterSpec;
}

export interface DiffOptions {
  /** Fields that may differ, by name or path without indexes. */
  ignore?: readonly string[];
  /** Match messages by number alone, whatever their session is called. Default: where either side names none. */
  ignoreSession?: boolean;
  /** Another order is no difference. */
  ignoreOrder?: boolean;
  /** Messages that wait on either side for their like. */
  window?: number;
  limit?: number;
  onDamage?: (damage: FileDamage) => void;
  onProgress?: (messages: number) => void;
}

/** The object that `diff --json` prints: stable keys. `left` is A, `right` is B; `missing` are in A alone. */
export interface DiffReport {
  readonly a: string;
  readonly b: string;
  readonly equal: boolean;
  readonly counts: ComparisonCounts;
  /** Messages given up because more than the window waited; their like may have come later. */
  readonly beyondWindow: number;
  readonly causes: readonly DivergenceCause[];
  readonly first: Divergence | null;
  readonly divergences: readonly Divergence[];
  readonly around: readonly { readonly distance: number; readonly text: string }[];
  /** Reports of damage of either capture. */
  readonly damage: number;
}

/** Fields that a decode may have, and a capture by itself has not. */
const decodeKeys = ['symbol', 'name'];

/** Compares; rejects with UsageError or CaptureError where a side cannot be read. */
export async function diffCaptures(a: DiffSide, b: DiffSide, options: DiffOptions = {}): Promise<DiffReport> {
  const sides = [a, b];
  if (sides.filter(({ input }) => input.paths.some(isStandardInput)).length > 1) {
    throw new UsageError('stdin', 'standard input can be one side of a diff');
  }
  const first = await openSide(a, 'session', options);
  let opened: Opened[] = [first];
  try {
    opened = [first, await openSide(b, 'session', options)];
    if (options.ignoreSession ?? opened.some(({ hasSessions }) => !hasSessions)) {
      for (const { source } of opened) source.ignoreSession();
    }
    const [left, right] = opened as [Opened, Opened];
    const comparison = new Comparison({
      rules: () => rulesOf(options.ignore ?? [], left.isDecode || right.isDecode),
      ordered: options.ignoreOrder !== true,
      ...(options.window === undefined ? {} : { window: options.window }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(left.locate === undefined ? {} : { locate: left.locate }),
    });
    await compareSources(comparison, left.source, right.source, options.onProgress);
    return await reportOf(comparison, a, b, opened as [Opened, Opened]);
  } finally {
    await Promise.all(opened.map(({ source }) => source.close()));
  }
}

interface Opened {
  readonly source: MessageSource & { ignoreSession(): void };
  readonly isDecode: boolean;
  readonly hasSessions: boolean;
  readonly locate?: ReturnType<typeof locator>;
  damage(): number;
}

async function openSide({ input, filter }: DiffSide, keying: Keying, options: DiffOptions): Promise<Opened> {
  const { onDamage } = options;
  try {
    const source = await CaptureMessages.open(input, {
      keying,
      filter: filter ?? noFilter,
      ...(onDamage === undefined ? {} : { onDamage }),
    });
    const { reading } = source;
    return {
      source,
      isDecode: false,
      hasSessions: reading.input.messageFiles.length === 0,
      locate: locator(reading.protocols.mdp3.catalogue),
      damage: () => reading.damage.total,
    };
  } catch (error) {
    const [path = ''] = input.paths;
    const isText = error instanceof CaptureError && ['unknown-format', 'binaryfile-framing'].includes(error.code);
    if (!isText || input.paths.length !== 1 || isStandardInput(path)) throw error;
    if (filter !== undefined) throw new UsageError('filter', `${path} is no capture: filters are for captures`);
    const source = await NdjsonMessages.open(path, keying, onDamage);
    try {
      const hasSessions = await source.peekSession();
      return { source, isDecode: true, hasSessions, damage: () => source.rubbish };
    } catch (refused) {
      await source.close();
      throw refused;
    }
  }
}

function rulesOf(ignore: readonly string[], isDecode: boolean): CompareRules {
  return { ...plainRules, ignored: new Set(ignore), optional: new Set(isDecode ? decodeKeys : []) };
}

async function reportOf(
  comparison: Comparison,
  a: DiffSide,
  b: DiffSide,
  opened: readonly [Opened, Opened],
): Promise<DiffReport> {
  const { log, counts, beyondWindow, isEqual } = comparison;
  const { first } = log;
  const isReadable = !opened[0].isDecode && !a.input.paths.some(isStandardInput);
  const filter = a.filter === undefined ? {} : { filter: a.filter };
  return {
    a: a.input.paths.join(', '),
    b: b.input.paths.join(', '),
    equal: isEqual,
    counts,
    beyondWindow,
    causes: log.causes,
    first,
    divergences: log.kept,
    around: first === null || !isReadable ? [] : await messagesAround(a.input, first.ordinal, filter),
    damage: opened[0].damage() + opened[1].damage(),
  };
}
