/** The example project's own tests: what a user of the kit writes. */
import { describe, expect, it } from 'vitest';
import { captureEvents, expectDecodesLike, forEachMessage } from '../../src/index.js';
import { fixture } from '../support/cli.js';
import { handlerMap, OrderHandler } from './handler.js';

describe('the order handler', () => {
  it.each(['itch50-gaps.pcap', 'itch50-session.NASDAQ_ITCH50.gz'])('decodes %s as it should', async (capture) => {
    const report = await expectDecodesLike(OrderHandler, fixture(capture), { map: handlerMap });
    expect(report.counts.same).toBeGreaterThan(1000);
  });

  it('is told where it is wrong', async () => {
    class WrongScale extends OrderHandler {
      override onMessage(view: DataView, offset: number, length: number) {
        const order = super.onMessage(view, offset, length);
        return order === null ? null : { ...order, dollars: order.dollars * 100 };
      }
    }
    const wrong = expectDecodesLike(WrongScale, fixture('itch50-gaps.pcap'), { map: handlerMap });
    await expect(wrong).rejects.toThrow(/A AddOrder\.price: .*10\^2 times too large: the scale/);
    await expectDecodesLike(WrongScale, fixture('itch50-gaps.pcap'), {
      map: handlerMap,
      accepted: ['A AddOrder.price'],
    });
  });

  it('sees every order that is added', async () => {
    const handler = new OrderHandler();
    let added = 0;
    const count = await forEachMessage(fixture('itch50-gaps.pcap'), ({ bytes, protocol, values }) => {
      handler.onMessage(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
      if (protocol === 'itch50' && values.type === 'A' && values.shares > 0) added++;
    });
    expect([count, handler.orders, added]).toEqual([3483, 1326, 1326]);
  });

  it('hears of gaps where they are', async () => {
    const gaps: string[] = [];
    let last = 0;
    for await (const event of captureEvents(fixture('itch50-gaps.pcap'))) {
      if (event.kind === 'gap') gaps.push(`${event.from}-${event.to} behind ${last}`);
      if (event.kind === 'message') last = event.message.sequence ?? 0;
    }
    expect(gaps).toContain('575-577 behind 574');
    expect(gaps).toContain('2891-2891 behind 2890');
  });
});
