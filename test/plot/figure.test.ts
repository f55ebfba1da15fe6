import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawFigure } from '../../src/plot/figure.js';
import type { BarList, Chart, Figure, Layer, Panel } from '../../src/plot/model.js';
import { filesTitle } from '../../src/plot/svg.js';
import { colours } from '../../src/plot/theme.js';
import { elementsOf, parseXml, wordsOf, type XmlElement } from './xml.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function chart(options: Partial<Chart> = {}): Chart {
  return {
    kind: 'chart',
    title: 'a chart',
    notes: [],
    height: 240,
    x: { kind: 'value', unit: 'count', isLog: false, label: 'across' },
    y: { unit: 'ns', label: 'up', scale: 'linear' },
    layers: [line([0, 1, 2], [1, 2, 3])],
    marks: [],
    empty: 'nothing here',
    ...options,
  };
}

function line(x: number[], y: number[], options: Partial<Layer> = {}): Layer {
  return { kind: 'line', name: 'series', colour: colours.blue, x, y, ...options };
}

function barList(rows: BarList['rows']): BarList {
  return { kind: 'bar-list', title: 'a list', notes: [], rows, empty: 'no rows' };
}

function figureOf(...panels: Panel[]): Figure {
  return { title: 'a title', subtitle: ['below it'], description: 'what it shows', rows: [[panels]] };
}

/** Draws, and checks what holds for every picture. */
function draw(...panels: Panel[]): XmlElement[] {
  const svg = drawFigure(figureOf(...panels));
  expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
  const root = parseXml(svg);
  const [, , width, height] = root.attributes.viewBox.split(' ').map(Number);
  const elements = elementsOf(root);
  for (const { name, attributes } of elements) {
    for (const key of ['x', 'x1', 'x2']) within(attributes[key], width, `${name} ${key}`);
    for (const key of ['y', 'y1', 'y2']) within(attributes[key], height, `${name} ${key}`);
    if (name === 'rect') {
      within(attributes.width, width, 'width');
      within(attributes.height, height, 'height');
    }
    for (const [, x, y] of (attributes.d ?? '').matchAll(/(-?[\d.]+),(-?[\d.]+)/g)) {
      within(x, width, 'path x');
      within(y, height, 'path y');
    }
  }
  return elements;
}

function within(value: string | undefined, most: number, what: string): void {
  if (value === undefined) return;
  // Asked some hundred times a picture, which is more than `expect` is made for.
  if (!(Number(value) >= 0 && Number(value) <= most)) throw new Error(`${what} ${value} is not within 0 to ${most}`);
}

const tickTexts = (elements: XmlElement[], anchor: string): string[] =>
  elements
    .filter(
      ({ name, attributes }) =>
        name === 'text' && attributes['text-anchor'] === anchor && attributes['font-size'] === '11',
    )
    .map(({ text }) => text);

