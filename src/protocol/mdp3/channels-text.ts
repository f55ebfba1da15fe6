/** Writes a channel configuration in the form that `readChannels` reads, which is that of CME's `config.xml`. */
import type { Channel, ChannelConnection } from './channels.js';

/** Names and addresses are those of the exchange's own alphabet: none needs an escape. */
export function channelsText(environment: string, updated: string, channels: readonly Channel[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<configuration environment="${environment}" updated="${updated}">`,
    ...channels.flatMap(channelLines),
    '</configuration>',
    '',
  ].join('\n');
}

function channelLines({ id, label, products, connections }: Channel): string[] {
  return [
    `  <channel id="${id}" label="${label}">`,
    '    <products>',
    ...products.flatMap(({ code, groups }) => [
      `      <product code="${code}">`,
      ...groups.map((group) => `        <group code="${group}"/>`),
      '      </product>',
    ]),
    '    </products>',
    '    <connections>',
    ...connections.flatMap(connectionLines),
    '    </connections>',
    '  </channel>',
  ];
}

function connectionLines({ id, feedType, feedName, feed, protocol, ip, hostIps, port }: ChannelConnection): string[] {
  return [
    `      <connection id="${id}">`,
    `        <type feed-type="${feedType}">${feedName}</type>`,
    `        <protocol>${protocol}/IP</protocol>`,
    ...(ip === null ? [] : [`        <ip>${ip}</ip>`]),
    ...hostIps.map((host) => `        <host-ip>${host}</host-ip>`),
    `        <port>${port}</port>`,
    `        <feed>${feed}</feed>`,
    '      </connection>',
  ];
}
