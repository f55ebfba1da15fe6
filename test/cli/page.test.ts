import { describe, expect, it } from 'vitest';
import { formatBlocks, formatPage, type Page } from '../../src/cli/page.js';

const page: Page = {
  name: 'tickreel-try',
  version: '1.2.3',
  sections: [
    {
      title: 'Name',
      blocks: ["tickreel-try - a page · with 'quotes', --some-option and a \\ in it", "'second", '.third'],
    },
    {
      title: 'Options',
      blocks: [
        { heading: 'Output' },
        {
          rows: [
            ['--to <target>', 'where to'],
            ['-h', ''],
          ],
        },
      ],
    },
    { title: 'Examples', blocks: [{ lines: ["tickreel try 'a-b' | jq `x`^~", '.dot'] }] },
  ],
};

describe('formatPage', () => {
  it('man', () => {
    expect(formatPage(page, 'man')).toBe(`.TH TICKREEL\\-TRY 1 "" "tickreel 1.2.3" "tickreel manual"
.SH NAME
tickreel-try \\- a page \\[u00B7] with 'quotes', \\-\\-some-option and a \\e in it
.PP
\\&'second
.PP
\\&.third
.SH OPTIONS
.SS Output
.TP
\\fB\\-\\-to <target>\\fR
where to
.TP
\\fB\\-h\\fR

.SH EXAMPLES
.PP
.EX
tickreel try \\(aqa\\-b\\(aq | jq \\(gax\\(ga\\(ha\\(ti
\\&.dot
.EE
`);
  });

  it('markdown', () => {
    expect(formatPage(page, 'markdown')).toContain('### Output\n\n- `--to <target>`: where to\n');
    expect(formatPage(page, 'markdown')).toContain("```\ntickreel try 'a-b' | jq `x`^~\n.dot\n```\n");
    const wild = { ...page, sections: [{ title: 'T', blocks: ['<a> *b* [c] _d_'] }] };
    expect(formatPage(wild, 'markdown')).toContain('\\<a\\> \\*b\\* \\[c\\] \\_d\\_');
  });

  it('text', () => {
    expect(formatPage(page, 'text')).toContain(
      'OPTIONS\n   Output\n\n       --to <target>\n               where to\n       -h\n\nEXAMPLES\n',
    );
  });
});

describe('formatBlocks', () => {
  it('wrapsAt78AndKeepsLongWordsWhole', () => {
    const lines = formatBlocks([`${'word '.repeat(40)}${'x'.repeat(100)}`], 4);
    expect(lines.slice(0, -1).every((line) => line.length <= 78 && line.startsWith('    word'))).toBe(true);
    expect(lines.at(-1)).toBe(`    ${'x'.repeat(100)}`);
  });

  it('putsAShortTermBesideItsMeaning', () => {
    expect(formatBlocks([{ rows: [['max', 'flat out']] }], 2)).toEqual(['  max     flat out']);
  });
});
