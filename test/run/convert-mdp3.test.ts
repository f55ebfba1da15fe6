import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { UsageError } from '../../src/core/errors.js';
import { noFilter } from '../../src/replay/filter.js';
import { Conversion } from '../../src/run/convert.js';
import { type ConvertOptions, type ConvertReport, convertSpecOf } from '../../src/run/convert-spec.js';
import { noRestamp } from '../../src/run/restamp.js';
import { baseNs, book, configuration, definition, lines, mdpPacket } from './mdp3.js';
import { inputOf, itch, mold, type Packet, pcapOf, scratch } from './support.js';

const { folder, write } = scratch();
const out = (name: string) => join(folder, name);
const ms = 1e6;

async function convert(
  packets: readonly Packet[],
  output: string,
  options: ConvertOptions & { channels?: string } = {},
): Promise<ConvertReport> {
  const { channels, ...rest } = options;
  const input = inputOf(write('in.pcap', pcapOf(packets)), channels === undefined ? {} : { channels });
  const conversion = await Conversion.open(convertSpecOf(input, out(output), rest), () => {});
  return await conversion.run();
}

/** Each message as `destination MsgSeqNum template@ms`, the ms of its stamp within the second. */
async function messagesIn(name: string): Promise<string[]> {
  const messages: string[] = [];
  const feed = await MessageFeed.open(out(name), {
    onMessage(view, offset, _length, timestampNs, sequence, stream) {
      const to = stream.flow?.destination ?? '';
      messages.push(`${to} #${sequence} ${view.getUint16(offset + 2, true)} at ${Math.round(timestampNs / ms)}`);
    },
  });
  await feed.run();
  return messages;
}

/** Line A lacks 3, line B lacks 4 and is a tenth of a millisecond behind; 6 is lost on both. */
const numbered = [1, 2, 3, 4, 5, 7, 8];
const packetOf = (number: number) =>
  mdpPacket(number, number * ms, number === 1 ? [definition('ESZ5', 505)] : [book(number, 505), book(number, 506)]);
const twoLines: Packet[] = numbered.flatMap((number) => [
  ...(number === 3 ? [] : [{ atNs: number * ms, payload: packetOf(number), flow: lines.a }]),
  ...(number === 4 ? [] : [{ atNs: number * ms + 1e5, payload: packetOf(number), flow: lines.b }]),
]);
const config = write('config.xml', new Uint8Array(Buffer.from(configuration)));
const group = lines.a.destination;

describe('the lines of a channel', () => {
  test.each<[string, { channels?: string }]>([
    ['known by a channel configuration', { channels: config }],
    ['known by what they carry', {}],
  ])('%s become one, each packet once and in order', async (_name, options) => {
    const report = await convert(twoLines, 'whole.pcap', { framing: 'mdp3', ...options });
    expect(await messagesIn('whole.pcap')).toEqual([
      `${group} #1 54 at 1`,
      ...[2, 3, 4, 5, 7, 8].flatMap((number) => new Array(2).fill(`${group} #${number} 46 at ${number}`)),
    ]);
    expect(report).toMatchObject({
      framing: 'mdp3',
      session: null,
      messages: 13,
      packets: 7,
      gaps: [{ from: 6, to: 6, count: 1, session: null, destination: `${group}:14310` }],
      gapsTotal: 1,
      missing: 1,
      duplicates: 5,
      late: 0,
      channels: 1,
      restarts: 0,
      otherSessions: [],
    });
  });

  test('as datagrams they stay what they were', async () => {
    const report = await convert(twoLines, 'verbatim.pcap');
    expect(report).toMatchObject({ framing: 'verbatim', packets: twoLines.length, messages: 22 });
    const gaps = report.gaps.map(({ from, to, destination }) => [from, to, destination]);
    expect(gaps).toEqual([
      [3, 3, `${group}:14310`],
      [6, 6, `${group}:14310`],
      [4, 4, `${lines.b.destination}:15310`],
      [6, 6, `${lines.b.destination}:15310`],
    ]);
    expect(report).toMatchObject({ gapsTotal: 4, missing: 4 });
  });
});

