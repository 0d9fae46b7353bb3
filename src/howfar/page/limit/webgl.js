// The ceilings of WebGL 2: arithmetic in a fragment shader, and a product whose fragments each compute 8 x 4 numbers.

import { Failure } from '../protocol.js';
import { fillMatrices, productError } from './javascript.js';

/** @typedef {WebGL2RenderingContext} GL */

/** A GPU in name only is a processor; what fills a GPU would take it seconds. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;
const SIDES = { software: 256, hardware: 2048 };
/** Of `peak`: the side of the image, and the turns of the loop, in which four vectors go eight times each. */
const PEAK = { software: { side: 256, turns: 20 }, hardware: { side: 1024, turns: 200 } };
const PEAK_FLOPS = 4 * 8 * 4 * 2;
/** The rows that a fragment computes: as many as there are colour attachments anywhere. */
const ROWS = 8;

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2((gl_VertexID << 1) & 2, gl_VertexID & 2) * 2.0 - 1.0, 0.0, 1.0); }`;

const peakSource = `#version 300 es
precision highp float;
uniform int turns;
uniform float slope;
out vec4 color;
void main() {
  vec4 a = gl_FragCoord, b = a.yzwx, c = a.zwxy, d = a.wxyz;
  for (int i = 0; i < turns; i++) {
    ${'a = a * slope + 1.0; b = b * slope + 1.0; c = c * slope + 1.0; d = d * slope + 1.0;\n    '.repeat(8)}
  }
  color = a + b + c + d;
}`;

const rows = Array.from({ length: ROWS }, (_, i) => i);
const gemmSource = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D a;
uniform sampler2D b;
uniform int panels;
${rows.map((i) => `layout(location = ${i}) out vec4 c${i};`).join('\n')}
void main() {
  int column = int(gl_FragCoord.x), row = int(gl_FragCoord.y) * ${ROWS};
  vec4 ${rows.map((i) => `s${i} = vec4(0.0)`).join(', ')};
  for (int k = 0; k < panels; k++) {
    vec4 b0 = texelFetch(b, ivec2(column, 4 * k), 0), b1 = texelFetch(b, ivec2(column, 4 * k + 1), 0);
    vec4 b2 = texelFetch(b, ivec2(column, 4 * k + 2), 0), b3 = texelFetch(b, ivec2(column, 4 * k + 3), 0);
    vec4 x;
    ${rows.map((i) => `x = texelFetch(a, ivec2(k, row + ${i}), 0); s${i} += x.x * b0 + x.y * b1 + x.z * b2 + x.w * b3;`).join('\n    ')}
  }
  ${rows.map((i) => `c${i} = s${i};`).join(' ')}
}`;

export async function webgl() {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) throw new Failure('unsupported', 'this browser gives no WebGL 2 context');
  if (!gl.getExtension('EXT_color_buffer_float')) throw new Failure('unsupported', 'this WebGL renders no float32');
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const size = SOFTWARE.test(String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER))) ? 'software' : 'hardware';
  return {
    facts: { kernel: 'fragment shader, 8 attachments of 4 numbers' },
    take: () => ceilings(gl, size),
    sync: async () => wait(gl),
    dispose: () => gl.getExtension('WEBGL_lose_context')?.loseContext(),
  };
}

/**
 * @param {GL} gl
 * @param {'software' | 'hardware'} size
 * @returns {import('../frameworks/adapter.js').Ceilings}
 */
function ceilings(gl, size) {
  const side = SIDES[size];
  const { side: peakSide, turns } = PEAK[size];
  const { draw, error } = gemm(gl, side);
  return {
    operations: { peak: peak(gl, peakSide, turns), gemm: draw },
    work: { side, gemm_flop: 2 * side ** 3, peak_flop: peakSide ** 2 * turns * PEAK_FLOPS },
    drained: true,
    error,
  };
}

/**
 * Only reading waits: `finish` comes back at once.
 * @param {GL} gl with the framebuffer bound that was drawn to last
 */
function wait(gl) {
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, new Float32Array(4));
}

/**
 * @param {GL} gl
 * @param {string} source of the fragment shader
 */
function program(gl, source) {
  const made = gl.createProgram();
  for (const [type, text] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, source]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(`WebGL: ${gl.getProgramInfoLog(made) || 'the shader does not compile'}`);
  return made;
}

/**
 * @param {GL} gl
 * @param {number} width
 * @param {number} height
 * @param {Float32Array | null} [values]
 */
function texture(gl, width, height, values = null) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, values);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return made;
}

/**
 * @param {GL} gl
 * @param {number} width
 * @param {number} height
 * @param {number} attachments
 */
function target(gl, width, height, attachments) {
  const framebuffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  const places = Array.from({ length: attachments }, (_, i) => gl.COLOR_ATTACHMENT0 + i);
  places.forEach((place) => gl.framebufferTexture2D(gl.FRAMEBUFFER, place, gl.TEXTURE_2D, texture(gl, width, height), 0));
  gl.drawBuffers(places);
  return framebuffer;
}

/**
 * @param {GL} gl
 * @param {number} side
 * @param {number} turns
 */
function peak(gl, side, turns) {
  const shader = program(gl, peakSource);
  const framebuffer = target(gl, side, side, 1);
  const [turnsAt, slopeAt] = ['turns', 'slope'].map((name) => gl.getUniformLocation(shader, name));
  return () => {
    gl.useProgram(shader);
    gl.uniform1i(turnsAt ?? null, turns);
    gl.uniform1f(slopeAt ?? null, 0.5);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.viewport(0, 0, side, side);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };
}

/**
 * @param {GL} gl
 * @param {number} side
 */
function gemm(gl, side) {
  const shader = program(gl, gemmSource);
  const inRows = (/** @type {number} */ row, /** @type {number} */ column) => row * side + column;
  const [a, b] = [new Float32Array(side * side), new Float32Array(side * side)];
  fillMatrices(side, inRows, inRows, a, b);
  const operands = [texture(gl, side / 4, side, a), texture(gl, side / 4, side, b)];
  const framebuffer = target(gl, side / 4, side / ROWS, ROWS);
  const [aAt, bAt, panelsAt] = ['a', 'b', 'panels'].map((name) => gl.getUniformLocation(shader, name));
  const draw = () => {
    gl.useProgram(shader);
    operands.forEach((operand, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, operand);
    });
    gl.uniform1i(aAt ?? null, 0);
    gl.uniform1i(bAt ?? null, 1);
    gl.uniform1i(panelsAt ?? null, side / 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.viewport(0, 0, side / 4, side / ROWS);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };
  return { draw, error: () => productError(side, productOf(gl, side)) };
}

/**
 * @param {GL} gl with the product's framebuffer bound
 * @param {number} side
 * @returns {(row: number, column: number) => number}
 */
function productOf(gl, side) {
  const parts = rows.map((row) => {
    const values = new Float32Array((side / ROWS) * side);
    gl.readBuffer(gl.COLOR_ATTACHMENT0 + row);
    gl.readPixels(0, 0, side / 4, side / ROWS, gl.RGBA, gl.FLOAT, values);
    return values;
  });
  gl.readBuffer(gl.COLOR_ATTACHMENT0);
  return (row, column) => parts[row % ROWS]?.[Math.floor(row / ROWS) * side + column] ?? NaN;
}
