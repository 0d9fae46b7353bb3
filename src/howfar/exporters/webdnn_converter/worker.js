// The worker of kernels that Zig compiled, in the place of the one that Emscripten would have made: the same messages.
// WebDNN writes the URL of the kernels over the name below before it starts the worker.

async function start() {
  const module = await WebAssembly.compile(await (await fetch('WEBDNN_URL_KERNELS_WASM')).arrayBuffer());
  const { exports } = await WebAssembly.instantiate(module, systemCalls(module));
  const { memory, _initialize, get_static_buffer, run } = /** @type {any} */ (exports);
  _initialize();
  const view = (/** @type {number} */ offset, /** @type {number} */ size) =>
    new Float32Array(memory.buffer, get_static_buffer() + offset * Float32Array.BYTES_PER_ELEMENT, size);

  onmessage = ({ data: message }) => {
    if (message.type === 'weight') {
      view(0, message.data.length).set(message.data);
      postMessage(0);
    } else if (message.type === 'run') {
      for (const { offset, size, data } of message.inputs) view(offset, size).set(data);
      run();
      const outputs = message.outputs.map((/** @type {any} */ { offset, size }) => view(offset, size).slice());
      postMessage(outputs, outputs.map((/** @type {Float32Array} */ { buffer }) => buffer));
    } else {
      throw new Error(`no such message: ${message.type}`); // of sizes known only in the page, which these models have none of
    }
  };
  postMessage(0); // ready
}

/**
 * Eigen's headers bring streams and assertions along, which a kernel has no use for.
 * @param {WebAssembly.Module} module
 */
function systemCalls(module) {
  /** @type {Record<string, Record<string, () => never>>} */
  const calls = {};
  for (const { module: group, name } of WebAssembly.Module.imports(module)) {
    (calls[group] ??= {})[name] = () => { throw new Error(`the kernels called ${name}`); };
  }
  return calls;
}

// A promise that nobody catches is no error event of a worker: the page would wait for ever.
start().catch((error) => postMessage(String(error)));
