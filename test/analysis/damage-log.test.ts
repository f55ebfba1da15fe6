import { expect, test } from 'vitest';
import { DamageLog, maxDamageKept } from '../../src/analysis/damage-log.js';
import type { Damage } from '../../src/core/seams.js';

test('keeps the first reports with their file, counts all, and passes each on', () => {
  const heard: Damage[] = [];
  const log = new DamageLog('a.pcap', (damage) => heard.push(damage));
  const damage = (record: number): Damage => ({
    code: record % 3 === 0 ? 'truncated' : 'block-overrun',
    message: `record ${record}`,
    record,
    offset: record * 10,
  });
  const total = maxDamageKept * 3;
  for (let record = 1; record <= total; record++) log.add(damage(record));
  expect(log.total).toBe(total);
  expect(log.kept.length).toBe(maxDamageKept);
  expect(log.kept[0]).toEqual({ file: 'a.pcap', ...damage(1) });
  expect(log.kept.at(-1)).toEqual({ file: 'a.pcap', ...damage(maxDamageKept) });
  expect([...log.counts]).toEqual([
    ['block-overrun', maxDamageKept * 2],
    ['truncated', maxDamageKept],
  ]);
  expect(heard).toEqual(Array.from({ length: total }, (_, index) => ({ file: 'a.pcap', ...damage(index + 1) })));
});
