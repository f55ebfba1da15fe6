/** `openReplay`: a run of this thread or its own, told what to do while it plays. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openUdpReceiver } from '../../src/io/udp-receiver.js';
import { openReplay, type Player } from '../../src/run/player.js';
import { headerOf, makeFlow, message, mold, openSeconds, pcapFixture, pcapOf, scratch } from './support.js';

const { write } = scratch();
const second = 1e9;
const count = 60;

/** A packet a second: locates told at the start, then orders, and a trade in every tenth. */
const path = write(
  'minute.pcap',
  pcapOf(
    Array.from({ length: count }, (_, index) => ({
      atNs: index * second,
      flow: makeFlow(),
      payload: mold(index + 1, [
        index < 2
          ? message('R', 0, index + 1, [11, ['AAPL', 'MSFT'][index] as string])
          : message(index % 10 === 5 ? 'E' : 'X', index, index % 7 === 3 ? 2 : 1),
      ]),
    })),
  ),
);

interface Heard {
  player: Player;
  sequences: number[];
}

async function opened(options: Parameters<typeof openReplay>[1] = {}): Promise<Heard> {
  const sequences: number[] = [];
  const player = await openReplay(path, {
    paused: true,
    onDatagram: (view, offset, length) => {
      sequences.push(Number(headerOf(view, offset, length).split(' ')[1]));
    },
    ...options,
  });
  return { player, sequences };
}

const atSecond = (index: number) => String(BigInt(openSeconds + index) * 1_000_000_000n);

describe('on this thread', () => {
  test('begins paused, steps, seeks, changes speed, plays and reports', async () => {
    const { player, sequences } = await opened();
    expect(await player.status()).toMatchObject({ state: 'paused', timeNs: atSecond(0), packets: 0 });
    expect(await player.step()).toMatchObject({
      packets: 1,
      messages: 1,
      status: { state: 'paused', timeNs: atSecond(1) },
    });
    expect(await player.step('message 2')).toMatchObject({ packets: 2 });
    expect(sequences).toEqual([1, 2, 3]);
    expect(await player.step('trade')).toMatchObject({ packets: 3, status: { timeNs: atSecond(6) } });
    expect(await player.seek('+20s')).toMatchObject({ timeNs: atSecond(26), state: 'paused' });
    expect(await player.step('type E')).toMatchObject({ packets: 10 });
    expect(sequences.slice(-1)).toEqual([36]);
    expect(await player.setSpeed('max')).toMatchObject({ speed: 'max' });
    await player.play();
    const report = await player.finished;
    expect(sequences.slice(-1)).toEqual([count]);
    expect(report).toMatchObject({
      endReason: 'end',
      packets: 6 + 10 + 24,
      late: { count: 0 },
      steering: { steps: 4, seeks: 1, speedChanges: 1 },
    });
    expect(report.steering?.pausedNs).toBeGreaterThan(0);
    await expect(player.pause()).rejects.toThrow(/the run is over/);
  });

  test('a symbol is known although a seek has passed over what names it', async () => {
    const { player, sequences } = await opened();
    await player.seek('+30s');
    // Locate 2 is MSFT's; its packets are those whose number less one is 3 modulo 7.
    await player.step('symbol MSFT');
    expect(sequences.at(-1)).toBe(32);
    await player.step('symbol MSFT');
    expect(sequences.at(-1)).toBe(39);
    await player.stop();
  });

  test('commands out of the handler', async () => {
    const sequences: number[] = [];
    let player: Player | undefined;
    player = await openReplay(path, {
      paused: true,
      speed: '1000x',
      onDatagram: (view, offset, length) => {
        sequences.push(Number(headerOf(view, offset, length).split(' ')[1]));
        if (sequences.length === 5) void player?.pause();
      },
    });
    await player.play();
    await expect.poll(() => sequences.length).toBe(5);
    expect(await player.status()).toMatchObject({ state: 'paused', packets: 5 });
    const report = await player.stop();
    expect(report).toMatchObject({ endReason: 'stopped', packets: 5 });
  });

  test('what cannot be is refused, and the run goes on', async () => {
    const { player } = await opened();
    await expect(player.seek('tomorrow')).rejects.toThrow(/not understood/);
    await expect(player.step('symbol')).rejects.toThrow(/not understood/);
    await expect(player.setSpeed('fast')).rejects.toThrow(/not a rate/);
    await expect(player.step('type ?')).rejects.toThrow(/no message type/);
    expect(await player.status()).toMatchObject({ state: 'paused' });
    await player.stop();
  });

  test('from and until bound a seek', async () => {
    const { player, sequences } = await opened({
      from: { kind: 'offset', ns: 10 * second },
      until: { kind: 'offset', ns: 20 * second },
      speed: 'max',
    });
    expect(await player.seek('start')).toMatchObject({ state: 'paused' });
    await player.step();
    expect(sequences).toEqual([11]);
    await player.seek('+3s');
    await player.play();
    await player.finished;
    expect(sequences).toEqual([11, 15, 16, 17, 18, 19, 20]);
  });
});

describe('on a thread of its own', () => {
  // The thread is started from the built files.
  const built = import(new URL('../../dist/run/player.js', import.meta.url).href) as Promise<{
    openReplay: typeof openReplay;
  }>;
  const openBuilt: typeof openReplay = async (...options) => (await built).openReplay(...options);

  test('the same commands; the index is not written unless asked for', async () => {
    const player = await openBuilt(path, { to: 'null', paused: true });
    expect(await player.step(3)).toMatchObject({ packets: 3 });
    expect(await player.seek('09:30:40')).toMatchObject({ timeNs: atSecond(40) });
    expect(await player.step()).toMatchObject({ status: { timeNs: atSecond(41) } });
    const report = await player.stop();
    expect(report).toMatchObject({ endReason: 'stopped', packets: 4, steering: { seeks: 1, steps: 2 } });
    expect(existsSync(`${path}.tridx`)).toBe(false);
  });

  test('what cannot be opened rejects', async () => {
    await expect(openBuilt('nowhere.pcap', { to: 'null' })).rejects.toThrow(/There is no file nowhere\.pcap/);
    await expect(openReplay(path, { onDatagram: () => {}, thread: 'own' })).rejects.toThrow(/leave thread out/);
  });

  test('a run that is over before anyone asks', async () => {
    const player = await openBuilt(pcapFixture, { to: 'null', speed: 'max' });
    expect(await player.finished).toMatchObject({ endReason: 'end' });
  });
});

describe('into sockets', () => {
  test('udp: steps and seeks send these packets and no others, staged ones too', async () => {
    const sequences: number[] = [];
    const receiver = await openUdpReceiver(
      { host: '127.0.0.1', port: 0, iface: null, bufferBytes: 1 << 20 },
      (view, offset, length) => void sequences.push(Number(headerOf(view, offset, length).split(' ')[1])),
    );
    try {
      const player = await openReplay(path, { paused: true, thread: 'this', to: `udp://127.0.0.1:${receiver.port}` });
      await player.step('message 2');
      await player.step('trade');
      // From where it stands, before the seventh.
      await player.seek('+40s');
      expect(await player.step()).toMatchObject({ packets: 1 });
      await player.setSpeed('1000x');
      await player.play();
      expect(await player.finished).toMatchObject({ endReason: 'end', packets: 6 + 14 });
      for (let wait = 0; wait < 100 && sequences.length < 20; wait++) await sleep(20);
      expect(sequences).toEqual([1, 2, 3, 4, 5, 6, ...Array.from({ length: 14 }, (_, index) => 47 + index)]);
    } finally {
      await receiver.close();
    }
  });
});