describe('messages', () => {
  test('of a symbol: what is left of each packet, numbered from 1', async () => {
    const report = await convert(twoLines, 'es.pcap', { filter: { ...noFilter, symbols: ['ESZ5'], types: ['46'] } });
    expect(await messagesIn('es.pcap')).toEqual(
      [2, 3, 4, 5, 7, 8].map((number, index) => `${group} #${index + 1} 46 at ${number}`),
    );
    expect(report).toMatchObject({ messages: 6, packets: 6, filtered: 7 });
  });

  test('of a symbol: its definition names it, in the middle of a feed too', async () => {
    const feed = [[book(1, 505)], [definition('ESZ5', 505)], [book(3, 505)]];
    const packets = feed.map((messages, index) => ({
      atNs: index * ms,
      payload: mdpPacket(index + 1, index * ms, messages),
      flow: lines.a,
    }));
    await convert(packets, 'named.pcap', { channels: config, filter: { ...noFilter, symbols: ['ESZ5'] } });
    expect(await messagesIn('named.pcap')).toEqual([`${group} #1 54 at 1`, `${group} #2 46 at 2`]);
  });

  test('keep their numbers where that is asked', async () => {
    await convert(twoLines, 'kept.pcap', { filter: { ...noFilter, securityIds: [506] }, keepSequence: true });
    const numbers = (await messagesIn('kept.pcap')).map((line) => line.split(' ')[1]);
    expect(numbers).toEqual(['#2', '#3', '#4', '#5', '#7', '#8']);
  });

  test('numbered anew from anywhere, stamped with SendingTime', async () => {
    const report = await convert(twoLines.slice(0, 2), 'anew.pcap', {
      resequence: 100,
      restamp: { ...noRestamp, exchange: true },
    });
    expect((await messagesIn('anew.pcap'))[0]).toBe(`${group} #100 54 at 1`);
    expect(report.first).toBe(String(baseNs + 1_000_000n));
  });
});

describe('both protocols in one capture', () => {
  const mixed = [...twoLines.slice(0, 3), { atNs: 20 * ms, payload: mold(1, [itch('S'), itch('A')]) }];

  test('the first message decides, the others are told', async () => {
    const ofMdp3 = await convert(mixed, 'first.pcap', { resequence: 1 });
    expect(ofMdp3).toMatchObject({ framing: 'mdp3', otherSessions: [{ session: 'SESSION', messages: 2 }] });
    const ofItch = await convert([...mixed].reverse(), 'second.pcap', { resequence: 1 });
    expect(ofItch).toMatchObject({ framing: 'moldudp64', session: 'SESSION', messages: 2 });
    expect(ofItch.otherSessions).toEqual([{ session: null, messages: 4 }]);
  });
});

describe('refused', () => {
  test.each<[string, string, ConvertOptions, RegExp]>([
    ['a BinaryFILE', 'no.itch', {}, /a BinaryFILE has no room for packets of MDP 3\.0/],
    ['another framing', 'no1.pcap', { framing: 'soupbintcp' }, /cannot be framed in soupbintcp/],
    ['packing', 'no2.pcap', { pack: 'mtu' }, /--pack is of other framings/],
    ['a session name', 'no3.pcap', { sessionName: 'X' }, /--session-name is of other framings/],
  ])('%s of MDP', async (_name, output, options, text) => {
    await expect(convert(twoLines, output, options)).rejects.toThrow(UsageError);
    await expect(convert(twoLines, output, options)).rejects.toThrow(text);
    expect(existsSync(out(output))).toBe(false);
  });

  test('ITCH as packets of MDP', async () => {
    const ofItch = [{ atNs: 0, payload: mold(1, [itch('S')]) }];
    await expect(convert(ofItch, 'no4.pcap', { framing: 'mdp3' })).rejects.toThrow(/ITCH cannot be framed as MDP/);
    expect(existsSync(out('no4.pcap'))).toBe(false);
  });
});
