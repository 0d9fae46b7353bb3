// What WebDNN's page does where it can't do what it was asked: a stand-in for the library, whose real answers are the
// browser tests'.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adapter } from '../../src/howfar/page/frameworks/webdnn.js';

const { log } = console;
after(() => { console.log = log; });

/** @param {() => Promise<object>} load */
async function openWith(load) {
  Object.assign(globalThis, { WebDNN: { load } });
  return adapter.open('wasm');
}

test('a model that another back end took is a fall-back', async () => {
  await openWith(async () => ({ backendName: 'fallback', descriptor: {} }));
  await assert.rejects(async () => adapter.load({}), { status: 'fell_back', message: 'asked WebDNN for webassembly, got fallback' });
});

test('what WebDNN says only as a warning is in the error', async (context) => {
  const warned = context.mock.method(console, 'warn', () => {});
  await openWith(async () => {
    console.warn('Model loading failed: the kernels called fd_write');
    throw new Error('No backend is available');
  });
  await assert.rejects(async () => adapter.load({}), /the kernels called fd_write; Error: No backend is available/);
  assert.equal(warned.mock.callCount(), 1);
});

test('what compiled the kernels is a fact', async () => {
  await openWith(async () => ({ backendName: 'webassembly', descriptor: { built_with: 'Zig 1, plain loops' } }));
  assert.deepEqual(await adapter.load({}), { kernels_built_with: 'Zig 1, plain loops' });
});

test('only the library loses its voice', async (context) => {
  const logged = context.mock.method(console, 'log', () => {});
  await openWith(async () => ({}));
  console.log('Processed 9/9 kernels in 0 ms');
  console.log('something else');
  assert.deepEqual(logged.mock.calls.map((call) => call.arguments), [['something else']]);
  logged.mock.restore();
});

test("WebDNN's webgpu is never today's", async () => {
  await assert.rejects(async () => adapter.open('webgpu'), { status: 'unsupported', message: /WebMetal/ });
});
