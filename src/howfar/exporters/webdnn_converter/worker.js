// The worker of kernels that Zig compiled, in the place of the one that Emscripten would have made: the same messages.
// WebDNN writes the URL of the kernels over the name below before it starts the worker.

(async () => {
  const bytes = await (await fetch('WEBDNN_URL_KERNELS_WASM')).arrayBuffer();
  const { instance } = await WebAssembly.instantiate(bytes);
  const { memory, _initialize, get_static_buffer, run } = /** @type {any} */ (instance.exports);
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
})();
