/** SBE schemas written as tables: what they build, the types that they keep, and what contradicts itself. */
import { describe, expect, it } from 'vitest';
import { SchemaError } from '../../../src/core/errors.js';
import type { SbeSchema } from '../../../src/schema/sbe/schema.js';
import * as sbe from '../../../src/schema/sbe/table.js';
import { schemaAt } from '../../../src/schema/sbe/version.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';

const uint8 = sbe.encoding('uint8', 'uint8');
const uint16 = sbe.encoding('uint16', 'uint16');
const header = sbe.composite('messageHeader', {
  blockLength: uint16,
  templateId: uint16,
  schemaId: uint16,
  version: uint16,
});
const groupSize = sbe.composite('groupSize', { blockLength: uint16, numInGroup: sbe.at(3, uint8) });
const price = sbe.composite('Price', {
  mantissa: sbe.optional('mantissa', 'int64', 9223372036854775807n),
  exponent: sbe.constant('exponent', 'int8', -9),
});
const maybe = sbe.optional('Maybe', 'uint8');
const side = sbe.enumeration('Side', maybe, { Buy: 1, Sell: sbe.renamed(2, { 1: 'Offer' }), Cross: sbe.since(3, 3) });
const kind = sbe.enumeration('Kind', 'char', { Trade: 'T', Quote: 'Q' });
const flags = sbe.bitmap('Flags', 'uint16', { First: 0, Last: sbe.since(2, 15) });
const varText = sbe.composite('varText', {
  length: uint16,
  varData: sbe.encoding('varData', 'char', { length: 0, characterEncoding: 'UTF-8' }),
});

const trade = sbe.message(
  7,
  'Trade',
  28,
  [
    sbe.field('Px', 31, price, 0, { semanticType: 'Price' }),
    sbe.field('Side', 54, side, 8),
    sbe.field('Kind', 9, kind, 9),
    sbe.field('Flags', 10, flags, 10),
    sbe.field('Symbol', 55, sbe.text('Symbol', 8), 12, { sinceVersion: 2 }),
    sbe.field('Source', 22, sbe.constant('Source', 'char', '8'), 0),
    sbe.field('Venue', 23, sbe.constant('Venue', 'char', 'XTST'), 0),
    sbe.field('Depths', 24, sbe.encoding('Depths', 'int16', { length: 3 }), 20, { sinceVersion: 3 }),
  ],
  {
    formerLengths: { 1: 12, 2: 20 },
    groups: [
      sbe.group('NoLegs', 555, groupSize, 4, [sbe.field('Leg', 600, sbe.encoding('Int32', 'int32'), 0)], {
        sinceVersion: 2,
        groups: [sbe.group('NoParts', 556, groupSize, 1, [sbe.field('Part', 601, maybe, 0)])],
        data: [sbe.data('Note', 602, varText)],
      }),
    ],
    data: [sbe.data('Text', 58, varText)],
  },
);
const gone = sbe.message(8, 'Gone', 0, [], { untilVersion: 1 });
const table = sbe.schema({ package: 'demo', id: 5, version: 3, header, messages: [trade, gone] });

