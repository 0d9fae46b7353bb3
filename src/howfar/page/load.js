// What a page fetches: the library's scripts, the model's weights, the data.

import { count, parameterShapes } from './layers.js';

/** @typedef {import('./protocol.js').Assignment} Assignment */

const NONE = new Float32Array(0);

/**
 * Loads classic scripts one after the other (a library's browser file, as its users load it).
 * @param {readonly string[]} urls
 */
export async function loadScripts(urls) {
  for (const url of urls) await loadScript(url);
}

/** @param {string} url */
function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} could not be loaded`));
    document.head.append(script);
  });
}

/**
 * Loads ES modules one after the other (a library that comes as such, as its users import it).
 * @param {Record<string, string>} urls
 * @returns {Promise<Record<string, unknown>>} what each exports, by name
 */
export async function loadModules(urls) {
  /** @type {Record<string, unknown>} */
  const modules = {};
  for (const [name, url] of Object.entries(urls)) modules[name] = await import(url);
  return modules;
}

/**
 * @param {Assignment} assignment
 * @returns {Promise<import('./frameworks/adapter.js').Network>}
 */
export async function fetchNetwork({ layers, weights_url, task, learning_rate }) {
  const content = layers.length ? await fetchBytes(weights_url) : new ArrayBuffer(0);
  let offset = 0;
  const parameters = layers.map((layer) => {
    const arrays = parameterShapes(layer).map((shape) => {
      const view = new Float32Array(content, offset, count(shape));
      offset += view.byteLength;
      return view;
    });
    const [weights = NONE, recurrent = NONE, biases = NONE] = layer.kind === 'lstm' ? arrays : [arrays[0], NONE, arrays[1]];
    return { weights, recurrent, biases: layer.kind === 'dense' && !layer.bias ? new Float32Array(layer.units) : biases };
  });
  return { model: task.cell.model, layers, parameters, learningRate: learning_rate, batchSize: task.batch_size };
}

/**
 * @param {Record<string, string>} urls
 * @returns {Promise<Record<string, Blob>>}
 */
export async function fetchFiles(urls) {
  const files = Object.entries(urls).map(async ([name, url]) => [name, await (await fetch(url)).blob()]);
  return Object.fromEntries(await Promise.all(files));
}

/**
 * @param {Record<string, Blob>} files
 * @returns {Record<string, string>} `blob:` URLs by name: a loader that is given these waits for no network
 */
export function inMemory(files) {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, URL.createObjectURL(file)]));
}

/** @param {string} url */
const fetchBytes = async (url) => (await fetch(url)).arrayBuffer();

/**
 * @param {Assignment} assignment
 * @returns {Promise<{inputs: Float32Array, labels: Uint8Array}>} inputs (samples, features) row-major, labels (samples), none of one's own model
 */
export async function fetchData({ data_url, data: { samples, features } }) {
  const bytes = await fetchBytes(data_url);
  return { inputs: new Float32Array(bytes, 0, samples * features), labels: new Uint8Array(bytes, samples * features * 4) };
}
