import assert from 'node:assert/strict';
import test from 'node:test';

import { browserPid, isPageOf, samplesOf, serverOf } from '../../src/howfar/extension/samples.js';

const UPDATE = {
  0: { id: 0, osProcessId: 100, type: 'browser', cpu: 3.5, privateMemory: 9e7 },
  1: { id: 1, osProcessId: 101, type: 'gpu', cpu: 12.25, privateMemory: 4e7, jsMemoryUsed: 0 },
  2: { id: 2, osProcessId: 102, type: 'renderer', cpu: 99.5, privateMemory: 5e7 + 0.4, jsMemoryUsed: 1e6 },
  3: { id: 3, osProcessId: 103, type: 'renderer', cpu: 50, privateMemory: 1 },
};

test("of an update, the tab's process and the GPU's are kept", () => {
  assert.deepEqual(samplesOf(UPDATE, 2, 1.5), [
    { at_s: 1.5, role: 'gpu', pid: 101, cpu_percent: 12.25, private_bytes: 4e7, js_bytes: 0 },
    { at_s: 1.5, role: 'page', pid: 102, cpu_percent: 99.5, private_bytes: 5e7, js_bytes: 1e6 },
  ]);
});

test('where the tab has no process, the GPU is what is left', () => {
  assert.deepEqual(samplesOf(UPDATE, null, 0).map(({ role }) => role), ['gpu']);
});

test('what is not known yet is null', () => {
  const listed = { 2: { id: 2, osProcessId: 102, type: 'renderer', cpu: NaN, privateMemory: -1 } };
  assert.deepEqual(samplesOf(listed, 2, 0), [{ at_s: 0, role: 'page', pid: 102, cpu_percent: null, private_bytes: null, js_bytes: null }]);
});

test("the browser's own process is told", () => {
  assert.equal(browserPid(UPDATE), 100);
  assert.equal(browserPid({}), null);
});

test('only the page of a server on this machine is one to obey', () => {
  assert.equal(serverOf('http://localhost:8080/extension/?token=abc'), 'http://localhost:8080');
  for (const page of [
    undefined, '', 'no address', 'https://localhost:8080/extension/', 'http://evil.example/extension/',
    'http://localhost.evil.example/extension/', 'http://p1.localhost:8080/extension/', 'http://localhost:8080/run/', 'file:///extension/',
  ]) assert.equal(serverOf(page), null, page);
});

test('only pages of that server are opened', () => {
  const server = 'http://localhost:8080';
  assert.ok(isPageOf('http://p7.localhost:8080/run/?task=a&token=b', server));
  for (const url of [
    '', 'javascript:alert(1)', 'http://p7.localhost:8081/run/', 'https://p7.localhost:8080/run/', 'http://localhost.evil.example:8080/run/',
    'http://evil.example:8080/run/', 'http://p7.localhost:8080/tasks/', 'file:///run/', 'chrome://settings/',
  ]) assert.ok(!isPageOf(url, server), url);
});
