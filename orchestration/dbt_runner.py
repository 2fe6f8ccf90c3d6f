"""dbt in this process: the arguments of the four invocations, and one call that leaves no file open behind it.

Belongs here: which nodes an ingest, a preparation, a look at thresholds and a close build, the flags they share, and
dbt's result as plain data. Does not belong here: what a failure means (`gate`, `ingest`) and what the models compute
(dbt).

dbt is imported inside the call: the import costs three CPU-seconds, which `meterhouse --help` must not pay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from orchestration.warehouse import PRODUCTION, connect, writer_lock
from orchestration.workspace import DBT_PROJECT, Workspace

CLOSE_STAGES = ("subscriptions", "metering", "rating", "invoicing", "settlement")
SCHEDULE_MODEL = "int_subscriptions__scheduled_periods"
LATE_USAGE_MODEL = "int_subscriptions__changed_usage"
PRICE_ROWS_MODEL = "int_subscriptions__price_rows"
ONE_OFF_MODEL = "int_subscriptions__waiting_one_offs"
CREDITS_MODEL = "int_subscriptions__waiting_credits"
TOP_UP_MODEL = "int_subscriptions__top_up_dates"
THRESHOLD_DATES_MODEL = "int_subscriptions__threshold_dates"
THRESHOLDS_MODEL = "int_invoicing__passed_thresholds"
# What the views that tell what is due read from a table, because each would plan it anew; and the view it is made from.
TERMS_MODEL = "int_subscriptions__terms"
DERIVED_TERMS_MODEL = "int_subscriptions__derived_terms"

# Selected by group, never by path: a path is resolved against the working directory, and selecting nothing is only a
# warning. Unit tests cost 80 ms each and prove nothing about the rows of this run.
_NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class NodeResult:
    """One model or test of a dbt invocation. `failures` counts a test's offending rows; None for a model.

    `status` is dbt's word: success, error, skipped, partial success for models; pass, fail, warn, error, skipped for
    tests. `relation_name` is where the rows are (a failed test's, if it stores them).
    """

    unique_id: str
    name: str
    resource_type: str
    status: str
    failures: int | None
    message: str | None
    relation_name: str | None

    @property
    def is_ok(self) -> bool:
        """True for success, pass and warn: nothing that has to stop the run."""
        return self.status in ("success", "pass", "warn")


@dataclass(frozen=True)
class DbtResult:
    """What an invocation did. `success` is false if any node failed, or dbt itself did (then `exception` is set)."""

    success: bool
    nodes: tuple[NodeResult, ...]
    exception: BaseException | None

    @property
    def not_ok(self) -> tuple[NodeResult, ...]:
        """The nodes that failed or were skipped, in the order dbt reported them."""
        return tuple(node for node in self.nodes if not node.is_ok)


def ingest_args() -> list[str]:
    """Build one batch: the landing stage and what it reads, with its tests.

    `cautious`: a test that also looks at a stage which ingest does not build belongs to the close.

    Example:
        >>> ingest_args()[:3]
        ['build', '--select', '+group:landing']
    """
    return [
        "build",
        "--select",
        "+group:landing",
        "--indirect-selection",
        "cautious",
        *_NO_UNIT_TESTS,
    ]


def prepare_args(*, is_scratch: bool = False) -> list[str]:
    """Make the staging views, and the views that tell what is due at which price, anew.

    They follow the project, not the data. `is_scratch`: what they read of the landing stage is production's.

    Example:
        >>> prepare_args()[:3]
        ['run', '--select', 'group:staging']
    """
    models = (
        SCHEDULE_MODEL,
        PRICE_ROWS_MODEL,
        ONE_OFF_MODEL,
        CREDITS_MODEL,
        TOP_UP_MODEL,
        LATE_USAGE_MODEL,
        THRESHOLD_DATES_MODEL,
    )
    left_out = ["--exclude", "group:landing"] if is_scratch else []
    return ["run", "--select", "group:staging", *(f"+{model}" for model in models), *left_out]


def close_args(*, is_prepared: bool = False) -> list[str]:
    """Build every draft of the running close and run the checks on them.

    `is_prepared`: a close built the same project here before. Then the views that only their own stage reads are left
    out, which follow the project and not the data, and cost as much as a table; so are the ephemeral models, which are
    compiled where a table needs them; and the manifest.

    Example:
        >>> close_args()[:3]
        ['build', '--select', 'group:subscriptions']
    """
    selected = [f"group:{stage}" for stage in CLOSE_STAGES]
    return ["build", "--select", *selected, *_left_out(is_prepared), *_NO_UNIT_TESTS]


def preview_args(*, is_prepared: bool = False) -> list[str]:
    """Build the drafts of a close without its checks, which would keep models after a failed one from being built.

    `is_prepared`: as for a close.

    Example:
        >>> preview_args()[:3]
        ['run', '--select', 'group:subscriptions']
    """
    selected = [f"group:{stage}" for stage in CLOSE_STAGES]
    return ["run", "--select", *selected, *_left_out(is_prepared)]


def preview_check_args() -> list[str]:
    """Run the checks of a close on drafts that stand.

    Example:
        >>> preview_check_args()[:3]
        ['test', '--select', 'group:subscriptions']
    """
    selected = [f"group:{stage}" for stage in CLOSE_STAGES]
    return ["test", "--select", *selected, "--no-write-json", *_NO_UNIT_TESTS]


def threshold_args(*, is_prepared: bool = False) -> list[str]:
    """Build what tells whether a threshold is passed: the models of a close that it needs, and no check.

    `is_prepared`: as for a close.

    Example:
        >>> threshold_args()[:3]
        ['run', '--select', '+int_invoicing__passed_thresholds,group:subscriptions']
    """
    selected = [f"+{THRESHOLDS_MODEL},group:{stage}" for stage in CLOSE_STAGES]
    return ["run", "--select", *selected, *_left_out(is_prepared)]


def _left_out(is_prepared: bool) -> list[str]:
    if not is_prepared:
        return []
    kinds = ("view", "ephemeral")
    excluded = [f"config.materialized:{kind},access:private" for kind in kinds]
    return ["--no-write-json", "--exclude", *excluded]


def shared_args(ws: Workspace) -> list[str]:
    """The flags of every invocation in workspace `ws`: folders given by absolute path, and a silent terminal."""
    return [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--profile",
        "meterhouse",
        "--target",
        "duckdb",
        "--target-path",
        str(ws.target_path),
        "--log-path",
        str(ws.target_path),
        "--log-level",
        "none",
        "--log-level-file",
        "info",
        "--no-use-colors",
        "--no-send-anonymous-usage-stats",
    ]


def run_dbt(ws: Workspace, args: Sequence[str]) -> DbtResult:
    """Run dbt in this process and close the warehouse file afterwards, whatever happened.

    Takes the writer lock (again) for everything but `parse`, and waits, within bounds, for another program that has
    the file open, so that it is named instead of failing in the first model.

    Args:
        ws: the workspace whose warehouse file the models are built in.
        args: command and selection, from one of the builders here; the shared flags are appended.

    Returns:
        The nodes that ran, and the exception if dbt could not run them (project does not parse, ...).

    Raises:
        BadInput: another process holds the warehouse.

    Example:
        >>> run_dbt(ws, close_args()).success  # doctest: +SKIP
        True
    """
    with ExitStack() as stack:
        if args[0] != "parse":
            stack.enter_context(writer_lock(ws, "dbt"))
            with connect(ws):
                pass
        ws.target_path.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_dbt_environment(ws))
        return _invoke([*args, *shared_args(ws)])


def _invoke(args: list[str]) -> DbtResult:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    try:
        outcome = dbtRunner().invoke(args)
    finally:
        # dbt keeps the file open for its next invocation; until then nobody else could read it.
        DuckDBConnectionManager.close_all_connections()
    # dbt takes an interrupt, Ctrl-C's as well as Dagster's, for a result: whoever stops the command did not fail it.
    if outcome.exception is not None and not isinstance(outcome.exception, Exception):
        raise outcome.exception
    results = getattr(outcome.result, "results", None) or ()
    return DbtResult(outcome.success, tuple(map(_node_result, results)), outcome.exception)


def _node_result(result: Any) -> NodeResult:
    node = result.node
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(getattr(node.resource_type, "value", node.resource_type)),
        status=str(getattr(result.status, "value", result.status)),
        failures=result.failures,
        message=result.message,
        relation_name=getattr(node, "relation_name", None),
    )


def _attached(ws: Workspace) -> list[dict[str, object]]:
    """What dbt attaches beside the warehouse file, in the terms of its profile."""
    if ws.production is None:
        return []
    return [{"path": str(ws.production), "alias": PRODUCTION, "read_only": True}]


@contextmanager
def _dbt_environment(ws: Workspace) -> Iterator[None]:
    """Give dbt this warehouse, and none of the caller's `DBT_*` variables: one of them is DBT_FULL_REFRESH."""
    saved = dict(os.environ)
    for name in saved:
        if name.startswith("DBT_"):
            del os.environ[name]
    os.environ["METERHOUSE_WAREHOUSE_FILE"] = str(ws.warehouse_file)
    os.environ["METERHOUSE_ATTACHED"] = repr(_attached(ws))
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
