import { describe, expect, test } from 'vitest';
import type { SbeMessage, SbeSchema } from '../../../src/schema/sbe/schema.js';
import { rootField, TagVisitor } from '../../../src/schema/sbe/tagged.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';

/** Tag 48 in the root, in a group, in a nested group behind data of variable length, and in a group of version 2. */
function schemaOf(byteOrder: string): SbeSchema {
  return readSbeXml(
    `<messageSchema package="t" id="1" version="2" byteOrder="${byteOrder}">
      <types>
        <composite name="messageHeader">
          <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint16"/>
          <type name="schemaId" primitiveType="uint16"/><type name="version" primitiveType="uint16"/>
        </composite>
        <composite name="groupSizeEncoding">
          <type name="blockLength" primitiveType="uint16"/><type name="numInGroup" primitiveType="uint8"/>
        </composite>
        <composite name="bytes">
          <type name="length" primitiveType="uint16"/><type name="varData" primitiveType="uint8" length="0"/>
        </composite>
        <type name="constantId" primitiveType="int32" presence="constant">7</type>
      </types>
      <message name="Wide" id="1" blockLength="6">
        <field name="SecurityID" id="48" type="int32" offset="0"/>
        <field name="Other" id="49" type="uint16" offset="4"/>
        <group name="Entries" id="10" blockLength="5">
          <field name="Flag" id="50" type="uint8" offset="0"/>
          <field name="EntryID" id="48" type="int32" offset="1"/>
          <group name="Legs" id="11" blockLength="4"><field name="LegID" id="48" type="int32" offset="0"/></group>
          <data name="Note" id="12" type="bytes"/>
        </group>
        <group name="Late" id="13" blockLength="4" sinceVersion="2">
          <field name="LateID" id="48" type="int32" offset="0"/>
        </group>
      </message>
      <message name="None" id="2" blockLength="2">
        <field name="Other" id="49" type="uint16" offset="0"/>
        <field name="Fixed" id="48" type="constantId"/>
        <group name="Plain" id="10" blockLength="2"><field name="X" id="49" type="uint16" offset="0"/></group>
      </message>
      <message name="Narrow" id="3" blockLength="1"><field name="ByteID" id="48" type="uint8" offset="0"/></message>
    </messageSchema>`,
    'test.xml',
  );
}

class Bytes {
  readonly bytes: number[] = [];

  constructor(private readonly isLittle: boolean) {}

  u8(value: number): this {
    this.bytes.push(value);
    return this;
  }

  u16(value: number): this {
    this.bytes.push(...(this.isLittle ? [value & 255, value >> 8] : [value >> 8, value & 255]));
    return this;
  }

  i32(value: number): this {
    const parts = [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
    this.bytes.push(...(this.isLittle ? parts : parts.reverse()));
    return this;
  }
}

/** Wide blocks (two bytes more than known), two entries with legs and data of different lengths, one late entry. */
function wide(isLittle: boolean, version: number): Bytes {
  const out = new Bytes(isLittle).u16(8).u16(1).u16(1).u16(version).i32(-100).u16(0).u16(0xffff);
  out.u16(5).u8(2);
  out.u8(1).i32(201).u16(4).u8(2).i32(301).i32(302).u16(3).u8(9).u8(9).u8(9);
  out.u8(1).i32(202).u16(4).u8(0).u16(0);
  if (version >= 2) out.u16(4).u8(1).i32(401);
  return out;
}

function idsOf(schema: SbeSchema, bytes: Bytes, until = Number.NaN): { ids: number[]; found: boolean } {
  const prefix = 3;
  const view = new DataView(Uint8Array.from([...new Array(prefix).fill(0xee), ...bytes.bytes]).buffer);
  const ids: number[] = [];
  const message = schema.messages[0] as SbeMessage;
  const found = new TagVisitor(schema, 48).any(message, view, prefix, (its, at, isLittle) => {
    ids.push(its.getInt32(at, isLittle));
    return ids.at(-1) === until;
  });
  return { ids, found };
}

describe.each(['littleEndian', 'bigEndian'])('a tag in %s', (byteOrder) => {
  const schema = schemaOf(byteOrder);
  const isLittle = byteOrder === 'littleEndian';

  test('in root, groups, nested groups and groups of a later version, in wire order', () => {
    expect(idsOf(schema, wide(isLittle, 2))).toEqual({ ids: [-100, 201, 301, 302, 202, 401], found: false });
  });

  test('groups of a later version are not on the wire of an earlier one', () => {
    expect(idsOf(schema, wide(isLittle, 1))).toEqual({ ids: [-100, 201, 301, 302, 202], found: false });
  });

  test('the visit ends with the first that is taken', () => {
    expect(idsOf(schema, wide(isLittle, 2), 301)).toEqual({ ids: [-100, 201, 301], found: true });
  });

  test('a block too short for the field has none', () => {
    const bytes = new Bytes(isLittle).u16(2).u16(1).u16(1).u16(1).u16(0).u16(5).u8(0);
    expect(idsOf(schema, bytes)).toEqual({ ids: [], found: false });
  });

  test('a message without the tag, or with a constant of it, is not walked', () => {
    const none = schema.messages[1] as SbeMessage;
    const empty = new DataView(new ArrayBuffer(0));
    expect(new TagVisitor(schema, 48).any(none, empty, 0, () => true)).toBe(false);
    expect(rootField(none, 48)).toBeNull();
    expect(rootField(none, 49)?.name).toBe('Other');
  });

  test('a field of the tag that is no int32 is left out, and nothing read behind it', () => {
    const narrow = new Bytes(isLittle).u16(1).u16(3).u16(1).u16(1).u8(5);
    const view = new DataView(Uint8Array.from(narrow.bytes).buffer);
    const visit = (its: DataView, at: number) => its.getInt32(at) !== 0;
    expect(new TagVisitor(schema, 48).any(schema.messages[2] as SbeMessage, view, 0, visit)).toBe(false);
  });
});
