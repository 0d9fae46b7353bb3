// The yardstick: no framework, but what an MLP costs on this browser's WebAssembly when nothing is in its way. Float32,
// mini-batch SGD by the mean gradient of the softmax cross-entropy, on the kernels that the ceilings are taken with.

import { probeBackend } from '../backends.js';
import { allDense } from '../layers.js';
import { Heap } from '../limit/memory.js';
import { openTeam } from '../limit/modules.js';
import { softmax } from '../limit/network.js';
import { kindOf, programOf } from '../limit/programs.js';

/** @typedef {import('../layers.js').Dense} Dense */
/** @typedef {import('../limit/network.js').Pass} Pass */
/** @typedef {import('../limit/network.js').PlannedLayer} PlannedLayer */
/** @typedef {{pass: Pass, at: [number, number], x: number}} Planned a pass, where its JSON lies, and where its inputs go */
/** @typedef {{x: number, xT: number, labels: Uint8Array}} Batch the addresses of its inputs */

/** The biases of units that are none, in the last layer: their softmax is 0 (kernels/dense.py). */
const LOWEST = -1e30;

/** @type {import('../limit/team.js').Team} */
let team;
/** @type {Heap} */
let heap;
/** @type {Dense[]} */
let layers = [];
/** @type {{w: number, bias: number}[]} */
let parameters = [];
/** By the number of samples, and whether they are trained on. @type {Map<string, Planned>} */
let planned = new Map();
let learningRate = 0;
let staging = 0;
let stagedBytes = 0;

/** @type {(length: number) => number} */
const whole = (length) => Math.ceil(length / 8) * 8;

/**
 * @param {string} name
 * @returns {(...words: number[]) => void} the program of that name, for all of the team
 */
function command(name) {
  const kind = kindOf(name);
  const program = programOf(kind);
  return (...words) => team.run(kind, program, words);
}

const forward = command('forward');
const backward = command('backward');

/**
 * Weights into panels, and biases.
 * @param {Dense} layer
 * @param {import('./adapter.js').Parameters} values
 * @param {boolean} last
 */
function placeParameters({ inputs, units }, { weights, biases }, last) {
  const rows = whole(inputs);
  const w = heap.allocate(rows * whole(units) * 4);
  const bias = heap.allocate(whole(units) * 4);
  const { floats } = heap;
  for (let row = 0; row < inputs; row++) {
    for (let unit = 0; unit < units; unit++) {
      floats[w / 4 + place(row, unit, rows)] = /** @type {number} */ (weights[row * units + unit]);
    }
  }
  if (last) floats.fill(LOWEST, bias / 4, bias / 4 + whole(units));
  floats.set(biases, bias / 4);
  return { w, bias };
}

/** @type {(row: number, column: number, rows: number) => number} where a number of a matrix in panels lies in it */
const place = (row, column, rows) => (column >> 3) * rows * 8 + row * 8 + (column & 7);

/**
 * Room for all that a pass over so many samples computes.
 * @param {number} samples
 * @param {boolean} trains
 * @returns {Planned}
 */
function plan(samples, trains) {
  const key = `${samples} ${trains}`;
  const known = planned.get(key);
  if (known) return known;
  const rows = trains ? whole(samples) : samples;
  const room = (/** @type {number} */ units) => heap.allocate(rows * units * 4);
  const pass = { samples, rows, layers: layers.map((layer, i) => planLayer(layer, i, trains, room)) };
  const made = { pass, at: heap.write(pass), x: room(whole(/** @type {Dense} */ (layers[0]).inputs)) };
  planned.set(key, made);
  return made;
}

/**
 * @param {Dense} layer
 * @param {number} i
 * @param {boolean} trains
 * @param {(units: number) => number} room
 * @returns {PlannedLayer}
 */
function planLayer(layer, i, trains, room) {
  const units = whole(layer.units);
  const y = room(units);
  const hidden = i < layers.length - 1;
  const [yT, dyT] = [trains && hidden ? room(units) : 0, trains ? room(units) : 0];
  const { w, bias } = /** @type {{w: number, bias: number}} */ (parameters[i]);
  return { inputs: whole(layer.inputs), units, w, bias, y, yT, dy: trains && hidden ? room(units) : y, dyT };
}

