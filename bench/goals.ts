/**
 * What the bench's cases are to reach, in one table, and where one does not, what bounds it.
 *
 * A goal is held to the best of a run's rounds, as every figure that is compared is. `bounds` is printed on the page
 * only for a goal that was not reached: keep it true of what was measured last, with what was tried.
 */

/** One goal; either `atLeast` or `atMost` is there. */
export interface Goal {
  /** The case that is held to it. */
  readonly name: string;
  readonly unit: 'M messages/s' | 'ns an entry' | 'ms a start' | 'times as fast';
  readonly atLeast?: number;
  readonly atMost?: number;
  /** The C loop that does the same, where there is one. */
  readonly floor?: string;
  /** Of a goal in `times as fast`: faster than what. */
  readonly than?: string;
  /** What bounds the case, and what was tried. */
  readonly bounds: string;
}

export const goals: readonly Goal[] = [
  {
    name: 'itch-decode-batch',
    unit: 'M messages/s',
    atLeast: 100,
    floor: 'c-itch-fields',
    bounds: 'Memory and the loads of each field: a message is 34 bytes here, and every word of it is read and added.',
  },
  {
    name: 'itch-decode-handlers',
    unit: 'M messages/s',
    atLeast: 60,
    floor: 'c-itch-fields',
    bounds:
      'A handler a message is a mispredicted jump on its type, and calls that V8 takes in only up to its budget ' +
      "for inlining: A and D are, U is not always. Hoisted views and a larger budget didn't help; batches do.",
  },
  {
    name: 'itch-scan',
    unit: 'M messages/s',
    atLeast: 200,
    floor: 'c-itch-scan',
    bounds:
      'Each length must be read before the next message is known: four cursors from guessed boundaries wait at the same ' +
      'time, and then loads and comparisons are what is left.',
  },
  {
    name: 'itch-end-to-end',
    unit: 'M messages/s',
    atLeast: 25,
    floor: 'c-itch-pcap',
    bounds:
      'A quarter each goes to records with their headers, to checksums, which C does not verify, to fields, and to ' +
      'MoldUDP64 with sorting messages by type.',
  },
  {
    name: 'itch-workers',
    unit: 'times as fast',
    atLeast: 1.8,
    than: 'itch-decode-batch',
    bounds:
      'Two threads share the memory bus, and on two processors every other program and thread of Node too: their ' +
      'processor time together is 1.1 to 1.4 times that of one.',
  },
  {
    name: 'mdp-decode',
    unit: 'ns an entry',
    atMost: 25,
    floor: 'c-mdp-fields',
    bounds: "A message's walk, which checks every group against the message's end, and the tests for null.",
  },
  {
    name: 'ndjson',
    unit: 'M messages/s',
    atLeast: 2,
    bounds:
      'Half is the writer: digits by tables, constants a store for eight bytes, a jump on the type that nothing foresees. The ' +
      'file in and out is a third.',
  },
  {
    name: 'csv',
    unit: 'M messages/s',
    atLeast: 4,
    bounds:
      'Half is the writer, of which a third is a head of four numbers; the other half is the feed before it and the ' +
      "kernel's copy of 154 bytes a message.",
  },
  {
    name: 'gz-end-to-end',
    unit: 'times as fast',
    atLeast: 0.9,
    than: 'gz-inflate',
    bounds:
      "zlib inflates on a thread of its own, a slice ahead of the reader; what is left over is the event loop's turn a " +
      'slice, and the first and last of them.',
  },
  {
    name: 'startup',
    unit: 'ms a start',
    atMost: 80,
    floor: 'startup-node',
    bounds:
      'Node.js itself, which `startup-node` starts for nothing: the version is told by one small file before anything ' +
      'else is loaded, for 4 to 8 % more.',
  },
  {
    name: 'startup-decode',
    unit: 'ms a start',
    atMost: 150,
    floor: 'startup-node',
    bounds:
      'Node.js itself (`startup-node`) is half of it; then compiling 350 kB of source, commander, and the streams of ' +
      'standard output. What a pcap of ITCH has no use for is not loaded.',
  },
];
