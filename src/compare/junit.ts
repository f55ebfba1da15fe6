/**
 * Results of checks as CI servers read them: JUnit's XML (the schema that Jenkins and its like hold files to), and the
 * Test Anything Protocol, version 13.
 */

/** One test case. */
export interface CaseResult {
  /** What it belongs to. */
  readonly suite: string;
  readonly name: string;
  readonly seconds: number;
  /** `failure`: it says otherwise; `error`: it could not be run to its end; null: it passed. */
  readonly outcome: 'failure' | 'error' | 'skipped' | null;
  /** The kind of failure, one word. */
  readonly kind: string;
  /** One line. */
  readonly message: string;
  /** All there is to say. */
  readonly text: string;
}

/** Longer texts are cut, since servers hold all of a file in memory. */
const mostText = 65_536;

/** The file: one `testsuite` for each suite, in order of first appearance. */
export function junitXml(name: string, cases: readonly CaseResult[]): string {
  const suites = new Map<string, CaseResult[]>();
  for (const one of cases) {
    const of = suites.get(one.suite);
    if (of === undefined) suites.set(one.suite, [one]);
    else of.push(one);
  }
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="${attribute(name)}" ${totals(cases)}>`];
  for (const [suite, own] of suites) {
    const skipped = own.filter(({ outcome }) => outcome === 'skipped').length;
    lines.push(`  <testsuite name="${attribute(suite)}" ${totals(own)} skipped="${skipped}">`);
    for (const one of own) lines.push(...caseLines(one));
    lines.push('  </testsuite>');
  }
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

/** The same for who reads TAP: a plan, then a line for each case, failures with a YAML block. */
export function tap(cases: readonly CaseResult[]): string {
  const lines = ['TAP version 13', `1..${cases.length}`];
  for (const [index, { suite, name, outcome, kind, message, text }] of cases.entries()) {
    const isOk = outcome === null || outcome === 'skipped';
    const title = `${suite}: ${name}`.replaceAll('#', '\\#');
    const skip = outcome === 'skipped' ? ` # SKIP ${oneLine(message)}` : '';
    lines.push(`${isOk ? 'ok' : 'not ok'} ${index + 1} - ${oneLine(title)}${skip}`);
    if (isOk) continue;
    lines.push('  ---', `  verdict: ${kind}`, `  message: ${JSON.stringify(oneLine(message))}`, '  details: |');
    for (const line of text.slice(0, mostText).split('\n')) lines.push(`    ${line}`);
    lines.push('  ...');
  }
  return `${lines.join('\n')}\n`;
}

function caseLines({ suite, name, seconds, outcome, kind, message, text }: CaseResult): string[] {
  const head = `    <testcase name="${attribute(name)}" classname="${attribute(suite)}" time="${seconds.toFixed(3)}"`;
  if (outcome === null) return [`${head}/>`];
  if (outcome === 'skipped') return [`${head}>`, `      <skipped message="${attribute(message)}"/>`, '    </testcase>'];
  const body = escaped(text.slice(0, mostText));
  return [
    `${head}>`,
    `      <${outcome} type="${attribute(kind)}" message="${attribute(message)}">${body}</${outcome}>`,
    '    </testcase>',
  ];
}

function totals(cases: readonly CaseResult[]): string {
  const count = (outcome: CaseResult['outcome']): number => cases.filter((one) => one.outcome === outcome).length;
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  const failed = `failures="${count('failure')}" errors="${count('error')}"`;
  return `tests="${cases.length}" ${failed} time="${seconds.toFixed(3)}"`;
}

/** For text and attributes; what XML 1.0 cannot hold at all becomes a replacement character. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Line ends of an attribute would be read as blanks. */
function attribute(text: string): string {
  return escaped(text).replace(/\r?\n/g, '&#10;');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
