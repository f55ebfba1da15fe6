/** Bad and hostile schemas: each is refused with a stable code, the file, the line, the element and the reason. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SchemaError } from '../../../src/core/errors.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';

const header = `<composite name="messageHeader"><type name="blockLength" primitiveType="uint16"/>
<type name="templateId" primitiveType="uint16"/><type name="schemaId" primitiveType="uint16"/>
<type name="version" primitiveType="uint16"/></composite>`;
const groupSize = `<composite name="groupSizeEncoding"><type name="blockLength" primitiveType="uint16"/>
<type name="numInGroup" primitiveType="uint8"/></composite>`;

/** A schema whose types begin in line 5 and whose messages begin in line 6, while each is one line long. */
function schemaOf(types: string, messages = '', attributes = 'id="1" version="0"'): string {
  const head = header.replaceAll('\n', ' ');
  return `<x:messageSchema xmlns:x="u" ${attributes}>\n<types>\n${head}\n${groupSize.replaceAll('\n', ' ')}\n${types}</types>\n${messages}\n</x:messageSchema>`;
}

const message = (fields: string, attributes = ''): string =>
  `<x:message name="M" id="1" ${attributes}>${fields}</x:message>`;
const inMessage = (fields: string, attributes = ''): string => schemaOf('', message(fields, attributes));

