// Shapes of the neutral layers; tests/test_layers.py reads the same fixture.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { allDense, parameterShapes, shapedParameters, shapeIn } from '../../src/howfar/page/layers.js';

/** @type {{layer: import('../../src/howfar/page/layers.js').Layer, in: number[], parameters: number[][]}[]} */
const SHAPES = JSON.parse(readFileSync(new URL('../fixtures/layers/shapes.json', import.meta.url), 'utf8'));

for (const { layer, in: input, parameters } of SHAPES) {
  test(`${JSON.stringify(layer)}: its shapes are the fixture's`, () => {
    assert.deepEqual(shapeIn(layer), input);
    assert.deepEqual(parameterShapes(layer), parameters);
  });
}

test('each parameter goes with its shape', () => {
  const [weights, recurrent, biases] = [Float32Array.of(1), Float32Array.of(2), Float32Array.of(3)];
  const given = { weights, recurrent, biases };
  const lstm = { kind: /** @type {const} */ ('lstm'), steps: 6, inputs: 3, units: 2, sequences: true };
  assert.deepEqual(shapedParameters(lstm, given).map(({ values }) => values), [weights, recurrent, biases]);
  const dense = { kind: /** @type {const} */ ('dense'), inputs: 3, units: 2, activation: /** @type {const} */ ('relu'), bias: true };
  assert.deepEqual(shapedParameters(dense, given), [{ values: weights, shape: [3, 2] }, { values: biases, shape: [2] }]);
  assert.deepEqual(shapedParameters({ ...dense, bias: false }, given), [{ values: weights, shape: [3, 2] }]);
});

test('a library that knows dense layers only is given no other', () => {
  const flat = { kind: /** @type {const} */ ('flatten'), height: 1, width: 1, channels: 1 };
  assert.throws(() => allDense([flat]), /flatten/);
});
