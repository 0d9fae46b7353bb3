"""docs/adding.md is true: its two steps, taken as they stand there, add a framework that is measured and right."""

import json
import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from howfar import folders, frameworks, plan
from howfar.frameworks import Framework
from howfar.records import Cell, Model, Target, Workload
from howfar.runner import Options, Workshop
from howfar.study import Study

GUIDE = Path(str(files("howfar"))).parents[1] / "docs" / "adding.md"

# The library that the guide speaks of: 40 lines of our own, in the place of an npm package.
LIBRARY = """
const softmax = (z) => { const e = z.map((v) => Math.exp(v - Math.max(...z))); const s = e.reduce((a, b) => a + b); return e.map((v) => v / s); };
globalThis.tiny = { Network: class {
  constructor(rate) { this.rate = rate; this.layers = []; }
  add(weights, biases, activation) { this.layers.push({ w: Float64Array.from(weights), b: Float64Array.from(biases), activation }); }
  all(input) {
    const seen = [Array.from(input)];
    for (const { w, b, activation } of this.layers) {
      const x = seen.at(-1);
      const z = Array.from(b, (v, j) => x.reduce((sum, xi, i) => sum + xi * w[i * b.length + j], v));
      seen.push(activation === 'relu' ? z.map((v) => Math.max(v, 0)) : softmax(z));
    }
    return seen;
  }
  run(input) { return this.all(input).at(-1); }
  train(batch) {
    const steps = this.layers.map(({ w, b }) => ({ w: new Float64Array(w.length), b: new Float64Array(b.length) }));
    let loss = 0;
    for (const { input, label } of batch) {
      const seen = this.all(input);
      loss -= Math.log(seen.at(-1)[label]);
      let delta = seen.at(-1).map((y, j) => y - (j === label));
      for (let l = this.layers.length - 1; l >= 0; l--) {
        const { w } = this.layers[l];
        seen[l].forEach((x, i) => delta.forEach((d, j) => { steps[l].w[i * delta.length + j] += x * d; }));
        delta.forEach((d, j) => { steps[l].b[j] += d; });
        delta = seen[l].map((x, i) => (x > 0 ? delta.reduce((sum, d, j) => sum + d * w[i * delta.length + j], 0) : 0));
      }
    }
    const scale = this.rate / batch.length;
    this.layers.forEach(({ w, b }, l) => {
      steps[l].w.forEach((d, i) => { w[i] -= scale * d; });
      steps[l].b.forEach((d, j) => { b[j] -= scale * d; });
    });
    return loss / batch.length;
  }
} };
"""  # noqa: E501 - it stands for a library that somebody else wrote


def block(language: str) -> str:
    """The guide's code block in that language; there must be one and no other."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return str(code)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The adapter of the guide, and the package."""
    folder = tmp_path_factory.mktemp("adding")
    (folder / "adapters").mkdir()
    (folder / "adapters" / "tiny.js").write_text(block("js"))
    (folder / "dist").mkdir()
    (folder / "dist" / "tiny.js").write_text(LIBRARY)
    (folder / "package.json").write_text(json.dumps({"name": "tiny", "version": "1.0.0", "license": "MIT"}))
    return folder


@pytest.mark.parametrize("workload", ["inference", "training", "features"])
def test_a_framework_is_added_by_the_steps_of_the_guide(
    own: Path, workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOWFAR_CACHE", str(own / "cache"))
    table = msgspec.toml.decode(block("toml"), type=dict[str, Framework])["tiny"]
    # Outside the page folder, where a test must not write, the adapter is served from a folder of its own.
    here = structs.replace(table, adapter_url="/adapters/tiny.js")
    known = folders.with_folders({**frameworks.registry(), "tiny": here}, [f"tiny={own}"])
    version = frameworks.resolve_version("tiny", known["tiny"], "")
    cell = Cell(Target("tiny", version, "cpu", "chromium"), Model("mlp", 2, 8), workload)
    study = Study("adding", "", (), (), (), metrics="primary")
    with Workshop(study, known, Options(adapters=own / "adapters")) as shop, shop.block() as opened:
        task = plan.task_of(study, cell, shop.data.names, 0)
        outcome = shop.visitor.measure(opened.host("chromium"), task, "test")
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.check is not None and outcome.check.max_abs_error is not None
    assert outcome.check.max_abs_error < 1e-9
    if workload == "features":
        assert outcome.facts["trains"] is True and outcome.facts["licence"] == "MIT"
