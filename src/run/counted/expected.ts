/** What a program that counts is to have counted: the messages and packets of a capture as we decode it. */
import type { InputSpec } from '../../analysis/input.js';
import { MessageFeed } from '../../analysis/message-feed.js';
import { type TypeCount, TypeCounts } from '../../analysis/type-counts.js';
import { isAsked, type Mapping } from '../../compare/mapping.js';
import type { Flow } from '../../core/seams.js';

/** Of one capture. */
export interface ExpectedCounts {
  /** Known messages of the types that the parser is asked for. */
  readonly messages: number;
  /** Datagrams; of a BinaryFILE its records. */
  readonly packets: number;
  readonly types: readonly TypeCount[];
  /** The feed that they were read from, for its damage. */
  readonly reading: MessageFeed;
}

/**
 * Reads the capture, or what of it there is time for; `overUdp`: what came over TCP is left out, which is not replayed.
 * Rejects as a feed does.
 */
export async function expectedCounts(
  input: InputSpec,
  mapping: Mapping,
  overUdp: boolean,
  isStopped?: () => boolean,
): Promise<ExpectedCounts> {
  const counts = new TypeCounts();
  let packets = 0;
  const isLeftOut = (flow: Flow | null): boolean => overUdp && flow?.transport === 'TCP';
  const feed: MessageFeed = await MessageFeed.open(input, {
    ...(isStopped === undefined ? {} : { isDone: isStopped }),
    onRecord: (_reader, flow) => {
      if (flow?.transport !== 'TCP') packets++;
    },
    onMessage(view, offset, length, _timestampNs, _sequence, stream, verdict) {
      if (verdict !== 'known' || isLeftOut(stream.flow)) return;
      const application = feed.protocols.of(stream);
      counts.add(application, application.typeOf(view, offset, length));
    },
  });
  await feed.run();
  const types = counts.list().filter(({ type, name }) => isAsked(mapping, type, name));
  const messages = types.reduce((sum, { count }) => sum + count, 0);
  return { messages, packets, types, reading: feed };
}

/** How many messages of a type there are, by its type or its name. */
export function countOfType({ types }: ExpectedCounts, name: string): number {
  return types.filter((one) => one.type === name || one.name === name).reduce((sum, { count }) => sum + count, 0);
}
