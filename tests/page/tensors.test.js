// The inputs of one's own model: where each lies in the data, and in which type a runtime gets it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { namesOf, tensorsOf, typedValues } from '../../src/howfar/page/tensors.js';

/** @typedef {import('../../src/howfar/page/protocol.js').TensorSpec} TensorSpec */

/** @type {TensorSpec[]} */
const INPUTS = [
  { name: 'image', shape: [1, 2, 2], dtype: 'float32' },
  { name: 'ids', shape: [1, 3], dtype: 'int64' },
  { name: 'training', shape: [], dtype: 'bool' },
];
const SAMPLE = 8;

/** Two samples: image, ids, training. */
function data() {
  const bytes = new ArrayBuffer(2 * SAMPLE * 4);
  for (const sample of [0, 1]) {
    new Float32Array(bytes, sample * SAMPLE * 4, 4).set([0.5, 1.5, 2.5, sample]);
    new Int32Array(bytes, (sample * SAMPLE + 4) * 4, 4).set([7, -8, 9 + sample, sample]);
  }
  return bytes;
}

test('a sample has all inputs in their order, each at its place', () => {
  const [image, ids, training] = tensorsOf(INPUTS, data(), 1);
  assert.deepEqual(image, { name: 'image', shape: [1, 2, 2], dtype: 'float32', values: Float32Array.of(0.5, 1.5, 2.5, 1) });
  assert.deepEqual(ids?.values, Int32Array.of(7, -8, 10));
  assert.deepEqual(training?.values, Int32Array.of(1), 'a scalar is one number');
});

test('nothing is copied', () => {
  const bytes = data();
  assert.ok(tensorsOf(INPUTS, bytes, 0).every(({ values }) => values.buffer === bytes));
});

test('a sample that is not there is an error, not some numbers', () => {
  assert.throws(() => tensorsOf(INPUTS, data(), 2), RangeError);
});

test('a runtime gets the type that the model takes', () => {
  const [image, ids, training] = tensorsOf(INPUTS, data(), 0).map(typedValues);
  assert.deepEqual(image, Float32Array.of(0.5, 1.5, 2.5, 0));
  assert.deepEqual(ids, BigInt64Array.of(7n, -8n, 9n));
  assert.deepEqual(training, Uint8Array.of(0));
  const values = Int32Array.of(0, 200, 255);
  assert.deepEqual(typedValues({ name: 'x', shape: [3], dtype: 'uint8', values }), Uint8Array.of(0, 200, 255));
  assert.equal(typedValues({ name: 'x', shape: [3], dtype: 'int32', values }), values);
});

test('numbers are converted once, however often they are asked for', () => {
  const [, ids] = tensorsOf(INPUTS, data(), 0);
  assert.ok(ids);
  assert.equal(typedValues(ids), typedValues({ ...ids }));
});

test('an input keeps its name where the runtime knows it, else its place', () => {
  const inputs = [{ name: 'a' }, { name: 'b' }];
  assert.deepEqual(namesOf(inputs, ['b', 'a']), ['a', 'b']);
  assert.deepEqual(namesOf(inputs, ['serving_a:0', 'serving_b:0']), ['serving_a:0', 'serving_b:0']);
  assert.throws(() => namesOf(inputs, ['a']), { message: 'the model takes 1 inputs (a), not 2' });
});
