/** The help topic on load: how the rate changes over a run, and what makes more of a capture than it was. */
import type { Topic } from './topics.js';

export const load: Topic = {
  name: 'load',
  title: 'Load',
  summary: 'how the rate changes over a run, and more of a capture than it was: --shape, --peak, --overlay',
  options: ['--shape', '--peak', '--overlay'],
  arguments: [],
  blocks: [
    '--shape says how the rate changes over the run, in parts divided by semicolons. ramp, hold and step are the ' +
      'base, one after another from the first packet on; bursts lie above it. Quote the shape: semicolons are ' +
      'special to shells.',
    {
      rows: [
        ['ramp 1x..4x over 30s', 'the rate changes linearly; then the next part begins, or 4x holds'],
        ['hold 2x for 20s', 'the rate stays; without "for" until the next part\'s "at", or to the end'],
        [
          'step 2x at 10s for 20s',
          'as hold, but behind it comes back what was before it. "at" says when a part of the base begins, counted ' +
            'from the first packet (with repeat, from where the base begins anew); until then holds what was before ' +
            'it, 1x at the start',
        ],
        [
          'burst 10x for 100ms every 5s',
          'for so long the rate is this instead of the base, first after 5s. "at 2s" puts the first one, or without ' +
            '"every" the only one; "until 1m" lets none begin after. Of bursts that overlap the last one written ' +
            'counts',
        ],
        ['repeat', 'at the end: the base begins anew, while bursts go on counting from the first packet'],
      ],
    },
    'Without repeat the rate at the end of the base holds for the rest of the run. A level of 0x is a pause.',
    "Levels are multiples of --speed, whatever it is: with --speed 2x, 3x is six times the capture's own timing; " +
      'with --speed 10kpps it is 30kpps. Rates in the unit of --speed fit as well (ramp 10kpps..200kpps over 30s); ' +
      'where all levels are such rates, --speed may be left out. --speed max has no multiples.',
    'Times are of the run, whatever the capture: loops, --max-gap and filters do not move them. Each deadline is the ' +
      'moment at which the integral of the rate has come to where 1x would have sent the packet, to the nanosecond ' +
      'below, and nothing drifts however long the run.',
    "--peak 2x compresses the busiest windows of the capture, and nothing else, to twice the capture's peak rate.",
    {
      rows: [
        ['--peak-window 10ms', "how long a window is; a packet's window is the time of that length that ends with it"],
        [
          '--peak-share 1%',
          'how many windows are compressed: those with at least as many packets as the windows of this share of the ' +
            'packets, the busiest ones, have; at least those with the most',
        ],
      ],
    },
    'Windows that overlap are one span. In a span the capture goes twice as fast, elsewhere as it was; all that is ' +
      'behind a span comes earlier by what it saved. So the packets of the busiest 10 ms come in 5 ms, and no 5 ms ' +
      'hold more: the peak over 5 ms is exactly twice what the peak over 10 ms was. The report has both, with the ' +
      'busiest spans.',
    'The capture is read twice before the first packet is sent, so standard input and pipes will not do. Filters, ' +
      '--from, --until and --max-gap come before, --speed and --shape after; every loop is compressed alike.',
    '--overlay plays several captures at once, each from its own first packet on, where without it they are merged ' +
      'in the order of their stamps.',
    {
      rows: [
        [
          '--overlay-offset 0s,500ms',
          'when each begins, in the order of naming; 0 for those that are left out. A capture may be named twice',
        ],
      ],
    },
    'All time is then that of the first capture. Flows stay apart: what the second capture and those behind it bring ' +
      'has sources of its own, by their ports in a pcap and by sockets over UDP. A session of MoldUDP64 whose name ' +
      'another capture has as well is sent under another: its end gives way to the number of the capture, as in ' +
      'SESSION002, and the report says so. --session and other filters see the captured name. Packets of MDP 3.0 ' +
      'name no session: a receiver must tell them apart by their senders, or tickreel convert --remap-destination ' +
      'gives one capture other destinations first; the report names each destination that captures share.',
  ],
};

export const counter: Topic = {
  name: 'counter',
  title: "A receiver's counter",
  summary: 'how find-limit learns what has arrived: --ack',
  options: ['--ack'],
  arguments: [],
  blocks: [
    'A receiver under test tells how many packets it has received so far, in lines of text: a decimal number, ' +
      'counted since whenever, for only differences count. What stands behind the number is ignored.',
    {
      rows: [
        [
          'tcp://HOST:PORT, unix:PATH',
          'the receiver serves it: whenever an empty line comes it answers with a line, or it writes one every few ' +
            'milliseconds without being asked',
        ],
        ['file:PATH', 'the receiver writes it there: the last line counts, so it may overwrite the file or append'],
        [
          'http://HOST:PORT/PATH#NUMBER',
          'the receiver shows it by HTTP: NUMBER is a metric of Prometheus, received_total{feed="A"}, a path into ' +
            'JSON, $.feeds[0].received, or a pattern, /received (\\d+)/',
        ],
      ],
    },
    'tickreel listen --ack serves its count so, and then goes on when a session has ended. A shell can do it as ' +
      'well: while sleep 0.01; do my-receiver-count; done > count.txt',
    'find-limit takes what was sent and not counted for lost, once the counter has stood still for 500 ms, and the ' +
      'time from the last packet sent to the last number for the lag. The receiver falls behind where it loses more ' +
      'than --loss or lags by more than --max-lag. Before each step its counter must rest: nobody else may send there.',
  ],
};
