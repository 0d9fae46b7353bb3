// A framework with every fault that howfar must survive, one per back end.

import { findAdapter } from '/page/backends.js';
import { Failure } from '/page/protocol.js';

const OUTPUTS = Float32Array.from({ length: 10 }, (_, i) => i + 1);

/** @type {unknown[]} */
const kept = [];
let fault = '';
let queued = 0;

/** @param {number} ms */
function spin(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function eatMemory() {
  for (;;) kept.push(new Array(1e6).fill(Math.random()));
}

function loseContext() {
  // A browser keeps no more than some 16 contexts: it takes the oldest away, as it would for want of memory.
  for (let i = 0; i < 40; i++) {
    const gl = document.createElement('canvas').getContext('webgl');
    if (!gl) throw new Failure('unsupported', 'this browser gives no WebGL context');
    kept.push(gl);
  }
  return new Promise(() => {});
}

async function holdDevice() {
  const { adapter: gpu } = await findAdapter();
  kept.push(await gpu.requestDevice());
  return new Promise(() => {});
}

/** @type {Record<string, () => unknown>} */
const FAULTS = {
  throw: () => { throw new TypeError('</script><b>the library threw</b>'); },
  reject_elsewhere: () => { Promise.reject(new Error('nobody awaited this')); return new Promise(() => {}); },
  hang: () => { for (;;); },
  never: () => new Promise(() => {}),
  eat_memory: eatMemory,
  allocate: () => { for (;;) kept.push(new ArrayBuffer(2 ** 33)); },
  lose_context: loseContext,
  hold_device: holdDevice,
  leak: () => { kept.push(1); spin(0.2); },
  wrong: () => {},
  not_finite: () => {},
  queue: () => spin(1),
};

/** @satisfies {import('../../../src/howfar/page/frameworks/adapter.js').Adapter<null>} */
export const adapter = {
  open(backend) {
    fault = backend;
    return { backend: backend === 'fall_back' ? 'cpu' : backend };
  },
  build() {},
  predict() {
    if (fault === 'queue') spin(10);
    const result = FAULTS[fault]?.();
    if (result instanceof Promise) return result;
    if (fault === 'wrong') return OUTPUTS.map((value) => value + 1e-4);
    return fault === 'not_finite' ? OUTPUTS.map(() => NaN) : OUTPUTS;
  },
  // A device that works on while the page goes on: 1 ms to enqueue, 10 ms more to finish.
  enqueuePredict() {
    spin(1);
    queued++;
  },
  async sync() {
    spin(10 * queued);
    queued = 0;
  },
  prepareBatch: () => null,
  trainBatch: () => 1,
  liveTensors: () => kept.length,
  dispose() {},
};
