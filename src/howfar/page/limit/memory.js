// The one WebAssembly memory that kernels and threads work in: its layout, and room in it.

import { Failure } from '../protocol.js';

const PAGE_BYTES = 65536;
/** What the kernels' text says of a shared memory (kernels/__init__.py). */
const MAX_PAGES = 16384;
/** Below: 32 bytes of zeros, which the kernels start sums from, and what the threads agree by (team.js). */
const FIRST_FREE = 4096;

/** @param {boolean} shared by threads; only an isolated page has such */
export const createMemory = (shared) =>
  new WebAssembly.Memory(shared ? { initial: 1, maximum: MAX_PAGES, shared } : { initial: 1 });

/** Gives room that is all zeros, and never takes it back. */
export class Heap {
  #end = FIRST_FREE;
  #floats;

  /** @param {WebAssembly.Memory} memory */
  constructor(memory) {
    this.memory = memory;
    this.#floats = new Float32Array(memory.buffer);
  }

  /** @returns {Float32Array} all of the memory; a view from before more room was given may be dead */
  get floats() {
    if (this.#floats.buffer !== this.memory.buffer) this.#floats = new Float32Array(this.memory.buffer);
    return this.#floats;
  }

  /**
   * @param {number} bytes
   * @returns {number} an address, at the start of a cache line
   */
  allocate(bytes) {
    const address = this.#end;
    this.#end += Math.ceil(bytes / 64) * 64;
    const missing = Math.ceil((this.#end - this.memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.#grow(missing);
    return address;
  }

  /** @param {number} pages */
  #grow(pages) {
    try {
      this.memory.grow(pages);
    } catch (error) {
      throw new Failure('out_of_memory', `${Math.round(this.#end / 2 ** 20)} MB of WebAssembly memory: ${error}`);
    }
  }

  /**
   * @param {object} value
   * @returns {[number, number]} the address and the bytes of its JSON: how one thread tells another what lies where
   */
  write(value) {
    const text = new TextEncoder().encode(JSON.stringify(value));
    const address = this.allocate(text.length);
    new Uint8Array(this.memory.buffer, address, text.length).set(text);
    return [address, text.length];
  }
}

/**
 * @param {WebAssembly.Memory} memory
 * @param {number} address
 * @param {number} bytes
 * @returns {any} what `Heap.write` wrote there
 */
export function read(memory, address, bytes) {
  const copy = new Uint8Array(memory.buffer, address, bytes).slice(); // a decoder takes no shared memory
  return JSON.parse(new TextDecoder().decode(copy));
}
