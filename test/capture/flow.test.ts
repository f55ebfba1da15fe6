import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowTable, OTHER_FLOWS } from '../../src/capture/flow.js';
import { formatIpv4, parseIpv4 } from '../../src/capture/ipv4.js';
import { ipv6 } from './build.js';

test('a flow is the same object every time and is numbered in order of appearance', () => {
  const table = new FlowTable();
  const first = table.intern(0xcec87f8a, 51000, 0xe9360c6f, 26477);
  const back = table.intern(0xe9360c6f, 26477, 0xcec87f8a, 51000);
  expect(first).toEqual({
    index: 0,
    transport: 'UDP',
    source: '206.200.127.138',
    sourcePort: 51000,
    destination: '233.54.12.111',
    destinationPort: 26477,
    name: '206.200.127.138:51000 > 233.54.12.111:26477',
  });
  expect(back.index).toBe(1);
  expect(table.intern(0xcec87f8a, 51000, 0xe9360c6f, 26477)).toBe(first);
  expect(table.flows).toEqual([first, back]);
});

test('tells apart what a map of strings tells apart', () => {
  const word = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff);
  const port = fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, port, word, port), { maxLength: 400 }), (keys) => {
      const table = new FlowTable();
      const known = new Map<string, number>();
      for (const key of keys) {
        const name = key.join();
        if (!known.has(name)) known.set(name, known.size);
        const flow = table.intern(...key);
        expect(flow.index).toBe(known.get(name));
        expect([parseIpv4(flow.source), flow.sourcePort, parseIpv4(flow.destination), flow.destinationPort]).toEqual(
          key,
        );
      }
    }),
  );
});

test('flows beyond the limit share one object and are counted', () => {
  const table = new FlowTable(2);
  const kept = [table.intern(1, 1, 1, 1), table.intern(2, 1, 1, 1)];
  const others = [3, 4, 3].map((source) => table.intern(source, 1, 1, 1));
  expect(others).toEqual([table.otherFlows, table.otherFlows, table.otherFlows]);
  expect(table.otherFlows.name).toBe(OTHER_FLOWS);
  expect(table.otherFlows.index).toBe(2);
  expect(table.overflowed).toBe(3);
  expect([table.intern(1, 1, 1, 1), table.intern(2, 1, 1, 1)]).toEqual(kept);
});

test('grows to many flows and finds them all', () => {
  const table = new FlowTable();
  const flows = Array.from({ length: 5000 }, (_, index) => table.intern(index * 65_536, index, 7, 8));
  flows.forEach((flow, index) => {
    expect(table.intern(index * 65_536, index, 7, 8)).toBe(flow);
  });
  expect(table.flows).toHaveLength(5000);
});

test.each(['1.2.3', '1.2.3.4.5', '1.2.3.256', 'a.b.c.d', '', '1..2.3', '::1', '1.2.3.4 '])(
  '%s is no address',
  (text) => {
    expect(parseIpv4(text)).toBe(-1);
  },
);

test('addresses survive being written and read', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (address) => parseIpv4(formatIpv4(address)) === address));
});

/** A source and a destination address as they lie in an IPv6 header. */
function addresses(source: string, destination: string): DataView {
  return new DataView(Uint8Array.from([9, ...ipv6(source), ...ipv6(destination)]).buffer);
}

test('a flow over IPv6 is the same object every time, its addresses in brackets in its name', () => {
  const table = new FlowTable();
  const view = addresses('2001:db8::1', 'ff02::1');
  const flow = table.internIpv6(view, 1, (5 << 16) | 26477, 'UDP');
  expect(flow).toEqual({
    index: 0,
    transport: 'UDP',
    source: '2001:db8::1',
    sourcePort: 5,
    destination: 'ff02::1',
    destinationPort: 26477,
    name: '[2001:db8::1]:5 > [ff02::1]:26477',
  });
  expect(table.internIpv6(addresses('2001:db8::1', 'ff02::1'), 1, (5 << 16) | 26477, 'UDP')).toBe(flow);
});

test('the same addresses and ports over UDP and over TCP are different flows', () => {
  const table = new FlowTable();
  const view = addresses('::1', '::2');
  const make = () => [
    table.intern(1, 2, 3, 4),
    table.intern(1, 2, 3, 4, 'TCP'),
    table.internIpv6(view, 1, 0x20004, 'UDP'),
    table.internIpv6(view, 1, 0x20004, 'TCP'),
  ];
  const flows = make();
  expect(flows.map((flow) => [flow.index, flow.transport])).toEqual([
    [0, 'UDP'],
    [1, 'TCP'],
    [2, 'UDP'],
    [3, 'TCP'],
  ]);
  expect(make()).toEqual(flows);
  expect(table.internTcpWords(1, 3, 0x20004)).toBe(flows[1]);
  expect(table.flows).toEqual(flows);
});

test('tells IPv6 flows apart that differ in any word, and finds them all when there are many', () => {
  const table = new FlowTable();
  const views = Array.from({ length: 2000 }, (_, index) => {
    const view = addresses('2001:db8::1', 'ff02::1');
    view.setInt32(1 + (index % 8) * 4, index);
    return view;
  });
  const flows = views.map((view) => table.internIpv6(view, 1, 7, 'UDP'));
  expect(new Set(flows).size).toBe(2000);
  for (const [index, view] of views.entries()) expect(table.internIpv6(view, 1, 7, 'UDP')).toBe(flows[index]);
});

test('IPv6 and TCP flows beyond the limit share the same object', () => {
  const table = new FlowTable(1);
  table.intern(1, 2, 3, 4);
  const others = [table.internTcpWords(1, 3, 4), table.internIpv6(addresses('::1', '::2'), 1, 5, 'TCP')];
  expect(others).toEqual([table.otherFlows, table.otherFlows]);
  expect(table.overflowed).toBe(2);
});