const vectors: readonly [what: string, text: string, code: string, place: RegExp, reason: string][] = [
  // The text.
  ['no XML', 'hello', 'sbe-xml', /line 1/, 'not well-formed'],
  ['empty', '', 'sbe-xml', /line 1/, 'not well-formed'],
  ['unclosed element', '<a>\n<b>\n</a>', 'sbe-xml', /line 3/, 'not well-formed'],
  ['two roots', '<a/><b/>', 'sbe-xml', /line 1/, '2 root elements'],
  ['repeated attribute', '<a x="1" x="2"/>', 'sbe-xml', /line 1/, "Attribute 'x' is repeated"],
  ['attribute without quotes', '<a x=1/>', 'sbe-xml', /line 1/, 'not well-formed'],
  ['document type', '<!DOCTYPE a>\n<a/>', 'sbe-doctype', /line 1/, 'document type'],
  ['document type inside', '<a>\n<!DOCTYPE b></a>', 'sbe-doctype', /line 2/, 'document type'],
  [
    'entity bomb',
    '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    'sbe-doctype',
    /line 1/,
    'document type',
  ],
  [
    'external entity',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    'sbe-doctype',
    /line 1/,
    'document type',
  ],
  [
    'unknown entity',
    schemaOf('<type name="T" primitiveType="int8" description="&lol;"/>'),
    'sbe-entity',
    /line 5/,
    '"&lol;"',
  ],
  [
    'no end of an entity',
    schemaOf('<type name="T" primitiveType="int8" description="a & b"/>'),
    'sbe-entity',
    /line 5/,
    'entities',
  ],
  ['deep', '<a>'.repeat(25) + '</a>'.repeat(25), 'sbe-limit', /line 1/, 'nested deeper than 24'],
  ['wide', `<a>${'<b/>'.repeat(100_001)}</a>`, 'sbe-limit', /line 1/, 'more than 100000 elements'],
  ['long', `<a>${' '.repeat(4 << 20)}</a>`, 'sbe-limit', /line 1/, 'characters, more than 4194304'],
  [
    'many attributes',
    `<a ${Array.from({ length: 33 }, (_, index) => `a${index}="1"`).join(' ')}/>`,
    'sbe-limit',
    /line 1/,
    'more than 32 attributes',
  ],
  ['long tag', `<a b="${'x'.repeat(20_000)}" c="1"/>`, 'sbe-limit', /line 1/, 'a tag of more than 16384 characters'],
  ['blanks in a tag', `<a${' '.repeat(300)}/>`, 'sbe-limit', /line 1/, 'more than 256 blanks'],
  // The schema.
  ['another root', '<schema/>', 'sbe-element', /line 1: schema/, 'messageSchema'],
  [
    'an include',
    '<messageSchema id="1" version="0">\n<xi:include href="b.xml"/></messageSchema>',
    'sbe-element',
    /line 2: messageSchema\/include/,
    'not included',
  ],
  [
    'a foreign element',
    '<messageSchema id="1" version="0"><note/></messageSchema>',
    'sbe-element',
    /messageSchema\/note/,
    'neither types nor message',
  ],
  ['no id', schemaOf('', '', 'version="0"'), 'sbe-attribute', /line 1: messageSchema/, '"id" is missing'],
  ['no version', schemaOf('', '', 'id="1"'), 'sbe-attribute', /line 1: messageSchema/, '"version" is missing'],
  [
    'id too large',
    schemaOf('', '', 'id="70000" version="0"'),
    'sbe-value',
    /messageSchema/,
    "schema id 70000 does not fit the header's uint16",
  ],
  [
    'byte order',
    schemaOf('', '', 'id="1" version="0" byteOrder="middle"'),
    'sbe-attribute',
    /messageSchema/,
    'neither littleEndian nor bigEndian',
  ],
  [
    'no header',
    '<messageSchema id="1" version="0"/>',
    'sbe-type',
    /messageSchema/,
    '"messageHeader" is not in the schema',
  ],
  [
    'header of another name',
    schemaOf('', '', 'id="1" version="0" headerType="groupSizeEncoding"'),
    'sbe-type',
    /messageSchema/,
    'no member "templateId"',
  ],
  // Types.
  [
    'no name',
    schemaOf('<type primitiveType="int8"/>'),
    'sbe-attribute',
    /line 5: messageSchema\/types\/type/,
    '"name" is missing',
  ],
  [
    'name with a blank',
    schemaOf('<type name="a b" primitiveType="int8"/>'),
    'sbe-name',
    /type a b/,
    'not a plain identifier',
  ],
  [
    'name of code',
    schemaOf('<type name="x(){}" primitiveType="int8"/>'),
    'sbe-name',
    /line 5/,
    'not a plain identifier',
  ],
  [
    'name __proto__',
    schemaOf('<type name="__proto__" primitiveType="int8"/>'),
    'sbe-name',
    /type __proto__/,
    'not a plain identifier',
  ],
  [
    'name constructor',
    inMessage('<field name="constructor" id="1" type="int8"/>'),
    'sbe-name',
    /field constructor/,
    'not a plain identifier',
  ],
  [
    'name too long',
    schemaOf(`<type name="${'a'.repeat(129)}" primitiveType="int8"/>`),
    'sbe-name',
    /line 5/,
    'not a plain identifier',
  ],
  [
    'name with control characters',
    schemaOf('<type name="a&#27;[2J" primitiveType="int8"/>'),
    'sbe-name',
    /type a\?\[2J/,
    'plain identifier',
  ],
  [
    'type twice',
    schemaOf('<type name="T" primitiveType="int8"/><type name="T" primitiveType="int8"/>'),
    'sbe-duplicate',
    /type T/,
    'there twice',
  ],
  ['no type element', schemaOf('<kind name="T"/>'), 'sbe-element', /types\/kind T/, 'no type'],
  ['no primitive', schemaOf('<type name="T"/>'), 'sbe-attribute', /type T/, '"primitiveType" is missing'],
  [
    'unknown primitive',
    schemaOf('<type name="T" primitiveType="int128"/>'),
    'sbe-type',
    /type T/,
    '"int128" is none of char, int8',
  ],
  [
    'primitive of an object',
    schemaOf('<type name="T" primitiveType="toString"/>'),
    'sbe-type',
    /type T/,
    '"toString" is none of',
  ],
  [
    'length that is none',
    schemaOf('<type name="T" primitiveType="int8" length="-1"/>'),
    'sbe-attribute',
    /type T/,
    'length "-1"',
  ],
  [
    'length too large',
    schemaOf('<type name="T" primitiveType="int8" length="65536"/>'),
    'sbe-limit',
    /type T/,
    'length 65536',
  ],
  [
    'presence',
    schemaOf('<type name="T" primitiveType="int8" presence="maybe"/>'),
    'sbe-attribute',
    /type T/,
    'presence "maybe"',
  ],
  [
    'null value too large',
    schemaOf('<type name="T" primitiveType="uint8" presence="optional" nullValue="256"/>'),
    'sbe-value',
    /type T/,
    'nullValue "256" is no uint8',
  ],
  [
    'null value of 64 bits too large',
    schemaOf('<type name="T" primitiveType="uint64" presence="optional" nullValue="18446744073709551616"/>'),
    'sbe-value',
    /type T/,
    'is no uint64',
  ],
  [
    'null value that is no number',
    schemaOf('<type name="T" primitiveType="double" presence="optional" nullValue="none"/>'),
    'sbe-value',
    /type T/,
    'is no double',
  ],
  [
    'minimum above maximum',
    schemaOf('<type name="T" primitiveType="int8" minValue="5" maxValue="4"/>'),
    'sbe-value',
    /type T/,
    'minimum 5 is above maximum 4',
  ],
  [
    'constant without value',
    schemaOf('<type name="T" primitiveType="int8" presence="constant"/>'),
    'sbe-constant',
    /type T/,
    'no value',
  ],
  [
    'constant that does not fit',
    schemaOf('<type name="T" primitiveType="int8" presence="constant">200</type>'),
    'sbe-constant',
    /type T/,
    '"200" is no int8',
  ],
  [
    'constant longer than its type',
    schemaOf('<type name="T" primitiveType="char" length="2" presence="constant">abc</type>'),
    'sbe-constant',
    /type T/,
    'longer than its length 2',
  ],
  [
    'constant array of numbers',
    schemaOf('<type name="T" primitiveType="int8" length="2" presence="constant">1</type>'),
    'sbe-constant',
    /type T/,
    'no single int8',
  ],
  [
    'valueRef to nothing',
    schemaOf('<type name="T" primitiveType="int8" presence="constant" valueRef="E.A"/>'),
    'sbe-type',
    /type T/,
    '"E" is not in the schema',
  ],
  [
    'valueRef to a value that is not there',
    schemaOf(
      '<enum name="E" encodingType="int8"/><type name="T" primitiveType="int8" presence="constant" valueRef="E.A"/>',
    ),
    'sbe-constant',
    /type T/,
    'names no value of an enum',
  ],
  [
    'enum value twice',
    schemaOf(
      '<enum name="E" encodingType="int8"><validValue name="A">1</validValue><validValue name="B">1</validValue></enum>',
    ),
    'sbe-duplicate',
    /enum E/,
    'B: value 1 is that of A too',
  ],
  [
    'enum name twice',
    schemaOf(
      '<enum name="E" encodingType="int8"><validValue name="A">1</validValue><validValue name="A">2</validValue></enum>',
    ),
    'sbe-duplicate',
    /enum E/,
    'value name A',
  ],
  [
    'enum value out of range',
    schemaOf('<enum name="E" encodingType="uint8"><validValue name="A">-1</validValue></enum>'),
    'sbe-value',
    /enum E\/validValue A/,
    '"-1" is no uint8',
  ],
  [
    'enum of characters with two',
    schemaOf('<enum name="E" encodingType="char"><validValue name="A">ab</validValue></enum>'),
    'sbe-value',
    /enum E\/validValue A/,
    '"ab" is no char',
  ],
  ['enum of floats', schemaOf('<enum name="E" encodingType="float"/>'), 'sbe-type', /enum E/, 'an enum of float'],
  [
    'enum of a composite',
    schemaOf('<enum name="E" encodingType="messageHeader"/>'),
    'sbe-type',
    /enum E/,
    'not a single value',
  ],
  ['enum without encoding', schemaOf('<enum name="E"/>'), 'sbe-attribute', /enum E/, '"encodingType" is missing'],
  [
    'choice in an enum',
    schemaOf('<enum name="E" encodingType="int8"><choice name="A">1</choice></enum>'),
    'sbe-element',
    /enum E\/choice A/,
    'validValue elements only',
  ],
  ['set of a signed number', schemaOf('<set name="S" encodingType="int8"/>'), 'sbe-type', /set S/, 'a set of int8'],
  [
    'choice beyond the bits',
    schemaOf('<set name="S" encodingType="uint8"><choice name="A">8</choice></set>'),
    'sbe-value',
    /set S/,
    'bit 8 is not in uint8',
  ],
  [
    'choice that is no number',
    schemaOf('<set name="S" encodingType="uint8"><choice name="A">x</choice></set>'),
    'sbe-value',
    /choice A/,
    '"x" is no number of a bit',
  ],
  [
    'bit twice',
    schemaOf('<set name="S" encodingType="uint8"><choice name="A">1</choice><choice name="B">1</choice></set>'),
    'sbe-duplicate',
    /set S/,
    'bit 1 is that of A too',
  ],
  [
    'composite of itself',
    schemaOf('<composite name="C"><ref name="c" type="C"/></composite>'),
    'sbe-cycle',
    /composite C\/ref c/,
    'contains itself',
  ],
  [
    'composites in a circle',
    schemaOf(
      '<composite name="C"><ref name="d" type="D"/></composite><composite name="D"><ref name="c" type="C"/></composite>',
    ),
    'sbe-cycle',
    /composite D\/ref c/,
    'type "C" contains itself',
  ],
  [
    'ref to nothing',
    schemaOf('<composite name="C"><ref name="d" type="D"/></composite>'),
    'sbe-type',
    /ref d/,
    '"D" is not in the schema',
  ],
  [
    'member twice',
    schemaOf(
      '<composite name="C"><type name="a" primitiveType="int8"/><type name="a" primitiveType="int8"/></composite>',
    ),
    'sbe-duplicate',
    /composite C/,
    'member name a',
  ],
  [
    'members that overlap',
    schemaOf(
      '<composite name="C"><type name="a" primitiveType="int32"/><type name="b" offset="2" primitiveType="int8"/></composite>',
    ),
    'sbe-offset',
    /composite C/,
    'b: offset 2, but a ends at 4',
  ],
  ['a chain of composites', schemaOf(chain(5_000)), 'sbe-limit', /composite C/, 'types refer to types deeper than 10'],
  ['a composite that grows by powers', schemaOf(growing(5)), 'sbe-limit', /composite C/, 'more than 256 values'],
  // Messages.
  [
    'message without id',
    schemaOf('', '<x:message name="M"/>'),
    'sbe-attribute',
    /line 6: messageSchema\/message M/,
    '"id" is missing',
  ],
  [
    'template id twice',
    schemaOf('', `${message('')}<x:message name="N" id="1"/>`),
    'sbe-duplicate',
    /message N/,
    'template id 1 is that of M too',
  ],
  [
    'message name twice',
    schemaOf('', `${message('')}<x:message name="M" id="2"/>`),
    'sbe-duplicate',
    /message M/,
    'of this name',
  ],
  [
    'template id too large',
    schemaOf('', '<x:message name="M" id="65536"/>'),
    'sbe-value',
    /message M/,
    'template id 65536',
  ],
  [
    'unknown type of a field',
    inMessage('<field name="f" id="1" type="Nope"/>'),
    'sbe-type',
    /line 6: .*message M\/field f/,
    '"Nope" is not in the schema',
  ],
  ['field without type', inMessage('<field name="f" id="1"/>'), 'sbe-attribute', /field f/, '"type" is missing'],
  ['field without id', inMessage('<field name="f" type="int8"/>'), 'sbe-attribute', /field f/, '"id" is missing'],
  [
    'field name twice',
    inMessage('<field name="f" id="1" type="int8"/><field name="f" id="2" type="int8"/>'),
    'sbe-duplicate',
    /field f/,
    'name f is that of f too',
  ],
  [
    'field id twice',
    inMessage('<field name="f" id="1" type="int8"/><field name="g" id="1" type="int8"/>'),
    'sbe-duplicate',
    /field g/,
    'id 1 is that of f too',
  ],
  [
    'fields that overlap',
    inMessage('<field name="f" id="1" type="int32"/><field name="g" id="2" type="int8" offset="3"/>'),
    'sbe-offset',
    /field g/,
    'g: offset 3, but f ends at 4',
  ],
  [
    'field behind the block',
    inMessage('<field name="f" id="1" type="int32"/>', 'blockLength="3"'),
    'sbe-offset',
    /field f/,
    "ends at 4, behind the block's length 3",
  ],
  [
    'block longer than the header can say',
    inMessage('', 'blockLength="65536"'),
    'sbe-limit',
    /message M/,
    'block length 65536',
  ],
  [
    'constant field without value',
    inMessage('<field name="f" id="1" type="int8" presence="constant"/>'),
    'sbe-constant',
    /field f/,
    'no value',
  ],
  [
    'constant enum without valueRef',
    schemaOf('<enum name="E" encodingType="int8"/>', message('<field name="f" id="1" type="E" presence="constant"/>')),
    'sbe-constant',
    /field f/,
    'valueRef="Enum.Value"',
  ],
  [
    'constant composite',
    inMessage('<field name="f" id="1" type="messageHeader" presence="constant"/>'),
    'sbe-constant',
    /field f/,
    'no value',
  ],
  [
    'required field of a constant type',
    schemaOf(
      '<type name="T" primitiveType="int8" presence="constant">1</type>',
      message('<field name="f" id="1" type="T" presence="required"/>'),
    ),
    'sbe-constant',
    /field f/,
    'type T is constant, but the field is required',
  ],
  [
    'field of variable length',
    schemaOf(
      '<composite name="V"><type name="length" primitiveType="uint8"/><type name="varData" primitiveType="char" length="0"/></composite>',
      message('<field name="f" id="1" type="V"/>'),
    ),
    'sbe-type',
    /field f/,
    'only data can have it',
  ],
  [
    'field behind a group',
    inMessage('<group name="g" id="2"/><field name="f" id="1" type="int8"/>'),
    'sbe-order',
    /field f/,
    'behind a group or data',
  ],
  [
    'group behind data',
    schemaOf(
      '<composite name="V"><type name="length" primitiveType="uint8"/><type name="varData" primitiveType="char" length="0"/></composite>',
      message('<data name="d" id="1" type="V"/><group name="g" id="2"/>'),
    ),
    'sbe-order',
    /group g/,
    'behind data',
  ],
  [
    'unknown dimension',
    inMessage('<group name="g" id="1" dimensionType="Nope"/>'),
    'sbe-type',
    /group g/,
    '"Nope" is not in the schema',
  ],
  [
    'dimension that is none',
    inMessage('<group name="g" id="1" dimensionType="messageHeader"/>'),
    'sbe-type',
    /group g/,
    'no member "numInGroup"',
  ],
  [
    'dimension of 64 bits',
    schemaOf(
      '<composite name="D"><type name="blockLength" primitiveType="uint16"/><type name="numInGroup" primitiveType="uint64"/></composite>',
      message('<group name="g" id="1" dimensionType="D"/>'),
    ),
    'sbe-type',
    /group g/,
    'not a single uint8, uint16 or uint32',
  ],
  ['data of a number', inMessage('<data name="d" id="1" type="int8"/>'), 'sbe-type', /data d/, 'no composite'],
  [
    'data without bytes',
    inMessage('<data name="d" id="1" type="messageHeader"/>'),
    'sbe-data',
    /data d/,
    'no member "varData"',
  ],
  ['groups too deep', inMessage(nest(9)), 'sbe-limit', /group g8/, 'groups nested deeper than 8'],
  [
    'too many fields',
    inMessage(
      Array.from({ length: 1025 }, (_, index) => `<field name="f${index}" id="${index}" type="int8"/>`).join(''),
    ),
    'sbe-limit',
    /message M/,
    '1025 fields, more than 1024',
  ],
  [
    'too many messages',
    schemaOf('', Array.from({ length: 4097 }, (_, index) => `<x:message name="M${index}" id="${index}"/>`).join('')),
    'sbe-limit',
    /messageSchema/,
    '4097 messages, more than 4096',
  ],
  [
    'since version that is none',
    inMessage('<field name="f" id="1" type="int8" sinceVersion="x"/>'),
    'sbe-attribute',
    /field f/,
    'sinceVersion "x"',
  ],
];

describe('readSbeXml refuses', () => {
  it.each(vectors)('%s', (_what, text, code, place, reason) => {
    const error = refusalOf(text);
    expect(error).toBeInstanceOf(SchemaError);
    expect(
      [error?.code, error?.message.startsWith('bad.xml, line '), error?.message.includes(reason)],
      error?.message,
    ).toEqual([code, true, true]);
    expect(error?.message).toMatch(place);
  });

  it('and leaves objects as they were', () => {
    const text = inMessage('<field name="f" id="1" type="int8" __proto__="x" constructor="y"/>');
    expect(refusalOf(text)?.code).toBe('sbe-xml');
    expect(refusalOf('<__proto__ polluted="1"/>')?.code).toBe('sbe-element');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('whatever is damaged, or reads it: nothing else is thrown', () => {
    const types = '<enum name="E" encodingType="char"><validValue name="A">1</validValue></enum>';
    const whole = schemaOf(types, message('<field name="f" id="1" type="E"/><group name="g" id="2"/>'));
    const piece = fc.constantFrom(
      '<',
      '>',
      '"',
      '&',
      '/',
      '</',
      '<!--',
      '<![CDATA[',
      '<?',
      '=',
      '\u0000',
      '9',
      'E',
      ' ',
    );
    const damage = fc.record({ at: fc.nat(whole.length), cut: fc.nat(40), piece });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        const text = damages.reduce(
          (before, { at, cut, piece: put }) => before.slice(0, at) + put + before.slice(at + cut),
          whole,
        );
        const refusal = refusalOf(text);
        expect(refusal === null || refusal instanceof SchemaError, String(refusal)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('and reads what only looks dangerous', () => {
    const comment = schemaOf(
      '<!-- <!DOCTYPE a> <type name="x y"/> --><type name="T" primitiveType="char" presence="constant"><![CDATA[<&]]></type>',
      message('<field name="f" id="1" type="T"/>'),
    );
    expect(readSbeXml(`\uFEFF<?xml version="1.0"?>\r\n${comment}`, 'fine.xml').messages[0].fields[0].constant).toBe(
      '<&',
    );
  });
});

function refusalOf(text: string): SchemaError | null {
  try {
    readSbeXml(text, 'bad.xml');
    return null;
  } catch (error) {
    return error as SchemaError;
  }
}

/** Composites that each refer to the next. */
function chain(length: number): string {
  const links = Array.from(
    { length },
    (_, index) => `<composite name="C${index}"><ref name="c" type="C${index + 1}"/></composite>`,
  );
  return `${links.join('')}<composite name="C${length}"><type name="a" primitiveType="int8"/></composite>`;
}

/** Composites of four times the one before: 4 to the power of `length` values. */
function growing(length: number): string {
  const four = (member: (name: string) => string): string => ['a', 'b', 'c', 'd'].map(member).join('');
  const first = `<composite name="C0">${four((name) => `<type name="${name}" primitiveType="int8"/>`)}</composite>`;
  const rest = Array.from({ length: length - 1 }, (_, index) => {
    const members = four((name) => `<ref name="${name}" type="C${index}"/>`);
    return `<composite name="C${index + 1}">${members}</composite>`;
  });
  return first + rest.join('');
}

function nest(depth: number, level = 0): string {
  return level === depth ? '' : `<group name="g${level}" id="${level}">${nest(depth, level + 1)}</group>`;
}
