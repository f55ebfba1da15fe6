import { ReplayControl, type ReplaySpec, runReplayThread } from 'tickreel';
import { describe, expect, test } from 'vitest';
import { parseTarget } from '../../src/run/target.js';
import { gapsFixture, gzipFixture, itch, mold, pcapOf, scratch, specOf } from './support.js';

const { folder, write } = scratch();
const ring = parseTarget('inproc:ring');

/** The built library, for a thread is started from a file of it. */
async function run(path: string, options: Partial<ReplaySpec> & { speed?: string } = {}, control?: ReplayControl) {
  return (await runReplayThread(specOf(path, options), control)).report;
}

describe('a replay on a thread of its own', () => {
  test('is stopped from here, and its figures are seen here', async () => {
    const path = write(
      'long.pcap',
      pcapOf([0, 3600e9].map((atNs, index) => ({ atNs, payload: mold(1 + index, [itch('S')]) }))),
    );
    const control = new ReplayControl();
    const running = run(path, {}, control);
    while (control.read('packets') === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    control.stop();
    expect(await running).toMatchObject({ packets: 1, endReason: 'stopped' });
    expect(control.read('bytes')).toBe(20 + 2 + 12);
  });

  test('errors cross with their class, code and text', async () => {
    await expect(run(`${folder}/none.pcap`)).rejects.toMatchObject({
      name: 'CaptureError',
      code: 'not-found',
      message: expect.stringContaining('There is no file'),
    });
  });
});

describe('inproc:ring', () => {
  test('a worker polls and decodes every message', async () => {
    const report = await run(gzipFixture, { speed: 'max', target: ring });
    expect(report).toMatchObject({ messages: 10_000, endReason: 'end', clock: 'real' });
    expect(report.sink).toMatchObject({ messagesDecoded: 10_000, messagesUnknown: 0, gaps: 0, ringDropped: 0 });
    expect(report.histograms.ringHop).toMatchObject({ count: report.packets, negative: { count: 0 } });
    expect(report.histograms.handlerTime.count).toBe(report.packets);
  });

  test('gaps are found there, paced too, in every loop', async () => {
    const options = { speed: '50kpps', loops: 3, loopSequence: 'new-session', target: ring } as const;
    const { sink, messages, packets } = await run(gapsFixture, options);
    // Per loop: two runs of packets that are missing, and a packet that came late.
    expect(sink).toMatchObject({ messagesDecoded: messages, messagesUnknown: 0, gaps: 9, ringDropped: 0 });
    expect(packets).toBe(3 * 2997);
  });

  test('several flows', async () => {
    const flow = (index: number) => ({
      index,
      transport: 'UDP' as const,
      source: '10.0.0.1',
      sourcePort: 1000 + index,
      destination: '239.0.0.1',
      destinationPort: 1,
      name: '',
    });
    const flows = Array.from({ length: 40 }, (_, index) => ({
      atNs: index,
      payload: mold(1, [itch('S')]),
      flow: flow(index),
    }));
    const many = await run(write('flows.pcap', pcapOf([...flows, ...flows])), { speed: 'max', target: ring });
    expect(many.sink).toMatchObject({ messagesDecoded: 80, gaps: 0 });
  });
});
