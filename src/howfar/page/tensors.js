// The inputs of one's own model: typed tensors over the data that a page fetched.

import { count } from './layers.js';

/** @typedef {import('./protocol.js').TensorSpec} TensorSpec */
/** @typedef {TensorSpec & {values: Float32Array | Int32Array}} Tensor `values`: int32 of whatever is not float32 */
/** @typedef {Float32Array | Int32Array | BigInt64Array | Uint8Array} Values */

const BYTES = 4; // of every number, whatever its type

/**
 * @param {readonly TensorSpec[]} inputs
 * @param {ArrayBuffer} data sample after sample all of the inputs' numbers, float32 or int32
 * @param {number} sample
 * @returns {Tensor[]} in the order of `inputs`; views of the data
 */
export function tensorsOf(inputs, data, sample) {
  const sizes = inputs.map(({ shape }) => count(shape));
  let offset = sample * BYTES * sizes.reduce((sum, size) => sum + size, 0);
  return inputs.map((input, i) => {
    const values = new (input.dtype === 'float32' ? Float32Array : Int32Array)(data, offset, sizes[i]);
    offset += values.byteLength;
    return { ...input, values };
  });
}

/** What was made of int32 numbers: the samples are few, and each is checked before it is timed. @type {WeakMap<Int32Array | Float32Array, Values>} */
const converted = new WeakMap();

/**
 * @param {Tensor} tensor
 * @returns {Values} its numbers in an array of its own type, one byte per bool
 */
export function typedValues({ dtype, values }) {
  if (dtype === 'float32' || dtype === 'int32') return values;
  const known = converted.get(values);
  if (known) return known;
  const made = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Uint8Array.from(values);
  converted.set(values, made);
  return made;
}

/**
 * What a runtime calls the inputs. A format may have renamed them; then their order is what they have left.
 * @param {readonly {name: string}[]} inputs
 * @param {readonly string[]} known the runtime's names, in its order
 * @returns {string[]} per input; the same names where the runtime knows them all
 * @throws {Error} where there are not as many
 */
export function namesOf(inputs, known) {
  const names = inputs.map(({ name }) => name);
  if (names.length !== known.length) throw new Error(`the model takes ${known.length} inputs (${known.join(', ')}), not ${names.length}`);
  return names.every((name) => known.includes(name)) ? names : [...known];
}
