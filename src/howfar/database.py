"""The file that outcomes are kept in: SQLite through SQLAlchemy Core. Any SQL tool reads it.

Write-ahead log with synchronous FULL: a run that is killed at any moment, by power loss even, loses nothing that was
appended.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import sqlalchemy as sql
from sqlalchemy import Column, Integer, MetaData, Table, Text

from howfar.errors import UserError
from howfar.records import SCHEMA

# "howf" in ASCII: tells a store of ours from any other SQLite file.
APPLICATION_ID = 0x686F7766
OTHER = "give another folder with --out"
OURS = "give the folder that `howfar run` wrote, such as results/quick"

METADATA = MetaData()
RUNS = Table("runs", METADATA, Column("id", Integer, primary_key=True), Column("run", Text, nullable=False))
ENVIRONMENTS = Table(
    "environments",
    METADATA,
    Column("fingerprint", Text, primary_key=True),
    Column("facts", Text, nullable=False),
)
# The columns beside `outcome` (the whole record as JSON) are copies out of it, for people who ask in SQL.
OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("task_id", Text, nullable=False, index=True),
    Column("environment", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("framework", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("threads", Integer),
    Column("model", Text, nullable=False),
    Column("workload", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)


@contextlib.contextmanager
def opened(file: Path, *, new: bool) -> Iterator[sql.Engine]:
    """The file, made where there is none and it may be `new`.

    Raises: UserError where it is not one of ours, or broken.
    """
    engine = sql.create_engine(f"sqlite:///{file}")
    sql.event.listen(engine, "connect", _configure)
    try:
        with _explained(file):
            _check_or_create(engine, file, new)
        with _explained(file):
            yield engine
    finally:
        engine.dispose()


def _configure(connection: object, _: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection, which SQLAlchemy leaves untyped
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


@contextlib.contextmanager
def _explained(file: Path) -> Iterator[None]:
    """What SQLite or the decoder says of a broken store, in one line."""
    try:
        yield
    except msgspec.MsgspecError as error:
        mend = "it may be of a newer howfar: use that one; otherwise restore a copy"
        raise UserError(f"can't be used ({error})", where=str(file), mend=mend) from None
    except sql.exc.DatabaseError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        mend = OURS if "is not a database" in reason else "free the disk if it is full; otherwise restore a copy"
        raise UserError(f"can't be used ({reason})", where=str(file), mend=mend) from None


def _check_or_create(engine: sql.Engine, file: Path, new: bool) -> None:
    with engine.begin() as connection:
        application = connection.execute(sql.text("PRAGMA application_id")).scalar()
        schema = connection.execute(sql.text("PRAGMA user_version")).scalar()
        tables = connection.execute(sql.text("SELECT count(*) FROM sqlite_master")).scalar()
        if new and not (application or tables):
            connection.execute(sql.text("PRAGMA journal_mode = WAL"))  # stays so in the file
            # All or nothing: the driver by itself would make one thing after the other, and be killed in between.
            connection.execute(sql.text("BEGIN IMMEDIATE"))
            connection.execute(sql.text(f"PRAGMA application_id = {APPLICATION_ID}"))
            connection.execute(sql.text(f"PRAGMA user_version = {SCHEMA}"))
            METADATA.create_all(connection)
        elif application != APPLICATION_ID:
            raise UserError("not a store of howfar", where=str(file), mend=OTHER if new else OURS)
        elif schema != SCHEMA:
            mend = f"use the howfar that wrote it, or {OTHER}"
            raise UserError(f"its schema is {schema}, this howfar reads {SCHEMA}", where=str(file), mend=mend)
