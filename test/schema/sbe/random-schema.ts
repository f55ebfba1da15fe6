/**
 * Random schemas as XML text: every primitive, presence, composite, enum, set, array, group, nested group and data that
 * SBE 1.0 has, in either byte order, with versions. The text is what a failing property prints.
 */
import type { Random } from '../../../src/core/random.js';
import { primitiveSizes, type SbePrimitive } from '../../../src/schema/sbe/schema.js';

const integers: readonly SbePrimitive[] = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'];
const primitives: readonly SbePrimitive[] = ['char', ...integers, 'float', 'double'];
/** Names that the plain values or the flyweights use themselves. */
const awkwardNames = ['type', 'name', 'version', 'templateId', 'offset', 'count', 'index', 'view', 'wrap', 'next'];

/** A type of the text, by name, with its bytes on the wire. */
interface TypeText {
  readonly name: string;
  readonly size: number;
  /** Of an enum: its values' names. */
  readonly values?: readonly string[];
}

/** A schema's XML. */
export function randomSchemaXml(random: Random): string {
  return new SchemaText(random).text();
}

class SchemaText {
  private readonly random: Random;
  private readonly version: number;
  private readonly types: string[] = [];
  private readonly known: TypeText[] = [];
  private names = 0;

  constructor(random: Random) {
    this.random = random;
    this.version = random.below(5);
  }

  text(): string {
    const order = this.random.pick(['littleEndian', 'bigEndian']);
    this.structures();
    for (let count = 4 + this.random.below(10); count > 0; count--) this.type();
    const messages = Array.from({ length: 1 + this.random.below(3) }, (_, index) => this.message(index));
    return [
      `<messageSchema package="random" id="${1 + this.random.below(200)}" version="${this.version}" byteOrder="${order}">`,
      '<types>',
      ...this.types,
      '</types>',
      ...messages,
      '</messageSchema>',
    ].join('\n');
  }

  private structures(): void {
    const header = this.random.pick([
      ['uint16', 'uint16', 'uint16', 'uint16'],
      ['uint16', 'uint16', 'uint16', 'uint16'],
      ['uint32', 'uint8', 'uint8', 'uint8'],
      ['uint16', 'uint32', 'uint16', 'uint8'],
    ]);
    const slots = this.shuffled(
      ['blockLength', 'templateId', 'schemaId', 'version'].map((name, at) => [name, header[at]]),
    );
    const members = slots.map(([name, primitive]) => `<type name="${name}" primitiveType="${primitive}"/>`);
    this.types.push(
      `<composite name="messageHeader">${members.join('')}</composite>`,
      '<composite name="groupSizeEncoding"><type name="blockLength" primitiveType="uint16"/>' +
        '<type name="numInGroup" primitiveType="uint16"/></composite>',
      '<composite name="small"><type name="blockLength" primitiveType="uint16"/>' +
        '<type name="numInGroup" primitiveType="uint8" maxValue="9"/></composite>',
      '<composite name="aligned"><type name="blockLength" primitiveType="uint16"/>' +
        '<type name="numInGroup" offset="7" primitiveType="uint8"/></composite>',
      '<composite name="bytes"><type name="length" primitiveType="uint16"/>' +
        '<type name="varData" length="0" primitiveType="uint8"/></composite>',
      '<composite name="utf8"><type name="length" primitiveType="uint32" maxValue="300"/>' +
        '<type name="varData" length="0" primitiveType="char" characterEncoding="UTF-8"/></composite>',
      '<composite name="latin"><type name="length" primitiveType="uint8"/>' +
        '<type name="varData" length="0" offset="2" primitiveType="char" characterEncoding="ISO-8859-1"/></composite>',
    );
  }

  private type(): void {
    const kind = this.random.below(6);
    const name = this.name('T');
    if (kind === 0) this.known.push(this.enumeration(name));
    else if (kind === 1) this.known.push(this.set(name));
    else if (kind === 2) this.known.push(this.decimal(name));
    else if (kind === 3) this.known.push(this.composite(name));
    else {
      const { text, size } = this.encoding(name);
      this.types.push(text);
      this.known.push({ name, size });
    }
  }

