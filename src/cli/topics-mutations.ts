/** The help topic on mutations: kinds, verdicts, the manifest, the conformance pack. */
import { mutationKinds } from '../sim/mutations/kinds.js';
import { layers } from '../sim/mutations/model.js';
import type { Topic } from './topics.js';

const meanings: Readonly<Record<(typeof layers)[number], string>> = {
  frame: 'Ethernet and the capture’s record of it',
  ip: 'IPv4: lengths, checksum, protocol, fragments',
  transport: 'UDP lengths and checksums; segments of TCP',
  session: 'counts and lengths of MoldUDP64, SoupBinTCP, BinaryFILE and MDP, by packet and over TCP',
  stream: 'order, numbers, sessions, heartbeats, times',
  message: 'types, templates, versions, blocks and groups',
  field: 'boundaries, nulls, codes and bytes of one field',
};

export const mutations: Topic = {
  name: 'mutations',
  title: 'Mutations',
  summary: 'what mutate and check --mutations break, and what a correct parser makes of it',
  options: ['--mutations', '--manifest'],
  arguments: [],
  blocks: [
    `There are ${mutationKinds.length} kinds in these layers; --kind takes names of either, and mutate --list tells ` +
      'each kind with its framings, its verdict and its reason:',
    { rows: layers.map((layer) => [layer, meanings[layer]] as const) },
    'A packet is changed once, and its neighbours on the flow then not at all; the first of a flow is left ' +
      'alone, since readers know a flow by it. Headers are made anew, as convert makes them. The verdicts:',
    {
      rows: [
        ['deliver', 'all messages are delivered, with the values that the manifest gives'],
        ['skip', 'what is unknown, seen before or empty is passed over; its number counts'],
        ['gap', 'numbers are missing, which is reported; what came is delivered'],
        ['reject', 'what cannot be is not delivered, and is reported; what is whole before it is kept'],
      ],
    },
    'The manifest is NDJSON: a line on the run, then one a mutation: packet (of the output), frames, source ' +
      '(packet of the input), kind, layer, framing, flow, what, verdict, and expect: gap {from, to} or null, ' +
      'report (something is to be reported), skipped (messages of unknown layout), messages with sequence, ' +
      'protocol, session, optional (a parser may leave it out: of a packet that is rejected in part, or whose ' +
      'checksum is wrong), repeated, and their fields as decode prints them.',
    'check --mutations runs the parser through each in a stretch of 24 packets, --jobs of them at a time. A crash, ' +
      'silence beyond --timeout, memory far above what the capture takes as it is, and wrong messages fail; what is ' +
      'optional may be left out; of a program that is only counted its counts are held to that. A parser that says ' +
      'that it reports gaps or rejections (tickreel help parsers) fails where one is missing or wrong. Kinds that a ' +
      'parser cannot be shown are skipped, with the reason, and counted: one that is fed messages alone (a module ' +
      'with onMessage, --feed binaryfile) gets the layers message and field, and is held to rejections alone; one ' +
      'that is fed by UDP (--feed udp) gets no layer below the datagram, whose headers the sending system writes, ' +
      'and no times of the capture; each of its cases is one flow, at its one socket. That one hangs shows on Linux ' +
      'alone, by datagrams that it leaves unread; elsewhere messages are missing.',
    '--save keeps what fails, packets and messages left out as long as it fails alike, and tells the command that ' +
      'repeats it. Beside CASE.pcap stands CASE.pcap.expect.json: what the mutation asks (messages that may be left ' +
      'out, gaps, rejections, memory), by which check judges the capture from then on, by itself, in a folder or in ' +
      'a suite. Keep the two together.',
    'conformance writes captures of every type and template instead, with what they decode to and their golden ' +
      'records beside them: the question whether a parser knows the whole specification.',
  ],
};
