/** What each kind of fault does to the packets of a line, and to their order, times and bytes. */
import { describe, expect, it } from 'vitest';
import { HeldPackets } from '../../../src/replay/faults/held-packets.js';
import { bytesOf, flowA, flowB, play, type Sent } from './rig.js';

/** Places of the packets that were sent, from 1, in their order. */
function places(sent: readonly Sent[], messages = 3): number[] {
  return sent.map(({ sequence }) => (sequence - 1) / messages + 1);
}

function counts({ engine }: ReturnType<typeof play>, line = 'A') {
  const found = engine.report().lines.find((counts) => counts.line === line);
  if (found === undefined) throw new Error(`no line ${line}`);
  return found;
}

describe('FaultEngine', () => {
  it('without faults hands everything on as it is', () => {
    const ran = play('', { packets: 5 });
    expect(places(ran.sent)).toEqual([1, 2, 3, 4, 5]);
    expect(ran.sent.map(({ bytes }) => bytes)).toEqual([0, 1, 2, 3, 4].map((index) => bytesOf(index)));
    expect(ran.sent.map(({ dueNs }) => dueNs)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(counts(ran)).toMatchObject({ in: { packets: 5, messages: 15 }, out: { packets: 5, messages: 15 } });
  });

  it('loses every Nth, by place, and by number', () => {
    expect(places(play('loss every 3', { packets: 10 }).sent)).toEqual([1, 2, 4, 5, 7, 8, 10]);
    expect(places(play('loss packets 2-3,9-', { packets: 10 }).sent)).toEqual([1, 4, 5, 6, 7, 8]);
    // Messages 6 to 8 are in packets 2 (4 to 6) and 3 (7 to 9).
    const ran = play('loss seq 6-8', { packets: 5 });
    expect(places(ran.sent)).toEqual([1, 4, 5]);
    expect(counts(ran).lost).toEqual({ packets: 2, messages: 6 });
    expect(ran.drawn?.tallies).toEqual([{ fault: 'loss seq 6-8', seen: 5, hit: 2 }]);
  });

  it('acts in its window only, in capture time', () => {
    const ran = play('loss all from 2us until 4us', { packets: 6 });
    expect(places(ran.sent)).toEqual([1, 2, 5, 6]);
    expect(ran.drawn?.tallies[0]).toMatchObject({ seen: 2, hit: 2 });
  });

  it('repeats at once and later', () => {
    const ran = play('dup 2 after 1500ns packets 2', { packets: 4 });
    expect(places(ran.sent)).toEqual([1, 2, 3, 2, 2, 4]);
    expect(ran.sent.map(({ dueNs }) => dueNs)).toEqual([0, 1000, 2000, 2500, 2500, 3000]);
    expect(ran.sent[3].bytes).toBe(bytesOf(1));
    expect(counts(ran)).toMatchObject({ duplicated: { packets: 2, messages: 6 }, outOfOrder: { packets: 0 } });
    expect(places(play('dup packets 2', { packets: 3 }).sent)).toEqual([1, 2, 2, 3]);
  });

  it('out of order is what a flow brings so: packets of others on its line are none of its own', () => {
    const flows = [flowA, { ...flowA, index: 2 }];
    // The first flow's second packet behind the other's, then behind its own third.
    expect(counts(play('reorder 1 packets 3', { packets: 4, flows }))).toMatchObject({
      reordered: { packets: 1 },
      outOfOrder: { packets: 0 },
    });
    expect(counts(play('reorder 2 packets 3', { packets: 4, flows }))).toMatchObject({
      reordered: { packets: 1 },
      outOfOrder: { packets: 1, messages: 3 },
    });
  });

  it('reorders by distance: behind so many that were sent', () => {
    const ran = play('reorder 2 packets 2', { packets: 6 });
    expect(places(ran.sent)).toEqual([1, 3, 4, 2, 5, 6]);
    expect(ran.sent.map(({ dueNs }) => dueNs)).toEqual([0, 2000, 3000, 3000, 4000, 5000]);
    expect(ran.sent[3].bytes).toBe(bytesOf(1));
    expect(counts(ran)).toMatchObject({ reordered: { packets: 1 }, outOfOrder: { packets: 1, messages: 3 } });
    // A lost packet does not count, and what waits at the end goes then.
    expect(places(play('reorder 2 packets 2; loss packets 4', { packets: 6 }).sent)).toEqual([1, 3, 5, 2, 6]);
    // Copies come behind what they are copies of.
    const copied = play('reorder 2 packets 2; dup after 500ns packets 2', { packets: 5 });
    expect(places(copied.sent)).toEqual([1, 3, 4, 2, 2, 5]);
    expect(copied.sent.map(({ dueNs }) => dueNs)).toEqual([0, 2000, 3000, 3000, 3500, 4000]);
    const atEnd = play('reorder 3 packets 3', { packets: 4 });
    expect(places(atEnd.sent)).toEqual([1, 2, 4, 3]);
    expect(atEnd.sent[3].dueNs).toBe(3000);
  });

  it('reorders by time, and delays what it is told to', () => {
    const ran = play('reorder 2500ns packets 2', { packets: 6 });
    expect(places(ran.sent)).toEqual([1, 3, 4, 2, 5, 6]);
    expect(ran.sent[3].dueNs).toBe(3500);
    expect(counts(ran)).toMatchObject({
      reordered: { packets: 1 },
      delayed: { packets: 0 },
      outOfOrder: { packets: 1 },
    });
    const all = play('delay 10us', { packets: 3 });
    expect(all.sent.map(({ dueNs }) => dueNs)).toEqual([10_000, 11_000, 12_000]);
    expect(counts(all)).toMatchObject({ delayed: { packets: 3 }, outOfOrder: { packets: 0 } });
  });

  it('jitter keeps the order', () => {
    const ran = play('jitter 2500ns packets 2', { packets: 6 });
    expect(places(ran.sent)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ran.sent.map(({ dueNs }) => dueNs)).toEqual([0, 3500, 3500, 3500, 4000, 5000]);
    expect(counts(ran)).toMatchObject({ delayed: { packets: 3 }, outOfOrder: { packets: 0 } });
  });

  it('truncates', () => {
    const ran = play('truncate 30 packets 1; truncate by 10 packets 2; truncate 99 packets 3', { packets: 4 });
    expect(ran.sent.map(({ bytes }) => bytes.length / 2)).toEqual([30, 50, 60, 60]);
    expect(ran.sent[1].bytes).toBe(bytesOf(1).slice(0, 100));
    // One that is shorter already is not touched.
    expect(counts(ran).truncated.packets).toBe(2);
    const anywhere = play('truncate all', { packets: 500 }).sent.map(({ bytes }) => bytes.length / 2);
    expect(Math.min(...anywhere)).toBeLessThan(3);
    expect(Math.max(...anywhere)).toBeLessThan(60);
  });

  it('turns so many bits, and says what the checksum was', () => {
    const ran = play('corrupt 3 packets 2; corrupt 1 stale packets 3', { packets: 3 });
    expect(ran.sent.map(({ bytes }, index) => differingBits(bytes, bytesOf(index)))).toEqual([0, 3, 1]);
    expect(ran.sent.slice(0, 2).map(({ payloadSum }) => payloadSum)).toEqual([-1, -1]);
    expect(ran.sent[2].payloadSum).toBe(sumOfWords(bytesOf(2)));
    expect(counts(ran).corrupted.packets).toBe(2);
    // More bits than there are: all of them.
    const short = play('corrupt 1000 all; truncate 2 all', { packets: 1 });
    expect(differingBits(short.sent[0].bytes, bytesOf(0).slice(0, 4))).toBe(16);
  });

  it('caps a rate: packets wait for those before, and are lost where the queue is full', () => {
    const ran = play('rate 500kpps queue 2', { packets: 10 });
    // 2000 ns each, 1000 ns apart: the queue of two is full from the fifth packet on.
    expect(places(ran.sent)).toEqual([1, 2, 3, 4, 5, 7, 9]);
    expect(ran.sent.map(({ dueNs }) => dueNs)).toEqual([0, 2000, 4000, 6000, 8000, 10_000, 12_000]);
    expect(counts(ran)).toMatchObject({ queued: { packets: 6 }, tailDropped: { packets: 3, messages: 9 } });
    // 102 bytes on layer 2, 816 ns at 1 Gbit/s: nothing waits.
    expect(counts(play('rate 1Gbps', { packets: 10 })).queued.packets).toBe(0);
    const bytes = play('rate 51MB/s queue 204B', { packets: 10 });
    expect(bytes.sent.map(({ dueNs }) => dueNs)).toEqual([0, 2000, 4000, 6000, 8000, 10_000, 12_000]);
  });

  it('drops what meets a busy link without a queue', () => {
    expect(places(play('rate 250kpps queue 0', { packets: 9 }).sent)).toEqual([1, 5, 9]);
  });

  it('tells lines apart, and befalls each by itself', () => {
    const ran = play('A: loss packets 2; B: loss packets 3', { packets: 4, flows: [flowA, flowB] });
    expect(places(ran.sent.filter(({ flow }) => flow === flowA))).toEqual([1, 3, 4]);
    expect(places(ran.sent.filter(({ flow }) => flow === flowB))).toEqual([1, 2, 4]);
    const [a, b] = ran.engine.report().lines;
    expect([a.line, a.lost.packets, b.line, b.lost.packets]).toEqual(['A', 1, 'B', 1]);
    const one = play('239.1.1.2: loss packets 1; :26477: loss packets 2', { packets: 3, flows: [flowA, flowB] });
    expect(places(one.sent.filter(({ flow }) => flow === flowA))).toEqual([1, 3]);
    expect(places(one.sent.filter(({ flow }) => flow === flowB))).toEqual([3]);
  });

  it('makes a line B', () => {
    const ran = play('A: loss packets 2; B: delay 1500ns; both: loss packets 4', {
      packets: 4,
      engine: { makeLineB: () => flowB },
    });
    expect(places(ran.sent.filter(({ flow }) => flow === flowA))).toEqual([1, 3]);
    expect(places(ran.sent.filter(({ flow }) => flow === flowB))).toEqual([1, 2, 3]);
    expect(ran.sent.map(({ dueNs }) => dueNs)).toEqual([0, 1500, 2000, 2500, 3500]);
    expect(ran.engine.report().lostOnBothLines).toEqual({ packets: 1, messages: 3 });
  });

  it('draws the same for one fault, whatever the others are', () => {
    const lostBy = (text: string) => {
      const { log } = play(text, { packets: 2000, flows: [flowA, flowB] });
      return log.filter((line) => line.includes('"kind":"loss"') && line.includes('"line":"A"')).map(packetOf);
    };
    const alone = lostBy('A: loss 1%');
    expect(alone.length).toBeGreaterThan(5);
    expect(lostBy('B: loss 50%; delay 1us; A: loss 1%; dup 5%; A: corrupt 3 5%')).toEqual(alone);
    // More of the same seed: all of those, and others.
    expect(lostBy('A: loss 2%')).toEqual(expect.arrayContaining(alone));
    expect(lostBy('A: loss 1%')).not.toEqual(
      play('A: loss 1%', { packets: 2000, seed: 2 }).log.slice(1, -1).map(packetOf),
    );
  });

  it('holds so many packets at most, and counts what is lost beyond', () => {
    const held = new HeldPackets(3);
    const ran = play('delay 100us', { packets: 10, engine: { held } });
    expect(places(ran.sent)).toEqual([1, 2, 3]);
    const { in: given, out, overflowed } = counts(ran);
    expect([given.packets, out.packets, overflowed.packets]).toEqual([10, 3, 7]);
    expect(ran.engine.report()).toMatchObject({ mostHeldPackets: 3, mostHeldBytes: 180 });
    expect(ran.log.filter((line) => line.includes('"kind":"overflow"'))).toHaveLength(7);
    const bytes = play('delay 100us', { packets: 10, engine: { held: new HeldPackets(100, 130) } });
    expect(places(bytes.sent)).toEqual([1, 2]);
  });
});

function packetOf(line: string): number {
  return (JSON.parse(line) as { packet: number }).packet;
}

function differingBits(one: string, other: string): number {
  const bytes = Buffer.from(other, 'hex');
  let count = 0;
  for (const [index, byte] of Buffer.from(one, 'hex').entries()) {
    for (let bits = byte ^ bytes[index]; bits > 0; bits >>= 1) count += bits & 1;
  }
  return count;
}

function sumOfWords(hex: string): number {
  const bytes = Buffer.from(hex, 'hex');
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