/**
 * Inputs, sample after sample, into panels.
 * @param {Float32Array} inputs
 * @param {number} samples
 * @param {number} to
 * @param {number} rows of the panels
 */
function pack(inputs, samples, to, rows) {
  if (stagedBytes < inputs.byteLength) {
    staging = heap.allocate(inputs.byteLength);
    stagedBytes = inputs.byteLength;
  }
  heap.floats.set(inputs, staging / 4);
  team.member.kernels.pack(staging, to, samples, inputs.length / samples, rows * 32);
}

/**
 * @param {Planned} planned
 * @param {number} x
 * @returns {Float32Array} (samples, classes)
 */
function probabilities({ pass, at }, x) {
  forward(...at, x, 0);
  softmax(team.member, pass);
  const classes = /** @type {Dense} */ (layers.at(-1)).units;
  const outputs = new Float32Array(pass.samples * classes);
  const { floats } = heap;
  const from = /** @type {PlannedLayer} */ (pass.layers.at(-1)).y / 4;
  for (let i = 0; i < outputs.length; i++) {
    outputs[i] = /** @type {number} */ (floats[from + place(Math.floor(i / classes), i % classes, pass.rows)]);
  }
  return outputs;
}

/**
 * The mean cross-entropy; leaves its gradient, times the number of samples, in the place of the probabilities.
 * @param {Pass} pass
 * @param {Uint8Array} labels
 */
function crossEntropy({ rows, layers: passed }, labels) {
  const { floats } = heap;
  const from = /** @type {PlannedLayer} */ (passed.at(-1)).y / 4;
  let loss = 0;
  labels.forEach((label, sample) => {
    const at = from + place(sample, label, rows);
    const probability = /** @type {number} */ (floats[at]);
    loss -= Math.log(probability);
    floats[at] = probability - 1;
  });
  return loss / labels.length;
}

/** @satisfies {import('./adapter.js').Adapter<Batch>} */
export const adapter = {
  async open(backend, assets, options) {
    const found = await probeBackend(backend);
    const opened = await openTeam(assets, options);
    ({ team } = opened);
    heap = new Heap(opened.memory);
    return {
      ...found, backend, kernel: opened.kernel, wasm_threads_used: team.member.count, dtype: 'float32',
      batch: 'one call, one update by the mean gradient',
    };
  },

  build(network) {
    layers = allDense(network.layers);
    learningRate = network.learningRate;
    parameters = layers.map((layer, i) =>
      placeParameters(layer, /** @type {import('./adapter.js').Parameters} */ (network.parameters[i]), i === layers.length - 1));
    planned = new Map();
    plan(1, false);
  },

  // A single sample in panels is the sample as it is.
  predict(input) {
    const one = plan(1, false);
    heap.floats.set(input, one.x / 4);
    return probabilities(one, one.x);
  },

  predictBatch(inputs, count) {
    const batch = plan(count, false);
    pack(inputs, count, batch.x, count);
    return probabilities(batch, batch.x);
  },

  prepareBatch(inputs, labels) {
    const { pass: { rows } } = plan(labels.length, true);
    const features = whole(/** @type {Dense} */ (layers[0]).inputs);
    const [x, xT] = [heap.allocate(rows * features * 4), heap.allocate(rows * features * 4)];
    pack(inputs, labels.length, x, rows);
    team.member.kernels.transpose(x, xT, rows * 32, features * 32, features / 8, 0, rows / 8);
    return { x, xT, labels };
  },

  trainBatch({ x, xT, labels }) {
    const { pass, at } = plan(labels.length, true);
    forward(...at, x, 1);
    softmax(team.member, pass);
    const loss = crossEntropy(pass, labels);
    const { y, dyT, units } = /** @type {PlannedLayer} */ (pass.layers.at(-1));
    team.member.kernels.transpose(y, dyT, pass.rows * 32, units * 32, units / 8, 0, pass.rows / 8);
    backward(...at, xT, -learningRate / labels.length);
    return loss;
  },

  dispose: () => team.close(),
};
