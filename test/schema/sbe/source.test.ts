/** The emitted source of a small schema: pure, as it stands here, and of nothing but what a schema may name. */
import { describe, expect, it } from 'vitest';
import { SchemaError } from '../../../src/core/errors.js';
import { classSource } from '../../../src/schema/sbe/accessor-source.js';
import { dispatchSource } from '../../../src/schema/sbe/dispatch-source.js';
import type { SbeMessage, SbeSchema } from '../../../src/schema/sbe/schema.js';
import { everySchema } from './every.js';

const schema = everySchema();
const [every, nested] = schema.messages;

describe('emitted source', () => {
  it('a flyweight of every kind of field', () => {
    expect(classSource(schema, every)).toBe(classSource(schema, every));
    expect(classSource(schema, every)).toMatchSnapshot();
  });

  it('groups, groups within groups, and data', () => {
    expect(classSource(schema, nested)).toMatchSnapshot();
  });

  it('the other byte order', () => {
    const [most, least] = [everySchema('bigEndian'), schema].map((one) => classSource(one, one.messages[0]));
    expect(most).not.toBe(least);
    expect(most?.replaceAll(/, false\)/g, ', true)').length).toBe(least?.length);
  });

  it('decoder with handlers for some messages', () => {
    expect(dispatchSource(schema, new Set(['Every', 'Gone']))).toMatchSnapshot();
  });

  it('names that are no identifiers are refused, should a schema bring any', () => {
    const bad = 'x() {} }; process.exit(); class y { z';
    const field = { ...every.fields[0], name: bad };
    const wrong: readonly SbeMessage[] = [
      { ...every, name: bad },
      { ...every, fields: [field] },
      { ...nested, groups: [{ ...nested.groups[0], name: bad }] },
      { ...nested, groups: [{ ...nested.groups[0], fields: [field] }] },
      { ...nested, data: [{ ...nested.data[0], name: bad }] },
      { ...every, fields: [{ ...every.fields[16], type: withName(every.fields[16].type, 'values') }] },
      { ...every, fields: [{ ...every.fields[17], type: withName(every.fields[17].type, 'choices') }] },
      { ...every, fields: [{ ...every.fields[12], type: withName(every.fields[12].type, 'members') }] },
    ];
    const codes = wrong.map((message) => {
      try {
        return classSource(schema, message).length;
      } catch (error) {
        return error instanceof SchemaError ? error.code : String(error);
      }
    });
    expect(codes).toEqual(wrong.map(() => 'sbe-name'));
    const named = { ...schema, messages: [{ ...every, name: bad }], package: "a'\n;b" } as unknown as SbeSchema;
    expect(() => dispatchSource(named, new Set([bad]))).toThrow(SchemaError);
    expect(classSource({ ...named, messages: schema.messages }, every)).toContain('tickreel/a___b-9-2/Every.js');

    function withName<Type extends object>(type: Type, list: string): Type {
      const [first, ...rest] = (type as Record<string, object[]>)[list] as object[];
      return { ...type, [list]: [{ ...first, name: bad }, ...rest] };
    }
  });
});