const xml = `<messageSchema package="demo" id="5" version="3"><types>
  <composite name="messageHeader"><type name="blockLength" primitiveType="uint16"/>
    <type name="templateId" primitiveType="uint16"/><type name="schemaId" primitiveType="uint16"/>
    <type name="version" primitiveType="uint16"/></composite>
  <composite name="groupSize"><type name="blockLength" primitiveType="uint16"/>
    <type name="numInGroup" primitiveType="uint8" offset="3"/></composite>
  <composite name="varText"><type name="length" primitiveType="uint16"/>
    <type name="varData" primitiveType="char" length="0" characterEncoding="UTF-8"/></composite>
  <composite name="Price"><type name="mantissa" primitiveType="int64" presence="optional" nullValue="9223372036854775807"/>
    <type name="exponent" primitiveType="int8" presence="constant">-9</type></composite>
  <type name="Maybe" primitiveType="uint8" presence="optional"/><type name="Int32" primitiveType="int32"/>
  <type name="Symbol" primitiveType="char" length="8"/><type name="Depths" primitiveType="int16" length="3"/>
  <type name="Source" primitiveType="char" presence="constant">8</type>
  <type name="Venue" primitiveType="char" presence="constant">XTST</type>
  <enum name="Side" encodingType="Maybe"><validValue name="Buy">1</validValue><validValue name="Sell">2</validValue>
    <validValue name="Cross" sinceVersion="3">3</validValue></enum>
  <enum name="Kind" encodingType="char"><validValue name="Trade">T</validValue><validValue name="Quote">Q</validValue></enum>
  <set name="Flags" encodingType="uint16"><choice name="First">0</choice><choice name="Last" sinceVersion="2">15</choice></set>
</types><message name="Trade" id="7" blockLength="28">
  <field name="Px" id="31" type="Price" semanticType="Price"/><field name="Side" id="54" type="Side"/>
  <field name="Kind" id="9" type="Kind"/><field name="Flags" id="10" type="Flags"/>
  <field name="Symbol" id="55" type="Symbol" sinceVersion="2"/><field name="Source" id="22" type="Source"/>
  <field name="Venue" id="23" type="Venue"/><field name="Depths" id="24" type="Depths" sinceVersion="3"/>
  <group name="NoLegs" id="555" dimensionType="groupSize" sinceVersion="2"><field name="Leg" id="600" type="Int32"/>
    <group name="NoParts" id="556" dimensionType="groupSize"><field name="Part" id="601" type="Maybe"/></group>
    <data name="Note" id="602" type="varText"/></group>
  <data name="Text" id="58" type="varText"/>
</message></messageSchema>`;

describe('SBE table', () => {
  it('is what the same schema in XML is', () => {
    expect(schemaAt(table, 3)).toEqual(readSbeXml(xml, 'demo.xml'));
  });

  it('keeps names and primitives in its type', () => {
    type Message = (typeof table)['messages'][number];
    type Trade = Extract<Message, { name: 'Trade' }>;
    type Field<Name> = Extract<Trade['fields'][number], { name: Name }>;
    type Types = [
      Message['name'],
      Trade['fields'][number]['name'],
      Field<'Side'>['type']['values'][number]['name'],
      Field<'Flags'>['type']['choices'][number]['name'],
      Field<'Px'>['type']['members'][number]['name'],
      Field<'Symbol'>['type']['length'],
      Field<'Depths'>['type']['primitive'],
      Field<'Venue'>['type']['presence'],
      Trade['groups'][0]['name'],
      Trade['groups'][0]['groups'][0]['fields'][0]['name'],
      Trade['data'][0]['name'],
    ];
    type Expected = [
      'Trade' | 'Gone',
      'Px' | 'Side' | 'Kind' | 'Flags' | 'Symbol' | 'Source' | 'Venue' | 'Depths',
      'Buy' | 'Sell' | 'Cross',
      'First' | 'Last',
      'mantissa' | 'exponent',
      8,
      'int16',
      'constant',
      'NoLegs',
      'Part',
      'Text',
    ];
    // The compiler compares: each of the two must take the other's place.
    const there = (types: Types): Expected => types;
    const back = (types: Expected): Types => types;
    expect([there, back].map(({ length }) => length)).toEqual([1, 1]);
    const general: SbeSchema = table;
    expect(general).toBe(table);
  });

  it('gives its earlier versions', () => {
    const facts = [1, 2, 3].map((version) => {
      const { messages, ...rest } = schemaAt(table, version);
      const type = messages[0].fields[1].type;
      const set = messages[0].fields[3].type;
      return [
        rest.version,
        messages.map(({ name }) => name),
        messages[0].blockLength,
        messages[0].fields.length,
        messages[0].groups.length,
        type.kind === 'enum' && type.values.map(({ name }) => name),
        set.kind === 'set' && set.choices.map(({ name }) => name),
      ];
    });
    expect(facts).toEqual([
      [1, ['Trade', 'Gone'], 12, 6, 0, ['Buy', 'Offer'], ['First']],
      [2, ['Trade'], 20, 7, 1, ['Buy', 'Sell'], ['First', 'Last']],
      [3, ['Trade'], 28, 8, 1, ['Buy', 'Sell', 'Cross'], ['First', 'Last']],
    ]);
  });
});

