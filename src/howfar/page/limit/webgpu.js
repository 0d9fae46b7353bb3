// The ceilings of WebGPU: arithmetic in a compute shader, a product whose threads each compute 8 x 8 numbers in registers,
// and a copy between buffers.

import { findAdapter } from '../backends.js';
import { Failure } from '../protocol.js';
import { fillMatrices, productError } from './javascript.js';

const SIDES = { software: 256, hardware: 2048 };
/** Of `peak`: the threads, and the turns of the loop, in which eight vectors go four times each. */
const PEAK = { software: { threads: 4096, turns: 100 }, hardware: { threads: 2 ** 20, turns: 500 } };
const PEAK_FLOPS = 8 * 4 * 4 * 2;
const GROUP = 64;
/** Of `copy`: more than a GPU's caches hold, and no more than any device has a buffer for; half where there is no room. */
const COPY_BYTES = { software: 64 * 2 ** 20, hardware: 256 * 2 ** 20 };
const LEAST_COPY_BYTES = 2 ** 20;

const chains = Array.from({ length: 8 }, (_, i) => `x${i}`);
const peakSource = `
@group(0) @binding(0) var<storage, read_write> result: array<vec4f>;
override turns: u32;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let slope = vec4f(0.5);
  ${chains.map((x, i) => `var ${x} = vec4f(f32(id.x + ${i}u));`).join(' ')}
  for (var i = 0u; i < turns; i++) {
    ${chains.map((x) => `${x} = fma(${x}, slope, vec4f(1.0));`).join(' ').concat('\n    ').repeat(4)}
  }
  result[id.x] = ${chains.join(' + ')};
}`;

const rows = Array.from({ length: 8 }, (_, i) => i);
const cell = ['x', 'y', 'z', 'w'];
// A is transposed: the eight rows of a thread lie together for each k.
const gemmSource = `
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
override width: u32;
@compute @workgroup_size(8, 8) fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * 2u;
  let row = id.y * 2u;
  ${rows.map((i) => `var l${i} = vec4f(); var r${i} = vec4f();`).join(' ')}
  for (var at = 0u; at < width * width * 4u; at += width) {
    let a0 = a[at + row];
    let a1 = a[at + row + 1u];
    let left = b[at + column];
    let right = b[at + column + 1u];
    ${rows.map((i) => `l${i} += a${i >> 2}.${cell[i & 3]} * left; r${i} += a${i >> 2}.${cell[i & 3]} * right;`).join('\n    ')}
  }
  ${rows.map((i) => `c[(id.y * 8u + ${i}u) * width + column] = l${i}; c[(id.y * 8u + ${i}u) * width + column + 1u] = r${i};`).join('\n  ')}
}`;

export async function webgpu() {
  const { adapter } = await findAdapter();
  const device = await adapter.requestDevice();
  const software = adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(adapter.info.architecture);
  return {
    facts: { kernel: 'compute shader, tiles of 8 x 8 in registers' },
    take: () => ceilings(device, software ? 'software' : 'hardware'),
    sync: () => device.queue.onSubmittedWorkDone().then(() => {}),
    dispose: () => device.destroy(),
  };
}

/**
 * @param {GPUDevice} device
 * @param {'software' | 'hardware'} size
 * @returns {Promise<import('../frameworks/adapter.js').Ceilings>}
 */
async function ceilings(device, size) {
  const [from, to] = await copied(device, COPY_BYTES[size]);
  const side = SIDES[size];
  const { threads, turns } = PEAK[size];
  const { dispatch, error } = gemm(device, side);
  return {
    operations: { peak: peak(device, threads, turns), gemm: dispatch, copy: copy(device, from, to) },
    work: { side, gemm_flop: 2 * side ** 3, peak_flop: threads * turns * PEAK_FLOPS, copy_bytes: 2 * from.size },
    drained: true,
    error,
  };
}

/**
 * @param {GPUDevice} device
 * @param {number} bytes
 * @param {Float32Array<ArrayBuffer>} [values]
 */
function buffer(device, bytes, values) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const made = device.createBuffer({ size: bytes, usage });
  if (values) device.queue.writeBuffer(made, 0, values);
  return made;
}

/**
 * @param {GPUDevice} device
 * @param {string} code
 * @param {Record<string, number>} constants
 * @param {GPUBuffer[]} buffers
 * @param {[number, number]} groups
 * @returns {() => void} submits the work once
 */
function dispatcher(device, code, constants, buffers, groups) {
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code }), constants } });
  const entries = buffers.map((one, binding) => ({ binding, resource: { buffer: one } }));
  const bound = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bound);
    pass.dispatchWorkgroups(...groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
}

/**
 * @param {GPUDevice} device
 * @param {number} threads
 * @param {number} turns
 */
function peak(device, threads, turns) {
  return dispatcher(device, peakSource, { turns }, [buffer(device, threads * 16)], [threads / GROUP, 1]);
}

/**
 * @param {GPUDevice} device
 * @param {number} bytes
 * @returns {Promise<[GPUBuffer, GPUBuffer]>} two buffers of so many bytes, or of as many as there is room for
 */
async function copied(device, bytes) {
  device.pushErrorScope('out-of-memory');
  const made = /** @type {[GPUBuffer, GPUBuffer]} */ ([buffer(device, bytes), buffer(device, bytes)]);
  if (!(await device.popErrorScope())) return made;
  made.forEach((one) => one.destroy());
  if (bytes < LEAST_COPY_BYTES) throw new Failure('out_of_memory', `this GPU has no room for two buffers of ${bytes} bytes`);
  return copied(device, bytes / 2);
}

/**
 * @param {GPUDevice} device
 * @param {GPUBuffer} from
 * @param {GPUBuffer} to
 */
function copy(device, from, to) {
  return () => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, from.size);
    device.queue.submit([encoder.finish()]);
  };
}

/**
 * @param {GPUDevice} device
 * @param {number} side
 */
function gemm(device, side) {
  const [a, b] = [new Float32Array(side * side), new Float32Array(side * side)];
  fillMatrices(side, (row, column) => column * side + row, (row, column) => row * side + column, a, b);
  const buffers = [buffer(device, a.byteLength, a), buffer(device, b.byteLength, b), buffer(device, a.byteLength)];
  const dispatch = dispatcher(device, gemmSource, { width: side / 4 }, buffers, [side / 64, side / 64]);
  return { dispatch, error: () => errorOf(device, /** @type {GPUBuffer} */ (buffers[2]), side) };
}

/**
 * @param {GPUDevice} device
 * @param {GPUBuffer} product
 * @param {number} side
 */
async function errorOf(device, product, side) {
  const read = device.createBuffer({ size: product.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(product, 0, read, 0, product.size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(read.getMappedRange());
  const error = productError(side, (row, column) => values[row * side + column] ?? NaN);
  read.destroy();
  return error;
}
