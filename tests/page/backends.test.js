// Which back ends a browser has: a GPU may come a moment after the page.

import assert from 'node:assert/strict';
import test from 'node:test';

import { probeBackend } from '../../src/howfar/page/backends.js';

/**
 * A browser whose GPU is not there for the first so many times that it is asked for.
 * @param {number} late
 */
function browser(late) {
  let asked = 0;
  const adapter = { info: { vendor: 'nvidia', architecture: 'hopper', description: '' }, features: new Set() };
  const gpu = { requestAdapter: async () => (asked++ < late ? null : adapter) };
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  return () => asked;
}

test('an adapter that comes late is waited for', async () => {
  const asked = browser(2);
  const { webgpu_adapter, webgpu_adapter_tries } = await probeBackend('webgpu');
  assert.deepEqual([webgpu_adapter, webgpu_adapter_tries], ['nvidia hopper', 3]);
  assert.equal(asked(), 3);
});

test('where none comes it says so', async () => {
  browser(Infinity);
  const message = 'navigator.gpu.requestAdapter() gives no adapter';
  await assert.rejects(probeBackend('webgpu'), { status: 'unsupported', message });
});
