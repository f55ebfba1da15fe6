/** Two sinks as one: each packet goes to that of its line, staged or not. */
import { expect, it } from 'vitest';
import { flowBetween } from '../../src/capture/endpoint.js';
import type { Flow, Sink, StagingSink } from '../../src/core/seams.js';
import { twoLineSink } from '../../src/replay/two-line-sink.js';

const ends = [
  { address: '10.0.0.1', port: 1 },
  { address: '10.0.0.2', port: 2 },
] as const;
const flowA = flowBetween('UDP', ends[0], ends[1]);
const flowB = flowBetween('UDP', ends[1], ends[0]);
const view = new DataView(new ArrayBuffer(9));

class Recorder implements Sink {
  readonly events: string[] = [];
  unsettled = 1;

  send(_view: DataView, _offset: number, length: number, scheduledNs: number): void {
    this.events.push(`send ${length} at ${scheduledNs}`);
  }

  async settle(): Promise<void> {
    this.unsettled = 0;
  }

  async close(): Promise<void> {
    this.events.push('close');
  }
}

class Stager extends Recorder implements StagingSink {
  constructor(readonly room: number) {
    super();
  }

  stage(_view: DataView, _offset: number, length: number): void {
    this.events.push(`stage ${length}`);
  }

  flush(): void {
    this.events.push('flush');
  }

  discard(): void {
    this.events.push('discard');
  }
}

const isB = (flow: Flow): boolean => flow === flowB;

it('sends each packet into the sink of its line', async () => {
  const [a, b] = [new Recorder(), new Recorder()];
  const sink = twoLineSink(a, b, isB);
  expect('stage' in sink).toBe(false);
  sink.send(view, 0, 3, 10, flowA);
  sink.send(view, 0, 4, 20, flowB);
  expect(sink.unsettled).toBe(2);
  await sink.settle?.();
  expect(sink.unsettled).toBe(0);
  await sink.close?.();
  expect(a.events).toEqual(['send 3 at 10', 'close']);
  expect(b.events).toEqual(['send 4 at 20', 'close']);
});

it('stages where both do', () => {
  const [a, b] = [new Stager(5), new Stager(3)];
  const sink = twoLineSink(a, b, isB) as StagingSink;
  expect(sink.room).toBe(3);
  sink.stage(view, 0, 3, 10, flowA);
  sink.stage(view, 0, 4, 10, flowB);
  sink.flush();
  sink.discard();
  expect(a.events).toEqual(['stage 3', 'flush', 'discard']);
  expect(b.events).toEqual(['stage 4', 'flush', 'discard']);
  expect('stage' in twoLineSink(a, new Recorder(), isB)).toBe(false);
});

it('closes both though the one fails', async () => {
  const [a, b] = [new Recorder(), new Recorder()];
  a.close = () => Promise.reject(new Error('disk full'));
  await expect(twoLineSink(a, b, isB).close?.()).rejects.toThrow('disk full');
  expect(b.events).toEqual(['close']);
});
