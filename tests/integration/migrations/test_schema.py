"""The door to the schema: what it refuses, in which words, and that two may come at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from bot import schema
from bot.database import Database, DatabaseUnreachable
from bot.errors import BadInput, Misconfigured
from tests import factories
from tests.integration.migrations.conftest import count_rows

ROOT = Path(__file__).parents[3]
HEAD = "SELECT version_num FROM alembic_version"


def test_nothing_there_is_said(bare: Database, bare_url: str) -> None:
    assert schema.current(bare) is None
    with pytest.raises(schema.SchemaMissing, match="shiftline migrate"):
        schema.check(bare)
    assert not bare.on_sqlite or not schema._file(bare_url).parent.exists()  # asking makes nothing


def test_a_migrated_database_passes(database: Database) -> None:
    schema.check(database)
    assert schema.current(database) == newest(database)


def test_an_older_one_is_sent_to_migrate(bare: Database, bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.upgrade(bare_url)
    monkeypatch.setattr("alembic.script.ScriptDirectory.get_current_head", lambda _: "9999")
    with pytest.raises(schema.SchemaOlder, match="shiftline migrate"):
        schema.check(bare)


def test_a_newer_one_is_refused_and_left_alone(bare: Database, bare_url: str) -> None:
    schema.upgrade(bare_url)
    with bare.service_session() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = 'f00d'"))
    for refused in (
        lambda: schema.check(bare),
        lambda: schema.upgrade(bare_url),
        lambda: schema.downgrade(bare_url, "base"),
    ):
        with pytest.raises(schema.SchemaNewer) as caught:
            refused()
        assert caught.value.code == "schema_newer"
        assert caught.value.words == (
            "This database was made by a newer Shiftline (revision f00d): "
            "update Shiftline, or restore a backup made before."
        )
    with bare.reading(None) as session:
        assert session.scalar(sa.text(HEAD)) == "f00d"
        assert sa.inspect(session.connection()).has_table("workers")


def test_a_revision_that_never_was(bare_url: str) -> None:
    schema.upgrade(bare_url)
    with pytest.raises(BadInput, match="nonsense"):
        schema.downgrade(bare_url, "nonsense")


def test_a_migration_that_fails_leaves_nothing(bare: Database, bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_refuse_broken_keys", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        schema.upgrade(bare_url)
    with bare.reading(None) as session:
        assert sa.inspect(session.connection()).get_table_names() == []


def test_a_migration_must_not_leave_a_row_pointing_to_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'shiftline.db'}"
    schema.upgrade(url)
    broken = "INSERT INTO tags (id, organization_id, name) VALUES ('1', '2', 'x')"
    monkeypatch.setattr(
        "alembic.command.upgrade", lambda config, _: config.attributes["connection"].exec_driver_sql(broken)
    )
    with pytest.raises(schema.FileUnusable, match="row of tags would point to nothing in organizations"):
        schema.upgrade(url)
    database = Database(url)
    with database.reading(None) as session:
        assert session.scalar(sa.text("SELECT count(*) FROM tags")) == 0
    database.dispose()


def test_a_table_made_anew_takes_nothing_with_it(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch drops the old table, which with keys on would delete, by cascade, whatever points to it."""
    with sqlite_database.service_session() as session:
        factories.everything(session, factories.organization(session))
    before = count_rows(sqlite_database)

    def anew(config: Config, _revision: str) -> None:
        operations = Operations(MigrationContext.configure(config.attributes["connection"]))
        with operations.batch_alter_table("workers", recreate="always") as batch:
            batch.add_column(sa.Column("shift", sa.Text()))

    monkeypatch.setattr("alembic.command.upgrade", anew)
    schema.upgrade(sqlite_database.url)
    assert "shift" in {column["name"] for column in sa.inspect(sqlite_database.engine).get_columns("workers")}
    assert count_rows(sqlite_database) == before


def test_two_at_once_make_one_schema_in_silence(bare: Database, bare_url: str, tmp_path: Path) -> None:
    program = "import sys; from bot import schema; schema.upgrade(sys.argv[1])"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, bare_url],
            cwd=tmp_path,  # any folder will do
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in running]
    assert [(process.returncode, *words) for process, words in zip(running, said, strict=True)] == [(0, "", "")] * 2
    schema.check(bare)


@pytest.mark.postgresql
def test_who_comes_second_waits_on_postgresql(postgresql_database: Database) -> None:
    url = sa.make_url(postgresql_database.url).update_query_dict({"options": "-c lock_timeout=100ms"})
    with postgresql_database.engine.begin() as first:
        first.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": schema.LOCK})
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            schema.upgrade(url.render_as_string(hide_password=False))


def test_an_unreachable_server_is_said_plainly() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnreachable):
        schema.check(database)
    with pytest.raises(DatabaseUnreachable):
        schema.upgrade(database.url)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a_file/below/it.db", "can't be made"),
        ("a_folder", "can't be opened"),
        ("a_file", "isn't an SQLite database"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "a_file").write_text("something else entirely, and long enough to be looked at " * 20)
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(Misconfigured) as caught:
        schema.upgrade(f"sqlite:///{tmp_path / name}")
    assert words in caught.value.words
    assert str((tmp_path / name).parent) in caught.value.words
    assert "SHIFTLINE_DATA" in caught.value.words


def newest(database: Database) -> str | None:
    with database.reading(None) as session:
        return session.scalar(sa.text(HEAD))
