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
      'called with objects instead. context has packet, offset, sequence, session, index and protocol. The module ' +
      'runs in a thread of its own. TypeScript needs Node.js 22.18.',
    'A command is fed on standard input, and writes a line of JSON for each message on standard output. It runs in a ' +
      'process group of its own, which is ended when it is silent for --timeout, takes more than --max-memory, or ' +
      'goes on writing. {capture} in it becomes the capture’s path, {port} the port of --feed udp; both are in the ' +
      'environment too, as TICKREEL_CAPTURE and TICKREEL_PORT. How it is fed (--feed):',
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
          'address, speed, ready',
          'of UDP: where it listens, how fast, and what it says on standard error when it does',
        ],
      ],
    },
    'What a parser writes on standard error is shown where it fails.',
  ],
};
