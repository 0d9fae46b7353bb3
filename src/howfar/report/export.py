"""Tables for other programs: flat rows as JSON, CSV or Parquet."""

from io import BytesIO
from typing import Literal

import polars as pl

from howfar.experiments import table
from howfar.outcomes import Results

Format = Literal["json", "csv", "parquet"]


def rows(results: Results, experiment: str) -> pl.DataFrame:
    """The table of one experiment, every environment's rows, in the layout of `howfar.tables.SCHEMA`.

    Raises UserError if there is no such experiment.
    """
    return table(experiment, results)


def encode(frame: pl.DataFrame, to: Format) -> bytes:
    """The frame as a file's content: a JSON array of objects, CSV with a header, or Parquet."""
    buffer = BytesIO()
    if to == "json":
        frame.write_json(buffer)
    elif to == "csv":
        frame.write_csv(buffer)
    else:
        frame.write_parquet(buffer)
    return buffer.getvalue()