/** A schema of one message with one field, and what else is given. */
function oneField(field: ReturnType<typeof sbe.field>, blockLength = 100): SbeSchema {
  return sbe.schema({
    package: 'demo',
    id: 1,
    version: 0,
    header,
    messages: [sbe.message(1, 'M', blockLength, [field])],
  });
}

const vectors: readonly [what: string, build: () => unknown, code: string, text: string][] = [
  [
    'name',
    () => oneField(sbe.field('a-b', 1, uint8, 0)),
    'sbe-name',
    'demo M.a-b: name "a-b" is not a plain identifier',
  ],
  ['name that classes use', () => oneField(sbe.field('constructor', 1, uint8, 0)), 'sbe-name', 'demo M.constructor'],
  ['offset', () => oneField(sbe.field('f', 1, uint8, -1)), 'sbe-offset', 'demo M.f: f: offset -1 is no place'],
  [
    'block length',
    () => oneField(sbe.field('f', 1, uint16, 1), 2),
    'sbe-offset',
    "ends at 3, behind the block's length 2",
  ],
  ['block length of nothing', () => oneField(sbe.field('f', 1, uint8, 0), 0.5), 'sbe-limit', 'block length 0.5'],
  [
    'null value',
    () => oneField(sbe.field('f', 1, sbe.optional('T', 'uint8', 256), 0)),
    'sbe-value',
    'type T: 256 is no uint8',
  ],
  [
    'number for 64 bits',
    () => oneField(sbe.field('f', 1, sbe.optional('T', 'int64', 5), 0)),
    'sbe-value',
    '5 is no int64',
  ],
  [
    'constant',
    () => oneField(sbe.field('f', 1, sbe.constant('T', 'int8', 128), 0)),
    'sbe-constant',
    '128 is no single int8',
  ],
  [
    'constant text of numbers',
    () => oneField(sbe.field('f', 1, sbe.constant('T', 'int8', 'ab'), 0)),
    'sbe-constant',
    '"ab" is no int8',
  ],
  ['enum value', () => sbe.enumeration('E', 'char', { A: 'ab' }), 'sbe-value', 'enum E: A: "ab" is no char'],
  [
    'enum value out of range',
    () => oneField(sbe.field('f', 1, sbe.enumeration('E', 'uint8', { A: 256 }), 0)),
    'sbe-value',
    'A: 256 is no uint8',
  ],
  [
    'enum value twice',
    () => oneField(sbe.field('f', 1, sbe.enumeration('E', 'uint8', { A: 1, B: 1 }), 0)),
    'sbe-duplicate',
    'B: value 1 is that of A too',
  ],
  [
    'bit',
    () => oneField(sbe.field('f', 1, sbe.bitmap('S', 'uint8', { A: 8 }), 0)),
    'sbe-value',
    'A: bit 8 is not in uint8',
  ],
  ['variable length', () => oneField(sbe.field('f', 1, varText, 0)), 'sbe-type', 'only data can have it'],
  ['dimension', () => sbe.group('g', 1, price, 0, []), 'sbe-type', 'g: type Price has no member "blockLength"'],
  [
    'header',
    () => sbe.schema({ package: 'demo', id: 1, version: 0, header: groupSize, messages: [] }),
    'sbe-type',
    'demo: type groupSize has no member "templateId"',
  ],
  ['data', () => sbe.data('d', 1, price), 'sbe-data', 'd: type Price has no member "varData"'],
  [
    'template id',
    () =>
      sbe.schema({
        package: 'demo',
        id: 1,
        version: 0,
        header,
        messages: [sbe.message(1, 'A', 0, []), sbe.message(1, 'B', 0, [])],
      }),
    'sbe-duplicate',
    'demo B: template id 1 is that of A too',
  ],
  [
    'versions',
    () =>
      sbe.schema({
        package: 'demo',
        id: 1,
        version: 0,
        header,
        messages: [sbe.message(1, 'A', 0, [], { sinceVersion: 3, untilVersion: 2 })],
      }),
    'sbe-version',
    'demo A: until version 2, but since version 3',
  ],
];

describe('SBE table refuses', () => {
  it.each(vectors)('%s', (_what, build, code, text) => {
    let thrown: unknown;
    try {
      build();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SchemaError);
    expect((thrown as SchemaError).code).toBe(code);
    expect((thrown as SchemaError).message).toContain(text);
  });
});
