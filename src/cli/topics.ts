/** What several options have in common, said once: `tickreel help TOPIC` prints it and manual pages quote it. */
import { exitCode } from '../core/exit-code.js';
import { formatDuration } from '../core/time.js';
import { kernelHorizonNs, spinBelowNs } from '../core/waiter.js';
import type { CommandNode } from './command-tree.js';
import { faultsTopic } from './fault-topic.js';
import { linesTopic } from './lines-topic.js';
import type { Block } from './page.js';
import { measuring } from './topics-bench.js';
import { control } from './topics-control.js';
import { counter, load } from './topics-load.js';
import { mutations } from './topics-mutations.js';
import { parsers } from './topics-parsers.js';

export interface Topic {
  /** As in `tickreel help times`. */
  readonly name: string;
  /** Its heading in a manual page. */
  readonly title: string;
  readonly summary: string;
  readonly blocks: readonly Block[];
  /** A command with one of these options takes part, … */
  readonly options: readonly string[];
  /** … and one with one of these arguments. */
  readonly arguments: readonly string[];
}

const targets: Topic = {
  name: 'targets',
  title: 'Targets',
  summary: 'where a replay goes, and where listen and record listen',
  options: ['--to'],
  arguments: ['address', 'addresses'],
  blocks: [
    {
      rows: [
        [
          'udp://HOST:PORT',
          'UDP datagrams to a host name, an IPv4 address, or an IPv6 address in brackets. A multicast group is an ' +
            'address like any other; listen joins it, and so does record, on loopback unless iface names an ' +
            'interface. Options follow a question mark and are joined by &; quote such ' +
            'an address, since both are special to shells.',
        ],
        ['?iface=IF', 'interface of multicast, by address or name: iface=127.0.0.1 keeps a group on this machine'],
        ['?ttl=N', 'time to live, 1 to 255; 1 unless given, so that nothing leaves the local network'],
        ['?loopback=BOOL', 'whether multicast also reaches sockets on this machine; true unless given'],
        [
          '?via=PATH',
          'how datagrams are handed to the kernel: sendmmsg takes what is due together in one call (Linux, koffi ' +
            'installed), dgram is Node alone, a call each; auto, unless given: the best that works. The report tells.',
        ],
        [
          '?gso=off',
          'with sendmmsg: leave the cutting of neighbours of one flow and size (UDP_SEGMENT) to no kernel or card; ' +
            'auto unless given',
        ],
        [
          'eth://INTERFACE',
          'Ethernet frames, with the capture’s own Ethernet, VLAN, IP and UDP headers, through a ring of memory that ' +
            'the kernel drains; Linux, CAP_NET_RAW (root, or setcap cap_net_raw+ep on node) and koffi. The options ' +
            '--rewrite-mac, --rewrite-ip, --rewrite-port and --rewrite-vlan change headers, of each kind the first ' +
            'rule that fits; checksums are updated. --all-frames sends packets without a UDP datagram too. Datagrams ' +
            'that are in no captured packet (built from messages, put together from fragments) get headers of their ' +
            'own, whose Ethernet addresses are made from those of IP. Options, as above:',
        ],
        ['?qdisc-bypass=BOOL', 'past the interface’s queueing discipline, to its driver; true unless given'],
        [
          '?checksums=keep, ?checksums=anew',
          'those of the capture, changed by what is rewritten (unless given), or computed from the bytes: for ' +
            'captures taken where they are sent, which hardware had yet to fill in',
        ],
        ['inproc', 'a decoder on the pacing thread: what a call costs, without a socket'],
        ['inproc:ring', 'a decoder in a worker, behind a ring in shared memory'],
        ['pcap:FILE', 'a pcap with nanosecond stamps, as fast as it can be written'],
        ['null', 'nowhere, at the rate asked for: what pacing alone costs'],
        [
          'soupbintcp://HOST:PORT',
          'a SoupBinTCP server that clients log in to, on this machine alone unless HOST is another address; port 0 ' +
            'takes a free one and tells it. --session names the session; each message is sent once, in the order of ' +
            'its MoldUDP64 number, numbered from 1. Options, as above:',
        ],
        ['?wait=N', 'the run begins once N clients have logged in; 1 unless given, 0: at once'],
        ['?user=U, ?password=P', 'what clients must log in with; anything will do unless given'],
        ['?history=BYTES', 'kept for clients that log in late or again; 64MiB unless given'],
        ['?buffer=BYTES', 'how far a client may fall behind; 16MiB unless given'],
        [
          '?slow=disconnect, ?slow=wait',
          'a client that falls behind further is dropped and counted (unless given), or the replay is held up until ' +
            'it has caught up',
        ],
        ['?clients=N', 'connections at most; 64 unless given'],
        [
          '?client-timeout=TIME',
          'a client that sends nothing, not even heartbeats, for so long is closed; 15s unless given',
        ],
        [
          '?reorder=TIME',
          'how long, by the schedule, a message waits for those numbered before it, which another line may still ' +
            'bring; 10ms unless given',
        ],
      ],
    },
    'replay --keep-destinations sends to the captured addresses and ports; --to udp://HOST or udp://?iface=IF may ' +
      'then name a host, or options, alone.',
  ],
};

