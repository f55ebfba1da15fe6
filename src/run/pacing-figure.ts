/** The picture of `verify-pacing --plot`: gaps and lateness at both ends against the schedule, by percentile. */
import { formatCount, formatDuration } from '../core/time.js';
import type { Chart, Figure, Layer } from '../plot/model.js';
import { filesTitle } from '../plot/svg.js';
import { colours } from '../plot/theme.js';
import { type ProofName, proofNames } from '../replay/pacing-proof.js';
import type { PercentileCurve } from '../replay/percentile-curve.js';
import type { VerifyOutcome, VerifyReport } from './verify-pacing.js';

type Line = readonly [name: ProofName, label: string, colour: string];

const gaps: readonly Line[] = [
  ['scheduledGap', 'scheduled', colours.black],
  ['sentGap', 'sent', colours.blue],
  ['receivedGap', 'received', colours.orange],
];
const lateness: readonly Line[] = [
  ['sendLateness', 'sent', colours.blue],
  ['receiveLateness', 'received', colours.orange],
];
const errors: readonly Line[] = [
  ['sendGapError', 'sent', colours.blue],
  ['receiveGapError', 'received', colours.orange],
];

export function pacingFigure({ report, curves }: VerifyOutcome): Figure {
  const { packets, duration, histograms } = report;
  return {
    title: `Pacing of ${filesTitle(report.replay.capture.split(', '))}`,
    subtitle: subtitle(report),
    description:
      `Gaps between packets as scheduled, sent and received, and lateness, by percentile: ${packets.sent} packets in ` +
      `${formatDuration(duration.scheduledNs)}, ${packets.lost} lost, sent ` +
      `${formatDuration(histograms.sendLateness.p50)} late at p50.`,
    rows: [
      [[chart('Gaps between packets', 'gap', gaps, curves, ['scheduled below the others: a burst was drawn out'])]],
      [
        [chart('Lateness', 'lateness', lateness, curves, [`received: ${proofNames.receiveLateness}`])],
        [chart('Errors of gaps', 'error', errors, curves, ['dashed: magnitudes of gaps that were too short'])],
      ],
    ],
  };
}

function chart(
  title: string,
  label: string,
  lines: readonly Line[],
  curves: readonly PercentileCurve<ProofName>[],
  notes: readonly string[],
): Chart {
  const layers = lines.flatMap(([name, text, colour]) =>
    curves.filter((curve) => curve.name === name).map((curve) => layer(curve, text, colour)),
  );
  return {
    kind: 'chart',
    title,
    notes,
    height: 380,
    x: { kind: 'percentile', count: Math.max(1, ...curves.map(({ count }) => count)), label: 'percentile' },
    y: { unit: 'ns', label, scale: 'log' },
    layers,
    marks: [],
    empty: 'nothing was measured',
  };
}

function layer({ side, percents, valuesNs }: PercentileCurve<ProofName>, name: string, colour: string): Layer {
  const isNegative = side === 'negative';
  const isDashed = isNegative || colour === colours.black;
  return { kind: 'line', name: isNegative ? `${name}, below 0` : name, colour, isDashed, x: percents, y: valuesNs };
}

function subtitle({ packets, duration, replay, stamps, receivePath }: VerifyReport): string[] {
  const { pacing, path, asked } = replay;
  const sent = `${path ?? 'a sink of its own'}, pacing ${pacing?.mode ?? 'virtual'}`;
  return [
    `${formatCount(packets.sent)} packets in ${formatDuration(duration.scheduledNs).replace(/ us$/, ' µs')} ` +
      `(asked: ${asked}), ${formatCount(packets.lost)} lost`,
    `sent by ${sent}; received by ${receivePath}, stamped by ${stamps === 'kernel' ? 'the kernel' : 'this program'}`,
  ];
}
