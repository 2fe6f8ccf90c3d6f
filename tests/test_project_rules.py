"""The style's rules that can be checked, over the dbt project as dbt parses it, its SQL, and the Python beside it.

Belongs here: which files and nodes each rule is put to. Does not belong
here: the rules themselves (`project_checks`, `sql_checks`), and their own tests (`test_rule_checks`).

A failing test lists every offender, with the mend.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import project_checks
import pytest
import sql_checks

from orchestration.dbt_runner import run_dbt
from orchestration.workspace import DBT_PROJECT, REPO, Workspace

Node = Mapping[str, Any]


class _ElsewhereWorkspace(Workspace):
    """A workspace whose dbt target lies beside its warehouse, so that nothing of it stays in the repository."""

    @property
    def target_path(self) -> Path:
        return self.warehouse / "target"


@dataclass(frozen=True)
class Project:
    """The compiled project: the manifest as JSON, and where dbt put the compiled SQL."""

    manifest: Mapping[str, Any]
    compiled: Path

    @property
    def models(self) -> Mapping[str, Node]:
        return self._of_type("model")

    @property
    def docs(self) -> Mapping[str, str]:
        return {doc["name"]: doc["block_contents"] for doc in self.manifest["docs"].values()}

    @property
    def macros(self) -> Sequence[Node]:
        macros = self.manifest["macros"].values()
        return [macro for macro in macros if macro["package_name"] == "meterhouse"]

    @property
    def singular_tests(self) -> Sequence[Node]:
        tests = self._of_type("test").values()
        return [test for test in tests if not test.get("test_metadata")]

    def _of_type(self, resource_type: str) -> Mapping[str, Node]:
        nodes = self.manifest["nodes"].items()
        return {key: node for key, node in nodes if node["resource_type"] == resource_type}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, parsed and compiled once; compiling reads no data."""
    folder = tmp_path_factory.mktemp("project_rules")
    ws = _ElsewhereWorkspace.resolve(warehouse=folder)
    result = run_dbt(ws, ["compile", "--no-introspect", "--no-populate-cache"])
    assert result.success, result.exception or [node.message for node in result.not_ok]
    manifest = json.loads((ws.target_path / "manifest.json").read_text(encoding="utf-8"))
    return Project(manifest, ws.target_path / "compiled" / "meterhouse")


def _no_faults(found: Iterable[tuple[str, list[str]]]) -> None:
    lines = [f"{name}: {fault}" for name, faults in found for fault in faults]
    assert not lines, "\n".join(["", *lines])


def _models(project: Project, faults: Callable[[Node], list[str]]) -> None:
    assert project.models, "dbt found no model"
    _no_faults((node["original_file_path"], faults(node)) for node in project.models.values())


def _sql_files() -> Sequence[Path]:
    return sorted(DBT_PROJECT.rglob("*.sql"))


def _name(path: Path) -> str:
    return str(path.relative_to(REPO))


# --- models ---------------------------------------------------------------------------------------


def test_models_are_named_for_what_they_are(project: Project) -> None:
    _models(
        project,
        lambda node: project_checks.name_faults(node["name"], project_checks.stage_of(node)),
    )


def test_every_model_has_a_yaml_of_its_name_beside_it(project: Project) -> None:
    _models(project, project_checks.yaml_faults)


def test_every_model_states_rule_grain_and_columns(project: Project) -> None:
    _models(project, lambda node: project_checks.documentation_faults(node, project.docs))


def test_header_and_yaml_agree(project: Project) -> None:
    def faults(node: Node) -> list[str]:
        sql = node["raw_code"]
        rule, grain = sql_checks.header_rule(sql), sql_checks.header_grain(sql)
        return project_checks.header_faults(node, rule, grain)

    _models(project, faults)


def test_yaml_documents_the_columns_that_the_sql_has(project: Project) -> None:
    def faults(node: Node) -> list[str]:
        columns = sql_checks.output_columns(sql_checks.render(node["raw_code"]))
        return project_checks.column_faults(node, columns)

    _models(project, faults)


def test_published_drafts_enforce_their_contract(project: Project) -> None:
    names = {node["name"] for node in project.models.values()}
    assert set(project_checks.PUBLISHED_DRAFTS) <= names
    _models(project, project_checks.contract_faults)


def test_steps_are_private_to_their_stage(project: Project) -> None:
    _models(project, project_checks.access_faults)


def test_stages_read_only_what_earlier_ones_hand_on(project: Project) -> None:
    _models(project, lambda node: project_checks.reference_faults(node, project.models))


def test_models_are_short(project: Project) -> None:
    _models(project, lambda node: project_checks.model_size_faults(node["raw_code"]))


