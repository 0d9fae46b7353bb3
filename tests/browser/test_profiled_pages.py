"""Call stacks in a real browser: the depths that the paper printed, and profiling that changes nothing but time."""

import pytest

from howfar.observed import Stacks
from howfar.outcomes import Outcome
from howfar.records import Model
from howfar.stacks import depths, seconds
from real import Measure

pytestmark = pytest.mark.alone

MODEL = Model("mlp", 1, 64)


def profiled(measure: Measure, framework: str, backend: str = "cpu", *, version: str = "", switch: str = "") -> Stacks:
    outcome = measure(framework, backend, MODEL, "training", version=version, switch=switch, observe="stacks")
    return seen_in(outcome)


def seen_in(outcome: Outcome) -> Stacks:
    assert outcome.status == "ok", f"{outcome.message}\n{outcome.detail}"
    assert outcome.stacks is not None and outcome.stacks.unavailable == ""
    assert {one.metric for one in outcome.series if one.stage == "timed"} == {"latency"}
    assert seconds(outcome.stacks.depth_us) > 0.05
    assert sum(one.self_us for one in outcome.stacks.nodes) == sum(outcome.stacks.depth_us)
    return outcome.stacks


def test_convnetjs_is_three_functions_deep_as_in_the_paper(measure: Measure) -> None:
    stacks = profiled(measure, "convnetjs")
    found = depths([stacks.depth_us])
    assert found["stack_depth_median"] == 3
    assert 2.5 < found["stack_depth_mean"] < 3.5
    entry = [one for one in stacks.nodes if one.depth == 1]
    assert entry and all(one.file == "convnetjs/0.3.0/build/convnet-min.js" for one in entry)


def test_tensorflow_js_is_an_order_deeper_as_in_the_paper(measure: Measure) -> None:
    stacks = profiled(measure, "tfjs")
    assert 45 <= depths([stacks.depth_us])["stack_depth_p999"] <= 51  # 48 in the paper
    assert {one.file for one in stacks.nodes} == {"", "@tensorflow/tfjs/4.22.0/dist/tf.min.js"}


def test_another_build_has_another_stack_and_the_same_numbers(measure: Measure) -> None:
    outcome = measure("tfjs", "cpu", MODEL, "training", switch="build=es2017", observe="stacks")
    stacks = seen_in(outcome)
    assert {one.file for one in stacks.nodes} == {"", "@tensorflow/tfjs/4.22.0/dist/tf.es2017.min.js"}
    # Functions keep their names there: what ES5 makes a state machine of is one function.
    assert {"trainOnBatch", "trainFunction"} & {one.function for one in stacks.nodes}
    assert (
        depths([stacks.depth_us])["stack_depth_mean"] < depths([profiled(measure, "tfjs").depth_us])["stack_depth_mean"]
    )


def test_a_version_without_that_build_is_unsupported(measure: Measure) -> None:
    outcome = measure("tfjs", "cpu", MODEL, "training", version="0.13.0", switch="build=es2017")
    assert (outcome.status, outcome.message) == ("unsupported", "tfjs has no build=es2017 before 2.0.0")


def test_a_script_that_the_framework_wrote_at_run_time_is_on_its_stack(measure: Measure) -> None:
    outcome = measure("synaptic", "cpu", Model("mlp", 1, 4), "training", observe="stacks")
    assert outcome.facts["generated_code"] is True
    assert 1 <= depths([seen_in(outcome).depth_us])["stack_depth_mean"] < 4


def test_a_page_that_throws_is_a_failure_as_ever(measure: Measure) -> None:
    outcome = measure("faulty", "throw", Model("spin", 1, 1000), observe="stacks")
    assert outcome.status == "page_error"
    assert outcome.stacks == Stacks(unavailable="the steady phase was not reached")
