// What a team can be told to do, by number: the page and its workers have the same list.

import { javascript } from './javascript.js';
import { read } from './memory.js';
import { backward, forward, share } from './network.js';

/** @typedef {import('./team.js').Member} Member */
/** @typedef {import('./team.js').Program} Program */

/** What the parts of arrays are whole multiples of, so that `read` and `triad` can take them. */
export const PIECE_BYTES = 4096;

/** Passes that were read, by their address. @type {Map<number, import('./network.js').Pass>} */
const passes = new Map();

/**
 * @param {Member} member
 * @param {number} address
 * @param {number} bytes
 */
function passAt({ memory }, address, bytes) {
  const pass = passes.get(address) ?? read(memory, address, bytes);
  passes.set(address, pass);
  return pass;
}

/**
 * A member's part of arrays of so many bytes, in pieces that `read` and `triad` can take.
 * @param {Member} member
 * @param {number} bytes
 */
function part(member, bytes) {
  const [from, to] = share(bytes, member, PIECE_BYTES);
  return { from, bytes: to - from };
}

/** Each ends when all members are done. @type {Record<string, (member: Member, ...words: number[]) => void>} */
const PROGRAMS = {
  forward(member, address = 0, bytes = 0, x = 0, transposed = 0) {
    forward(member, passAt(member, address, bytes), x, transposed === 1);
  },
  backward(member, address = 0, bytes = 0, xT = 0, rate = 0) {
    backward(member, passAt(member, address, bytes), xT, rate);
  },
  peak(member, turns = 0) {
    member.kernels.peak(turns, 0.5, 1);
    member.meet();
  },
  // Each member has matrices of its own, one after the other's.
  gemm(member, address = 0, side = 0) {
    const bytes = side * side * 4;
    const a = address + member.me * 3 * bytes;
    member.kernels.multiply(a, a + bytes, a + 2 * bytes, side, side * 32, side / 8, 0, side / 8);
    member.meet();
  },
  read(member, address = 0, bytes = 0) {
    const mine = part(member, bytes);
    member.kernels.read(address + mine.from, mine.bytes);
    member.meet();
  },
  copy(member, to = 0, from = 0, bytes = 0) {
    const mine = part(member, bytes);
    member.kernels.copy(to + mine.from, from + mine.from, mine.bytes);
    member.meet();
  },
  triad(member, a = 0, b = 0, c = 0, bytes = 0) {
    const mine = part(member, bytes);
    member.kernels.triad(a + mine.from, b + mine.from, c + mine.from, mine.bytes, 0.5);
    member.meet();
  },
  ...javascript,
};

const NAMES = Object.keys(PROGRAMS);

/** @param {string} name */
export const kindOf = (name) => NAMES.indexOf(name);

/**
 * @param {number} kind
 * @returns {Program}
 */
export function programOf(kind) {
  const program = PROGRAMS[NAMES[kind] ?? ''];
  if (!program) throw new TypeError(`no program ${kind}`);
  return (member, words) => program(member, ...words);
}
