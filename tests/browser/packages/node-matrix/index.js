/** @typedef {{[row: number]: number[], numRows: number, numCols: number, dimensions: [number, number]}} Matrix */

/**
 * @param {ArrayLike<number>[]} rows
 * @returns {Matrix}
 */
function matrix(rows) {
  const [numRows, numCols] = [rows.length, rows[0]?.length ?? 0];
  return { ...rows.map((row) => Array.from(row)), numRows, numCols, dimensions: [numRows, numCols] };
}

/**
 * @param {any} of
 * @returns {number[][]}
 */
matrix.rows = (of) => Array.from({ length: of.numRows }, (_, i) => of[i]);

module.exports = matrix;
