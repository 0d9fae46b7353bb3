// The messages: the same fixtures are read by tests/test_records.py.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { describe, Failure, finite, readAssignment, readReport } from '../../src/howfar/page/protocol.js';

const folder = new URL('../fixtures/protocol/', import.meta.url);

for (const name of readdirSync(folder)) {
  const [kind, verdict] = name.split('-');
  const read = kind === 'assignment' ? readAssignment : readReport;
  test(name, () => {
    const message = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    if (verdict === 'valid') assert.deepEqual(read(message), message);
    else assert.throws(() => read(message), TypeError);
  });
}

test('an assignment comes whole: the server sends what is empty too', () => {
  const whole = JSON.parse(readFileSync(new URL('assignment-valid-graph-inference.json', folder), 'utf8'));
  for (const field of Object.keys(whole)) {
    const { [field]: _, ...rest } = whole;
    assert.throws(() => readAssignment(rest), { message: `assignment.${field}: expected this field` });
  }
});

test('what is wrong is said with its key path', () => {
  const report = JSON.parse(readFileSync(new URL('report-invalid-negative-sample.json', folder), 'utf8'));
  assert.throws(() => readReport(report), { message: 'report.series[1].sample_ms[1]: expected a number of at least 0' });
});

test('a failure with a name keeps it', () => {
  const { status, message } = describe(new Failure('unsupported', 'this browser has no navigator.gpu'));
  assert.deepEqual([status, message], ['unsupported', 'this browser has no navigator.gpu']);
});

test('any other error is a page error, with its kind and its stack', () => {
  const { status, message, detail } = describe(new TypeError('x is undefined'));
  assert.deepEqual([status, message], ['page_error', 'TypeError: x is undefined']);
  assert.match(detail, /protocol\.test\.js/);
});

test('an error that speaks of memory is out of memory', () => {
  for (const said of ['Array buffer allocation failed', 'Out of memory', 'WebAssembly.Memory(): could not allocate memory', 'std::bad_alloc', 'failed to allocate tensors']) {
    assert.equal(describe(new RangeError(said)).status, 'out_of_memory', said);
  }
  assert.equal(describe(new Error('the memory of it')).status, 'page_error');
});

test('what is thrown need not be an error', () => {
  assert.deepEqual(describe('no'), { status: 'page_error', message: 'no', detail: '' });
  assert.equal(describe(undefined).message, 'undefined');
});

test('what describe says fits into a report', () => {
  const error = new Error('x'.repeat(50_000));
  const { message, detail } = describe(error);
  assert.ok(message.length <= 20_000 && detail.length <= 20_000);
});

test('JSON has no NaN and no infinity: null stands for them', () => {
  assert.deepEqual(finite(Float32Array.of(0.5, NaN, Infinity, -Infinity, 0)), [0.5, null, null, null, 0]);
});
