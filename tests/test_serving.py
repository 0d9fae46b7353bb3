"""`howfar serve`: a person's wish, given as a URL."""

import json
from collections.abc import Iterator

import msgspec
import pytest

from howfar import frameworks, serving, vendor
from howfar.handed import Assignment, DataShape
from knocking import Answer, ask, embedded


@pytest.fixture(scope="module")
def wished() -> Iterator[str]:
    """The address of `howfar serve`, with all framework files there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vendor, "fetch", lambda *_: {})
        with serving.serve(frameworks.registry(), port=0, mnist=None) as address:
            yield address


def wish(address: str, query: str, **headers: str) -> Answer:
    port = int(address.rpartition(":")[2])
    return ask(port, f"/run/?{query}", body=None, **headers)


GOOD = "framework=tfjs&backend=webgl&model=mlp&depth=4&width=128&workload=training"


def test_a_person_gets_what_the_url_asks_for(wished: str) -> None:
    answer = wish(wished, GOOD)
    given = msgspec.json.decode(embedded(answer.body), type=Assignment)
    cell = given.task.cell
    assert (str(cell.target), str(cell.model), cell.workload) == ("tfjs@4.22.0 webgl", "mlp(4,128)", "training")
    assert given.data == DataShape(512, 784, 10)


def test_what_a_person_leaves_out_is_chosen(wished: str) -> None:
    cell = json.loads(embedded(wish(wished, "framework=convnetjs").body))["task"]["cell"]
    assert cell["target"]["backend"] == "cpu"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("", "framework"),
        ("framework=keras", "known: tfjs"),
        ("framework=tfjs@latest", "tfjs@4.22.0"),
        ("framework=tfjs&backend=gpu", "webgpu"),
        ("framework=tfjs&depth=0", ">= 1"),
        ("framework=tfjs&depth=many", "int"),
        ("framework=convnetjs&model=rnn", "models mlp, cnn"),
        ("framework=tfjs&model=cnn&depth=3", "no room for a convolution"),
        ("framework=tfjs&model=spin", "mlp"),
        ("framework=tfjs&workload=dreaming", "dreaming"),
        ("framework=tfjs&colour=blue", "colour"),
        ("framework=numpy", "native"),
        ("framework=%0a%3Cscript%3Ealert(1)%3C/script%3E", "no framework"),
    ],
)
def test_a_bad_wish_is_answered_in_one_line(wished: str, query: str, word: str) -> None:
    answer = wish(wished, query)
    assert answer.status == 400
    assert word in answer.body.decode()
    assert b"\n" not in answer.body
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
def test_another_page_can_not_wish(wished: str, site: str) -> None:
    assert wish(wished, GOOD, sec_fetch_site=site).status == 404
    assert wish(wished, GOOD, sec_fetch_site="none").status == 200
