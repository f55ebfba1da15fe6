import { describe, expect, test } from 'vitest';
import { checkLines, LineNames, parseLineEndpoint, refuseInterfaces } from '../../src/analysis/line-names.js';
import { flowBetween, parseEndpoint } from '../../src/capture/endpoint.js';
import { readChannels } from '../../src/protocol/mdp3/channels.js';

const flow = (source: string, destination: string) =>
  flowBetween('UDP', parseEndpoint(source), parseEndpoint(destination));
const named = (a: string[], b: string[]) => new LineNames({ a: a.map(parseLineEndpoint), b: b.map(parseLineEndpoint) });

describe('an address of a line', () => {
  test.each([
    ['239.1.1.1:5000', { address: '239.1.1.1', port: 5000, iface: null }],
    ['239.1.1.1:5000@eth0', { address: '239.1.1.1', port: 5000, iface: 'eth0' }],
    ['[ff05::1]:5000@127.0.0.1', { address: 'ff05::1', port: 5000, iface: '127.0.0.1' }],
  ])('%s', (text, expected) => expect(parseLineEndpoint(text)).toEqual(expected));

  test.each([
    ['239.1.1.1', 'ADDRESS:PORT'],
    ['239.1.1.1:5000@', 'no interface behind @'],
    ['@eth0', 'ADDRESS:PORT'],
  ])('%s is refused', (text, said) => expect(() => parseLineEndpoint(text)).toThrow(said));

  test('of both lines is refused, unless it comes by two interfaces', () => {
    const spec = (one: string, other: string) => ({ a: [parseLineEndpoint(one)], b: [parseLineEndpoint(other)] });
    expect(() => checkLines(spec('239.1.1.1:5', '239.1.1.1:5'))).toThrow('cannot be line A and line B');
    expect(() => checkLines(spec('239.1.1.1:5@eth0', '239.1.1.1:5@eth1'))).not.toThrow();
    expect(() => refuseInterfaces(spec('239.1.1.1:5', '239.1.1.2:5@eth1'))).toThrow('leave @eth1 out');
    expect(() => refuseInterfaces(spec('239.1.1.1:5', '239.1.1.2:5'))).not.toThrow();
  });
});

describe('the line of a flow', () => {
  test('by where it is sent, else by who sends it', () => {
    const names = named(['239.1.1.1:5000', '10.0.0.1:7'], ['239.1.1.2:5000', '10.0.0.2:7']);
    expect(names.nameOf(flow('10.0.0.9:1', '239.1.1.1:5000'))).toBe('A');
    expect(names.nameOf(flow('10.0.0.9:1', '239.1.1.2:5000'))).toBe('B');
    expect(names.nameOf(flow('10.0.0.2:7', '239.1.1.3:5000'))).toBe('B');
    expect(names.nameOf(flow('10.0.0.2:7', '239.1.1.1:5000'))).toBe('A');
    expect(names.nameOf(flow('10.0.0.3:7', '239.1.1.3:5000'))).toBeNull();
  });

  test('by the interface, where both lines are sent to one address', () => {
    const names = named(['239.1.1.1:5000@eth0'], ['239.1.1.1:5000@eth1']);
    const to = () => flow('10.0.0.9:1', '239.1.1.1:5000');
    expect([names.nameOf(to(), 'eth0'), names.nameOf(to(), 'eth1'), names.nameOf(to())]).toEqual(['A', 'B', null]);
  });

  test('by the channel configuration, where it is not told', () => {
    const text = `<configuration><channel id="310"><connections>
      ${['A', 'B', 'C'].map(
        (feed, index) => `<connection id="310I${feed}"><type feed-type="I">Incremental</type>
        <protocol>UDP/IP</protocol><ip>239.1.1.${index + 1}</ip><port>14310</port><feed>${feed}</feed></connection>`,
      )}
    </connections></channel></configuration>`;
    const names = new LineNames({ a: [parseLineEndpoint('239.1.1.2:14310')], b: [] }, readChannels(text, 'config.xml'));
    const lines = [1, 2, 3, 4].map((last) => names.nameOf(flow('10.0.0.9:1', `239.1.1.${last}:14310`)));
    expect(lines).toEqual(['A', 'A', null, null]);
  });
});
