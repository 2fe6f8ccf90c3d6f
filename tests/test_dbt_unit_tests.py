"""The unit tests that stand beside the models, run once on a built warehouse: they need its relations, not its rows."""

from __future__ import annotations

from pathlib import Path

from orchestration.dbt_runner import run_dbt
from tests.small_company import small_company  # noqa: F401


def test_unit_tests_beside_the_models_pass(small_company, tmp_path: Path) -> None:  # noqa: F811
    company = small_company.copy(tmp_path)
    result = run_dbt(company.workspace, ["test", "--select", "test_type:unit"])
    failed = [f"{node.name}: {node.message}" for node in result.not_ok]
    assert failed == []
    assert len(result.nodes) > 5
    assert result.success
