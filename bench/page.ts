/** The results page, made from a run's report: what each case reached, its goal, the C loop beside it, and what bounds it. */
import { type BenchReport, type Figures, goalText, rowOf, type Standing } from './figures.js';
import { goals } from './goals.js';

/** The page as Markdown. */
export function resultsPage(report: BenchReport): string {
  const { machine, cases, goals: standings, skipped } = report;
  return [
    '# Results of the bench',
    '',
    `Made by \`${machine.command}\` on ${machine.date.slice(0, 10)}; made anew by \`npm run bench -- --page\`, not by hand.`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} processors, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${machine.platform}`,
    `- Node ${machine.node}; C by ${machine.compiler ?? 'no compiler: there was none'}`,
    ...inputLines(cases),
    '- Each case has a process of its own; rounds are interleaved, one run of each case a round. Figures are the best round;',
    '  the spread is from the best to the worst. Trust the ratios between the rows of one run more than the figures.',
    '',
    '## Goals',
    '',
    '| case | reached | goal | | beside it | times as fast | checksum |',
    '|---|---:|---:|---|---|---:|---:|',
    ...standings.map((one) => goalRow(one, cases)),
    '',
    ...unreached(standings),
    '## Every case',
    '',
    '| case | per | M/s | best ns | median | worst | spread | GB/s | rounds | checksum |',
    '|---|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...Object.entries(cases).map(([name, figures]) => caseRow(name, figures)),
    '',
    ...skippedLines(skipped),
  ].join('\n');
}

function inputLines(cases: BenchReport['cases']): string[] {
  const lines = Object.values(cases).map(({ input }) => {
    return `- Input \`${input.name}\`: ${input.messages.toLocaleString('en-US')} messages, SHA-256 \`${input.sha256}\``;
  });
  return [...new Set(lines)];
}

function goalRow(one: Standing, cases: BenchReport['cases']): string {
  const goal = goals.find(({ name }) => name === one.name);
  const floor = goal?.floor ?? goal?.than ?? '';
  const beside = cases[floor];
  const figures = cases[one.name];
  const verdict = one.isReached === null ? 'not measured in this run' : one.isReached ? 'reached' : '**not reached**';
  const cells = [
    `\`${one.name}\``,
    one.value === null ? '' : `${digits(one.value)} ${one.unit}`,
    goalText({ ...one, value: null }),
    verdict,
    beside === undefined ? '' : `\`${floor}\`: ${figure(beside)}`,
    one.aheadOfC === null ? '' : one.aheadOfC.toFixed(2),
    figures === undefined ? '' : String(figures.checksum),
  ];
  return `| ${cells.join(' | ')} |`;
}

function figure({ nsPerEntry, nsPerMessage, msPerStart }: Figures): string {
  if (msPerStart !== undefined) return `${digits(msPerStart)} ms a start`;
  return nsPerEntry === undefined ? `${digits(nsPerMessage)} ns a message` : `${digits(nsPerEntry)} ns an entry`;
}

function caseRow(name: string, figures: Figures): string {
  const [label, per, rate, best, median, worst, bytes, checksum] = rowOf(name, figures);
  const spread = `${(100 * (figures.worstNsPerMessage / figures.nsPerMessage - 1)).toFixed(0)} %`;
  return `| \`${label}\` | ${[per, rate, best, median, worst, spread, bytes, figures.rounds, checksum].join(' | ')} |`;
}

function unreached(standings: readonly Standing[]): string[] {
  const lines = standings
    .filter(({ isReached }) => isReached === false)
    .map(({ name }) => `- \`${name}\`: ${goals.find((goal) => goal.name === name)?.bounds}`);
  return lines.length === 0 ? [] : ['What bounds those that were not reached:', '', ...lines, ''];
}

function skippedLines(skipped: BenchReport['skipped']): string[] {
  const lines = Object.entries(skipped).map(([name, why]) => `- \`${name}\`: ${why}`);
  return lines.length === 0 ? [] : ['## Left out', '', ...lines, ''];
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
