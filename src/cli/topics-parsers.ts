/** The help topic on parsers under test: how they are reached, and what they are to write. */
import type { Topic } from './topics.js';

export const parsers: Topic = {
  name: 'parsers',
  title: 'Parsers under test',
  summary: 'how check reaches a parser, and what that is to write',
  options: ['--max-memory'],
  arguments: [],
  blocks: [
    'A module exports an object with onMessage(view, offset, length, context), a class or a function that makes ' +
      'one, or onMessage itself. It is called with each application message, framing removed, and returns what it ' +
      'decoded: an object with the fields, a list of objects, or nothing. A class or function is given emit, to be ' +
      'called with objects instead. context has packet, offset, sequence, session, index and protocol. One that does ' +
      'its own framing has onPacket (or onDatagram) in its place, called with the payload of each UDP datagram; ' +
      'context then has packet, offset, timestampNs, source, sourcePort, destination and destinationPort. The module ' +
      'runs in a thread of its own. TypeScript needs Node.js 22.18.',
    'A command is fed on standard input, and writes a line of JSON for each message on standard output. It runs in a ' +
      'process group of its own, which is ended when it is silent for --timeout, takes more than --max-memory, or ' +
      'goes on writing. {capture} in it becomes the capture’s path, {port} the port of --feed udp, {count-port} that ' +
      'of its counter; they are in the environment too, as TICKREEL_CAPTURE, TICKREEL_PORT and TICKREEL_COUNT_PORT. ' +
      'How it is fed (--feed):',
    {
      rows: [
        ['binaryfile', 'each message behind its length, two bytes, the higher first; unless told otherwise'],
        ['pcap', 'the capture as a classic pcap'],
        ['capture', 'the capture as it is, but inflated'],
        ['file', 'not at all: it reads {capture}'],
        ['udp', 'the capture replayed to 127.0.0.1 and {port}, at 20kpps unless speed says otherwise'],
      ],
    },
    'Fields go by our names (tickreel reference lists them) and may be left out of what is compared. Numbers compare ' +
      'by value, in any notation; null, an empty text and a field that is null are one; enumerations of MDP by value ' +
      'or name. A type may be told by its code, our name, or not at all by a module. A YAML file says what is ' +
      'different:',
    {
      rows: [
        [
          'module, command',
          'what the parser is: a path, or a program with its arguments; paths are of the file’s folder',
        ],
        ['feed, timeout, max-memory', 'as the options'],
        ['type, types', 'the key of the type, and our type by what stands there: {add: A, exec: E}'],
        ['sequence, session', 'keys that tell which message it is; without them the order tells'],
        [
          'fields',
          'of ours, where it stands in the output: price: px, or {from: px, scale: 4, values: {buy: B}, null: [0]}; ' +
            'ours is theirs times 10^scale. Of groups: NoMDEntries: entries, NoMDEntries.MDEntryPx: {from: px}',
        ],
        ['ignore, optional, partial', 'fields not compared; compared where they are written; true: so are all'],
        ['only', 'types that the parser knows; others are not asked for'],
        ['messages', 'fields, ignore and optional of one type'],
        ['flatten', 'a group of which the parser writes each entry as a message of its own'],
        ['report-extra', 'true: fields that are none of ours are divergences'],
        [
          'records',
          'a stream of records instead of JSON: size, byte-order (little, big), fields and messages.TYPE, each field ' +
            'with at, kind (u8 to u64, u48, i8 to i64, f32, f64, char, text) and the length of a text',
        ],
        [
          'reports',
          'true, or gap, reject or both in a list: it reports these, and is held to that by --mutations. With other ' +
            'names: {key: event, gap: GAP, reject: BAD, sequence: from, count: n, packet: nr}',
        ],
        ['count', 'the program is only counted: see below'],
        ['running', 'true, in place of command: it runs already at address, fed by UDP, and is only counted'],
        [
          'address, speed, ready',
          'of UDP: where it listens, how fast, and what it says on standard error when it does',
        ],
      ],
    },
    'Beside messages a parser may report numbers that are missing, {"report":"gap","sequence":17,"count":3}, and ' +
      'packets that it rejects, {"report":"reject","packet":9}, packet being its place in the capture, from 1, which ' +
      'may be left out. These are no messages; who declares them by the key reports, or a module by exporting ' +
      'reports, is held to them by check --mutations.',
    'A program of which only counts are known is fed like any other; its counter is read before and behind, until ' +
      'it stands still, and what it grew by is compared with how many messages (of the types in only) there are:',
    {
      rows: [
        [
          'count.from',
          'http://HOST:PORT/PATH (port 0: a free one, told as {count-port}), stdout for lines that it prints, or ' +
            'tcp://HOST:PORT, unix:PATH, file:PATH as find-limit has them (tickreel help counter); paths are of the ' +
            "YAML file's folder",
        ],
        [
          'count.total',
          'which number: a metric of Prometheus, messages_total{feed="A"}, series that match added up; a path into ' +
            'JSON, $.feeds[0].messages; a pattern whose first group it is, /handled (\\d+)/. Left out of lines: a ' +
            'number at their beginning (a last line without its end is none where the program was ended by us). May ' +
            'stand behind a # at the address instead',
        ],
        ['count.types', 'the same by our type or name, as in {A: /adds=(\\d+)/, OrderDelete: $.deletes}'],
        ['count.unit', 'messages, unless packets are counted'],
        ['count.settle', 'how long the counter stands still at its end: 1s'],
      ],
    },
    'Silence is counted while there is something to read or to write: the time that a conversion for --feed pcap or ' +
      'a replay takes is none. Ctrl-C ends programs and replays, and the report of what was done until then is ' +
      'printed; of a program that runs on it tells how many packets had been sent and what was counted. What a ' +
      'parser writes on standard error is shown where it fails, and breaks no silence. With --mutations a program ' +
      'that takes over four times as much memory as on the capture as it is, and 64 MiB more, has grown; a module ' +
      'is bounded by --max-memory alone.',
  ],
};
