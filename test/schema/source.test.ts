/** The emitted source of a small protocol with every kind of field: pure, and as it stands here. */
import { describe, expect, it } from 'vitest';
import { accessorSource } from '../../src/schema/accessor-source.js';
import { batchSource, columnsSource } from '../../src/schema/batch-source.js';
import { countSource } from '../../src/schema/count-source.js';
import { dispatchSource } from '../../src/schema/dispatch-source.js';
import { partitionSource } from '../../src/schema/partition-source.js';
import { small } from './small.js';

describe('emitted source', () => {
  it('accessors', () => {
    expect(accessorSource(small)).toBe(accessorSource(small));
    expect(accessorSource(small)).toMatchSnapshot();
  });

  it('decoder with handlers for some messages', () => {
    expect(dispatchSource(small, new Set(['Every']))).toMatchSnapshot();
  });

  it('loops over batches with handlers for some messages, and over columns', () => {
    expect(batchSource(small, new Set(['Every']), [0, 10, 20], 7)).toMatchSnapshot();
    expect(partitionSource(small, 7)).toMatchSnapshot();
    expect(countSource(small, 7, { timestampAt: null, wantedAt: null })).toMatchSnapshot();
    expect(countSource(small, 8, { timestampAt: 3, wantedAt: 1 })).toMatchSnapshot();
    const [every] = small.messages;
    const columns = every.fields.map(({ name, offset, length }) => ({ name, offset, length: Math.min(length, 8) }));
    expect(columnsSource(small, 'Every', columns)).toMatchSnapshot();
  });
});
