/** What a part's verdicts hang on: how flows were recognised and what streams spoke before it. */
import type { Flow, Stream } from '../../core/seams.js';
import type { ForcedFraming } from '../../session/demux.js';
import { forcedFraming, type InputSpec } from '../input.js';
import type { JudgedStream } from './part.js';

/** Messages that a stream is taken to have had before the part, all of them fitting: more than a part holds. */
export const trustedFit = 2 ** 40;

/** A part's streams are trusted where their flows were known before it. */
export function creditOf(known: (flow: Flow) => ForcedFraming): (stream: Stream) => number {
  return ({ flow }) => (flow === null || known(flow) !== undefined ? trustedFit : 0);
}

/** What the user says of a flow, else what is known of it. */
export function forcedFramingOf(spec: InputSpec, known?: (flow: Flow) => ForcedFraming): (flow: Flow) => ForcedFraming {
  const force = forcedFraming(spec);
  return known === undefined ? force : (flow) => force(flow) ?? known(flow);
}

/** Finds the stream here that one of a part is; null where there is none yet. */
export function streamFinder(
  streams: readonly Stream[],
  flows: readonly Flow[],
  fileStream: Stream | null,
): (one: JudgedStream) => Stream | null {
  return ({ flow, session }) => {
    if (flow < 0) return fileStream;
    const own = flows[flow];
    return streams.find((stream) => stream.flow === own && stream.session === session) ?? null;
  };
}