  /** Any encoding: value, array, text or constant, with its own bounds or null value now and then. */
  private encoding(name: string): { text: string; size: number } {
    const { random } = this;
    const primitive = random.pick(primitives);
    const style = random.below(5);
    if (style === 0) return this.constant(name, primitive);
    const length = random.below(3) === 0 ? 2 + random.below(primitive === 'char' ? 12 : 3) : 1;
    const isOptional = random.below(2) === 0;
    const encoding = primitive === 'char' && length > 1 && random.below(3) === 0 ? ' characterEncoding="UTF-8"' : '';
    const text = `<type name="${name}" primitiveType="${primitive}"${length === 1 ? '' : ` length="${length}"`}${encoding}`;
    const size = primitiveSizes[primitive] * length;
    if (isOptional) {
      const given = random.below(2) === 0 && primitive !== 'char' ? ` nullValue="${random.below(100)}"` : '';
      return { text: `${text} presence="optional"${given}/>`, size };
    }
    const bounds =
      primitive !== 'char' && random.below(4) === 0 ? ` minValue="1" maxValue="${1 + random.below(100)}"` : '';
    return { text: `${text}${bounds}/>`, size };
  }

  private constant(name: string, primitive: SbePrimitive): { text: string; size: number } {
    const value = primitive === 'char' ? this.random.pick(['A', 'WXYZ', '8']) : this.random.below(100);
    const head = `<type name="${name}" primitiveType="${primitive}" presence="constant"`;
    return { text: `${head}>${value}</type>`, size: 0 };
  }

  private enumeration(name: string): TypeText {
    const { random } = this;
    const primitive = random.pick<SbePrimitive>([
      'char',
      'uint8',
      'uint8',
      'int8',
      'uint16',
      'int32',
      'uint64',
      'int64',
    ]);
    let encoding: string = primitive;
    if (primitive !== 'char' && random.below(2) === 0) {
      encoding = this.name('Optional');
      this.types.push(`<type name="${encoding}" primitiveType="${primitive}" presence="optional"/>`);
    }
    const values = Array.from({ length: 1 + random.below(6) }, (_, index) =>
      this.name(index % 2 === 0 ? 'Up' : 'down'),
    );
    const lines = values.map((value, index) => {
      const raw = primitive === 'char' ? String.fromCharCode(65 + index * 3) : index * 7;
      // The first is of every version: constants refer to it.
      return `<validValue name="${value}"${index === 0 ? '' : this.since()}>${raw}</validValue>`;
    });
    this.types.push(`<enum name="${name}" encodingType="${encoding}">${lines.join('')}</enum>`);
    return { name, size: primitiveSizes[primitive], values };
  }

  private set(name: string): TypeText {
    const { random } = this;
    const primitive = random.pick<SbePrimitive>(['uint8', 'uint16', 'uint32', 'uint64']);
    const bits = primitiveSizes[primitive] * 8;
    const chosen = new Set(Array.from({ length: 1 + random.below(8) }, () => random.below(bits)).concat(bits - 1));
    const lines = [...chosen].map((bit) => `<choice name="${this.name('Bit')}"${this.since()}>${bit}</choice>`);
    this.types.push(`<set name="${name}" encodingType="${primitive}">${lines.join('')}</set>`);
    return { name, size: primitiveSizes[primitive] };
  }

  private decimal(name: string): TypeText {
    const { random } = this;
    const primitive = random.pick(integers);
    const presence = random.below(2) === 0 ? ' presence="optional"' : '';
    const exponent = random.below(24) - 18;
    const members = [
      `<type name="mantissa" primitiveType="${primitive}"${presence}/>`,
      `<type name="exponent" primitiveType="int8" presence="constant">${exponent}</type>`,
    ];
    this.types.push(`<composite name="${name}">${members.join('')}</composite>`);
    return { name, size: primitiveSizes[primitive] };
  }

