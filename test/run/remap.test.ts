import { expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { FlowMap, parseRemapping } from '../../src/run/remap.js';
import { makeFlow } from './support.js';

const flow = makeFlow();

test('a flow of which nothing changes is itself', () => {
  expect(new FlowMap([], []).get(flow)).toBe(flow);
});

test.each([
  [[], ['1.2.3.4:5'], '10.0.0.1:1000 > 1.2.3.4:5'],
  [['[::1]:2'], ['[::2]:3'], '[::1]:2 > [::2]:3'],
  [[], ['233.54.12.111:26477=1.2.3.4:5'], '10.0.0.1:1000 > 1.2.3.4:5'],
  [['10.0.0.1:1000=10.0.0.9:1'], [], '10.0.0.9:1 > 233.54.12.111:26477'],
  [[], ['233.54.12.111:1=1.2.3.4:5', '1.1.1.1:26477=1.2.3.4:5'], '10.0.0.1:1000 > 233.54.12.111:26477'],
  [[], ['1.1.1.1:1=1.2.3.4:5', '9.9.9.9:9'], '10.0.0.1:1000 > 9.9.9.9:9'],
])('sources %j and destinations %j', (sources, destinations, name) => {
  const map = new FlowMap(sources.map(parseRemapping), destinations.map(parseRemapping));
  expect(map.get(flow)).toMatchObject({ name, transport: 'UDP', index: flow.index });
  expect(map.get(flow)).toBe(map.get(flow));
});

test.each(['1.2.3.4', 'a=b', '1.2.3.4:5=', '=1.2.3.4:5'])('%s is refused', (text) => {
  expect(() => parseRemapping(text)).toThrow(UsageError);
});
