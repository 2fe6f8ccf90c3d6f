"""The README's commands do what it says, and its table is the project's."""

from __future__ import annotations

import re

from orchestration.prepare import ensure_manifest
from orchestration.readme import README, rules_table, with_table
from orchestration.workspace import REPO, Workspace
from tests.conftest import DemoRun
from tests.small_company import published_bytes

TEXT = README.read_text(encoding="utf-8")


def shell_commands() -> list[str]:
    """The commands of the README's shell blocks, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_first_command_bills_the_demo_and_says_what_next(demo: DemoRun) -> None:
    assert shell_commands()[:2] == ["make run", "make test"]
    closes = [line for line in demo.output.splitlines() if re.match(r"20\d\d-\d\d-\d\d  ", line)]
    assert len(closes) == 9
    assert "60 invoices" in TEXT
    assert demo.finance("select count(*) from invoices") == [(60,)]
    for word in ("US-000046", "finance.duckdb", "make ui", "meterhouse status"):
        assert word in demo.output


def test_the_same_command_again_changes_nothing(demo: DemoRun) -> None:
    before = published_bytes(demo)
    output = demo.run("make run")
    assert "othing is due" in output
    assert published_bytes(demo) == before


def test_other_commands_run_as_written(demo: DemoRun) -> None:
    for command in shell_commands():
        if not command.startswith("make"):
            assert demo.run(command)


def test_the_bill_on_the_first_screen_is_real(demo: DemoRun) -> None:
    shown = TEXT.split("meterhouse invoice US-000038\n")[1].split("```")[0]
    printed = demo.run("COLUMNS=88 .venv/bin/meterhouse invoice US-000038")

    def lines(text: str) -> list[str]:
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    assert lines(shown) == lines(printed)[: len(lines(shown))]


def test_the_table_of_rules_is_current(tmp_path) -> None:
    manifest = ensure_manifest(Workspace.resolve(warehouse=tmp_path))
    assert with_table(TEXT, rules_table(manifest)) == TEXT, "run `python -m orchestration.readme`"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (REPO / target).exists(), target
