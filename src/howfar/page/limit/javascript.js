// What plain JavaScript can: the best known form of each, without WebAssembly. Numbers are doubles in registers and
// float32 in memory; to round on the way (Math.fround) costs V8 a factor of 2 to 4.

/** @typedef {import('./team.js').Member} Member */

/** @typedef {any} Floats a Float32Array of which every index that is used is there */
/** @typedef {{a: Floats, b: Floats, c: Floats}} Matrices side x side each; a multiple of 4 */

/** Operations of eight chains in a turn of `peak`. */
const UNROLLED = 4;
export const JAVASCRIPT_PEAK_FLOPS = 8 * UNROLLED * 2;

/** This thread's own: arrays over a memory that is shared are slower. @type {Matrices | undefined} */
let matrices;
/** @type {Floats[]} */
let arrays = [];
/** What was computed and nobody asked for: without it an engine may leave the work out. */
export let sink = 0;

/**
 * Eight chains that depend on nothing but themselves: registers only.
 * @param {number} turns
 */
function peak(turns) {
  const [slope, shift] = [0.5, 1 + (turns & 1) * 1e-9];
  let [a, b, c, d, e, f, g, h] = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let i = 0; i < turns; i++) {
    a = a * slope + shift; b = b * slope + shift; c = c * slope + shift; d = d * slope + shift;
    e = e * slope + shift; f = f * slope + shift; g = g * slope + shift; h = h * slope + shift;
    a = a * slope + shift; b = b * slope + shift; c = c * slope + shift; d = d * slope + shift;
    e = e * slope + shift; f = f * slope + shift; g = g * slope + shift; h = h * slope + shift;
    a = a * slope + shift; b = b * slope + shift; c = c * slope + shift; d = d * slope + shift;
    e = e * slope + shift; f = f * slope + shift; g = g * slope + shift; h = h * slope + shift;
    a = a * slope + shift; b = b * slope + shift; c = c * slope + shift; d = d * slope + shift;
    e = e * slope + shift; f = f * slope + shift; g = g * slope + shift; h = h * slope + shift;
  }
  sink += a + b + c + d + e + f + g + h;
}

/**
 * C = A B in tiles of 4 x 4, which stay in registers. A and B are packed: of A four rows, of B four columns lie together.
 * @param {Matrices} matrices
 * @param {number} side
 */
export function multiply({ a, b, c }, side) {
  for (let row = 0; row < side; row += 4) {
    for (let column = 0; column < side; column += 4) tile(a, b, c, side, row, column);
  }
}

/**
 * @param {Floats} a
 * @param {Floats} b
 * @param {Floats} c
 * @param {number} side
 * @param {number} row
 * @param {number} column
 */
function tile(a, b, c, side, row, column) {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0, c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  const end = (row + 4) * side;
  for (let p = row * side, q = column * side; p < end; p += 4, q += 4) {
    const b0 = b[q], b1 = b[q + 1], b2 = b[q + 2], b3 = b[q + 3];
    const a0 = a[p];
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3;
    const a1 = a[p + 1];
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3;
    const a2 = a[p + 2];
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3;
    const a3 = a[p + 3];
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3;
  }
  const at = row * side + column;
  c[at] = c00; c[at + 1] = c01; c[at + 2] = c02; c[at + 3] = c03;
  c[at + side] = c10; c[at + side + 1] = c11; c[at + side + 2] = c12; c[at + side + 3] = c13;
  c[at + 2 * side] = c20; c[at + 2 * side + 1] = c21; c[at + 2 * side + 2] = c22; c[at + 2 * side + 3] = c23;
  c[at + 3 * side] = c30; c[at + 3 * side + 1] = c31; c[at + 3 * side + 2] = c32; c[at + 3 * side + 3] = c33;
}

/** @param {Floats} array */
function sum(array) {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (let i = 0; i < array.length; i += 4) {
    s0 += array[i]; s1 += array[i + 1]; s2 += array[i + 2]; s3 += array[i + 3];
  }
  return s0 + s1 + s2 + s3;
}

/**
 * a = b + scale c
 * @param {Floats} a
 * @param {Floats} b
 * @param {Floats} c
 * @param {number} scale
 */
function triad(a, b, c, scale) {
  for (let i = 0; i < a.length; i++) a[i] = b[i] + scale * c[i];
}

/**
 * Matrices of whole numbers, whose product has no rounding in it, however it is summed.
 * @param {number} side
 * @param {(row: number, column: number) => number} placeA where a number of A lies
 * @param {(row: number, column: number) => number} placeB
 * @param {Floats} a
 * @param {Floats} b
 */
export function fillMatrices(side, placeA, placeB, a, b) {
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      a[placeA(row, column)] = numberOfA(row, column);
      b[placeB(row, column)] = numberOfB(row, column);
    }
  }
}

/** @type {(row: number, column: number) => number} */
const numberOfA = (row, column) => ((row * 7 + column * 3) % 11) - 5;
/** @type {(row: number, column: number) => number} */
const numberOfB = (row, column) => ((row * 5 + column * 2) % 13) - 6;

/**
 * The largest difference of a product from the one by its definition, over a row and a column of it.
 * @param {number} side
 * @param {(row: number, column: number) => number} found
 */
export function productError(side, found) {
  let worst = 0;
  for (let i = 0; i < side; i++) {
    for (const [row, column] of /** @type {[number, number][]} */ ([[i, (i * 3) % side], [side - 1, i]])) {
      let wanted = 0;
      for (let k = 0; k < side; k++) wanted += numberOfA(row, k) * numberOfB(k, column);
      worst = Math.max(worst, Math.abs(wanted - found(row, column)));
    }
  }
  return worst;
}

/**
 * @param {number} side
 * @returns {Matrices} this thread's
 */
export function matricesOf(side) {
  if (matrices?.a.length === side * side) return matrices;
  matrices = { a: new Float32Array(side * side), b: new Float32Array(side * side), c: new Float32Array(side * side) };
  const placeA = (/** @type {number} */ row, /** @type {number} */ column) => (row - (row % 4)) * side + column * 4 + (row % 4);
  fillMatrices(side, placeA, (row, column) => placeA(column, row), matrices.a, matrices.b);
  return matrices;
}

/**
 * @param {number} bytes
 * @returns {Floats[]} three arrays of this thread's, of numbers that are there: memory never written is read from
 *   one page of zeros
 */
function arraysOf(bytes) {
  if (arrays[0]?.byteLength !== bytes) arrays = [1, 2, 3].map((value) => new Float32Array(bytes / 4).fill(value));
  return arrays;
}

/** @type {(bytes: number, member: Member) => number} what of so many bytes each member takes */
export const partOf = (bytes, { count }) => Math.floor(bytes / count / 64) * 64;

/** The programs of a team, each member on arrays of its own. @type {Record<string, (member: Member, ...words: number[]) => void>} */
export const javascript = {
  js_peak({ meet }, turns = 0) {
    peak(turns);
    meet();
  },
  js_gemm({ meet }, side = 0) {
    multiply(matricesOf(side), side);
    meet();
  },
  js_read(member, bytes = 0) {
    sink += sum(arraysOf(partOf(bytes, member))[0]);
    member.meet();
  },
  js_copy(member, bytes = 0) {
    const [a, b] = arraysOf(partOf(bytes, member));
    a.set(b);
    member.meet();
  },
  js_triad(member, bytes = 0) {
    const [a, b, c] = arraysOf(partOf(bytes, member));
    triad(a, b, c, 0.5);
    member.meet();
  },
};
