// The page's side of a framework in a worker: every answer goes to whom it belongs, and what is lost is told to all.

import assert from 'node:assert/strict';
import test from 'node:test';

import { adapterBy, askerOf } from '../../src/howfar/page/in_worker.js';

/** @typedef {import('../../src/howfar/page/in_worker.js').Call} Call */

/** A worker that keeps what it is asked until the test answers. */
function played() {
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {};
  /** @type {Call[]} */
  const asked = [];
  const worker = {
    addEventListener: (/** @type {string} */ kind, /** @type {any} */ listener) => { listeners[kind] = listener; },
    postMessage: (/** @type {Call} */ call) => { asked.push(call); },
  };
  return {
    asked,
    ask: askerOf(/** @type {any} */ (worker)),
    say: (/** @type {object} */ data) => listeners['message']?.({ data }),
    fail: (/** @type {string} */ message) => listeners['error']?.({ message }),
  };
}

test('answers find their callers in any order', async () => {
  const { ask, asked, say } = played();
  const [one, other] = [ask('predict', 1), ask('predict', 2)];
  assert.deepEqual(asked, [{ id: 1, method: 'predict', args: [1] }, { id: 2, method: 'predict', args: [2] }]);
  say({ id: 2, result: [0.5] });
  say({ id: 1, result: [0.25] });
  assert.deepEqual([await one, await other], [[0.25], [0.5]]);
});

test('a failure in the worker keeps its status, its words and its stack', async () => {
  const { ask, say } = played();
  const call = ask('open');
  say({ id: 1, error: { status: 'unsupported', message: 'it needs a page', detail: 'at worker.js:1' } });
  await assert.rejects(call, { status: 'unsupported', message: 'it needs a page', stack: 'at worker.js:1' });
});

test('a lost GPU or a dead worker ends what waits and what is asked later', async () => {
  const lost = played();
  const waiting = lost.ask('predict');
  lost.say({ id: 0, error: { status: 'gl_context_lost', message: 'the WebGL context was lost', detail: '' } });
  await assert.rejects(waiting, { status: 'gl_context_lost' });
  await assert.rejects(lost.ask('predict'), { status: 'gl_context_lost' });
  const dead = played();
  const asked = dead.ask('abilities');
  dead.fail('SyntaxError');
  await assert.rejects(asked, { status: 'page_error', message: 'the worker failed: SyntaxError' });
});

test('the adapter has what the one in the worker has, and no training', async () => {
  const { ask, asked, say } = played();
  let ended = false;
  const adapter = adapterBy(ask, ['open', 'load', 'predict', 'trainBatch', 'enqueuePredict', 'dispose'], () => { ended = true; });
  assert.deepEqual(Object.keys(adapter).sort(), ['dispose', 'load', 'loadLibrary', 'open', 'predict']);
  const opened = adapter.open('cpu', {}, { threads: null, switch: 'thread=worker' }, {});
  say({ id: 1, result: { backend: 'cpu' } });
  assert.deepEqual(await opened, { backend: 'cpu', thread: 'worker' });
  const loaded = adapter.load?.({ 'model.json': '/blobs/model.json' }, () => assert.fail('functions do not travel'));
  assert.deepEqual(asked[1]?.args, [{ 'model.json': '/blobs/model.json' }]);
  say({ id: 2 });
  await loaded;
  const disposed = adapter.dispose();
  assert.equal(ended, false);
  say({ id: 3 });
  await disposed;
  assert.ok(ended);
});

test('a back end that it does not get in a worker is unsupported there', async () => {
  const { ask, say } = played();
  const opened = adapterBy(ask, ['predict'], () => {}).open('webgl', {}, { threads: null, switch: 'thread=worker' }, {});
  say({ id: 1, result: { backend: 'cpu' } });
  await assert.rejects(Promise.resolve(opened), { status: 'unsupported', message: 'in a worker it has no webgl: it takes cpu' });
});

test('a framework that must be given a saved model has no build, and one that loads none no load', () => {
  const { ask } = played();
  assert.equal(adapterBy(ask, ['load', 'predict'], () => {}).build, undefined);
  assert.equal(adapterBy(ask, ['build', 'predict'], () => {}).load, undefined);
});
