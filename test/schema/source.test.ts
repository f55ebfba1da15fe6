/** The emitted source of a small protocol with every kind of field: pure, and as it stands here. */
import { describe, expect, it } from 'vitest';
import { accessorSource } from '../../src/schema/accessor-source.js';
import { dispatchSource } from '../../src/schema/dispatch-source.js';
import { small } from './small.js';

describe('emitted source', () => {
  it('accessors', () => {
    expect(accessorSource(small)).toBe(accessorSource(small));
    expect(accessorSource(small)).toMatchSnapshot();
  });

  it('decoder with handlers for some messages', () => {
    expect(dispatchSource(small, new Set(['Every']))).toMatchSnapshot();
  });
});
