/** What may stand in the place of a value: its choices, files, or examples of what is understood. */
import { itch50 } from '../protocol/itch50/index.js';
import { mdp3Table } from '../protocol/mdp3/index.js';
import type { ArgumentNode, OptionNode } from './command-tree.js';

/** `list`: words joined by commas. `words` are suggestions; only a few are all that there is. */
export type Completion =
  | { readonly kind: 'files' }
  | { readonly kind: 'words' | 'list'; readonly words: readonly string[] }
  | { readonly kind: 'nothing' };

const files: Completion = { kind: 'files' };
const filePlaceholder = /^(?:in|out|input|output|file|capture|prefix|path|folder|directory)s?$|\.\w+$/i;
const addresses = ['udp://127.0.0.1:26477', 'udp://239.255.42.1:26477?iface=127.0.0.1'];
const moments = ['09:30:00', '16:00:00', '+1s', '+10s', '+1m'];
const lengths = ['100us', '1ms', '10ms', '100ms', '1s', '10s', '1m'];
/** What every printed message begins with; its fields follow. */
const messageKeys = [
  'packet',
  'timestampNs',
  'sequence',
  'protocol',
  'session',
  'channel',
  'feed',
  'sendingTimeNs',
  'type',
  'name',
];
/** Fields of MDP's messages, groups by their own names. */
const mdp3Fields = mdp3Table.messages.flatMap(({ fields, groups }) => [...fields, ...groups].map(fieldName));

const byOption: Readonly<Record<string, Completion>> = {
  '--to': words(...addresses, 'soupbintcp://127.0.0.1:26400', 'eth://', 'inproc', 'inproc:ring', 'pcap:', 'null'),
  '--multiplier': words('0.5', '1', '2', '10'),
  '--pps': words('1000', '10000', '100000'),
  '--mbps': words('10', '100', '1000'),
  '--start-at': words('+1s', '+5s', '+10s'),
  '--type': list([...itch50.messages.map(({ type }) => type), ...mdp3Table.messages.map(({ id }) => String(id))]),
  '--fields': list([
    ...new Set([...messageKeys, ...itch50.messages.flatMap(({ fields }) => fields.map(fieldName)), ...mdp3Fields]),
  ]),
  '--port-map': words('26477=itch50', '14310=mdp3', '26477=none'),
  '--channel': list(['310']),
  '--feed': list(['A', 'B']),
  '--destination': words(':26477'),
  '--loop': words('0', '1', '10'),
  '--mtu': words('1500', '9000'),
};

const byPlaceholder: Readonly<Record<string, Completion>> = {
  rate: words('1x', '2x', '10x', '0.5x', '10kpps', '100kpps', '100kmsg/s', '1Mmsg/s', '100Mbps', '1Gbps', 'max'),
  F: words('0.5x', '2x', '10x'),
  WHEN: words(...moments),
  time: words(...lengths),
  duration: words(...lengths),
};

export function completionOfOption(option: OptionNode): Completion {
  if (option.choices.length > 0) return { kind: 'words', words: option.choices };
  const placeholder = option.placeholder ?? '';
  const known = byOption[option.long] ?? byPlaceholder[placeholder];
  return known ?? (filePlaceholder.test(placeholder) ? files : { kind: 'nothing' });
}

export function completionOfArgument(argument: ArgumentNode): Completion {
  if (argument.choices.length > 0) return { kind: 'words', words: argument.choices };
  if (argument.name === 'address' || argument.name === 'addresses') return words(...addresses);
  return filePlaceholder.test(argument.name) ? files : { kind: 'nothing' };
}

function words(...each: string[]): Completion {
  return { kind: 'words', words: each };
}

function list(each: readonly string[]): Completion {
  return { kind: 'list', words: each };
}

function fieldName(field: { readonly name: string }): string {
  return field.name;
}
