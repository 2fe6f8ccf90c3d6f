"""The token price list is what its snapshot says, exactly, and the snapshot is what its package says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.reference.make_token_prices import (
    PRICES,
    merged_csv,
    merged_files,
    token_price_rows,
    unit_amount,
)
from orchestration.reference.snapshot_token_prices import TOKEN_PRICES
from orchestration.workspace import REPO

SNAPSHOTS = sorted(TOKEN_PRICES.glob("*.json"))


def content(**changes: object) -> dict[str, object]:
    """A list of two models, of which one changes its price and the other has no price of cached tokens."""
    return {
        "snapshot_date": "2026-01-01",
        "margin_percent": "20",
        "other_models": "5",
        "plan_code": "p",
        "charge_code": "c",
        "metric_code": "m",
        "models": [
            {
                "model": "alpha",
                "names": ["alpha", "alpha-1"],
                "prices": [
                    {"valid_from": "2025-10-01", "levels": [level("1", "2", cached="0.0375")]},
                    {"valid_from": "2025-12-02", "levels": [level("3", "2", cached="0.0375")]},
                ],
            },
            {
                "model": "beta",
                "names": ["beta"],
                "prices": [
                    {
                        "valid_from": "2025-10-01",
                        "levels": [level("1", "2"), level("4", "5", context="over_9")],
                    }
                ],
            },
        ],
        **changes,
    }


def level(input_price: str, output_price: str, **more: str) -> dict[str, str]:
    return {"context": "", "input": input_price, "output": output_price, **more}


def test_files_are_what_the_script_makes() -> None:
    files = merged_files()
    assert {path.name for path in files} == {
        "charges.csv",
        "charge_filters.csv",
        "charge_filter_values.csv",
    }
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, path
        assert len(text) < 1_000_000


def test_every_filter_is_the_list_price_with_margin() -> None:
    """From the file's own numbers, by fractions of a dollar per million, not by the script's."""
    [snapshot] = [json.loads(path.read_text(encoding="utf-8")) for path in SNAPSHOTS]
    listed = {
        "/".join(filter(None, (model["model"], kind, found["context"]))): Decimal(found[kind])
        for model in snapshot["models"]
        for found in model["prices"][-1]["levels"]
        for kind in ("input", "output", "cached")
        if kind in found
    }
    with (PRICES / "charge_filters.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["plan_code"] == snapshot["plan_code"]]
    last = max(row["valid_from"] for row in rows)
    priced = {row["filter_code"]: row["unit_amount"] for row in rows if row["valid_from"] == last}
    assert priced.keys() == listed.keys()
    for code, price in priced.items():
        assert Decimal(price) * 1_000_000 * 100 == listed[code] * 120, code
    assert priced["command-r7b/input"] == "0.000000045"
    assert all(f"+ {snapshot['margin_percent']} %" in row["display_name"] for row in rows)


def test_a_price_that_is_not_exact_in_twelve_decimals_is_refused() -> None:
    assert unit_amount("0.00001", "0") == "0.00000000001"
    assert unit_amount("0.000001", "0") == "0.000000000001"
    with pytest.raises(
        ValueError, match=r"0\.000001 per million \+ 20 % is 0\.0000000000012 a token"
    ):
        unit_amount("0.000001", "20")
    assert unit_amount("0", "20") == "0"
    assert unit_amount("150", "12.5") == "0.00016875"


def test_a_price_change_begins_a_new_row_with_every_filter() -> None:
    rows = token_price_rows(content())
    assert [(row["valid_from"], row["valid_to"]) for row in rows["charges"]] == [
        ("2025-10-01", "2025-12-02"),
        ("2025-12-02", ""),
    ]
    assert {row["recorded_at"] for row in rows["charge_filters"]} == {"2026-01-01T00:00:00Z"}
    count = Counter(row["valid_from"] for row in rows["charge_filters"])
    assert count == {"2025-10-01": 7, "2025-12-02": 7}
    assert [
        row["unit_amount"] for row in rows["charge_filters"] if row["filter_code"] == "alpha/input"
    ] == ["0.0000012", "0.0000036"]


def test_cached_tokens_without_a_price_of_their_own_are_input() -> None:
    rows = token_price_rows(content())["charge_filter_values"]
    first = [row for row in rows if row["valid_from"] == "2025-10-01"]
    assert [
        (row["property_name"], row["property_value"])
        for row in first
        if row["filter_code"] == "beta/input/over_9"
    ] == [
        ("model", "beta"),
        ("token_type", "input"),
        ("token_type", "cached"),
        ("context", "over_9"),
    ]
    assert [row["property_value"] for row in first if row["filter_code"] == "alpha/input"] == [
        "alpha",
        "alpha-1",
        "input",
    ]


def test_two_models_of_one_name_are_refused() -> None:
    models = content()["models"]
    assert isinstance(models, list)
    models[1]["names"].append("alpha-1")
    with pytest.raises(ValueError, match="alpha-1: a name of two models"):
        token_price_rows(content(models=models))


def test_other_plans_rows_stay_as_they_are() -> None:
    text = "plan_code,charge_code,note\nq,c,kept\np,c,old\n"
    rows = [{"plan_code": "p", "charge_code": "c"}]
    assert merged_csv(text, "p", rows) == "plan_code,charge_code,note\nq,c,kept\np,c,\n"
    assert merged_csv(merged_csv(text, "p", rows), "p", rows) == merged_csv(text, "p", rows)


@pytest.mark.deep
@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_snapshot_is_what_its_package_says(path: Path, tmp_path: Path) -> None:
    """The script's own words, in an environment of its own: the same file, to the byte."""
    snapshot = json.loads(path.read_text(encoding="utf-8"))
    package = f"{snapshot['package']}=={snapshot['package_version']}"
    code = (
        "import json, sys; from datetime import date; "
        "from orchestration.reference.snapshot_token_prices import snapshot; "
        "given = json.loads(sys.argv[1]); "
        "made = snapshot(first_day=date.fromisoformat(given['first_day']), "
        "snapshot_date=date.fromisoformat(given['snapshot_date']), terms=given['terms']); "
        "print(json.dumps(made, indent=1))"
    )
    terms = ("margin_percent", "other_models", "plan_code", "charge_code", "metric_code")
    given = {
        "first_day": snapshot["first_day"],
        "snapshot_date": snapshot["snapshot_date"],
        "terms": {name: snapshot[name] for name in terms},
    }
    uv = Path(sys.executable).parent / "uv"
    done = subprocess.run(
        [uv, "run", "--no-project", "--python", sys.executable, "--with", package, "python", "-c", code,
         json.dumps(given)],
        cwd=REPO, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == path.read_text(encoding="utf-8")
