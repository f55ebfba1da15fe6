/**
 * Compiles what the worker behind a ring does before the first datagram: the capture's beginning goes through a ring of
 * this thread's own into a handler that is thrown away. Cold, decoding took some 20 us a datagram for the first few
 * thousand, longer than they are apart at 100 kpps, and those behind them waited for it.
 */
import { statSync } from 'node:fs';
import { type InputSpec, isStandardInput } from '../analysis/input.js';
import type { Protocols } from '../analysis/protocols.js';
import { takeBase } from '../core/clock.js';
import { createRing, RingReader, RingWriter } from '../core/ring.js';
import type { Flow } from '../core/seams.js';
import { openClock } from '../io/native/native-clock.js';
import { noFilter } from '../replay/filter.js';
import { RingSink } from '../replay/sinks.js';
import { CaptureSource } from './capture-source.js';
import { FeedHandler } from './feed-handler.js';
import { replayDefaults } from './replay-spec.js';

const rounds = 8;
const datagramsPerRound = 3000;
const longestMs = 400;
const ringBytes = 1 << 20;

/** Does nothing for what cannot be read twice, and leaves damage to the run, which meets it too. */
export async function warmUpRing(input: InputSpec, protocols: Protocols): Promise<void> {
  if (!input.paths.every(isPlainFile)) return;
  const startMs = performance.now();
  for (let round = 0; round < rounds && performance.now() - startMs < longestMs; round++) {
    const spec = { ...replayDefaults, input, target: { kind: 'null' } as const, filter: noFilter };
    const source = await CaptureSource.open(spec, () => {}, protocols.mdp3).catch(() => null);
    if (source === null) return;
    try {
      await playRound(source, input, protocols, startMs + longestMs);
    } finally {
      await source.close();
    }
  }
}

/** Opening a pipe would take from the run what is in it. */
function isPlainFile(path: string): boolean {
  return !isStandardInput(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function playRound(source: CaptureSource, input: InputSpec, protocols: Protocols, untilMs: number) {
  const memory = createRing(ringBytes);
  const reader = new RingReader(memory);
  const flows: Flow[] = [];
  const sink = new RingSink(new RingWriter(memory, { full: 'drop' }), openClock(takeBase()), (flow) => {
    flows[flow.index] = flow;
  });
  const handler = new FeedHandler(input, protocols);
  for (let count = 0; count < datagramsPerRound && performance.now() < untilMs; ) {
    const from = source.reader;
    if (from.next()) {
      count++;
      sink.send(from.view, from.offset, from.length, 0, from.flow);
      if (!reader.poll()) continue;
      handler.onDatagram(reader.view, reader.offset, reader.length, 0, flows[reader.flowIndex] as Flow);
    } else if (from.done) return;
    else await source.fill();
  }
}
