"""The worked cases through the product and through the oracle, and the runner that does it.

Belongs here: every case that has a translation: usage of one period (trials), and lives of subscriptions; and what the
runner says of those that have none. Does not belong here: a rule, or the translation of a key (`tests.cases`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cases.by_oracle import facts_by_oracle
from tests.cases.exact import BY_ID, BY_PREFIX
from tests.cases.facts import Facts
from tests.cases.life_facts import LifeFacts
from tests.cases.lives import Life
from tests.cases.lives_by_oracle import lives_by_oracle
from tests.cases.reading import Case, UnsupportedCase, read_cases
from tests.cases.runner import (
    EXACT,
    PASS,
    UNSUPPORTED,
    Verdict,
    judge_all,
    run_cases,
    translate_cases,
    translation_of,
)
from tests.cases.trials import Trial
from tests.neighbour_cases import NEIGHBOURS
from tests.neighbour_cases_credits import CREDITS
from tests.neighbour_cases_progressive import PROGRESSIVE
from tests.neighbour_cases_wallets import WALLETS

# A handful of closes of one large company; a busy machine takes its time.
pytestmark = pytest.mark.timeout(1800)

FILE = Path(__file__).parent / "cases" / "cases.json"
CASES = read_cases(FILE)
TRANSLATED = translate_cases(CASES)
BILLED_CASES = [case for case in CASES if case.id in TRANSLATED.translations]
# Cases that bill the usage of one period: the oracle computes these by its functions, lives by its closes.
TRIAL_CASES = [
    case
    for case in BILLED_CASES
    if all(isinstance(one, Trial) for one in TRANSLATED.translations[case.id].trials.values())
]
# EU VAT follows from reference data, which the oracle does not read; top-ups are computed rule by rule only
# (`test_oracle_top_ups`).
NOT_BY_ORACLE = ("eu_vat", "threshold_top_up")
ORACLE_CASES = [case for case in BILLED_CASES if case.subkind not in NOT_BY_ORACLE]


def by_oracle(cases: Iterable[Case], folder: Path | None = None) -> list[Verdict]:
    """The verdicts on cases from what the oracle computes; lives need a folder for their catalogs."""
    translated = translate_cases(list(cases))
    members = translated.trials()
    lives = {name: one for name, one in members.items() if isinstance(one, Life)}
    facts: dict[str, Facts | LifeFacts] = {
        name: facts_by_oracle(one) for name, one in members.items() if isinstance(one, Trial)
    }
    if folder is not None:
        facts.update(lives_by_oracle(folder, lives))
    return judge_all(translated, facts, {})


def failures(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Every case that is neither met nor deliberately different, with what differs."""
    return {
        verdict.case.id: (
            verdict.status,
            verdict.reason,
            [one for one in verdict.agreements if not one.is_equal],
        )
        for verdict in verdicts
        if verdict.status not in (PASS, EXACT)
    }


@pytest.fixture(scope="module")
def all_verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """All billed cases, and the other ones below, through one company and its closes."""
    return run_cases([*BILLED_CASES, *OTHER_CASES], tmp_path_factory.mktemp("cases"))


