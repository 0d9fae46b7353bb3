"""The command that says which target to take for a network that nobody measured."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from howfar.commands.options import Network, console, network, stored


def advise(
    results: Annotated[Path, typer.Argument(help="A results folder of many sizes, such as results/gap.")],
    model: Network,
    workload: Annotated[
        Literal["training", "inference", "batch_inference"], typer.Option(help="What is to be done with it.")
    ] = "inference",
    batch: Annotated[
        int | None, typer.Option(min=1, help="The batch that was measured, where there are several.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Which target to take for a network of any size between those that were measured, and what it will take there."""
    from howfar import advising, costs
    from howfar.data import text
    from howfar.report import advice, machine
    from howfar.wholes import pooled

    asked, held = network(model), pooled(stored(results))
    # A text of the user's own may have had more characters or fewer: the share of the first layer is a little off then,
    # for all sizes alike.
    vocabulary = text.load(None, held.run.study.seed).classes if asked.reads_text else 0
    found = advising.advise(held, asked, workload, lambda one: costs.multiply_adds(one, vocabulary), batch)
    if as_json:
        print(json.dumps(advice.as_json(found, machine.machine(held)), indent=2))
    else:
        advice.show(console, found, machine.machine(held))