describe('figure', () => {
  it('standsAlone', () => {
    const svg = drawFigure(figureOf(chart()));
    const root = parseXml(svg);
    expect(root).toMatchObject({
      name: 'svg',
      attributes: {
        xmlns: 'http://www.w3.org/2000/svg',
        role: 'img',
        'aria-labelledby': 'title description',
        width: '1200',
      },
    });
    expect(root.children.slice(0, 3)).toMatchObject([
      { name: 'title', text: 'a title', attributes: { id: 'title' } },
      { name: 'desc', text: 'what it shows', attributes: { id: 'description' } },
      { name: 'rect', attributes: { fill: '#ffffff', width: '1200', height: root.attributes.height } },
    ]);
    expect(new Set(elementsOf(root).map(({ name }) => name))).toEqual(
      new Set(['svg', 'title', 'desc', 'rect', 'text', 'line', 'path']),
    );
    expect(svg).not.toMatch(/href|url\(|style/);
    expect(svg.endsWith('</svg>\n')).toBe(true);
  });

  it('givesTheSameBytes', () => {
    const figure = figureOf(chart(), barList([{ name: 'a', value: 1, text: '1' }]));
    expect(drawFigure(figure)).toBe(drawFigure(structuredClone(figure)));
  });

  const odd = [
    ['noLayers', { layers: [] }],
    ['noValues', { layers: [line([], [])] }],
    ['onlyNaN', { layers: [line([1, 2], [Number.NaN, Number.NaN])] }],
    ['oneValue', { layers: [line([5], [7])] }],
    ['oneValueOf0', { layers: [line([0], [0])] }],
    ['allEqual', { layers: [line([1, 2, 3], [4, 4, 4])] }],
    ['allNegative', { layers: [line([-3, -2, -1], [-9, -8, -7])] }],
    ['hugeRange', { layers: [line([0, 1, 2], [1, 1e6, 1e15])] }],
    [
      'manyPoints',
      {
        layers: [
          line(
            range(100_000),
            range(100_000).map((i) => (i * 7919) % 1013),
          ),
        ],
      },
    ],
    ['bars', { layers: [line([0, 1, 2, 3], [1, 0, 3], { kind: 'bars' })] }],
    ['area', { layers: [line([0, 1, 2, 3], [1, Number.NaN, 3], { kind: 'area' })] }],
  ] as const;
  for (const [name, options] of odd) {
    for (const scale of ['linear', 'log', 'auto'] as const) {
      it(`draws ${name} ${scale}`, () => {
        const y = { unit: 'ns', label: 'up', scale } as const;
        const elements = draw(chart({ ...options, y } as Partial<Chart>));
        const isEmpty = ['noLayers', 'noValues', 'onlyNaN'].includes(name);
        expect(elements.some(({ text }) => text === 'nothing here')).toBe(isEmpty);
        expect(tickTexts(elements, 'end').length > 0).toBe(!isEmpty);
      });
    }
  }

  it('thousandsOfPointsKeepTheirPeakAndSaySo', () => {
    const y = range(50_000).map((i) => (i === 31_234 ? 1000 : 1));
    const elements = draw(chart({ layers: [line(range(50_000), y)] }));
    const path = elements.find(({ attributes }) => attributes.stroke === colours.blue)?.attributes.d ?? '';
    const heights = [...path.matchAll(/,(-?[\d.]+)/g)].map(([, height]) => Number(height));
    expect(heights.length).toBeLessThan(6000);
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(100);
    expect(elements.map(({ text }) => text)).toContain('each pixel shows its lowest and highest value');
  });

  it('saysWhereValuesBelow0LieOnALogarithmicAxis', () => {
    const y = { unit: 'ns', label: 'up', scale: 'log' } as const;
    const words = draw(chart({ y, layers: [line([1, 2], [-5, 100])] })).map(({ text }) => text);
    expect(words).toContain('values below 0 lie on the lower edge');
    expect(words).toContain('up (log)');
  });

  it('autoBecomesLogarithmicForBursts', () => {
    const labelOf = (...y: number[]): boolean => {
      const layers = [line(range(y.length), y)];
      const axis = { unit: 'count', label: 'up', scale: 'auto' } as const;
      return draw(chart({ layers, y: axis })).some(({ text }) => text === 'up (log)');
    };
    expect(labelOf(0, 1, 150)).toBe(false);
    expect(labelOf(0, 1, 1500)).toBe(true);
    expect(labelOf(-1, 1, 1500)).toBe(false);
  });

  it('hasALegendForSeveralSeriesOnly', () => {
    const wordsWith = (layers: Layer[]): string[] => wordsOf(drawFigure(figureOf(chart({ layers }))));
    expect(wordsWith([line([1], [1], { name: 'one' })])).not.toContain('one');
    const both = [line([1], [1], { name: 'one' }), line([1], [2], { name: 'two', isDashed: true })];
    expect(wordsWith(both)).toEqual(expect.arrayContaining(['one', 'two']));
  });

  it('marksHaveRowsOfTheirOwn', () => {
    const marks = [0, 0.1, 1, 1.9, 2].map((at) => ({ at, text: `mark ${at}`, colour: colours.pink }));
    const texts = draw(chart({ marks })).filter(({ text }) => text.startsWith('mark'));
    expect(new Set(texts.map(({ attributes }) => attributes.y)).size).toBe(marks.length);
    expect(texts.map(({ text, attributes }) => [text, attributes['text-anchor']]).sort()).toEqual([
      ['mark 0', 'start'],
      ['mark 0.1', 'start'],
      ['mark 1', 'start'],
      ['mark 1.9', 'end'],
      ['mark 2', 'end'],
    ]);
  });

  it('listsBarsAndCountsTheRest', () => {
    const rows = range(40).map((i) => ({ name: `row ${i}`, value: 40 - i, text: String(40 - i) }));
    const words = draw(barList(rows)).map(({ text }) => text);
    expect(words).toContain('row 22');
    expect(words).not.toContain('row 23');
    expect(words).toContain('17 others');
    expect(words).toContain(String((17 * 18) / 2));
    expect(draw(barList([])).map(({ text }) => text)).toContain('no rows');
    draw(barList([{ name: 'none', value: 0, text: '0' }]));
  });

  it('escapesWhatComesFromFiles', () => {
    const evil = `</text><script>"'&\u0000\u001b[31m\u202eevil\ud800\uffff]]>`;
    const svg = drawFigure({
      title: evil,
      subtitle: [evil],
      description: evil,
      rows: [
        [
          [
            chart({ title: evil, notes: [evil], empty: evil, layers: [] }),
            barList([{ name: evil, value: 1, text: evil }]),
          ],
        ],
      ],
    });
    const cleaned = `</text><script>"'&\ufffd\ufffd[31m\ufffdevil\ufffd\ufffd]]>`;
    expect(wordsOf(svg).filter((text) => text === cleaned)).toHaveLength(6);
    expect(elementsOf(parseXml(svg)).map(({ name }) => name)).not.toContain('script');
  });

  it('namesFilesShortly', () => {
    expect(filesTitle(['/a/b/one.pcap'])).toBe('one.pcap');
    expect(filesTitle(['-', 'x/two', 'three', 'four', 'five'])).toBe('-, two, three and 2 more');
  });

  it('boundsWhatComesFromFiles', () => {
    const words = wordsOf(drawFigure({ ...figureOf(chart()), title: 'x'.repeat(100_000) }));
    expect(words[0]).toBe(`${'x'.repeat(159)}…`);
  });

  it('drawsWhateverItIsGiven', () => {
    const value = fc.oneof(
      fc.double({ noDefaultInfinity: true, min: -1e18, max: 1e18 }),
      fc.integer({ min: -5, max: 5 }),
      fc.constant(Number.NaN),
    );
    const layer = fc
      .record({
        y: fc.array(value, { maxLength: 30 }),
        kind: fc.constantFrom('line', 'area', 'bars'),
        name: fc.string({ unit: 'binary' }),
      })
      .map(({ y, kind, name }) =>
        line(range(kind === 'line' ? y.length : y.length + 1), y, { kind: kind as Layer['kind'], name }),
      );
    const panel = fc
      .record({
        layers: fc.array(layer, { maxLength: 3 }),
        scale: fc.constantFrom('linear', 'log', 'auto'),
        unit: fc.constantFrom('ns', 'bytes', 'count'),
      })
      .map(({ layers, scale, unit }) => chart({ layers, y: { unit, scale, label: 'up' } as Chart['y'] }));
    fc.assert(
      fc.property(panel, (one) => void draw(one)),
      { numRuns: 40 },
    );
  });
});
