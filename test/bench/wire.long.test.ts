/** The wire bench's cases that run commands, on few packets: for their counts, never for their time. */
import { expect, it } from 'vitest';
import { datagramBytes, messagesPerDatagram } from '../../bench/wire-input.js';
import { runWireBench } from './wire-run.js';

const packets = 5000;

it('every case of commands sends, or receives, what it is told to', () => {
  const { cases, skipped } = runWireBench('^(replay|paced|listen|tcpreplay|day)', packets, 1);
  for (const [name, reason] of Object.entries(skipped)) console.log(`not tested: ${name}, ${reason}`);
  expect(Object.keys(cases)).toEqual(
    expect.arrayContaining(['replay-dgram', 'replay-gso', 'paced-dgram', 'listen-300kpps', 'day-50M']),
  );
  const { 'day-50M': day, ...others } = cases;
  expect(day?.messages).toBe(packets * 5);
  const stages = ['reading and packing', 'pacing and counting', 'sending'];
  const each = stages.map((stage) => `${stage} [\\d.]+`).join(', ');
  expect(day?.limit).toMatch(new RegExp(`^(${stages.join('|')}); ns a message: ${each}( \\(C's sendmmsg .*\\))?$`));
  for (const [name, figures] of Object.entries(others)) {
    // What a listener lost to a busy machine it must have counted.
    const [lost = 0] = figures.lost;
    expect(figures.packets + (name.startsWith('listen') ? lost : 0), name).toBe(packets);
    expect(figures.bytes, name).toBe(figures.packets * datagramBytes);
    if (figures.messages !== undefined) expect(figures.messages, name).toBe(figures.packets * messagesPerDatagram);
  }
});
