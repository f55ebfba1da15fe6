import { describe, expect, test } from 'vitest';
import { flowBetween } from '../../../src/capture/endpoint.js';
import type { Flow } from '../../../src/core/seams.js';
import { type ChannelDirectory, readChannels } from '../../../src/protocol/mdp3/channels.js';
import { describeCaptures, readCapture } from '../../support/captures.js';

const connection = (id: string, inside: string) => `<connection id="${id}">${inside}</connection>`;
const udp = (feedType: string, ip: string, port: number, feed: string) =>
  `<type feed-type="${feedType}">Some  Feed</type><protocol>UDP/IP</protocol><ip>${ip}</ip><host-ip>10.0.0.1</host-ip>` +
  `<host-ip>10.0.0.2</host-ip><port>${port}</port><feed>${feed}</feed>`;
const tcp = (port: number, host = '10.0.0.9') =>
  `<type feed-type="H">Historical Replay</type><protocol>TCP/IP</protocol><host-ip>${host}</host-ip>` +
  `<port>${port}</port><feed>A</feed>`;
const channel = (id: string, connections: string) =>
  `<channel id="${id}" label="Channel ${id}"><products><product code="ES"><group code="E&amp;S"/><group code="E2"/></product></products>` +
  `<connections>${connections}</connections></channel>`;
const configuration = (channels: string) =>
  `<?xml version="1.0"?>\n<configuration environment="TEST" updated="now">\n${channels}</configuration>`;

let flows = 0;
function flow(from: string, to: string, transport: 'UDP' | 'TCP' = 'UDP'): Flow {
  const endpoint = (text: string) => ({ address: text.split(':')[0] as string, port: Number(text.split(':')[1]) });
  return { ...flowBetween(transport, endpoint(from), endpoint(to)), index: flows++ };
}
const lineOf = (directory: ChannelDirectory, of: Flow) => {
  const line = directory.lineOf(of);
  return line && `${line.id} ${line.channel} ${line.feedType} ${line.feed}`;
};

