// Only while a library is listened to is what it says kept from the console.

import assert from 'node:assert/strict';
import test from 'node:test';

import { loadModules } from '../../src/howfar/page/load.js';
import { hearing, listen } from '../../src/howfar/page/listen.js';

test('what is said meanwhile is heard, and what comes before and after goes on to the console', async (t) => {
  /** @type {string[]} */
  const shown = [];
  const methods = /** @type {const} */ (['log', 'info', 'debug', 'warn', 'error']);
  for (const method of methods) t.mock.method(console, method, (/** @type {unknown[]} */ ...words) => void shown.push(words.join(' ')));
  listen();
  const bound = console.error.bind(console); // as compiled code does when it starts
  console.log('before');
  const { result, lines } = await hearing(async () => {
    bound('placed on', 7);
    console.warn('careful');
    return 5;
  });
  bound('after');
  assert.deepEqual([result, lines, shown], [5, ['placed on 7', 'careful'], ['before', 'after']]);
  await assert.rejects(hearing(() => Promise.reject(new Error('no'))), /no/);
  console.info('still there');
  assert.equal(shown.at(-1), 'still there');
});

test('modules come by their names', async () => {
  const modules = await loadModules({ one: 'data:text/javascript,export const number = 7', two: 'data:text/javascript,export default 8' });
  assert.deepEqual(Object.keys(modules), ['one', 'two']);
  assert.equal(/** @type {any} */ (modules['one']).number, 7);
  await assert.rejects(loadModules({ broken: 'data:text/javascript,export default (' }), SyntaxError);
});
