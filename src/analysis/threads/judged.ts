/** What a part's verdicts hang on: how flows were recognised and what streams spoke before it. */
import { OTHER_FLOWS } from '../../capture/flow.js';
import type { Flow, Stream } from '../../core/seams.js';
import type { ForcedFraming } from '../../session/demux.js';
import { MAX_STREAMS } from '../../session/stream.js';
import { forcedFraming, type InputSpec } from '../input.js';
import type { MessageFeed } from '../message-feed.js';
import { farNs } from '../run-clock.js';
import type { JudgedPart, JudgedStream } from './part.js';

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

/** Whether a part's messages, judged elsewhere without what came before it, would be judged alike here. */
export function judgesAlike(feed: MessageFeed, judged: JudgedPart): boolean {
  const { demux, gate, input, baseSeconds } = feed;
  const { flows } = input;
  // Nothing of it takes part. (The first record of all says where the capture begins, though.)
  if (judged.records === 0) return feed.recordsRead > 0;
  // The first record says what time counts from, and where the capture begins.
  if (feed.records === 0 || isFar(judged, baseSeconds)) return false;
  if (demux.streams.length + judged.streams.length > MAX_STREAMS) return false;
  const streamOf = streamFinder(demux.streams, flows, feed.fileStreams[input.current] ?? null);
  // Flows beyond the limit share one.
  if (flows.some(({ name }) => name === OTHER_FLOWS)) return false;
  const isRecognised = flows.every(
    (flow, index) => judged.oddPackets[index] === 0 || demux.recognisedAs(flow) === null,
  );
  const isJudged = judged.streams.every((one) => {
    const stream = streamOf(one);
    const before = stream === null ? null : gate.verdictOf(stream);
    if (before?.forced) return true;
    if (before === null || (before.fit === 0 && before.unfit === 0)) return !one.isTrusted || one.unfit === 0;
    // No order of the part's messages makes those that fit fewer than the others.
    return one.withheld === 0 && before.fit - before.unfit >= one.unfit;
  });
  return isRecognised && isJudged;
}

/** Whether a part's stamps may lie further from the base than numbers are exact. */
function isFar({ leastSeconds, mostSeconds }: JudgedPart, baseSeconds: number): boolean {
  return Math.max(mostSeconds - baseSeconds, baseSeconds - leastSeconds) + 1 > farNs / 1e9;
}
