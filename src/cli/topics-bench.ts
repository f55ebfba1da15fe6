/** The help topic on bench: its stages, what figures include, and how runs are compared. */
import type { Topic } from './topics.js';

export const measuring: Topic = {
  name: 'measuring',
  title: 'Measuring',
  summary: 'what bench measures, what its figures include, how it compares',
  options: ['--parser-cmd', '--baseline'],
  arguments: [],
  blocks: [
    'Stages, by the names that --stages takes:',
    {
      rows: [
        ['read-cold', 'the file from the disk; its pages, and only its, are dropped from the cache before each run'],
        ['read-warm', "the file from the kernel's cache"],
        ['inflate', 'gzip or Zstandard, from memory to memory'],
        ['frames', 'records of a pcap, blocks of a pcapng'],
        ['network', 'the same and link, IP, UDP and TCP with their checksums'],
        ['session', 'the same and MoldUDP64, SoupBinTCP, packets of MDP or BinaryFILE, to messages'],
        ['scan', 'messages in memory: layouts checked, types counted, time stamps or headers read'],
        ['decode', 'messages in memory: every field through typed handlers'],
        ['decode-batch', 'the same in batches by type (ITCH)'],
        ['decode-threads', 'the same by several threads, --threads of them, with how many times as fast that is'],
        ['decode-types', 'the same for each type by itself'],
        ['json', 'session, and NDJSON as decode writes it'],
        ['end-to-end', "the file from the kernel's cache to every field"],
      ],
    },
    'frames, network, session and json contain the stages before them; what they add is told beside. Each stage ' +
      'runs in a thread of its own over the first --sample bytes; a round runs each once. Time that a thread waited ' +
      'for a ' +
      'processor which another program had is taken out, and told where it is much. Checksums are of every field of ' +
      'every message, of other stages of what they count; one that changes is an error.',
    'A --parser module exports onMessage(view, offset, length), a class with it, or as default a function that makes ' +
      'one; reset() is called before each run, and what checksum() returns is compared, where there are such. A ' +
      '--parser-cmd reads messages behind their 2-byte lengths, or the capture (--parser-feed capture), from its ' +
      'standard input. Lines that begin with a number are its count of messages, so that it is measured to the last ' +
      'one, and ' +
      'paced by them; without, it is measured to its end, and paced by when the kernel took the bytes. Over UDP ' +
      '(--parser-feed udp://HOST:PORT) it counts packets, told at --parser-ack (tickreel help counter).',
    'Latency is that of an open loop: each message has a time of its own, at --latency-rate, and counts from there, ' +
      'so that what a slow one makes others wait is in theirs.',
    'With --baseline each run is compared as a multiple of the yardstick, a plain loop that is measured in the same ' +
      'round, so that a machine that is slower today is none of the difference. A stage has become slower where the ' +
      'median is higher by --min-effect and the rank-sum test gives it less than one chance in a hundred, divided by ' +
      'the number of stages. read-cold is not tested. The input must be the same, by its SHA-256.',
  ],
};