const rates: Topic = {
  name: 'rates',
  title: 'Rates',
  summary: 'how fast to replay: --speed and its other names',
  options: ['--pps'],
  arguments: [],
  blocks: [
    {
      rows: [
        ['10x, 0.5x', "the capture's own timing, ten times as fast, half as fast; 1x unless a rate is given"],
        ['100kpps', 'packets a second'],
        ['50Mmsg/s', "messages a second, the capture's packet boundaries kept"],
        ['1Gbps', 'bits a second on layer 2: Ethernet header to payload, without FCS, gap and preamble'],
        ['max', 'as fast as it goes'],
      ],
    },
    'Prefixes are k, M and G, powers of ten. Numbers are exact: decimals (99.5pps) and fractions (1/3x) of at most ' +
      '15 digits. Deadlines are whole multiples of the exact interval, counted from one origin, so nothing drifts.',
    'tcpreplay knows these as --multiplier, --pps, --mbps and --topspeed; one of all of them may be given.',
  ],
};

const pacing: Topic = {
  name: 'pacing',
  title: 'Pacing',
  summary: 'how deadlines are waited for: --pacing',
  options: ['--pacing'],
  arguments: [],
  blocks: [
    {
      rows: [
        [
          'hybrid',
          `sleeps until ${formatDuration(spinBelowNs)} before a deadline (--spin-below), more than what sleeps are ` +
            'late by, and spins the rest: as exact as spin, and less work where packets are far apart',
        ],
        ['sleep', 'only sleeps: the least processor time, and packets late by what a sleep is, some 50 to 100 us'],
        [
          'spin',
          'never sleeps: the exactest, at the cost of a whole processor from the first packet to the last; ' +
            '--cpu auto gives it one that the other threads of the process keep off. With ' +
            '--realtime the kernel takes such a thread off its processor for 50 ms of each second ' +
            '(kernel.sched_rt_runtime_us): hybrid goes better with that',
        ],
        [
          'kernel',
          `hands datagrams to the kernel ${formatDuration(kernelHorizonNs)} ahead, each with its time (SO_TXTIME), ` +
            'for the queueing discipline of the interface to keep: fq, or etf on cards that do. --to udp:// alone, ' +
            'with koffi. What the report calls late is the hand-over, below 0 where it was ahead',
        ],
      ],
    },
    "On Linux with koffi sleeps are the system's own, to absolute times (clock_nanosleep), by timers that the kernel " +
      'does not gather; elsewhere they are Atomics.wait. The report says which. ' +
      'tickreel verify-pacing measures what a machine makes of them.',
  ],
};

const times: Topic = {
  name: 'times',
  title: 'Times and units',
  summary: 'moments (--from, --until, --start-at), lengths of time, sizes',
  options: ['--from', '--until', '--start-at', '--duration', '--max-gap', '--idle', '--late-after', '--rotate-time'],
  arguments: [],
  blocks: [
    'A moment is one of:',
    {
      rows: [
        ['2026-01-05T09:30:00.123456789-05:00', 'ISO 8601 with a zone: Z for UTC, or an offset; up to nine decimals'],
        ['1767623400000000000', 'nanoseconds since 1970-01-01T00:00:00Z, 16 to 19 digits'],
        ['09:30:00.123456789', "time of day in New York, on the day of the capture's first packet"],
        ['+10s', 'so long after the first packet (--start-at: from now)'],
      ],
    },
    'What was captured at --from takes part, what was captured at --until does not. --start-at takes no time of day.',
    'A length of time is a number with a unit, or several: 500us, 1.5s, 1h30m. Units are ns, us, ms, s, m (or min), ' +
      'h and d; it can be no finer than a nanosecond and no longer than 104 days.',
    'Sizes are in bytes. In reports times are nanoseconds and say so: originNs, thresholdNs, timestampNs. What is ' +
      'printed for people carries its unit; kB, MB and GB are powers of ten.',
  ],
};

