/** Programs that are fed: what our own work takes is none of their silence, and a replay ends with whom it is for. */
import { createSocket } from 'node:dgram';
import { expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { Child } from '../../src/io/child-process.js';
import { endAllParsers, type Fed, feedChild, feedUdp } from '../../src/run/parser-feed.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { fixture } from '../support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('time that what comes next takes to be made is not the program’s silence', async () => {
  const child = new Child(['cat'], { silenceMs: 1000 });
  const fed = child.whileFed(async () => {
    await wait(2500);
    await child.write(Buffer.from('late'));
  });
  expect((await child.read())?.toString()).toBe('late');
  await fed;
  child.endInput();
  expect(await child.read()).toBe(null);
  expect(await child.end()).toMatchObject({ code: 0, ending: null });
});

it('one that does not take what is there hangs, whatever comes next', async () => {
  const child = new Child(['sleep', '60'], { silenceMs: 300 });
  const fed = child.whileFed(async () => {
    while (await child.write(Buffer.alloc(1 << 20))) await wait(1);
  });
  expect(await child.read()).toBe(null);
  await fed;
  expect(await child.end()).toMatchObject({ ending: 'timeout' });
});

it.each(['binaryfile', 'pcap', 'capture'] as const)(
  '%s is read and converted while the program waits',
  async (feed) => {
    let isFeeding = false;
    let bytes = 0;
    const child: Fed = {
      async whileFed(work) {
        isFeeding = true;
        await work();
        isFeeding = false;
      },
      async write(piece) {
        expect(isFeeding).toBe(true);
        bytes += piece.length;
        return true;
      },
    };
    await feedChild(child, feed, inputSpecOf(fixture('itch50-session.NASDAQ_ITCH50.gz')));
    expect(bytes).toBeGreaterThan(300_000);
  },
);

it('a replay is left off where its program ends, or all are ended', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const address = `udp://127.0.0.1:${socket.address().port}`;
  const spec = parserSpecFrom({ command: 'x', feed: 'udp', speed: '100pps' }, 'my.yml', '.');
  const input = inputSpecOf(fixture('itch50-session.pcap'));
  const child = new Child(['sleep', '0.5'], { silenceMs: 10_000 });
  const [one, two] = [feedUdp(address, spec, input, child), feedUdp(address, spec, input, null)];
  expect(await one).toMatchObject({ isStopped: true });
  endAllParsers();
  const { packets, isStopped } = await two;
  expect(isStopped).toBe(true);
  expect(packets).toBeLessThan(8610);
  socket.close();
});
