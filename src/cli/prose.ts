/** What the manual says of a command beyond its help, a paragraph an entry. */
export const programProse: readonly string[] = [
  'tickreel reads captures of market data, replays them at a chosen rate, and measures what happens. It decodes ' +
    'NASDAQ TotalView-ITCH 5.0 over MoldUDP64 and SoupBinTCP, and out of BinaryFILE, and CME MDP 3.0 over UDP and TCP.',
  'Results go to standard output, and nothing else does; what a person should know goes to standard error. Nothing ' +
    'is sent anywhere but to the address that was named.',
];

export const commandProse: Readonly<Record<string, readonly string[]>> = {
  replay: [
    'Each datagram has a deadline, computed exactly from one origin. A worker thread sleeps until shortly before it, ' +
      'spins the rest, and then sends all that is due. Lateness counts from the deadline, so a stall shows in every ' +
      'packet that it held up.',
    'The report goes to standard error in a form that users of tcpreplay know, with percentiles below it: send ' +
      'lateness (deadline to the start of the send call), gap error, time in send, and feed latency where the ' +
      'capture has it. --report writes the same as JSON.',
    'A first SIGINT or SIGTERM ends the run with its report, a second one ends it at once.',
  ],
  listen: [
    'The kernel drops what does not fit into the receive buffer; its count is reported beside the gaps in the ' +
      'sequence numbers. tickreel doctor says what the kernel grants, and how to raise it.',
    'To measure the way from a replay to here, give both sides the same --start-at and --origin: every packet is ' +
      'then compared with the moment at which it was due.',
  ],
  record: [
    'Each datagram is written with the address and port that it came from and went to; what else a frame has ' +
      '(Ethernet addresses, time to live, checksums) is made up, since a socket does not tell it. Each address is ' +
      'an interface of the pcapng; its description says who stamped the packets: the kernel when it received ' +
      'them, or this program when it read them.',
    'Statistics end every file: packets received (isb_ifrecv), lost between the network and the file ' +
      '(isb_ifdrop), of those dropped by the kernel (isb_osdrop), and written (isb_usrdeliv). Where there was no ' +
      'memory for packets, the next one of that interface says how many are missing before it (epb_dropcount).',
    'Packets go to the disk from memory, in the background, four times a second or when 1 MiB is full; a ' +
      'process that is killed loses what had not gone. SIGINT and SIGTERM write everything first; a second one ' +
      'ends at once. On a full disk the file is cut back to its last whole packet, the exit code is 1, and the ' +
      'report counts the rest.',
    'With --rotate-size or --rotate-time, feed.pcapng becomes feed-00001-20260105T143000Z.pcapng and so on: ' +
      'number, and time of the beginning in UTC. Files of other recordings are never removed, and none is written ' +
      'over unless --force is given.',
  ],
  decode: [
    'Every object begins with packet, timestampNs, sequence, protocol, session, type and name; the fields follow ' +
      "under the specification's names. Integers of 64 bits and timestampNs are strings, since JSON numbers are " +
      'doubles in most readers. Prices are integers; tickreel reference itch50 gives their scale.',
    'Messages of MDP 3.0 have channel and feed (null without --channels) and sendingTimeNs, SendingTime of their ' +
      'packet, behind session, templateId and version ' +
      "behind name, and the names of the exchange's XML. Their type is the template's id, their sequence the " +
      "packet's MsgSeqNum. " +
      'Groups are arrays of objects, null values null, prices exact decimal strings, enumerations ' +
      '{"value","name"} (with --enums name the name alone), bitmaps {"raw","names"}; behind a SecurityID stands its ' +
      'symbol once a definition was seen. A message without a template has schemaId, blockLength and its bytes as raw.',
    'In a CSV a group is one cell of JSON, and messages of one protocol have a place: those of the first.',
  ],
  inspect: [
    'Gaps are missing sequence numbers, duplicates and packets out of order are counted apart. Packets that carry no ' +
      'datagram are counted by reason, flows of unknown framing are listed: nothing is left out in silence.',
    'MDP 3.0 numbers packets, and its snapshot and instrument feeds number each round anew, which is counted and no ' +
      'gap. Feed latency is the capture stamp less the time of the message (ITCH) or SendingTime (MDP); SendingTime ' +
      "less TransactTime is the exchange's own share.",
  ],
  convert: [
    'Datagrams that go from capture to capture unfiltered keep their payloads, boundaries, heartbeats and numbers; ' +
      'link, network and transport headers are built anew, with right checksums. --framing moldudp64 frames such ' +
      'messages anew too, which makes one line of several: the first arrival of a number counts, repetitions are ' +
      'dropped, and late messages are put into their place if they come within a second.',
    'Numbers stay those of the input, so gaps stay gaps: SoupBinTCP, which cannot skip a number, logs in again ' +
      'behind each. Where filters leave messages out, the others are numbered from 1 unless --keep-sequence is ' +
      'given. A BinaryFILE has no numbers, stamps or addresses; it ends with an end record where the session was ' +
      'seen to end.',
    'The exit code is 3 where something of the input is not in the output: damage, other sessions, what came when ' +
      'its gap had been given up, datagrams that the capture holds only a part of.',
  ],
  completion: [
    'The script is complete in itself: it starts no process of tickreel while you type. Print it again after an ' +
      'update.',
  ],
};
