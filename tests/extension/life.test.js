// The extension's life, against a browser and a server that are played.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Life } from '../../src/howfar/extension/life.js';

const SERVER = 'http://localhost:8080';

/** @param {string} task */
const wanted = (task, rest = {}) => ({
  task, url: task && `http://p1.localhost:8080/run/?task=${task}`, what: task && `what ${task} is`, tab: null, since_ms: 0, ended: false, ...rest,
});
const ENDED = wanted('', { ended: true });

/** @param {(Error | ReturnType<typeof wanted>)[]} answers what the server says, one after the other */
function play(answers, { processes = true, removeFails = false } = {}) {
  /** @type {any[]} */
  const done = [];
  let tabs = 10;
  const browser = {
    tabs: {
      create: async (/** @type {{url: string, active: boolean}} */ { url }) => { done.push(['create', url]); return { id: ++tabs }; },
      remove: async (/** @type {number} */ tab) => { done.push(['remove', tab]); if (removeFails) throw new Error('no such tab'); },
    },
    runtime: { getPlatformInfo: async () => ({}) },
    ...(processes && { processes: { getProcessIdForTab: async (/** @type {number} */ tab) => { if (tab < 0) throw new Error('gone'); return 2; } } }),
  };
  const post = async (/** @type {string} */ what, /** @type {any} */ message) => {
    done.push([what, message]);
    if (what === 'samples') return null;
    const answer = answers.shift() ?? ENDED;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  /** @type {string[]} */
  const said = [];
  const life = new Life(browser, SERVER, post, { say: (text) => said.push(text), pause: async () => {} });
  return { life, done, said, names: () => done.map(([name]) => name) };
}

const UPDATE = { 0: { id: 0, osProcessId: 100, type: 'browser' }, 2: { id: 2, osProcessId: 102, type: 'renderer', cpu: 99 } };

test('page after page is opened and closed as the server wants it', async () => {
  const { life, done, said, names } = play([wanted('a'), wanted('a'), wanted(''), wanted('b'), wanted('')]);
  await life.untilOver();
  assert.deepEqual(names(), ['next', 'create', 'next', 'next', 'remove', 'samples', 'next', 'create', 'next', 'remove', 'samples', 'next']);
  assert.deepEqual(done[1], ['create', 'http://p1.localhost:8080/run/?task=a']);
  assert.deepEqual([done[0][1].task, done[2][1].task, done[2][1].tab, done[6][1].task], ['', 'a', 11, '']);
  assert.deepEqual(said.filter(Boolean), ['what a is', 'what b is']);
  assert.equal(life.pages, 2);
});

test('what was sampled of a page goes with it, and no other', async () => {
  const { life, done } = play([]);
  const since_ms = Date.now() - 2000;
  await life.note(UPDATE);
  await life.turnTo(wanted('a', { since_ms }));
  await life.note(UPDATE);
  await life.turnTo(wanted('b', { since_ms }));
  await life.turnTo(wanted(''));
  const [first, second] = done.filter(([name]) => name === 'samples').map(([, message]) => message);
  assert.deepEqual([first.task, first.samples.unavailable, first.samples.samples.length], ['a', '', 1]);
  const [{ at_s, ...rest }] = first.samples.samples;
  assert.ok(at_s >= 2 && at_s < 3, `${at_s}`);
  assert.deepEqual(rest, { role: 'page', pid: 102, cpu_percent: 99, private_bytes: null, js_bytes: null });
  assert.deepEqual([second.task, second.samples.samples], ['b', []]);
  assert.equal(life.browserPid, 100);
});

test('a tab that is gone, or never ends, is no end of the run', async () => {
  const { life, names } = play([wanted('a'), wanted(''), wanted('b'), wanted('')], { removeFails: true });
  await life.untilOver();
  assert.equal(names().filter((name) => name === 'samples').length, 2);
  life.held = { ...life.held, task: 'c', tab: -1 };
  await life.note({ 1: { id: 1, osProcessId: 101, type: 'gpu' }, ...UPDATE });
  assert.deepEqual(life.held.samples.map(({ role }) => role), ['gpu']);
});

test('a server that does not answer is asked again, and not for ever', async () => {
  const once = play([new Error('no answer'), wanted('a'), wanted('')]);
  await once.life.untilOver();
  assert.equal(once.life.pages, 1);
  const { life, names } = play(Array.from({ length: 100 }, () => new Error('gone')));
  await life.untilOver();
  assert.equal(names().length, 30);
  assert.ok(life.over);
});

test('a page that an earlier life opened is taken over, not opened twice', async () => {
  const { life, done, names } = play([wanted('a', { tab: 7 }), wanted('')]);
  await life.untilOver();
  assert.deepEqual(names(), ['next', 'next', 'remove', 'samples', 'next']);
  assert.deepEqual(done[2], ['remove', 7]);
});

test('a page of another server is never opened', async () => {
  const { life, names } = play([wanted('a', { url: 'http://evil.example/run/' })]);
  await life.untilOver();
  assert.ok(!names().includes('create'));
});

test('it begins when two updates have come', async () => {
  const { life } = play([]);
  let paused = 0;
  life.pause = async () => { if (++paused === 3 || paused === 7) await life.note(UPDATE); };
  await life.untilSampling(10_000);
  assert.deepEqual([paused, life.unavailable], [7, '']);
});

test('where no updates come, or there is no task manager, it says so and goes on', async () => {
  const silent = play([]).life;
  await silent.untilSampling(1000);
  assert.equal(silent.unavailable, 'chrome.processes told nothing for 1 s');
  const { life, done } = play([wanted('a'), wanted('')], { processes: false });
  await life.untilSampling(1000);
  await life.untilOver();
  assert.equal(life.unavailable, 'this browser has no chrome.processes');
  assert.deepEqual(done.find(([name]) => name === 'samples')[1].samples, { samples: [], unavailable: 'this browser has no chrome.processes' });
});