describe('readChannels', () => {
  test('channels, products and connections', () => {
    const lines = connection('310IA', udp('I', '224.0.31.1', 14_310, 'A')) + connection('310H2A', tcp(10_000));
    const { environment, updated, channels } = readChannels(configuration(channel('310', lines)), 'config.xml');
    expect({ environment, updated, channels }).toEqual({
      environment: 'TEST',
      updated: 'now',
      channels: [
        {
          id: '310',
          label: 'Channel 310',
          products: [{ code: 'ES', groups: ['E&S', 'E2'] }],
          connections: [
            {
              id: '310IA',
              channel: '310',
              label: 'Channel 310',
              feedType: 'I',
              feedName: 'Some Feed',
              feed: 'A',
              protocol: 'UDP',
              ip: '224.0.31.1',
              hostIps: ['10.0.0.1', '10.0.0.2'],
              port: 14_310,
            },
            {
              id: '310H2A',
              channel: '310',
              label: 'Channel 310',
              feedType: 'H',
              feedName: 'Historical Replay',
              feed: 'A',
              protocol: 'TCP',
              ip: null,
              hostIps: ['10.0.0.9'],
              port: 10_000,
            },
          ],
        },
      ],
    });
  });

  const one = (inside: string) => configuration(channel('310', connection('310IA', inside)));
  const at = 'configuration/channel 310/connections/connection 310IA';
  const good = udp('I', '224.0.31.1', 14_310, 'A');
  const faults: [string, string, string | RegExp][] = [
    ['another root', '<messageSchema/>', 'c.xml, line 1: messageSchema: is no channel configuration'],
    ['no channel', configuration(''), 'c.xml, line 2: configuration: has no channel'],
    ['a channel twice', configuration(channel('1', '') + channel('1', '')), 'channel "1" is there twice'],
    ['no type', one('<protocol>UDP/IP</protocol>'), `c.xml, line 3: ${at}: has no <type>`],
    ['another protocol', one(good.replace('UDP/IP', 'SCTP')), `${at}/protocol: "SCTP" is neither UDP/IP nor TCP/IP`],
    ['no group', one(good.replace(/<ip>.*<\/ip>/, '')), `${at}: is UDP and names no group`],
    ['no host', one(tcp(1).replace(/<host-ip>.*<\/host-ip>/, '')), `${at}: is TCP and names no host`],
    ['an octet above 255', one(good.replace('224.0.31.1', '224.0.31.256')), `${at}/ip: "224.0.31.256" is no IPv4`],
    ['a name for an address', one(good.replace('10.0.0.2', 'host')), `${at}/host-ip: "host" is no IPv4 address`],
    ['port 0', one(good.replace('14310', '0')), `${at}/port: "0" is no port from 1 to 65535`],
    ['port 65536', one(good.replace('14310', '65536')), `${at}/port: "65536" is no port`],
    ['two letters for a line', one(good.replace('>A<', '>AB<')), `${at}/feed: "AB" is no line such as A or B`],
    ['no feed type', one(good.replace(' feed-type="I"', '')), `${at}/type: its attribute feed-type "" is not`],
    ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${one(good)}`, 'c.xml, line 1: a document type is refused'],
    ['an entity', one(good.replace('Some', '&a;')), '"&a;": write the text itself'],
    ['half a file', one(good).slice(0, 200), /c\.xml, line \d+: the text is not well-formed XML/],
    ['no text', '', /c\.xml/],
  ];
  test.each(faults)('%s is refused', (_name, text, message) => {
    expect(() => readChannels(text, 'c.xml')).toThrow(message);
  });
});

describe('lineOf', () => {
  const directory = readChannels(
    configuration(
      channel(
        '310',
        connection('310IA', udp('I', '224.0.31.1', 14_310, 'A')) +
          connection('310IB', udp('I', '224.0.32.1', 15_310, 'B')) +
          connection('310H', tcp(10_000)) +
          connection('310X', udp('S', '224.0.40.1', 1, 'A')),
      ) +
        channel(
          '311',
          connection('311H', tcp(10_001)) +
            connection('311I', tcp(10_001)) +
            connection('311X', udp('S', '224.0.40.1', 1, 'A')) +
            connection('311Y', udp('S', '224.0.40.1', 1, 'A')),
        ),
    ),
    'config.xml',
  );
  const vectors: [string, Flow, string | null][] = [
    ['multicast, whoever sends it', flow('1.2.3.4:9', '224.0.31.1:14310'), '310IA 310 I A'],
    ['the other line', flow('1.2.3.4:9', '224.0.32.1:15310'), '310IB 310 I B'],
    ['the group on another port', flow('1.2.3.4:9', '224.0.31.1:14311'), null],
    ['another group on the port', flow('1.2.3.4:9', '224.0.31.9:14310'), null],
    ['a host that sends elsewhere', flow('10.0.0.1:14310', '1.2.3.4:9'), null],
    ['TCP from the server', flow('10.0.0.9:10000', '1.2.3.4:9', 'TCP'), '310H 310 H A'],
    ['TCP to the server', flow('1.2.3.4:9', '10.0.0.9:10000', 'TCP'), '310H 310 H A'],
    ['two connections of one line', flow('10.0.0.9:10001', '1.2.3.4:9', 'TCP'), '311H 311 H A'],
    ['a place that two channels share', flow('1.2.3.4:9', '224.0.40.1:1'), null],
  ];
  test.each(vectors)('%s', (_name, of, expected) => {
    expect([lineOf(directory, of), lineOf(directory, of)]).toEqual([expected, expected]);
  });

  test('flows of two captures with one index', () => {
    const [one, other] = [flow('1.2.3.4:9', '224.0.31.1:14310'), flow('1.2.3.4:9', '224.0.32.1:15310')];
    const same = { ...other, index: one.index };
    expect([one, same, one].map((of) => lineOf(directory, of))).toEqual([
      '310IA 310 I A',
      '310IB 310 I B',
      '310IA 310 I A',
    ]);
  });
});

describeCaptures('CME’s configurations', () => {
  const read = (name: string) => {
    const path = `cme-channels/${name}.xml`;
    return readChannels(Buffer.from(readCapture(path)).toString('utf8'), path);
  };
  // Counted in the files by their tags.
  test.each([
    ['config-cert-2018', 'Certification', 66, 310, 975, 0],
    ['config-prod-2017', 'PROD', 37, 333, 2049, 37],
    ['config-prod-2023', 'PROD', 39, 351, 2629, 39],
  ])('%s', (name, environment, channels, connections, products, overTcp) => {
    const directory = read(name);
    const lines = directory.channels.flatMap((one) => one.connections);
    expect([
      directory.environment,
      directory.channels.length,
      lines.length,
      directory.channels.flatMap((one) => one.products).length,
      lines.filter(({ protocol }) => protocol === 'TCP').length,
    ]).toEqual([environment, channels, connections, products, overTcp]);
    const feedTypes = new Set(lines.map(({ feedType }) => feedType));
    expect([...feedTypes].sort()).toEqual(overTcp > 0 ? ['H', 'I', 'N', 'S', 'SMBO'] : ['I', 'N', 'S', 'SMBO']);
  });

  test('every group of UDP leads back to its line', () => {
    const directory = read('config-prod-2023');
    const lines = directory.channels.flatMap((one) => one.connections).filter(({ protocol }) => protocol === 'UDP');
    const found = lines.map(({ ip, port }) => directory.lineOf(flow('1.2.3.4:9', `${ip}:${port}`))?.id);
    expect(found).toEqual(lines.map(({ id }) => id));
  });

  test('the lines of channel 310', () => {
    const directory = read('config-prod-2023');
    const to = (place: string) => lineOf(directory, flow('1.2.3.4:9', place));
    expect([to('224.0.31.1:14310'), to('224.0.32.1:15310'), to('233.72.75.1:23310')]).toEqual([
      '310IA 310 I A',
      '310IB 310 I B',
      '310SAMBO 310 SMBO A',
    ]);
  });
});
