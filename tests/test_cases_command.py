"""The case runner's command: how numbers are compared, what it says of files it cannot use, and its report.

Belongs here: what needs no close. Does not belong here: the cases themselves (`test_cases`).
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cases import __main__ as command
from tests.cases.comparing import compared, read_compare
from tests.cases.reading import BadFile, Case, read_cases
from tests.cases.runner import FAIL, UNSUPPORTED, Verdict


@pytest.mark.parametrize(
    ("expected", "got", "compare", "is_equal"),
    [
        ("9.58333", "9.583333333333", None, True),
        ("9.58334", "9.583333333333", None, False),
        ("0.50", "0.497666666667", None, True),
        ("2177.4193548387096774", "2177.419354839", None, True),
        ("24000", "24000.00", None, True),
        ("24001", "24000.00", None, False),
        ("6", "6.000000001", "round 5", True),
        ("6", "6.4", "round 5", False),
        ("191.34", "191.331", "ceil 2", True),
        ("191.33", "191.331", "value ceil 2, other round 2", False),
    ],
)
def test_numbers_are_compared_at_the_lower_scale(
    expected: str, got: str, compare: str | None, is_equal: bool
) -> None:
    [agreement] = compared("value", expected, Decimal(got), read_compare(compare))
    assert agreement.is_equal is is_equal


def test_lists_have_the_expected_length() -> None:
    assert not all(one.is_equal for one in compared("fees", ["1", "2"], [Decimal(1)]))
    assert not all(one.is_equal for one in compared("fees", ["1"], [Decimal(1), Decimal(2)]))


# The command.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[NaN]", "is no JSON"),
        ('{"id": "a"}', "holds an object, not a list"),
        ("[1]", "case 1 is the value 1, not an object"),
        ('[{"id": "a"}]', "(a): 'kind' must be a text"),
        (
            '[{"id": "a", "kind": "k", "subkind": "s", "inputs": [], "expected": {}}]',
            "'inputs' must be an object",
        ),
    ],
)
def test_a_bad_file_is_named(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cases.json"
    file.write_text(text, encoding="utf-8")
    assert command.main([str(file)]) == 2
    message = capsys.readouterr().err
    assert str(file) in message
    assert words in message


def test_an_absent_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_an_id_stands_once(tmp_path: Path) -> None:
    entry = {"id": "a", "kind": "k", "subkind": "s", "inputs": {}, "expected": {}}
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([entry, entry]), encoding="utf-8")
    with pytest.raises(BadFile, match="'a' stands there twice"):
        read_cases(file)


def test_command_reports_and_exits_by_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("other", "charge_model", "standard", {}, {"amount": "1"})
    agreements = compared("amount", "1", Decimal(2))
    verdicts = [
        Verdict(case, FAIL, "usage", "", agreements),
        Verdict(case, UNSUPPORTED, reason="unknown key 'moon'"),
    ]
    monkeypatch.setattr(command, "run_cases", lambda cases, folder: verdicts)
    file, out = tmp_path / "cases.json", tmp_path / "out.json"
    file.write_text("[]", encoding="utf-8")
    assert command.main([str(file), "--json", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "expected 1" in printed
    assert "got 2  DIFFERENT" in printed
    assert "unknown key 'moon'" in printed
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["totals"] == {"pass": 0, "exact": 0, "unsupported": 1, "fail": 1, "cases": 2}
    assert written["cases"][0]["values"][0] == {
        "key": "amount",
        "expected": "1",
        "got": "2",
        "equal": False,
        "note": None,
    }


def test_command_ends_well_without_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    entry = {"id": "a", "kind": "coupon", "subkind": "s", "inputs": {}, "expected": {}}
    file.write_text(json.dumps([entry]), encoding="utf-8")
    assert command.main([str(file)]) == 0


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    text = capsys.readouterr().out
    for word in ("usage", "model", "exact", "unsupported", "exit code", "example:"):
        assert word in text
