/** What `tickreel help lines` says. */
import type { Topic } from './topics.js';

export const linesTopic: Topic = {
  name: 'lines',
  title: 'Lines',
  summary: 'lines A and B of a feed: which is which, what is told of them, how they are merged',
  options: ['--line-a'],
  arguments: [],
  blocks: [
    'Exchanges send a feed twice, as line A and line B. Lines of MoldUDP64 are the flows that carry one session; ' +
      'those of MDP 3.0 are the flows that --channels names as one feed of a channel, or without a configuration ' +
      'those that carry the same bytes.',
    {
      rows: [
        [
          '--line-a, --line-b',
          'which is which: ADDRESS:PORT that the line is sent to, or of its sender where both are sent to one ' +
            'address; behind @ an interface, where sockets tell. Else lines are named by --channels, by the order of ' +
            'two addresses that are listened to, or by that of their addresses',
        ],
        ['--arbitrate', 'merge them: what several bring is taken from the first, what one lost from another'],
      ],
    },
    'What had to wait for another line bears its stamp. What no line has brought a second after something behind it ' +
      'is a gap; what comes for it later is left out and counted. With --strict only such gaps count.',
    'Told of each line, in messages or, of MDP, packets: how often it was first and by how much, what is missing on ' +
      'it, what came twice, out of order, or more than a second late. What is missing on all lines is told by itself.',
  ],
};
