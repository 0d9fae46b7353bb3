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

/** @returns {Assignment} what to do: the server writes it into the page, which saves a round trip */
function embedded() {
  return readAssignment(JSON.parse(document.getElementById('assignment')?.textContent ?? 'null'));
}

/**
 * The runner opened this page: `/run/?task=ID&token=TOKEN`.
 * @param {string} token
 * @returns {Visit}
 */
export function openVisit(token) {
  const assignment = embedded();
  const headers = { 'x-howfar-token': token, 'content-type': 'application/json' };
  const url = `/tasks/${encodeURIComponent(assignment.task.id)}`;
  const post = async (/** @type {string} */ what, /** @type {unknown} */ message) => {
    const answer = await fetch(`${url}/${what}`, { method: 'POST', headers, body: JSON.stringify(message) });
    if (!answer.ok) throw new Error(`${what} was answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  return {
    assignment,
    enter: async (phase) => void await post('phase', phase),
    async post(report) {
      const onward = await (await post('report', readReport(report))).json();
      if (onward) location.replace(onward);
    },
  };
}

/**
 * A person opened this page with what to measure in the URL; the figures stay here.
 * @param {(phase: PhaseName) => void} show
 * @returns {Visit}
 */
export function openForPerson(show) {
  return { assignment: embedded(), enter: async (phase) => show(phase), post: async (report) => void readReport(report) };
}
