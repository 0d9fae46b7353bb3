// The same series have the same answers here, in native/steady.py and in stats.py.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { changePoint, median, relativeHalfWidth } from '../../src/howfar/page/steady.js';

const folder = new URL('../fixtures/loop/', import.meta.url);

for (const name of readdirSync(folder)) {
  const { why, shift, change_point, relative_half_width, values } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  test(`${name}: ${why}`, () => {
    assert.equal(changePoint(values, shift), change_point);
    const found = relativeHalfWidth(values);
    if (relative_half_width === null) assert.equal(found, Infinity);
    else assert.ok(Math.abs(found - relative_half_width) < 1e-12, `${found}`);
  });
}

test('the values are not reordered', () => {
  const values = [3, 1, 2, 5, 4, 7, 6, 9, 8, 10];
  const before = [...values];
  changePoint(values);
  relativeHalfWidth(values);
  median(values);
  assert.deepEqual(values, before);
});

test('the median of an even number of values lies between the middle two', () => {
  assert.equal(median([4, 1, 3, 10]), 3.5);
  assert.equal(median([10, 9, 2]), 9); // as numbers, not as texts
});
