// A page's talk with the server that opened it. The token in the URL is this visit's alone.

import { readAssignment, readReport } from './protocol.js';

/** @typedef {import('./protocol.js').Assignment} Assignment */
/** @typedef {import('./protocol.js').Report} Report */
/** @typedef {import('./protocol.js').PhaseName} PhaseName */

/**
 * @typedef {object} Visit
 * @property {Assignment} assignment
 * @property {(phase: PhaseName) => Promise<void>} enter tells the server which phase begins, and waits until it knows
 * @property {(report: Report) => Promise<void>} post
 */

/**
 * @param {string} url
 * @param {RequestInit} [init]
 */
async function ask(url, init) {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/**
 * The runner opened this page: `/run/?task=ID&token=TOKEN`.
 * @param {string} task
 * @param {string} token
 * @returns {Promise<Visit>}
 */
export async function openVisit(task, token) {
  const headers = { 'x-howfar-token': token, 'content-type': 'application/json' };
  const url = `/tasks/${encodeURIComponent(task)}`;
  const assignment = readAssignment(await (await ask(url, { headers })).json());
  fetch(`${url}/alive`, { headers }).catch(() => {}); // stays open: the server sees it close when this process dies
  return {
    assignment,
    async enter(phase) {
      await ask(`${url}/phase`, { method: 'POST', headers, body: JSON.stringify(phase) });
    },
    async post(report) {
      await ask(`${url}/report`, { method: 'POST', headers, body: JSON.stringify(readReport(report)) });
    },
  };
}

/**
 * A person opened this page with what to measure in the URL; the figures stay here.
 * @param {URLSearchParams} params
 * @param {(phase: PhaseName) => void} show
 * @returns {Promise<Visit>}
 */
export async function openForPerson(params, show) {
  const assignment = readAssignment(await (await ask(`/tasks?${params}`)).json());
  return { assignment, enter: async (phase) => show(phase), post: async (report) => void readReport(report) };
}