const filters: Topic = {
  name: 'filters',
  title: 'Filters',
  summary: 'which messages take part',
  options: ['--type', '--symbol', '--locate', '--security-id', '--channel', '--feed', '--destination'],
  arguments: [],
  blocks: [
    'Entries of one option are alternatives, whether joined by commas (--type A,F) or repeated (--type A --type F); ' +
      'different options must all match.',
    {
      rows: [
        ['--destination', 'address, address:port or :port of the datagram'],
        ['--session', 'session name of MoldUDP64; the session to write for a BinaryFILE that is replayed'],
        ['--channel', "CME channel, such as 310, by the exchange's config.xml that --channels names"],
        ['--feed', 'its line, A or B'],
        [
          '--type',
          'message type: a letter of ITCH, a template of MDP by its id or name; tickreel reference itch50 and ' +
            'tickreel reference mdp3 list them',
        ],
        [
          '--symbol',
          'symbol. Messages with a locate code or a SecurityID alone match once that has been seen with its symbol: ' +
            'of MDP in instrument definitions, here or in a capture that --definitions names',
        ],
        ['--locate', 'stock locate code, 0 to 65535; no message of MDP has one'],
        ['--security-id', 'SecurityID of MDP: a message takes part if any of its entries has it'],
      ],
    },
    'A replay sends a whole packet if one message in it matches: packets are never rewritten. Where nothing passes, ' +
      'a line on standard error says so, and the exit code is 0.',
  ],
};

const formats: Topic = {
  name: 'formats',
  title: 'Files',
  summary: 'captures that are read, and how they are recognised',
  options: ['--date', '--frame-by-type', '--templates', '--channels', '--definitions'],
  arguments: ['capture', 'captures'],
  blocks: [
    'A capture is recognised by its content, never by its name; - is standard input. It may be compressed (gzip or ' +
      "Zstandard). Several captures, or a quoted pattern such as 'feed-*.pcap', are merged in the order of their " +
      'stamps.',
    {
      rows: [
        ['pcap', 'stamps in microseconds or nanoseconds, either byte order'],
        ['pcapng', 'any number of sections and interfaces, either byte order'],
        [
          'BinaryFILE',
          'messages behind two-byte lengths, as NASDAQ publishes whole days. It carries no date: that comes from ' +
            '--date, else from its name (01302020 or 2020-01-30), else it is 1970-01-01',
        ],
      ],
    },
    'Inside packets, MoldUDP64 over UDP, SoupBinTCP over TCP and MDP 3.0 over either are recognised flow by flow; ' +
      '--protocol and --port-map overrule that. Frames that carry none of them are counted by reason.',
    "Templates of MDP 3.0 are built in for schema 1, versions 5 to 13. --templates reads the exchange's own XML (any " +
      'SBE schema), in place of the built-in ones where it is of their version: each message is decoded by the ' +
      "template of its header's version, else by that of the next version above, else below.",
    'Damage is reported on standard error with packet number and byte offset, what is whole before and behind it is ' +
      'used, and the exit code is 3.',
  ],
};

const codes: Readonly<Record<keyof typeof exitCode, readonly [short: string, meaning: string]>> = {
  ok: ['ok', 'all went well'],
  failure: ['failure', 'nothing could be read, opened, sent or written'],
  usage: ['usage', 'the command line asks for something unknown or contradictory'],
  damaged: ['damaged input', 'part of the input could not be read; the rest was delivered'],
  gaps: ['gaps found (--strict)', 'sequence numbers are missing, and --strict was given'],
  rateMissed: ['rate missed', 'sent later than --max-late-p99 allows, or a limit of verify-pacing was not kept'],
  slower: ['slower than the baseline', 'a stage of bench has become slower than in --baseline'],
  differs: ['differs', 'what was compared is not the same: diff, golden check, check'],
  interrupted: ['interrupted', 'ended by SIGINT or SIGTERM; the report is printed all the same'],
};
const codeEntries = Object.entries(codes) as [keyof typeof exitCode, readonly [string, string]][];

const exits: Topic = {
  name: 'exit-codes',
  title: 'Exit status',
  summary: 'what a script can rely on',
  options: [],
  arguments: [],
  blocks: [
    { rows: codeEntries.map(([name, [, meaning]]) => [String(exitCode[name]), meaning] as const) },
    'Where several apply, the first of 1, 7, 3, 5, 6, 4 and 130 wins.',
  ],
};

export const topics: readonly Topic[] = [
  targets,
  rates,
  load,
  pacing,
  control,
  times,
  filters,
  formats,
  linesTopic,
  faultsTopic,
  counter,
  parsers,
  mutations,
  measuring,
  exits,
];

/** The exit codes in one line. */
export const exitCodeLine = codeEntries.map(([name, [short]]) => `${exitCode[name]} ${short}`).join(' · ');

/** The topics that explain options or arguments of a command. */
export function topicsOf(command: CommandNode): Topic[] {
  return topics.filter(
    (topic) =>
      command.options.some(({ long }) => topic.options.includes(long)) ||
      command.arguments.some(({ name }) => topic.arguments.includes(name)),
  );
}