  private composite(name: string): TypeText {
    const { random } = this;
    let at = 0;
    const members = Array.from({ length: 1 + random.below(4) }, (_, index) => {
      const gap = random.below(4) === 0 ? random.below(3) : 0;
      const member = `${random.pick(['part', 'name', 'value', 'raw', 'Deep'])}${index}`;
      const reused = this.known.length > 0 && random.below(2) === 0 ? random.pick(this.known) : null;
      const { size } = reused ?? { size: -1 };
      const own = size < 0 ? this.encoding(member) : { text: `<ref name="${member}" type="${reused?.name}"/>`, size };
      const text = own.size === 0 ? own.text : own.text.replace(/(?=\/>|>)/, ` offset="${at + gap}"`);
      if (own.size > 0) at += gap + own.size;
      return text;
    });
    this.types.push(`<composite name="${name}">${members.join('')}</composite>`);
    return { name, size: at };
  }

  private message(index: number): string {
    const name = this.name('Message');
    const { head, body } = this.block(0, true);
    return `<message name="${name}" id="${1 + index * 40}"${this.since()} ${head}>\n${body}</message>`;
  }

  private block(depth: number, isRoot: boolean): { head: string; body: string } {
    const { random } = this;
    const lines: string[] = [];
    let at = 0;
    let id = 1;
    const fields = random.below(isRoot ? 9 : 6);
    for (let count = 0; count < fields; count++) {
      const gap = random.below(5) === 0 ? random.below(4) : 0;
      const { text, size } = this.field(id++, at + gap, isRoot);
      lines.push(text);
      if (size > 0) at += gap + size;
    }
    const blockLength = at + (random.below(3) === 0 ? random.below(5) : 0);
    if (depth < 3 && (isRoot || random.below(3) === 0)) {
      for (let count = random.below(3); count > 0; count--) {
        const { head, body } = this.block(depth + 1, false);
        const dimension = random.pick(['groupSizeEncoding', 'small', 'aligned']);
        const open = `<group name="${this.name('Group')}" id="${id++}" dimensionType="${dimension}"${this.since()} ${head}>`;
        lines.push(`${open}\n${body}</group>\n`);
      }
    }
    if (random.below(3) === 0) {
      for (let count = 1 + random.below(2); count > 0; count--) {
        const type = random.pick(['bytes', 'utf8', 'latin']);
        lines.push(`<data name="${this.name('Data')}" id="${id++}" type="${type}"${this.since()}/>\n`);
      }
    }
    return { head: `blockLength="${blockLength}"`, body: lines.join('') };
  }

  private field(id: number, offset: number, isRoot: boolean): { text: string; size: number } {
    const { random } = this;
    const isAwkward = random.below(12) === 0;
    const name = isAwkward ? this.awkward(isRoot) : this.name('Field');
    const head = `<field name="${name}" id="${id}"${this.since()}`;
    const type = random.below(4) === 0 ? null : random.pick(this.known);
    if (type === null) {
      const primitive = random.pick(primitives);
      const optional = random.below(2) === 0 ? ' presence="optional"' : '';
      return { text: `${head} type="${primitive}" offset="${offset}"${optional}/>\n`, size: primitiveSizes[primitive] };
    }
    if (type.values !== undefined && random.below(5) === 0) {
      const reference = `${type.name}.${type.values[0]}`;
      return { text: `${head} type="${type.name}" presence="constant" valueRef="${reference}"/>\n`, size: 0 };
    }
    return { text: `${head} type="${type.name}" offset="${offset}"/>\n`, size: type.size };
  }

  private awkward(isRoot: boolean): string {
    const name = this.random.pick(awkwardNames);
    // Names are unique within a block; a number keeps most of them apart from each other.
    return isRoot && this.random.below(2) === 0 ? this.name(name) : this.name(`${name}_`);
  }

  private since(): string {
    return this.random.below(4) === 0 && this.version > 0
      ? ` sinceVersion="${1 + this.random.below(this.version)}"`
      : '';
  }

  private name(prefix: string): string {
    this.names++;
    return `${prefix}${this.names}`;
  }

  private shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.random.below(left.length), 1)[0] as T);
  }
}
