/** JUnit files: well formed, and of the structure that CI servers' schema asks for. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { expect, it } from 'vitest';
import { type CaseResult, junitXml, tap } from '../../src/compare/junit.js';
import { junitFaults } from '../support/junit.js';

const base = {
  suite: 'a <suite>',
  seconds: 0.25,
  kind: 'differs',
  message: '1 < 2 & "so"\non',
  text: 'line\n\u0000]]>',
};
const cases: CaseResult[] = [
  { ...base, name: 'one', outcome: null },
  { ...base, name: 'two', outcome: 'failure' },
  { ...base, name: 'three', outcome: 'error', suite: 'other' },
  { ...base, name: 'four', outcome: 'skipped' },
];

it('is valid XML with totals that add up', () => {
  const xml = junitXml('check', cases);
  expect(XMLValidator.validate(xml)).toBe(true);
  const list = (name: string) => ['testsuite', 'testcase'].includes(name);
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', isArray: list });
  const { testsuites } = parser.parse(xml);
  expect(testsuites).toMatchObject({ '@tests': '4', '@failures': '1', '@errors': '1', '@time': '1.000' });
  expect(testsuites.testsuite.map((suite: Record<string, string>) => suite['@tests'])).toEqual(['3', '1']);
  const [first, second] = testsuites.testsuite;
  expect(first).toMatchObject({ '@name': 'a <suite>', '@skipped': '1', '@failures': '1', '@errors': '0' });
  expect(first.testcase[1]).toMatchObject({ '@name': 'two', '@classname': 'a <suite>', '@time': '0.250' });
  expect(first.testcase[1].failure).toMatchObject({ '@type': 'differs', '#text': 'line\n\ufffd]]>' });
  expect(first.testcase[2].skipped).toBeDefined();
  expect(second.testcase[0].error).toMatchObject({ '@type': 'differs' });
});

it('is TAP with a plan, and a block for what failed', () => {
  const lines = tap(cases).split('\n');
  expect(lines.slice(0, 4)).toEqual(['TAP version 13', '1..4', 'ok 1 - a <suite>: one', 'not ok 2 - a <suite>: two']);
  expect(lines).toContain('ok 4 - a <suite>: four # SKIP 1 < 2 & "so" on');
  expect(lines.filter((line) => line === '  ...')).toHaveLength(2);
});

it('is valid by the schema, whatever names and texts hold', async () => {
  expect(await junitFaults(junitXml('check', cases))).toEqual([]);
  expect(await junitFaults(junitXml('none', []))).toEqual([]);
  const strange = [
    '"<&>\'',
    'a\u0000b\u0007\u001b[1m',
    '\ud800 alone',
    '\uffff\ufffe',
    '\u{1f600}\r\n\tend',
    ']]>',
    '&amp;&#0;',
  ];
  const all = strange.flatMap((text) =>
    ([null, 'failure', 'error', 'skipped'] as const).map((outcome) => ({
      ...{ suite: text, name: text, seconds: 1e-9, outcome, kind: text, message: text, text: text.repeat(9) },
    })),
  );
  expect(await junitFaults(junitXml(strange.join(), all))).toEqual([]);
});

it('the schema refuses what is no such file', async () => {
  const xml = junitXml('check', cases);
  expect(await junitFaults(xml.replace('tests="3"', 'tests="three"'))).not.toEqual([]);
  expect(await junitFaults(xml.replace('<skipped', '<passed').replace('</testcase', '</passed'))).not.toEqual([]);
  expect(await junitFaults(xml.replace(' classname="other"', ''))).not.toEqual([]);
});
