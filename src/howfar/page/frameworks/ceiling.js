// The ceilings of this browser, per back end: howfar's own kernels and shaders, each in the best known form.

import { probeBackend } from '../backends.js';
import { processor } from '../limit/processor.js';
import { webgl } from '../limit/webgl.js';
import { webgpu } from '../limit/webgpu.js';

/** @typedef {import('./adapter.js').Ceilings} Ceilings */
/** @typedef {import('./adapter.js').Options} Options */

/**
 * What takes the ceilings of a back end. `take` gets the side of the matrices for a processor; a GPU has one of its own.
 * @typedef {object} Taker
 * @property {import('./adapter.js').Facts} facts
 * @property {(side: number) => Ceilings | Promise<Ceilings>} take
 * @property {() => Promise<void>} [sync]
 * @property {() => void} dispose
 */

/** @type {Record<string, (assets: Record<string, string>, options: Options) => Promise<Taker>>} */
const TAKERS = {
  cpu: (_, options) => processor(null, options),
  wasm: processor,
  webgl,
  webgpu,
};

/** @type {Taker} */
let taker;
let side = 0;

/** @type {import('./adapter.js').Adapter<null>} */
export const adapter = {
  async open(backend, assets, options) {
    const found = await probeBackend(backend);
    taker = await /** @type {NonNullable<typeof TAKERS[string]>} */ (TAKERS[backend])(assets, options);
    return { ...found, ...taker.facts, backend };
  },
  build({ model }) {
    side = model.width;
  },
  ceilings: async () => taker.take(side),
  predict: () => new Float32Array(0),
  sync: async () => taker.sync?.(),
  dispose: () => taker.dispose(),
};
