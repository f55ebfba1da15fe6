import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SinkError, UsageError } from '../../src/core/errors.js';
import { ReplayControl } from '../../src/replay/control.js';
import { replay } from '../../src/run/library.js';
import { runReplay } from '../../src/run/replay.js';
import type { ReplaySpec } from '../../src/run/replay-spec.js';
import { parseTarget } from '../../src/run/target.js';
import { SoupClient, type SoupClientOptions } from '../support/soup-client.js';
import {
  block,
  concat,
  gzipFixture,
  itch,
  makeFlow,
  mold,
  type Packet,
  pcapFixture,
  pcapOf,
  scratch,
  specOf,
} from './support.js';

const { write } = scratch();
const ms = 1e6;

/** A replay that serves on a free port: where, and its report to come. */
async function serve(path: string, query: string, options: Partial<ReplaySpec> & { speed?: string } = {}) {
  const control = new ReplayControl();
  let said = '';
  const { promise, resolve, reject } = withResolvers<number>();
  const spec = specOf(path, { target: parseTarget(`soupbintcp://127.0.0.1:0${query}`), speed: 'max', ...options });
  const outcome = runReplay(spec, {
    control,
    say: (text) => {
      said = text;
      resolve(Number(/:(\d+)$/.exec(text)?.[1]));
    },
  });
  outcome.catch(reject);
  const port = await promise;
  return { port, said, control, report: outcome.then(({ report }) => report) };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
}

async function collect(options: SoupClientOptions): Promise<SoupClient> {
  const client = new SoupClient(options);
  await client.closed;
  return client;
}

const packets = (count: number, everyNs: number): Packet[] =>
  Array.from({ length: count }, (_, index) => ({
    atNs: index * everyNs,
    payload: mold(index + 1, [itch('S', index)]),
  }));

describe('replay to soupbintcp://', () => {
  test('waits for its clients; each gets every message and the end', async () => {
    const { port, said, report } = await serve(pcapFixture, '?wait=2', { session: 'TODAY' });
    expect(said).toBe(`waiting for 2 clients on soupbintcp://127.0.0.1:${port}`);
    const clients = await Promise.all([collect({ port }), collect({ port, session: 'TODAY' })]);
    for (const client of clients) {
      expect(client.accepted).toEqual(['     TODAY', '1'.padStart(20)]);
      expect(client.messageCount).toBe(10_000);
      expect(client.packets.at(-1)?.type).toBe('Z');
    }
    // The same messages as a BinaryFILE, each behind its length.
    const file = gunzipSync(readFileSync(gzipFixture));
    for (const { messages } of clients)
      expect(Buffer.compare(Buffer.from(concat(...messages.map(block))), file)).toBe(0);
    expect(await report).toMatchObject({
      target: `soupbintcp://127.0.0.1:${port}`,
      endReason: 'end',
      packets: 8610,
      messages: 10_000,
      sink: { clients: 2, logins: 2, messages: 10_000, gaps: 0, repeats: 0, notMold: 0, undrained: 0 },
    });
  });

  test('at once with wait=0: a client that comes later has the history', async () => {
    const path = write('slow.pcap', pcapOf(packets(8, 100 * ms)));
    const { port, said, report } = await serve(path, '?wait=0', { speed: '1x' });
    expect(said).toBe(`listening on soupbintcp://127.0.0.1:${port}`);
    await sleep(250);
    const client = await collect({ port });
    expect(client.messages.map((message) => message.readUInt32BE(7))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await report).late.count).toBeLessThanOrEqual(8);
  });

  test('as a library: the address is told', async () => {
    const told = withResolvers<string>();
    const report = replay(pcapFixture, { to: 'soupbintcp://127.0.0.1:0', speed: 'max', say: told.resolve });
    const port = Number((await told.promise).split(':').at(-1));
    expect((await collect({ port })).messageCount).toBe(10_000);
    expect((await report).sink.messages).toBe(10_000);
  });

  test('heartbeats in an idle capture', async () => {
    const path = write('idle.pcap', pcapOf(packets(2, 1500 * ms)));
    const { port, report } = await serve(path, '', { speed: '1x' });
    const client = await collect({ port });
    expect(client.packets.map(({ type }) => type).join('')).toMatch(/^ASH+SZ$/);
    expect((await report).packets).toBe(2);
  });

  test('a stop ends the wait', async () => {
    const { control, report } = await serve(pcapFixture, '');
    control.stop();
    expect(await report).toMatchObject({ endReason: 'stopped', packets: 0, sink: { clients: 0, messages: 0 } });
  });

  test('loops need numbers that go on', async () => {
    await expect(serve(pcapFixture, '', { loops: 2 })).rejects.toThrow(UsageError);
    const path = write('loops.pcap', pcapOf(packets(3, 1)));
    const { port } = await serve(path, '', { loops: 2, loopSequence: 'continue' });
    expect((await collect({ port })).messages.map((message) => message.readUInt32BE(7))).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test('a dry run listens to nobody', async () => {
    const said: string[] = [];
    const target = parseTarget('soupbintcp://127.0.0.1:1');
    const { report } = await runReplay(specOf(pcapFixture, { target, dryRun: true }), {
      say: (text) => said.push(text),
    });
    expect(report).toMatchObject({ packets: 8610, clock: 'virtual', target: 'soupbintcp://127.0.0.1:1', sink: {} });
    expect(said).toEqual([]);
  });

  test('a port in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const target = parseTarget(`soupbintcp://127.0.0.1:${port}`);
    await expect(runReplay(specOf(pcapFixture, { target }))).rejects.toThrow(SinkError);
    await new Promise((resolve) => other.close(resolve));
  });

  test('datagrams of other framings are counted', async () => {
    const path = write(
      'mixed.pcap',
      pcapOf([
        ...packets(2, 1),
        { atNs: 5, payload: Uint8Array.of(1, 2, 3), flow: makeFlow(1) },
        { atNs: 6, payload: mold(4, [itch('S', 9)]) },
      ]),
    );
    const { port, report } = await serve(path, '');
    expect((await collect({ port })).messages.map((message) => message.readUInt32BE(7))).toEqual([0, 1, 9]);
    expect((await report).sink).toMatchObject({ messages: 3, gaps: 1, missing: 1, notMold: 1 });
  });
});