@pytest.fixture
def product_verdicts(all_verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts on the cases of the file."""
    return [verdict for verdict in all_verdicts if verdict.case not in OTHER_CASES]


def test_oracle_meets_every_case(tmp_path: Path) -> None:
    assert failures(by_oracle(ORACLE_CASES, tmp_path)) == {}


def test_every_case_is_billed() -> None:
    assert TRANSLATED.unsupported == {}


def test_product_meets_every_case(product_verdicts: list[Verdict]) -> None:
    assert failures(product_verdicts) == {}


def test_product_and_oracle_give_the_same_digits(product_verdicts: list[Verdict]) -> None:
    """Not only what a case's decimals show: every number that is compared, to the last stored digit."""
    ours = {
        verdict.case.id: [one.got for one in verdict.agreements]
        for verdict in product_verdicts
        if verdict.case in TRIAL_CASES
    }
    theirs = {v.case.id: [one.got for one in v.agreements] for v in by_oracle(TRIAL_CASES)}
    assert ours == theirs


def test_only_the_listed_cases_differ_on_purpose(product_verdicts: list[Verdict]) -> None:
    exact = {verdict.case.id for verdict in product_verdicts if verdict.status == EXACT}
    listed = {
        case.id for case in BILLED_CASES if case.id in BY_ID or case.id.startswith(tuple(BY_PREFIX))
    }
    assert exact == listed


def test_most_cases_go_through_a_whole_close(product_verdicts: list[Verdict]) -> None:
    """At level model stand only impossible shares of a period, and an unknown custom model."""
    at_model = {v.reason or v.case.id for v in product_verdicts if v.level == "model"}
    assert sum(1 for v in product_verdicts if v.level == "usage") >= 156, at_model


def test_no_case_is_known_by_its_id() -> None:
    sources = [file for file in FILE.parent.glob("*.py") if file.name != "exact.py"]
    for file in sources:
        text = file.read_text(encoding="utf-8")
        assert [case.id for case in CASES if f'"{case.id}"' in text] == [], file


# Other files of the same format: other numbers, other combinations of the keys.


def make_case(
    name: str, kind: str, subkind: str, inputs: Mapping[str, Any], **expected: Any
) -> Case:
    return Case(name, kind, subkind, inputs, expected)


RANGES = [
    {"from": "0", "to": "10", "per_unit_amount": "3", "flat_amount": "1"},
    {"from": "11", "to": None, "per_unit_amount": "2", "flat_amount": "0"},
]
MAY = {"from": "2024-05-01T00:00:00Z", "to": "2024-05-31T23:59:59Z"}
JULY_TO_AUGUST = {"from": "2022-07-09T00:00:00Z", "to": "2022-08-08T23:59:59Z"}
OTHER_CASES = [
    make_case(
        "volume with the keys of graduated",
        "charge_model",
        "volume",
        {"charge_model": "volume", "ranges": RANGES, "units": "12"},
        amount="24",
        unit_amount="2",
    ),
    make_case(
        "a package with filters",
        "charge_model",
        "package",
        {
            "charge_model": "package",
            "aggregation": "sum",
            "default_amount": "7",
            "default_package_size": "5",
            "filters": [{"cloud": ["aws", "gcp"], "amount": "3", "package_size": "2"}],
            "usage": [{"cloud": "gcp", "units": "3"}, {"cloud": "own", "units": "6"}],
        },
        filters=[{"cloud": ["aws", "gcp"], "amount_cents": "600", "units": "3"}],
        amount_cents="2000",
    ),
    make_case(
        "a unique count paid in advance, graduated",
        "charge_model",
        "graduated",
        {
            "charge_model": "graduated",
            "pay_in_advance": True,
            "ranges": RANGES,
            "events": [{"id": "a", "op": "add"}, {"id": "b"}, {"id": "a", "op": "remove"}],
        },
        fee_amount_cents=["400", "300", "0"],
        fee_units=["1", "1", "0"],
    ),
    make_case(
        "a percentage of given running totals",
        "charge_model",
        "percentage",
        {
            "charge_model": "percentage",
            "units": "100",
            "events_count": 3,
            "rate": "10",
            "fixed_amount": "1",
            "free_units_per_events": 2,
            "free_units_per_total_aggregation": None,
            "running_total": ["30", "40"],
        },
        amount="7",
        paid_units="60",
        paid_events="1",
        free_units="40",
    ),
    make_case(
        "prorated volume",
        "charge_model",
        "volume",
        {
            "charge_model": "volume",
            "ranges": RANGES,
            "units": "7.7",
            "full_units": "12",
            "prorated": True,
        },
        amount="15.4",
    ),
    make_case(
        "a month in Paris that ends with a shorter day",
        "aggregation",
        "sum",
        {
            "aggregation": "sum",
            "timezone": "Europe/Paris",
            "period": {"from": "2024-02-29T23:00:00Z", "to": "2024-03-31T21:59:59.999Z"},
            "events": [
                {"ts": "2024-02-29T22:59:59Z", "value": "1"},
                {"ts": "2024-02-29T23:00:00Z", "value": "2"},
                {"ts": "2024-03-31T21:59:59Z", "value": "4"},
                {"ts": "2024-03-31T22:00:00Z", "value": "8"},
            ],
        },
        aggregation="6",
    ),
    make_case(
        "an advance unit below the cached maximum is free",
        "aggregation",
        "unique_count",
        {
            "aggregation": "unique_count",
            "recurring": True,
            "pay_in_advance": True,
            "billing_time": "anniversary",
            "subscription_at": "2022-06-09",
            "period": JULY_TO_AUGUST,
            "events": [{"ts": "2022-07-19T00:00:00Z", "unique_id": "z", "op": "add"}],
            "cached": {"current": "4", "max": "7"},
        },
        pay_in_advance_aggregation="0",
    ),
    make_case(
        "a count of a filter",
        "aggregation",
        "count",
        {
            "aggregation": "count",
            "period": MAY,
            "matching_filters": {"region": ["eu", "us"]},
            "events": [
                {"ts": "2024-05-02T00:00:00Z", "region": "eu"},
                {"ts": "2024-05-02T00:00:00Z", "region": "us"},
                {"ts": "2024-05-02T00:00:00Z", "region": "in"},
            ],
        },
        aggregation="2",
        count="2",
    ),
    make_case(
        "a true-up of half a month, in dollars",
        "proration",
        "charge_true_up",
        {
            "charge_min_amount_cents": 1000,
            "used_amount_cents": 100,
            "charges_duration_days": 30,
            "days_in_bounds": 15,
            "currency": "USD",
        },
        true_up_amount_cents="400",
    ),
    # 5 from before for 16 of 31 days, 4 from the 10th on for 7 of them: 80/31 + 28/31.
    make_case(
        "a prorated sum in a month that ends on the 16th",
        "aggregation",
        "prorated_sum",
        {
            "aggregation": "sum",
            "recurring": True,
            "prorated": True,
            "period": {"from": "2023-05-01T00:00:00Z", "to": "2023-05-16T23:59:59Z"},
            "events": [
                {"ts": "2023-03-01T00:00:00Z", "value": "5"},
                {"ts": "2023-05-10T09:00:00Z", "value": "4"},
            ],
        },
        aggregation="3.483870968",
    ),
    *NEIGHBOURS,
    *PROGRESSIVE,
    *CREDITS,
    *WALLETS,
]


def test_oracle_meets_other_cases(tmp_path: Path) -> None:
    cases = [case for case in OTHER_CASES if case.subkind not in NOT_BY_ORACLE]
    assert failures(by_oracle(cases, tmp_path)) == {}


def test_product_meets_other_cases(all_verdicts: list[Verdict]) -> None:
    verdicts = [verdict for verdict in all_verdicts if verdict.case in OTHER_CASES]
    assert len(verdicts) == len(OTHER_CASES)
    assert failures(verdicts) == {}


@pytest.mark.parametrize(
    ("kind", "subkind", "inputs", "expected", "words"),
    [
        (
            "wallet",
            "threshold_top_up",
            {"granted_credits": "1"},
            {},
            "'threshold_credits' is missing",
        ),
        ("wallet", "wallet_allocation", {"wallets": [{"colour": 1}]}, {}, "'fees' is missing"),
        ("coupon", "coupon_amount", {"base_amount_cents": 5}, {}, "'coupon' is missing"),
        (
            "coupon",
            "coupon_amount",
            {"base_amount_cents": 5, "coupon": {"type": "gift", "amount_cents": 1}},
            {},
            "type 'gift'",
        ),
        (
            "coupon",
            "coupon_distribution",
            {
                "fees": [{"amount_cents": 5, "already_discounted": "1.5"}],
                "coupon": {"amount_cents": 1},
            },
            {},
            "shares of 1.5",
        ),
        ("aggregation", "median", {}, {}, "subkind 'median'"),
        ("charge_model", "standard", {"charge_model": "barter"}, {}, "charge model 'barter'"),
        ("charge_model", "standard", {}, {}, "'charge_model' is missing"),
        (
            "charge_model",
            "standard",
            {"charge_model": "standard", "amount": "1", "units": "1", "moon": "full"},
            {},
            "unknown key 'moon'",
        ),
        (
            "charge_model",
            "standard",
            {"charge_model": "standard", "amount": "1", "units": "1"},
            {"phase": "1"},
            "unknown key 'phase'",
        ),
        (
            "charge_model",
            "standard",
            {"charge_model": "standard", "amount": "one", "units": "1"},
            {},
            "'amount' is 'one'",
        ),
        ("charge_model", "standard", {"charge_model": "standard", "amount": "1"}, {}, "usage"),
        (
            "charge_model",
            "graduated",
            {"charge_model": "graduated", "ranges": [{"from": "5", "to": None}], "units": "1"},
            {},
            "does not follow",
        ),
        (
            "charge_model",
            "percentage",
            {
                "charge_model": "percentage",
                "rate": "1",
                "units": "9",
                "events_count": 1,
                "running_total": ["5"],
            },
            {},
            "'running_total'",
        ),
        (
            "aggregation",
            "sum",
            {"period": MAY, "events": [{"ts": "noon", "value": "1"}]},
            {},
            "'noon' is no instant",
        ),
        (
            "scenario",
            "progressive_billing",
            {"subscribed_at": "2024-03-01", "charge": {"amount": "1"}, "events": []},
            {},
            "'billed_at' is missing",
        ),
        (
            "invoice",
            "usage_thresholds",
            {"thresholds": [1], "cases": [{"invoiced": 1, "currant": 1}]},
            {},
            "unknown key 'currant'",
        ),
        (
            "invoice",
            "progressive_billing_credit",
            {"latest_progressive_invoice_fees": [{"charge": "A", "amount_cents": 0}]},
            {},
            "fees above 0",
        ),
    ],
)
def test_what_is_not_understood_is_named(
    kind: str, subkind: str, inputs: dict[str, Any], expected: dict[str, Any], words: str
) -> None:
    case = make_case("other", kind, subkind, inputs, **expected)
    with pytest.raises(UnsupportedCase) as caught:
        translation_of(case)
    assert words in str(caught.value)
    [verdict] = judge_all(translate_cases([case]), {}, {})
    assert verdict.status == UNSUPPORTED
    assert verdict.reason == str(caught.value)
