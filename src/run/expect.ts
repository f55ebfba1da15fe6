/** The regression kit for test runners: captures as messages and events, parsers that are to decode them as we do. */
import type { FileDamage } from '../analysis/damage-log.js';
import { type Input, inputSpecOf } from '../analysis/input.js';
import { type Mapping, mappingKeys, mappingOf, refuseOtherKeys } from '../compare/mapping.js';
import type { MessagePlace } from '../compare/message.js';
import { DecodeError } from '../core/errors.js';
import type { itch50 } from '../protocol/itch50/index.js';
import type { FilterSpec } from '../replay/filter.js';
import { noFilter } from '../replay/filter.js';
import type { SbeValues } from '../schema/sbe/plain-values.js';
import type { AnyValues } from '../schema/types.js';
import { checkHere, checkParser } from './check-capture.js';
import type { CheckReport } from './check-spec.js';
import { caseLines } from './check-text.js';
import { CaptureMessages, type CaptureMessagesOptions } from './message-source.js';
import type { ParserLike } from './parser-contract.js';
import { parserSpecOf } from './parser-spec.js';

/** A message of a capture: `values` narrow by `protocol`, and those of ITCH by their `type`. */
export type CaptureMessage = MessagePlace & { readonly bytes: Uint8Array } & (
    | { readonly protocol: 'itch50'; readonly values: AnyValues<typeof itch50> }
    | { readonly protocol: 'mdp3'; readonly values: SbeValues }
  );

/** What a capture brings, in its order. */
export type CaptureEvent =
  | { readonly kind: 'message'; readonly message: CaptureMessage }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number; readonly session: string | null }
  | { readonly kind: 'heartbeat'; readonly nextSequence: number; readonly session: string | null }
  | { readonly kind: 'damage'; readonly damage: FileDamage };

export interface ExpectOptions {
  /** What is different in the parser's output, as in a YAML file: `{ ignore: ['trackingNumber'] }`. */
  map?: Readonly<Record<string, unknown>>;
  /** Causes that are known and no failure, as reports call them. */
  accepted?: readonly string[];
}

/**
 * Resolves where the parser decodes the capture as we do, with the report; rejects with DecodeError, whose text has the
 * first divergence and all causes. `parser`: what is exported by a parser module, or as `check --parser` takes it.
 */
export async function expectDecodesLike(
  parser: ParserLike | string,
  capture: Input,
  { map = {}, accepted = [] }: ExpectOptions = {},
): Promise<CheckReport> {
  refuseOtherKeys(map, mappingKeys, 'map');
  const options = { input: inputSpecOf(capture), accepted: new Set(accepted) };
  const report =
    typeof parser === 'string'
      ? await checkParser(await withMapping(parser, map), options)
      : await checkHere(parser, mappingOf(map, 'map'), options);
  if (report.verdict === 'pass') return report;
  throw new DecodeError(report.verdict, caseLines(report).join('\n'));
}

/** Calls for each message in the capture's order, and waits where it is given a promise; resolves with their number. */
export async function forEachMessage(
  capture: Input,
  onMessage: (message: CaptureMessage) => void | Promise<void>,
  filter: FilterSpec = noFilter,
): Promise<number> {
  let count = 0;
  for await (const message of captureMessages(capture, filter)) {
    count++;
    const waiting = onMessage(message);
    if (waiting instanceof Promise) await waiting;
  }
  return count;
}

/** The messages of a capture, decoded; leaving the loop closes it. Throws CaptureError where it cannot be read. */
export async function* captureMessages(
  capture: Input,
  filter: FilterSpec = noFilter,
): AsyncGenerator<CaptureMessage, void, void> {
  for await (const event of captureEvents(capture, filter)) if (event.kind === 'message') yield event.message;
}

/** All that a capture brings: messages, gaps in their numbers, heartbeats and damage. */
export async function* captureEvents(
  capture: Input,
  filter: FilterSpec = noFilter,
): AsyncGenerator<CaptureEvent, void, void> {
  // What comes between messages, by how many came before it.
  const between: { at: number; event: CaptureEvent }[] = [];
  let source: CaptureMessages | null = null;
  const note = (event: CaptureEvent): void => {
    between.push({ at: source?.taken ?? 0, event });
  };
  const options: CaptureMessagesOptions = {
    filter,
    onDamage: (damage) => note({ kind: 'damage', damage }),
    onGap: (from, to, { session }) => note({ kind: 'gap', from, to, session }),
    onHeartbeat: (nextSequence, { session }) => note({ kind: 'heartbeat', nextSequence, session }),
  };
  source = await CaptureMessages.open(capture, options);
  let count = 0;
  try {
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      for (const { place, protocol, values, bytes } of batch) {
        for (; between[0] !== undefined && between[0].at <= count; between.shift()) yield between[0].event;
        count++;
        yield { kind: 'message', message: { ...place, protocol, values, bytes } as CaptureMessage };
      }
    }
    for (const { event } of between) yield event;
  } finally {
    await source.close();
  }
}

async function withMapping(parser: string, map: Readonly<Record<string, unknown>>) {
  const spec = await parserSpecOf(parser);
  const mapping: Mapping = Object.keys(map).length === 0 ? spec.mapping : mappingOf(map, 'map');
  return { ...spec, mapping };
}