# --- SQL --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faults",
    [sql_checks.header_faults, sql_checks.literal_id_faults, sql_checks.jinja_faults],
)
def test_sql_reads_as_the_style_says(faults: Callable[[str], list[str]]) -> None:
    files = _sql_files()
    assert files
    _no_faults((_name(file), faults(file.read_text(encoding="utf-8"))) for file in files)


def test_sql_says_the_same_on_both_engines() -> None:
    _no_faults(
        (_name(file), sql_checks.portability_faults(sql_checks.render(file.read_text("utf-8"))))
        for file in _sql_files()
    )


def test_only_the_timelines_walk_row_by_row() -> None:
    _no_faults(
        (
            _name(file),
            sql_checks.recursion_faults(file.stem, sql_checks.render(file.read_text("utf-8"))),
        )
        for file in _sql_files()
    )


def test_only_few_models_count_weeks_months_and_years() -> None:
    files = [*_sql_files(), *(REPO / "macros").rglob("*.sql")]
    texts = {file: file.read_text("utf-8") for file in files}
    _no_faults(
        (_name(file), sql_checks.calendar_faults(file.stem, sql)) for file, sql in texts.items()
    )
    # Whoever has leave needs it, and lies where periods come from.
    counting = {file for file, sql in texts.items() if sql_checks.counted_in_calendar(sql)}
    assert {file.stem for file in counting} == set(sql_checks.CALENDAR_FILES)
    assert {file.parent.name for file in counting} == {"subscriptions", "time"}


def test_compiled_sql_has_nothing_that_only_one_engine_has(project: Project) -> None:
    nodes = [*project.models.values(), *project.singular_tests]
    compiled = {node["original_file_path"]: node["compiled_code"] for node in nodes}
    assert all(compiled.values())
    _no_faults((name, sql_checks.compiled_faults(sql)) for name, sql in compiled.items())


# --- checks, macros, YAML, docs -----------------------------------------------------------------------


def test_checks_are_named_for_what_must_never_be_true(project: Project) -> None:
    assert project.singular_tests
    _no_faults((node["name"], project_checks.check_faults(node)) for node in project.singular_tests)


def test_macros_are_short_and_pure(project: Project) -> None:
    # A generic test is a query by nature, the schema's name is dbt's own hook, and a materialization runs statements.
    _no_faults(
        (macro["original_file_path"], project_checks.macro_faults(macro))
        for macro in project.macros
        if "/tests/" not in macro["original_file_path"]
        and not macro["name"].startswith("materialization_")
    )


def test_macros_divide_only_in_money() -> None:
    files = [file for file in (REPO / "macros").rglob("*.sql") if file.parent.name != "money"]
    assert files
    _no_faults((_name(file), sql_checks.slash_faults(file.read_text("utf-8"))) for file in files)


def test_only_engine_macros_differ_by_engine(project: Project) -> None:
    offenders = [
        f"{macro['original_file_path']}: {macro['name']}"
        for macro in project.macros
        if macro["name"].startswith(("duckdb__", "spark__", "default__"))
        and "/engine/" not in macro["original_file_path"]
    ]
    assert not offenders, offenders


def test_every_rule_that_is_documented_is_borne_by_a_model(project: Project) -> None:
    documented = {name for name in project.docs if name.startswith("r_")}
    borne = {
        rule.lower().replace("-", "_")
        for node in project.models.values()
        for rule in [node["config"]["meta"].get("rule", ""), *_more_rules(node)]
    }
    assert documented - borne == set(), "docs/rules.md has rules that no model bears"


def _more_rules(node: Node) -> Sequence[str]:
    return node["config"]["meta"].get("more_rules", [])


def test_yaml_files_are_short() -> None:
    files = sorted(DBT_PROJECT.rglob("*.yml"))
    assert files
    _no_faults(
        (_name(file), project_checks.yaml_size_faults(file.read_text("utf-8"))) for file in files
    )


# --- Python and the rest of the tree ----------------------------------------------------------------


def test_python_files_are_short() -> None:
    files = [file for name in ("orchestration", "tests") for file in (REPO / name).rglob("*.py")]
    assert files
    _no_faults(
        (_name(file), project_checks.python_faults(file.read_text("utf-8"))) for file in files
    )


def test_modules_say_what_belongs_in_them() -> None:
    files = sorted((REPO / "orchestration").rglob("*.py"))
    assert files
    _no_faults(
        (_name(file), project_checks.docstring_faults(file.read_text("utf-8"))) for file in files
    )


def test_no_note_to_oneself_is_left() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPO,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git working tree")
    suffixes = (".py", ".sql", ".yml", ".md", ".toml")
    files = [REPO / name for name in listed.stdout.decode().split("\0") if name.endswith(suffixes)]
    assert files
    _no_faults(
        (_name(file), project_checks.note_faults(file.read_text("utf-8")))
        for file in files
        if file.is_file()
    )
