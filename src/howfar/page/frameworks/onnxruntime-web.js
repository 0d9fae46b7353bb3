// ONNX Runtime Web: it runs ONNX models, float32 as they are. Its WebGL back end is plain JS and runs a model whole or
// not at all; the others are one WebAssembly module, which leaves to the CPU what a GPU or WebNN can't do.

import { probeBackend } from '../backends.js';
import { hearing, listen } from '../listen.js';
import { Failure } from '../protocol.js';
import { namesOf, typedValues } from '../tensors.js';

/** @typedef {{data: ArrayLike<number | bigint>}} OrtTensor */
/**
 * @typedef {object} Session
 * @property {readonly string[]} inputNames
 * @property {readonly string[]} outputNames
 * @property {(feeds: Record<string, OrtTensor>) => Promise<Record<string, OrtTensor>>} run resolves with the outputs on the CPU
 * @property {() => Promise<void>} release
 */
/**
 * @typedef {object} Ort
 * @property {{wasm: {wasmPaths?: string, numThreads?: number}}} env `numThreads`: set by the library where nobody did
 * @property {new (type: string, data: import('../tensors.js').Values, dims: readonly number[]) => OrtTensor} Tensor
 * @property {{create(url: string, options: object): Promise<Session>}} InferenceSession
 */

/** What the library's log calls those that may leave nodes to the CPU. @type {Record<string, string>} */
const PROVIDERS = { webgpu: 'WebGpuExecutionProvider', webnn: 'WebNNExecutionProvider' };

/** @type {Ort} */
let ort;
let backend = '';
/** @type {number | null} */
let threads = null;
/** @type {Session | undefined} */
let session;
/** A session of the model that was loaded. @type {(more: object) => Promise<Session>} */
let create;
/** Of the model's inputs, in the order of the tensors. @type {string[]} */
let names = [];

/**
 * @param {readonly string[]} lines of the library's log
 * @returns {Record<string, number>} execution provider -> how many nodes were placed on it, those of inner graphs too
 */
export function placements(lines) {
  /** @type {Record<string, number>} */
  const nodes = {};
  for (const line of lines) {
    const [, provider, number] = /placed on \[(\w+)\]\. Number of nodes: (\d+)/.exec(line) ?? [];
    if (provider) nodes[provider] = (nodes[provider] ?? 0) + Number(number);
  }
  return nodes;
}

/**
 * @param {string} asked the back end
 * @param {Record<string, number>} nodes by execution provider; none where the log did not say
 * @returns {import('../protocol.js').Facts}
 * @throws {Failure} `fell_back` where not one node is where it was asked to be
 */
export function placementFacts(asked, nodes) {
  const provider = PROVIDERS[asked] ?? '';
  const total = Object.values(nodes).reduce((sum, number) => sum + number, 0);
  if (!total) return {};
  const there = nodes[provider] ?? 0;
  if (!there) throw new Failure('fell_back', `asked for ${asked}, but all ${total} nodes are on ${Object.keys(nodes).join(', ')}`);
  return { execution_providers: Object.keys(nodes).join(', '), nodes: total, nodes_fell_back: total - there };
}

/** @returns {import('../protocol.js').Facts} on wasm and webgl there is nowhere else to go */
function onlyProvider() {
  if (PROVIDERS[backend]) return {};
  return { execution_providers: backend === 'wasm' ? 'CPUExecutionProvider' : backend, nodes_fell_back: 0 };
}

/** @returns {import('../protocol.js').Facts} */
function threadFacts() {
  if (backend !== 'wasm') return {};
  const used = ort.env.wasm.numThreads ?? 1;
  if (threads !== null && used !== threads) throw new Failure('fell_back', `asked for ${threads} threads, got ${used}`);
  return { wasm_threads_used: used };
}

/** @satisfies {import('./adapter.js').Adapter<never>} */
export const adapter = {
  async open(asked, assets, options, modules) {
    const found = await probeBackend(asked);
    if (PROVIDERS[asked]) listen();
    ort = modules['ort'];
    backend = asked;
    threads = options.threads === 0 ? navigator.hardwareConcurrency : options.threads;
    if (assets['wasm']) ort.env.wasm.wasmPaths = new URL(assets['wasm'], location.href).href;
    if (threads !== null) ort.env.wasm.numThreads = threads;
    return { ...found, backend, dtype: 'float32' };
  },

  // The first session starts the back end: there is no other call for that.
  async loadGraph(urls, inputs) {
    const [[, model], ...others] = /** @type {[[string, string], ...[string, string][]]} */ (
      Object.entries(urls).sort(([name]) => (name.endsWith('.onnx') ? -1 : 1)));
    const externalData = others.map(([path, data]) => ({ path, data }));
    const options = { executionProviders: [backend], ...(externalData.length ? { externalData } : {}) };
    create = (more) => ort.InferenceSession.create(model, { ...options, ...more });
    session = await create({});
    names = namesOf(inputs, session.inputNames);
    return { ...onlyProvider(), ...threadFacts(), load_includes: 'the start of the back end' };
  },

  async run(tensors) {
    const { run, outputNames } = /** @type {Session} */ (session);
    const feeds = Object.fromEntries(tensors.map((tensor, i) => [names[i], new ort.Tensor(tensor.dtype, typedValues(tensor), tensor.shape)]));
    const outputs = await run.call(session, feeds);
    return outputNames.map((name) => /** @type {OrtTensor} */ (outputs[name]).data);
  },

  lacks: (message) => /cannot resolve operator '\w+'.*|Could not find an implementation for .*/.exec(message)?.[0],

  async dispose() {
    await session?.release();
  },

  // Where every node went is only in the log of a session that is as talkative as can be: on WebGPU it writes a line per
  // node and run, and takes a tenth longer. So it is another than the one that was timed.
  async afterwards() {
    if (!PROVIDERS[backend]) return {};
    const { result, lines } = await hearing(() => create({ logSeverityLevel: 0 }));
    await result.release();
    return placementFacts(backend, placements(lines));
  },
};
