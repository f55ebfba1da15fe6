/** `tickreel help faults`: the language of faults, how lines are told apart, and the log. */
import type { Topic } from './topics.js';

export const faultsTopic: Topic = {
  name: 'faults',
  title: 'Faults',
  summary: 'what befalls packets on their way: --fault, its script and its log',
  options: ['--fault'],
  arguments: [],
  blocks: [
    'Faults are joined by semicolons: [LINE:] KIND [PARAMETERS] [WHICH] [from TIME] [until TIME]. Several may befall ' +
      'one packet, in the order of this list, whatever the order in which they are written:',
    {
      rows: [
        [
          'rate 10MB/s [queue 100]',
          'the line carries no more than so much (B/s and bps of layer 2, or pps); what waits stands in a queue of ' +
            'packets, or bytes as in queue 64kB (1000 packets unless given), and what finds it full is lost',
        ],
        ['loss WHICH', 'lost'],
        ['truncate [40|20-60|by 10] WHICH', 'cut to a length in bytes, by some, or anywhere'],
        [
          'corrupt [BITS] [stale] WHICH',
          'so many bits turned, 1 unless given; stale keeps the UDP checksum that the bytes had, where frames are ' +
            'written (pcap:FILE, eth://INTERFACE, convert)',
        ],
        ['dup [COPIES] [after DELAY] WHICH', 'sent again, at once or later'],
        ['delay DELAY [WHICH]', 'sent later, each by itself, so that later packets may overtake'],
        ['jitter DELAY [WHICH]', 'the same, but the order stays: those behind wait too'],
        ['reorder 3|1-4|DELAY WHICH', 'sent behind so many later packets of its line, or delayed while those go on'],
      ],
    },
    'Which packets of a line:',
    {
      rows: [
        ['0.1%, 0.001', 'each with this probability'],
        ['every 1000', 'the 1000th, the 2000th, …'],
        [
          'seq 1000-1010,2000',
          'those that carry a message of these numbers (MoldUDP64), or have them (MDP); 5000- goes to the end',
        ],
        ['packets 1-5', 'by their place on the line, from 1'],
        ['burst 5 0.1%', 'runs of 5 on average, which make up so much of all'],
        [
          'gemodel P [R [1-H [1-K]]]',
          "Gilbert's and Elliott's chain as tc netem has it: to bad with P, back with R (1-P unless given), chosen " +
            'with 1-H in bad (100% unless given) and with 1-K in good (0% unless given)',
        ],
        ['all', 'every one; delay and jitter need not say so'],
      ],
    },
    'A DELAY is one of:',
    {
      rows: [
        ['100us, 20us-80us', 'constant, or evenly spread'],
        ['normal 100us 20us', 'of this mean and standard deviation; what would be below 0 is 0'],
        ['pareto 50us 3', 'at least so long, with a tail of this shape; an hour at most'],
        [
          'histogram FILE',
          'a percentile distribution (.hgrm, as --hgrm writes it), or lines of a delay and its weight, such as 100us 3',
        ],
      ],
    },
    'Times from and until are of the capture, from its first packet on, so that the same packets are hit at any rate.',
    'Lines are A and B; without a line, and with both, a fault befalls every line by itself. Which flow is which ' +
      'line say --line-a and --line-b (address:port), else --channels, else MoldUDP64: the first flow of a session ' +
      'is A, the second B. All else is A. A line may also be an address, address:port or :port that packets are ' +
      'sent to, or a connection (310IA) or channel (310) of --channels. replay --line-b udp://HOST:PORT makes a ' +
      'line B: every packet is sent there too.',
    'All draws come from --fault-seed, for each line, kind and fault by itself: another fault changes none of them, ' +
      'nor does the rate or the target. --fault-log FILE says what was done to which packet, a JSON object a line; ' +
      '--fault-replay FILE does exactly that again, and refuses a log that does not fit what is played.',
    'A script (--fault-script) is YAML: seed, and faults, a list of texts as above or of objects with line, from, ' +
      'until and, behind each kind as a key, what would follow it in a text:',
    {
      lines: [
        'seed: 7',
        'faults:',
        '  - "both: delay normal 100us 20us"',
        '  - line: B',
        '    from: 10s',
        '    until: 20s',
        '    loss: 100%',
      ],
    },
    'What is delayed is held in memory, 262,144 packets or 256 MiB at most; packets beyond are lost, counted and told.',
  ],
};
