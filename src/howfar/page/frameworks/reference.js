// The known answers: a framework that takes as long as it is told and returns 1..10. `howfar doctor` and the tests
// hold the whole path against it, and its `loop` is the control cell that shows the machine drifting.

import { probeBackend } from '../backends.js';

const OUTPUTS = Float32Array.from({ length: 10 }, (_, i) => i + 1);

let operation = () => {};

/**
 * The one adapter that reads a clock: taking exactly this long is its task.
 * @param {number} us
 */
function spin(us) {
  const end = performance.now() + us / 1000;
  while (performance.now() < end);
}

let sink = 0;

/** @param {number} turns a fixed amount of plain JS: integer and floating-point work in a loop */
function loop(turns) {
  let value = 1;
  for (let i = 0; i < turns; i++) value = (value * 1103515245 + 12345 + i) % 2147483648;
  sink += value;
}

/** @satisfies {import('./adapter.js').Adapter<null>} */
export const adapter = {
  async open(backend) {
    return { backend, ...(await probeBackend(backend)) };
  },
  build({ model }) {
    const work = model.kind === 'loop' ? () => loop(model.width * 1000) : () => spin(model.width);
    operation = () => { for (let i = 0; i < model.depth; i++) work(); };
  },
  predict() {
    operation();
    return OUTPUTS;
  },
  prepareBatch: () => null,
  trainBatch() {
    operation();
    return 1;
  },
  liveTensors: () => 0,
  dispose() {
    if (Number.isNaN(sink)) throw new Error('the loop was optimised away');
  },
};
