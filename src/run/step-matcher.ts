/**
 * Whether a datagram holds a message that a step looks for.
 *
 * A symbol's locate or SecurityID is often told once, early: what was played before the step is read again, up to the
 * first message that names the symbol, and learned from.
 */

import type { Protocols } from '../analysis/protocols.js';
import { UsageError } from '../core/errors.js';
import type { DatagramReader } from '../core/seams.js';
import { isEarlier } from '../core/seek-index.js';
import { asksOfMessages, type FilterSpec, noFilter } from '../replay/filter.js';
import type { FramingOf } from '../replay/loop.js';
import type { Matcher } from '../replay/steering.js';
import { visitMessages } from '../session/mdp3-messages.js';
import { BLOCK_LENGTH_SIZE, HEADER_LENGTH, readMessageCount, readSession } from '../session/moldudp64.js';
import { END_OF_SESSION_COUNT } from '../session/moldudp64-header.js';
import { CaptureSource } from './capture-source.js';
import type { ReplaySpec } from './replay-spec.js';

/** Makes the matcher of a filter; rejects with UsageError where it asks for what no protocol has. */
export async function stepMatcher(
  filter: FilterSpec,
  spec: ReplaySpec,
  protocols: Protocols,
  framingOf: FramingOf,
  source: CaptureSource,
): Promise<Matcher> {
  if (!asksOfMessages(filter)) throw new UsageError('command', 'step: say what to look for');
  const matches = matcherOf(filter, protocols, framingOf);
  if (filter.symbols.length > 0 && source.isRepeatable) await learn(matches, spec, protocols, source.reader);
  return matches;
}

function matcherOf(filter: FilterSpec, protocols: Protocols, framingOf: FramingOf): Matcher {
  const { itch, mdp3 } = protocols.filters(filter);
  const streams = new Map<string, number>();
  const keyOf = ({ view, offset, flow }: DatagramReader): number => {
    const name = `${flow.name} ${readSession(view, offset)}`;
    const key = streams.get(name) ?? streams.size;
    streams.set(name, key);
    return key;
  };
  const wantsMdp3 = (view: DataView, offset: number, length: number): boolean =>
    protocols.wantsMdp3(mdp3, view, offset, length);
  return (reader) => {
    const { view, offset, length, flow } = reader;
    const framing = framingOf(view, offset, length, flow);
    if (framing === null) return false;
    if (framing === 'mdp3') return visitMessages(view, offset, length, wantsMdp3);
    const count = readMessageCount(view, offset);
    if (count === END_OF_SESSION_COUNT) return false;
    const end = offset + length;
    const key = keyOf(reader);
    let isFound = false;
    let at = offset + HEADER_LENGTH;
    // Every message is shown to the filter, which learns from them.
    for (let left = count; left > 0 && at + BLOCK_LENGTH_SIZE <= end; left--) {
      const messageLength = view.getUint16(at);
      const start = at + BLOCK_LENGTH_SIZE;
      at = start + messageLength;
      if (at <= end && itch.acceptsMessage(view, start, messageLength, key)) isFound = true;
    }
    return isFound;
  };
}

/** Shows the matcher what was played before the datagram at hand, until it has met the symbol. */
async function learn(matches: Matcher, spec: ReplaySpec, protocols: Protocols, here: DatagramReader): Promise<void> {
  const { seconds, nanoseconds } = here;
  const { from: _from, until: _until, ...rest } = spec;
  const whole = { ...rest, filter: noFilter, loops: 1, keepDestinations: false };
  const before = await CaptureSource.open(whole, () => {}, protocols.mdp3);
  try {
    for (;;) {
      const { reader } = before;
      if (reader.next()) {
        if (isEarlier({ seconds, nanoseconds }, reader) || matches(reader)) return;
      } else if (reader.done) return;
      else await before.fill();
    }
  } finally {
    await before.close();
  }
}
