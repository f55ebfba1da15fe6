/** Several schemas at once, chosen by the header's schema id and version. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { createCatalogue } from '../../../src/schema/sbe/catalogue.js';
import { createSbeCodec } from '../../../src/schema/sbe/codec.js';
import * as sbe from '../../../src/schema/sbe/table.js';
import { exactView, head, pack } from './every.js';

const uint16 = sbe.encoding('uint16', 'uint16');
const uint32 = sbe.encoding('uint32', 'uint32');
const header = sbe.composite('header', { blockLength: uint16, templateId: uint16, schemaId: uint16, version: uint16 });
const wideHeader = sbe.composite('wide', {
  schemaId: uint32,
  version: uint32,
  templateId: uint32,
  blockLength: uint32,
});
const dimension = sbe.composite('dimension', { blockLength: uint16, numInGroup: uint16 });

function codec(id: number, version: number, extra: string, byteOrder: 'littleEndian' | 'bigEndian' = 'littleEndian') {
  const fields = [sbe.field('Shared', 1, uint16, 0), sbe.field(extra, 2, uint16, 2)] as const;
  const rows = sbe.group('Rows', 3, dimension, 2, [sbe.field(`${extra}Row`, 4, uint16, 0)]);
  const messages = [sbe.message(1, 'One', 4, fields, { groups: [rows] })] as const;
  const own = byteOrder === 'bigEndian' ? wideHeader : header;
  return createSbeCodec(sbe.schema({ package: `s${id}v${version}`, id, version, byteOrder, header: own, messages }));
}

const [third, seventh, other, foreign] = [
  codec(1, 3, 'Third'),
  codec(1, 7, 'Seventh'),
  codec(2, 1, 'Other'),
  codec(1, 5, 'Big', 'bigEndian'),
];
const catalogue = createCatalogue([seventh, third, other]);

function message(schemaId: number, version: number) {
  return exactView(
    pack('littleEndian', [
      ...head(4, 1, version, schemaId),
      ['u16', 1],
      ['u16', 2],
      ['u16', 2],
      ['u16', 1],
      ['u16', 9],
    ]),
  );
}

describe('the codec', () => {
  it.each([
    [1, 3, third],
    [1, 7, seventh],
    [1, 0, third],
    [1, 4, seventh],
    [1, 8, seventh],
    [2, 1, other],
    [2, 9, other],
    [3, 1, null],
  ])('of schema %i version %i', (schemaId, version, expected) => {
    const view = message(schemaId, version);
    expect(catalogue.codecAt(view, 0, view.byteLength)).toBe(expected);
    expect(catalogue.messageAt(view, 0, view.byteLength)).toBe(expected?.messageOf(1));
    expect(catalogue.isKnown(view, 0, view.byteLength)).toBe(expected !== null);
    expect(catalogue.extentOf(view, 0, view.byteLength)).toBe(expected === null ? -1 : 18);
    expect(catalogue.fault(view, 0, 15)?.path).toBe(expected === null ? undefined : 'One.Rows');
  });

  it('is none where the header is cut short', () => {
    expect(catalogue.codecAt(message(1, 3), 0, 7)).toBeNull();
    expect(catalogue.fault(message(1, 3), 0, 7)).toBeNull();
  });

  it('of schemas whose headers differ', () => {
    const mixed = createCatalogue([third, foreign]);
    const bytes = foreign.encode({ name: 'One', Shared: 1, Big: 2, Rows: [{ BigRow: 3 }] });
    expect(mixed.codecAt(exactView(bytes), 0, bytes.length)).toBe(foreign);
    const view = message(1, 3);
    expect(mixed.codecAt(view, 0, view.byteLength)).toBe(third);
  });

  it('two of one id and version are refused', () => {
    expect(() => createCatalogue([third, codec(1, 3, 'Again')])).toThrow(UsageError);
  });
});

describe('text', () => {
  const texts = (fields?: readonly string[]) => {
    const writer = catalogue.jsonWriter({ fields });
    return [message(1, 3), message(1, 7), message(3, 1)].map((view) => writer(view, 0, view.byteLength));
  };

  it('JSON by the schema of each message', () => {
    const head = '"type":"1","name":"One","templateId":1,';
    expect(texts()).toEqual([
      `${head}"version":3,"Shared":1,"Third":2,"Rows":[{"ThirdRow":9}]`,
      `${head}"version":7,"Shared":1,"Seventh":2,"Rows":[{"SeventhRow":9}]`,
      '',
    ]);
  });

  it('fields that one of the schemas has', () => {
    expect(texts(['Third', 'Rows.SeventhRow'])).toEqual(['"Third":2', '"Rows":[{"SeventhRow":9}]', '']);
    expect(() => catalogue.jsonWriter({ fields: ['Fourth'] })).toThrow('no message has a field "Fourth"');
    expect(() => catalogue.csvWriter({ fields: ['Rows.Fourth'] })).toThrow(UsageError);
  });

  it('CSV under the columns of all', () => {
    const names = ['type', 'name', 'templateId', 'version', 'Shared', 'Seventh', 'Rows', 'Third', 'Other'];
    expect(catalogue.columns).toEqual(names);
    const writer = catalogue.csvWriter();
    expect(writer.columns).toEqual(names);
    const rows = [message(1, 3), message(1, 7), message(3, 1)].map((view) => writer.row(view, 0, view.byteLength));
    expect(rows).toEqual(['1,One,1,3,1,,"[{""ThirdRow"":9}]",2,', '1,One,1,7,1,2,"[{""SeventhRow"":9}]",,', '']);
    const own = catalogue.csvWriter({ fields: ['Rows.ThirdRow', 'Third', 'Shared'] });
    expect([message(1, 3), message(1, 7)].map((view) => own.row(view, 0, view.byteLength))).toEqual([
      '"[{""ThirdRow"":9}]",2,1',
      ',,1',
    ]);
  });
});
