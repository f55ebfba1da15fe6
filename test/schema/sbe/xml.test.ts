/** What `readSbeXml` makes of everything that SBE 1.0 can say; CME's files lack half of it, so the text is written here. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AnyGroup, SbeField, SbeMessage, SbeSchema, SbeType } from '../../../src/schema/sbe/schema.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';
import { capturePath, describeCaptures, readCapture } from '../../support/captures.js';

const text = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment with <tags> in it -->
<sbe:messageSchema xmlns:sbe="http://fixprotocol.io/2016/sbe" package="demo" id="77" version="4"
    semanticVersion="1.2" description="a &lt;demo&gt; &amp; more&#x21;" byteOrder="bigEndian" headerType="shortHeader">
  <types>
    <composite name="shortHeader">
      <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint8"/>
      <type name="schemaId" primitiveType="uint8"/><type name="version" primitiveType="uint8"/>
    </composite>
    <composite name="groupSizeEncoding">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint16" maxValue="500"/>
    </composite>
    <composite name="aligned"><type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint8" offset="7"/></composite>
    <composite name="varBytes"><type name="length" primitiveType="uint32" maxValue="1000"/>
      <type name="varData" primitiveType="uint8" length="0"/></composite>
    <composite name="varText"><type name="length" primitiveType="uint8"/>
      <type name="varData" primitiveType="char" length="0" characterEncoding="UTF-8"/></composite>
  </types>
  <types>
    <type name="Samples" primitiveType="int16" length="3" description="readings"/>
    <type name="Code" primitiveType="char" length="4" characterEncoding="US-ASCII"/>
    <type name="Maybe" primitiveType="uint8" presence="optional" minValue="1" maxValue="9"/>
    <type name="MaybeChar" primitiveType="char" presence="optional" nullValue="0"/>
    <type name="Venue" primitiveType="char" presence="constant">XTST</type>
    <type name="Padded" primitiveType="char" length="8" presence="constant">ab</type>
    <type name="Answer" primitiveType="int64" presence="constant"> -42 </type>
    <type name="Digit" primitiveType="char" presence="constant">8</type>
    <type name="SideOfBuy" primitiveType="char" presence="constant" valueRef="Side.Buy"/>
    <enum name="Side" encodingType="char"><validValue name="Buy">1</validValue>
      <validValue name="Sell" sinceVersion="2" deprecated="4" description="short &#39;too&#39;">2</validValue></enum>
    <enum name="Mood" encodingType="Maybe"><validValue name="Good">1</validValue><validValue name="Bad">2</validValue></enum>
    <enum name="Signed" encodingType="int16"><validValue name="Low">-300</validValue></enum>
    <set name="Flags" encodingType="uint64"><choice name="First">0</choice><choice name="Last">63</choice></set>
    <composite name="Decimal">
      <type name="mantissa" primitiveType="int64" presence="optional"/>
      <type name="exponent" primitiveType="int8" presence="constant">-9</type>
    </composite>
    <composite name="Quote">
      <ref name="price" type="Decimal" sinceVersion="3"/>
      <ref name="side" type="Side" offset="10"/>
      <composite name="inner"><type name="a" primitiveType="uint8"/><type name="b" primitiveType="uint16" offset="2"/></composite>
      <set name="bits" encodingType="uint8"><choice name="On">7</choice></set>
    </composite>
  </types>
  <sbe:message name="Everything" id="1" semanticType="Z" description="all of it">
    <field name="Plain" id="1" type="uint32"/>
    <field name="Aligned" id="2" type="Samples" offset="8"/>
    <field name="Behind" id="3" type="Code"/>
    <field name="Real" id="4" type="float" presence="optional"/>
    <field name="Long" id="5" type="double"/>
    <field name="Own" id="6" type="uint16" presence="optional" nullValue="7" sinceVersion="2"/>
    <field name="Certain" id="7" type="Maybe" presence="required"/>
    <field name="MaybeSide" id="8" type="Side" presence="optional"/>
    <field name="Mood" id="9" type="Mood"/>
    <field name="Fixed" id="10" type="Venue"/>
    <field name="FixedSide" id="11" type="Side" presence="constant" valueRef="Side.Sell"/>
    <field name="FixedCode" id="12" type="uint8" presence="constant" valueRef="Mood.Bad"/>
    <field name="Flags" id="13" type="Flags" deprecated="3"/>
    <field name="Quote" id="14" type="Quote"/>
    <field name="Signed" id="15" type="Signed"/>
    <field name="Padded" id="16" type="Padded"/>
    <field name="Answer" id="17" type="Answer"/>
    <field name="Digit" id="18" type="Digit"/>
    <field name="BuySide" id="19" type="SideOfBuy"/>
    <field name="Letter" id="20" type="MaybeChar"/>
    <group name="Outer" id="30" blockLength="6">
      <field name="One" id="31" type="uint8"/>
      <group name="Inner" id="32" dimensionType="aligned" sinceVersion="3">
        <field name="Two" id="33" type="Decimal"/>
        <data name="Note" id="34" type="varText"/>
      </group>
    </group>
    <data name="Blob" id="40" type="varBytes"/>
  </sbe:message>
  <sbe:message name="Empty" id="2" blockLength="12"/>
</sbe:messageSchema>`;

const schema = readSbeXml(text, 'demo.xml');
const everything = schema.messages[0];

describe('readSbeXml', () => {
  it('schema and header', () => {
    const { messages, ...rest } = schema;
    expect(rest).toEqual({
      package: 'demo',
      id: 77,
      version: 4,
      semanticVersion: '1.2',
      description: 'a <demo> & more!',
      byteOrder: 'bigEndian',
      header: {
        size: 5,
        blockLength: { offset: 0, primitive: 'uint16' },
        templateId: { offset: 2, primitive: 'uint8' },
        schemaId: { offset: 3, primitive: 'uint8' },
        version: { offset: 4, primitive: 'uint8' },
      },
    });
    expect(messages.map(({ name, id, blockLength, semanticType }) => [name, id, blockLength, semanticType])).toEqual([
      ['Everything', 1, 62, 'Z'],
      ['Empty', 2, 12, ''],
    ]);
  });

  it('places, presence, constants and null values of fields', () => {
    const rows = everything.fields.map((field) => [
      field.name,
      field.id,
      field.offset,
      field.size,
      field.presence,
      field.constant,
      field.nullValue,
      field.sinceVersion,
    ]);
    expect(rows).toEqual([
      ['Plain', 1, 0, 4, 'required', null, null, 0],
      ['Aligned', 2, 8, 6, 'required', null, null, 0],
      ['Behind', 3, 14, 4, 'required', null, null, 0],
      ['Real', 4, 18, 4, 'optional', null, Number.NaN, 0],
      ['Long', 5, 22, 8, 'required', null, null, 0],
      ['Own', 6, 30, 2, 'optional', null, 7, 2],
      ['Certain', 7, 32, 1, 'required', null, null, 0],
      ['MaybeSide', 8, 33, 1, 'optional', null, 0, 0],
      ['Mood', 9, 34, 1, 'optional', null, 255, 0],
      ['Fixed', 10, 0, 0, 'constant', 'XTST', null, 0],
      ['FixedSide', 11, 0, 0, 'constant', 0x32, null, 0],
      ['FixedCode', 12, 0, 0, 'constant', 2, null, 0],
      ['Flags', 13, 35, 8, 'required', null, null, 0],
      ['Quote', 14, 43, 16, 'required', null, null, 0],
      ['Signed', 15, 59, 2, 'required', null, null, 0],
      ['Padded', 16, 0, 0, 'constant', 'ab', null, 0],
      ['Answer', 17, 0, 0, 'constant', -42n, null, 0],
      ['Digit', 18, 0, 0, 'constant', 0x38, null, 0],
      ['BuySide', 19, 0, 0, 'constant', 0x31, null, 0],
      ['Letter', 20, 61, 1, 'optional', null, 0, 0],
    ]);
    expect(fieldOf('Flags').deprecated).toBe(3);
  });

  it('encodings with their ranges and lengths', () => {
    const rows = ['Plain', 'Aligned', 'Behind', 'Real', 'Certain', 'Padded', 'Letter'].map((name) => {
      const type = fieldOf(name).type;
      if (type.kind !== 'encoding') throw new Error(`${name} is no encoding`);
      const { primitive, length, presence, nullValue, minValue, maxValue, characterEncoding } = type;
      return [name, primitive, length, presence, nullValue, minValue, maxValue, characterEncoding];
    });
    expect(rows).toEqual([
      ['Plain', 'uint32', 1, 'required', null, 0, 4294967294, ''],
      ['Aligned', 'int16', 3, 'required', null, -32767, 32767, ''],
      ['Behind', 'char', 4, 'required', null, 0x20, 0x7e, 'US-ASCII'],
      ['Real', 'float', 1, 'required', null, null, null, ''],
      ['Certain', 'uint8', 1, 'optional', 255, 1, 9, ''],
      ['Padded', 'char', 8, 'constant', null, null, null, ''],
      ['Letter', 'char', 1, 'optional', 0, 0x20, 0x7e, ''],
    ]);
  });

  it('enums and sets', () => {
    const plain = { description: '', semanticType: '', sinceVersion: 0, deprecated: null };
    expect(fieldOf('MaybeSide').type).toEqual({
      kind: 'enum',
      ...plain,
      name: 'Side',
      primitive: 'char',
      nullValue: null,
      values: [
        { ...plain, name: 'Buy', value: 0x31 },
        { ...plain, name: 'Sell', value: 0x32, sinceVersion: 2, deprecated: 4, description: "short 'too'" },
      ],
    });
    expect(fieldOf('Mood').type).toMatchObject({ primitive: 'uint8', nullValue: 255 });
    expect(fieldOf('Signed').type).toMatchObject({ primitive: 'int16', values: [{ name: 'Low', value: -300 }] });
    expect(fieldOf('Flags').type).toEqual({
      kind: 'set',
      ...plain,
      name: 'Flags',
      primitive: 'uint64',
      choices: [
        { ...plain, name: 'First', bit: 0 },
        { ...plain, name: 'Last', bit: 63 },
      ],
    });
  });

  it('composites: references, explicit offsets, composites in composites', () => {
    expect(shapeOf(fieldOf('Quote').type)).toEqual([
      'Quote 16',
      ['price 0+8', 'Decimal 8', ['mantissa 0+8', 'int64'], ['exponent 0+0', 'int8']],
      ['side 10+1', 'char'],
      ['inner 11+4', 'inner 4', ['a 0+1', 'uint8'], ['b 2+2', 'uint16']],
      ['bits 15+1', 'uint8'],
    ]);
  });

  it('groups in groups, their dimensions, and data', () => {
    expect(everything.groups.map(groupShape)).toEqual([
      {
        name: 'Outer',
        since: 0,
        blockLength: 6,
        dimension: ['groupSizeEncoding', 4, 'uint16@0', 'uint16@2', 500],
        fields: ['One@0'],
        data: [],
        groups: [
          {
            name: 'Inner',
            since: 3,
            blockLength: 8,
            dimension: ['aligned', 8, 'uint16@0', 'uint8@7', 255],
            fields: ['Two@0'],
            data: [['Note', 34, 'uint8@0', 255, 1, 'UTF-8']],
            groups: [],
          },
        ],
      },
    ]);
    expect(everything.data.map(dataShape)).toEqual([['Blob', 40, 'uint32@0', 1000, 4, '']]);
  });

  it('little endian, messageHeader and groupSizeEncoding where nothing is said', () => {
    const plain = readSbeXml(
      `<messageSchema id="1" version="0"><types><composite name="messageHeader">
        <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint16"/>
        <type name="schemaId" primitiveType="uint16"/><type name="version" primitiveType="uint16"/>
      </composite></types><message name="M" id="1"><field name="f" id="1" type="char"/></message></messageSchema>`,
      'plain.xml',
    );
    expect([plain.byteOrder, plain.header.size, plain.messages[0].blockLength]).toEqual(['littleEndian', 8, 1]);
  });
});

describeCaptures('SBE schemas of exchanges', () => {
  it('all are read', () => {
    const names = readdirSync(capturePath('cme-templates')).filter((name) => name.endsWith('.xml'));
    const found = names.map((name) => {
      const read = readSbeXml(new TextDecoder().decode(readCapture(`cme-templates/${name}`)), name);
      return [name, read.id, read.version, read.messages.length, count(read)];
    });
    expect(found.sort()).toEqual([
      ['ilink3-v5.xml', 8, 5, 48, 1045 + 33 + 3],
      ['ilink3-v9.xml', 8, 9, 56, 1297 + 41 + 3],
      ['mdp3-v10.xml', 1, 10, 23, 459 + 41],
      ['mdp3-v11.xml', 1, 11, 24, 470 + 42],
      ['mdp3-v12.xml', 1, 12, 31, 600 + 55],
      ['mdp3-v13.xml', 1, 13, 31, 609 + 56],
      ['mdp3-v5.xml', 1, 5, 17, 267 + 25],
      ['mdp3-v6.xml', 1, 6, 17, 270 + 25],
      ['mdp3-v8.xml', 1, 8, 19, 300 + 29],
      ['mdp3-v9.xml', 1, 9, 29, 547 + 53],
    ]);
  });
});

function fieldOf(name: string): SbeField {
  const field = everything.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
}

type Shape = (string | Shape)[];

function shapeOf(type: SbeType): Shape {
  if (type.kind !== 'composite') return [type.primitive];
  const members = type.members.map((member) => [
    `${member.name} ${member.offset}+${member.size}`,
    ...shapeOf(member.type),
  ]);
  return [`${type.name} ${type.size}`, ...members];
}

function groupShape(group: AnyGroup): object {
  const { name, size, blockLength, numInGroup, maxEntries } = group.dimension;
  return {
    name: group.name,
    since: group.sinceVersion,
    blockLength: group.blockLength,
    dimension: [name, size, slot(blockLength), slot(numInGroup), maxEntries],
    fields: group.fields.map((field) => `${field.name}@${field.offset}`),
    data: group.data.map(dataShape),
    groups: group.groups.map(groupShape),
  };
}

function dataShape(data: SbeMessage['data'][number]): (string | number)[] {
  return [data.name, data.id, slot(data.length), data.maxLength, data.headerSize, data.characterEncoding];
}

function slot({ offset, primitive }: SbeSchema['header']['version']): string {
  return `${primitive}@${offset}`;
}

/** Fields, groups and data of all blocks. */
function count(read: SbeSchema): number {
  const within = (block: SbeMessage | AnyGroup): number =>
    block.fields.length + block.data.length + block.groups.reduce((sum, group) => sum + 1 + within(group), 0);
  return read.messages.reduce((sum, message) => sum + within(message), 0);
}
