import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DatagramOutput } from '../../src/core/seams.js';
import { openCaptureOutput } from '../../src/io/capture-output.js';
import { Mdp3Output, type Mdp3OutputOptions } from '../../src/io/mdp3-output.js';
import { read } from '../capture/drive.js';
import { packet, sbe, sized } from '../session/mdp3-build.js';
import { concat, embed, makeFlow } from '../session/support.js';
import { temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const [flowA, flowB] = [makeFlow(0), makeFlow(1)];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Writes packets, on flow A where none is told; `null` begins numbers again. */
function write(
  name: string,
  packets: (Uint8Array | [Uint8Array, typeof flowA] | null)[],
  options: Mdp3OutputOptions = {},
) {
  const path = join(folder, name);
  const format = name.endsWith('.pcapng') ? 'pcapng' : 'pcap';
  const output = new Mdp3Output(() => openCaptureOutput({ path, format }), options);
  let ns = 0;
  const put = packets.map((one) => {
    if (one === null) {
      output.restart(flowA);
      return null;
    }
    const [bytes, flow] = one instanceof Uint8Array ? [one, flowA] : one;
    const { view, offset, length } = embed(bytes);
    const isPut = output.prepare(view, offset, length);
    new Uint8Array(view.buffer).fill(0xdd);
    if (isPut) output.put(flow, 100, ++ns);
    return isPut;
  });
  output.close();
  const written = existsSync(path) ? read(new Uint8Array(readFileSync(path))).datagrams : [];
  return {
    put,
    written: written.map(({ payload }) => Buffer.from(payload, 'latin1').toString('hex')),
    stamps: written.map(({ flow, seconds, nanoseconds }) => `${seconds}.${nanoseconds} ${flow}`),
    output,
    path,
  };
}

const isBook = (view: DataView, offset: number) => view.getUint16(offset + 2, true) === 46;
const trade = (body: string) => sbe(body, { template: 48 });

test.each(['pcap', 'pcapng'])('packets as they are, heartbeats too: %s', (format) => {
  const packets = [packet(7, 0, ['a', 'b']), packet(8, 1, []), packet(11, 2, [trade('t')])];
  const { written, stamps, output } = write(`whole.${format}`, packets);
  expect(written).toEqual(packets.map(hex));
  expect(stamps).toEqual([1, 2, 3].map((ns) => `100.${ns} ${flowA.name}`));
  expect(output.counts).toMatchObject({ messages: 3, packets: 3, tooLong: 0, clampedTimestamps: 0 });
});

test('chosen messages of a packet; none chosen, no packet', () => {
  const { put, written, output } = write(
    'chosen.pcap',
    [packet(7, 0, ['a', trade('t'), 'b']), packet(8, 1, [trade('t')]), packet(9, 2, []), packet(10, 3, ['c'])],
    { choose: isBook },
  );
  expect(put).toEqual([true, false, false, true]);
  expect(written).toEqual([packet(7, 0, ['a', 'b']), packet(10, 3, ['c'])].map(hex));
  expect([output.messages, output.filtered, output.counts.packets]).toEqual([3, 2, 2]);
});

test('new numbers, of each flow by itself, for packets that are written; SendingTime stays', () => {
  const { written } = write(
    'numbered.pcap',
    [
      packet(70, 0, ['a']),
      [packet(900, 1, ['b']), flowB],
      packet(71, 2, [trade('t')]),
      packet(72, 3, ['c']),
      null,
      packet(1, 4, ['d']),
      [packet(901, 5, ['e']), flowB],
    ],
    { choose: isBook, firstSequence: 5 },
  );
  expect(written).toEqual(
    [packet(5, 0, ['a']), packet(5, 1, ['b']), packet(6, 3, ['c']), packet(1, 4, ['d']), packet(6, 5, ['e'])].map(hex),
  );
});

test('what is behind the last whole message is left out', () => {
  const { put, written } = write('damaged.pcap', [
    concat(packet(1, 0, ['a']), sized('b', 99)),
    concat(packet(2, 1, []), sized('b', 99)),
    concat(packet(3, 2, ['c']), Uint8Array.of(1)),
  ]);
  expect(put).toEqual([true, false, true]);
  expect(written).toEqual([packet(1, 0, ['a']), packet(3, 2, ['c'])].map(hex));
});

test('the longest datagram', () => {
  const longest = packet(1, 0, ['x'.repeat(65_507 - 22)]);
  expect(write('long.pcap', [longest]).written).toEqual([hex(longest)]);
});

test('nothing to write, no file', () => {
  const { path, output } = write('none.pcap', [packet(1, 0, [trade('t')])], { choose: isBook });
  expect(existsSync(path)).toBe(false);
  expect(output.counts).toMatchObject({ messages: 0, packets: 0, bytes: 0 });
});

test('what changes packets on their way is in between', () => {
  let lengths: number[] = [];
  const decorate = (to: DatagramOutput): DatagramOutput => ({
    datagram: (view, offset, length, flow, seconds, nanoseconds) => {
      lengths = [...lengths, length];
      if (lengths.length > 1) to.datagram(view, offset, length, flow, seconds, nanoseconds);
    },
    close: () => to.close(),
  });
  const { written } = write('decorated.pcap', [packet(1, 0, ['a']), packet(2, 1, ['bc'])], { decorate });
  expect([lengths, written]).toEqual([[23, 24], [hex(packet(2, 1, ['bc']))]]);
});
