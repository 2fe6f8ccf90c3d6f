"""dbt's arguments, and what is made of its results; a project that fails in each way is run in `test_gate`.

Belongs here: the pure builders, and one invocation that shows that nothing is left open or set. Does not belong
here: the models.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration import dbt_runner
from orchestration.dbt_runner import (
    CLOSE_STAGES,
    DbtResult,
    NodeResult,
    close_args,
    ingest_args,
    prepare_args,
    run_dbt,
    shared_args,
)
from orchestration.prepare import ensure_manifest
from orchestration.workspace import Workspace
from tests.small_company import write_company


def _selection(args: list[str]) -> list[str]:
    start = args.index("--select") + 1
    rest = args[start:]
    stop = next((i for i, arg in enumerate(rest) if arg.startswith("--")), len(rest))
    return rest[:stop]


def test_a_close_builds_its_stages_in_one_invocation() -> None:
    args = close_args()
    assert args[0] == "build"
    assert _selection(args) == [f"group:{stage}" for stage in CLOSE_STAGES]
    assert args[-2:] == ["--exclude-resource-type", "unit_test"]


def test_ingest_builds_landing_and_what_it_reads_but_no_check_of_other_stages() -> None:
    args = ingest_args()
    assert args[0] == "build"
    assert _selection(args) == ["+group:landing"]
    assert args[args.index("--indirect-selection") + 1] == "cautious"
    assert args[-2:] == ["--exclude-resource-type", "unit_test"]


def test_preparation_runs_views_only() -> None:
    assert prepare_args() == [
        "run",
        "--select",
        "group:staging",
        "+int_subscriptions__scheduled_periods",
        "+int_subscriptions__price_rows",
        "+int_subscriptions__waiting_one_offs",
        "+int_subscriptions__waiting_credits",
        "+int_subscriptions__top_up_dates",
        "+int_subscriptions__changed_usage",
        "+int_subscriptions__threshold_dates",
    ]


def test_nothing_is_selected_by_path_or_given_by_vars() -> None:
    for args in (close_args(), ingest_args(), prepare_args()):
        assert not any(arg.startswith("path:") or "/" in arg for arg in args)
        assert "--vars" not in args
        assert "--full-refresh" not in args


def test_builders_return_lists_of_their_own() -> None:
    close_args().append("--full-refresh")
    assert "--full-refresh" not in close_args()


def test_folders_are_absolute_and_the_target_is_the_workspace_s(tmp_path: Path) -> None:
    ws = Workspace.resolve(warehouse=tmp_path / "a")
    args = shared_args(ws)
    given = dict(itertools.pairwise(args))
    for option in ("--project-dir", "--profiles-dir", "--target-path", "--log-path"):
        assert Path(given[option]).is_absolute()
    assert given["--target-path"] == str(ws.target_path)
    assert "--no-send-anonymous-usage-stats" in args
    assert shared_args(Workspace.resolve(warehouse=tmp_path / "b")) != args


@pytest.mark.parametrize(
    ("status", "is_ok"),
    [
        ("success", True),
        ("pass", True),
        ("warn", True),
        ("fail", False),
        ("error", False),
        ("skipped", False),
        ("a word of a later version", False),
    ],
)
def test_only_known_good_words_are_ok(status: str, *, is_ok: bool) -> None:
    node = NodeResult("test.m.t", "t", "test", status, 0, None, None)
    assert node.is_ok == is_ok
    assert DbtResult(True, (node,), None).not_ok == (() if is_ok else (node,))


def test_results_are_plain_data() -> None:
    result = SimpleNamespace(
        node=SimpleNamespace(
            unique_id="test.m.chk_a",
            name="chk_a",
            resource_type=SimpleNamespace(value="test"),
            relation_name='"warehouse"."checks"."chk_a"',
        ),
        status=SimpleNamespace(value="fail"),
        failures=3,
        message="Got 3 results",
    )
    assert dbt_runner._node_result(result) == NodeResult(
        "test.m.chk_a", "chk_a", "test", "fail", 3, "Got 3 results", '"warehouse"."checks"."chk_a"'
    )


PROJECT = """\
name: meterhouse
version: "1.0"
profile: meterhouse
flags: {send_anonymous_usage_stats: false}
"""
PROFILE = """\
meterhouse:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('METERHOUSE_WAREHOUSE_FILE') }}", schema: main}
"""


class _SmallWorkspace(Workspace):
    @property
    def target_path(self) -> Path:
        return self.warehouse / "target"


@pytest.fixture
def small_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project of one model and one check, in the place of the real one."""
    folder = tmp_path / "project"
    for name, text in {
        "dbt_project.yml": PROJECT,
        "profiles.yml": PROFILE,
        "models/fct_one.sql": "select 1 as a",
        "tests/chk_one.sql": "select * from {{ ref('fct_one') }} where a = 1",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(dbt_runner, "DBT_PROJECT", folder)
    return folder


def test_a_run_reports_its_nodes_and_leaves_nothing_behind(
    small_project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    # Were these let through, dbt would rebuild what is incremental, elsewhere.
    monkeypatch.setenv("DBT_FULL_REFRESH", "1")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "nowhere"))
    ws = _SmallWorkspace.resolve(warehouse=tmp_path / "warehouse")
    before = dict(os.environ)

    result = run_dbt(ws, ["build"])

    assert dict(os.environ) == before
    assert not (tmp_path / "nowhere").exists()
    assert capfd.readouterr().out == ""
    assert result.exception is None
    assert not result.success
    assert [(node.name, node.status, node.failures) for node in result.nodes] == [
        ("fct_one", "success", None),
        ("chk_one", "fail", 1),
    ]
    assert [node.name for node in result.not_ok] == ["chk_one"]
    code = f"import duckdb; duckdb.connect({str(ws.warehouse_file)!r}).execute('select * from fct_one')"
    subprocess.run([sys.executable, "-c", code], check=True)

    (small_project / "models/fct_one.sql").write_text(
        "select * from {{ ref('nothing_of_that_name') }}"
    )
    broken = run_dbt(ws, ["build"])
    assert not broken.success
    assert "nothing_of_that_name" in str(broken.exception)


def test_a_manifest_that_a_killed_dbt_left_half_written_is_made_anew(tmp_path: Path) -> None:
    ws = write_company(tmp_path)
    nodes = ensure_manifest(ws)["nodes"].keys()
    file = ws.target_path / "manifest.json"
    file.write_bytes(file.read_bytes()[:100_000])
    assert ensure_manifest(ws)["nodes"].keys() == nodes
    assert len(nodes) > 100
