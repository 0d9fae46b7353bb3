// The loops by which the runtimes' own benchmark tools time an inference, written anew from what those tools do. Each
// gets a model that its library has loaded and inputs that are made once, and gives milliseconds per inference.
//
// TensorFlow.js (its e2e benchmark tool): a number of runs, each timed from `predict` until `data()` of the result is
// there; its figure is the mean without the first run.
// ONNX Runtime Web (its test runner's performance mode): warm-up runs, then runs of `session.run`, each timed; the mean.
// LiteRT.js (its model tester): warm-up runs, then runs of `model.run` with the outputs read; the mean.
//
// Here the median is taken beside the mean: a mean is pulled up by whatever else the machine did.

const WARMUP = 5;
const RUNS = 50;

/**
 * @param {() => Promise<unknown>} once
 * @returns {Promise<{mean_ms: number, median_ms: number}>}
 */
async function loop(once) {
  for (let run = 0; run < WARMUP; run++) await once();
  const times = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { mean_ms: times.reduce((sum, ms) => sum + ms, 0) / RUNS, median_ms: (times[RUNS / 2 - 1] + times[RUNS / 2]) / 2 };
}

async function tfjs(urls, [input]) {
  const { tf } = globalThis;
  const model = await tf.loadGraphModel(new URL(urls['model.json'], location.href).href);
  const given = tf.tensor(input.values, input.shape);
  const times = await loop(async () => {
    const result = model.predict(given);
    await result.data();
    result.dispose();
  });
  model.dispose();
  given.dispose();
  return times;
}

async function ort(urls, [input], { modules, backend, threads }) {
  const { ort: library } = modules;
  if (threads) library.env.wasm.numThreads = threads;
  const session = await library.InferenceSession.create(urls['model.onnx'], { executionProviders: [backend] });
  const feeds = { [session.inputNames[0]]: new library.Tensor('float32', input.values, input.shape) };
  const times = await loop(() => session.run(feeds));
  await session.release();
  return times;
}

async function litert(urls, [input], { modules, backend }) {
  const { litert: library } = modules;
  const model = await library.loadAndCompile(urls['model.tflite'], { accelerator: backend });
  const given = new library.Tensor(input.values, input.shape);
  const times = await loop(async () => {
    const results = await model.run([given]);
    await Promise.all(results.map((result) => result.data()));
    for (const result of results) result.delete();
  });
  given.delete();
  model.delete();
  return times;
}

export const loops = { 'tfjs': tfjs, 'onnxruntime-web': ort, 'litert': litert };
