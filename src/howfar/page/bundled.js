// CommonJS as Node.js has it, in a page: the head of every script that bundle.py makes, which goes on with what this
// function is called with. So nothing may follow it, not even a semicolon.
/** @typedef {(name: string) => any} Require */
/** @typedef {(module: {exports: any}, exports: object, require: Require) => void} Code */

((/** @type {string} */ name, /** @type {[Record<string, number>, Code][]} */ modules) => {
  /** @type {{exports: any}[]} */
  const loaded = [];
  /** @param {number} number */
  const load = (number) => {
    const before = loaded[number];
    if (before) return before.exports; // in a circle of requires: what is there so far
    const module = (loaded[number] = { exports: {} });
    modules[number]?.[1].call(module.exports, module, module.exports, requireOf(number));
    return module.exports;
  };
  /** @type {(number: number) => Require} */
  const requireOf = (number) => (wanted) => {
    const found = number === 0 && wanted === name ? 0 : modules[number]?.[0][wanted];
    if (found === undefined) throw new Error(`the bundle of ${name} has no module '${wanted}'`);
    return load(found);
  };
  load(0);
  const scope = /** @type {{bundles?: Record<string, Require>}} */ (globalThis);
  (scope.bundles ??= {})[name] = requireOf(0);
})
