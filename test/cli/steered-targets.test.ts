/** Steering of runs that serve SoupBinTCP or send raw frames, by the built command over its socket. */
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFlow, message, mold, pcapOf, scratch } from '../run/support.js';
import { type Running, start } from '../support/cli.js';
import { SoupClient } from '../support/soup-client.js';
import { converse, saidBy } from '../support/steer.js';
import { framesOf, Wire } from '../support/wire.js';

const { folder, write } = scratch();
const second = 1e9;
const count = 60;
/** A packet a second: locates told at the start, then orders of two messages, and a trade in every tenth. */
const capture = pcapOf(
  Array.from({ length: count }, (_, index) => ({
    atNs: index * second,
    flow: makeFlow(),
    payload: mold(1 + 2 * index, [
      index < 2
        ? message('R', 0, index + 1, [11, ['AAPL', 'MSFT'][index] as string])
        : message('X', index, index % 7 === 3 ? 2 : 1),
      message(index % 10 === 5 ? 'E' : 'D', index, 1),
    ]),
  })),
);
const path = write('minute.pcap', capture);
/** What is told, how many packets are sent of it, and the first of them, from 0. */
const told: readonly [lines: string[], packets: number, first: number][] = [
  [['status'], 0, 0],
  [['step 3'], 3, 0],
  [['step message 3'], 2, 3],
  [['step type E'], 1, 5],
  [['step trade'], 10, 6],
  [['step symbol MSFT'], 2, 16],
  [['seek +20s', 'step'], 1, 38],
  [['seek start', 'step 2'], 2, 0],
  [['seek 09:30:50', 'speed 1000x', 'step packet 2'], 2, 50],
];
const steering = { steps: 8, seeks: 3, speedChanges: 1 };
/** The packets that went out in steps, and those behind, which play to the end. */
const stepped = told.flatMap(([, packets, first]) => Array.from({ length: packets }, (_, index) => first + index));
const all = [...stepped, ...Array.from({ length: count - 52 }, (_, index) => 52 + index)];

async function ended({ finished }: Running): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await finished;
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('a SoupBinTCP server', () => {
  const args = ['replay', path, '--to', 'soupbintcp://127.0.0.1:0', '--paused', '--report', '-'];
  const places = [/taking commands at (\S+)/, /on soupbintcp:\/\/127\.0\.0\.1:(\d+)/];

  test('steps, seeks both ways and plays on: clients have each message as it is sent, under the next number', async () => {
    const running = start([...args, '--control', `unix:${join(folder, 'soup.sock')}`]);
    const [address = '', port] = await saidBy(running.child.stderr as Readable, ...places);
    const client = new SoupClient({ port: Number(port) });
    await client.until(({ control }) => control === 'A');
    let sent = 0;
    for (const [lines, packets] of told) {
      const answers = await converse(address, lines);
      expect(answers.map(({ ok }) => ok)).toEqual(lines.map(() => true));
      if (packets > 0) expect(answers.at(-1)).toMatchObject({ sent: { packets, messages: 2 * packets } });
      sent += 2 * packets;
      // What was sent is with the client at once, and nothing that was not.
      await client.until(({ messageCount }) => messageCount >= sent);
      expect(client.messageCount).toBe(sent);
    }
    await converse(address, ['resume']);
    await client.closed;
    expect(client.control).toMatch(/^AH*Z$/);
    const order = client.messages
      .filter((_, index) => index % 2 === 1)
      .map((one) => one.readUInt32BE(7) - (34_200e9 % 2 ** 32));
    expect(order).toEqual(all);
    expect(await ended(running)).toMatchObject({
      packets: all.length,
      steering,
      sink: { messages: 2 * all.length, gaps: 0, missing: 0, repeats: 0, late: 0 },
    });
  });

  test('told to stop while it waits for its clients, it ends', async () => {
    const running = start([...args, '--control', 'tcp://127.0.0.1:0']);
    const [address = ''] = await saidBy(running.child.stderr as Readable, ...places);
    expect(await converse(address, ['stop'])).toMatchObject([{ ok: true, command: 'stop', status: { packets: 0 } }]);
    const { code, stdout } = await running.finished;
    expect([code, JSON.parse(stdout)]).toMatchObject([130, { endReason: 'stopped', packets: 0 }]);
  });
});

describe('raw frames', () => {
  let wire: Wire | null = null;
  beforeAll(async () => {
    wire = await Wire.lay();
  });
  afterAll(() => wire?.close());

  test('step, seek and play on: what arrives is what was told', async (context) => {
    if (wire === null) return context.skip();
    const cable = wire;
    const control = `unix:${join(folder, 'eth.sock')}`;
    let report: Record<string, unknown> = {};
    const received = await cable.receive(async () => {
      const flags = ['--to', 'eth://reel0', '--paused', '--control', control, '--report', '-'];
      const running = cable.start('replay', path, ...flags);
      const [address = ''] = await saidBy(running.child.stderr as Readable, /taking commands at (\S+)/);
      for (const [lines] of told) {
        const answers = await converse(address, lines);
        expect(answers.map(({ ok }) => ok)).toEqual(lines.map(() => true));
      }
      await converse(address, ['resume']);
      report = await ended(running);
    });
    const frames = framesOf(capture);
    expect(received).toEqual(all.map((index) => frames[index]));
    expect(report).toMatchObject({ packets: all.length, steering });
  });
});
