"""Cases in, verdicts out: translate each, bill all trials at once, read and compare.

Belongs here: which translation a case has, and what its verdict is. Does not belong here: printing (`report`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .billing import bill_trials
from .comparing import Agreement, Comparison, compared
from .exact import Difference, deliberate_difference, near_agreement, net_agreements
from .facts import Facts
from .life_facts import NOTHING, LifeFacts
from .lives import Life
from .reading import Case, UnsupportedCase
from .translate_aggregations import translate_aggregation
from .translate_changes import (
    translate_fixed_charges,
    translate_invoice_totals,
    translate_upgrades,
)
from .translate_charge_models import translate_charge_model, translate_charge_true_up
from .translate_commitments import translate_commitment_proration, translate_commitment_true_up
from .translate_coupons import translate_coupon
from .translate_credit_notes import (
    translate_credit_note,
    translate_credit_note_tax,
    translate_note_application,
)
from .translate_ends import (
    translate_end,
    translate_termination_invoice,
    translate_termination_note,
)
from .translate_progressive import (
    translate_progressive_billing,
    translate_progressive_credit,
    translate_thresholds,
)
from .translate_proration import (
    translate_currency_exponent,
    translate_period_boundaries,
    translate_single_day_price,
    translate_subscription_fee,
    translate_trial,
)
from .translate_taxes import translate_eu_vat, translate_fee_tax, translate_invoice_tax
from .translate_top_ups import translate_threshold_top_up
from .translate_wallets import (
    translate_allocation,
    translate_balance,
    translate_consumption,
    translate_conversion,
    translate_wallet_scenario,
)
from .trials import Translation, Trial

PASS, FAIL, EXACT, UNSUPPORTED = "pass", "fail", "exact", "unsupported"
STATUSES = (PASS, EXACT, UNSUPPORTED, FAIL)

_LIVES: dict[tuple[str, str], Callable[[Case], Translation]] = {
    ("proration", "charge_true_up"): translate_charge_true_up,
    ("proration", "fixed_charge"): translate_fixed_charges,
    ("proration", "period_boundaries"): translate_period_boundaries,
    ("proration", "single_day_price"): translate_single_day_price,
    ("proration", "subscription_fee"): translate_subscription_fee,
    ("proration", "terminate"): translate_end,
    ("proration", "termination_credit_note"): translate_termination_note,
    ("proration", "trial"): translate_trial,
    ("proration", "upgrade"): translate_upgrades,
    ("commitment", "commitment_proration"): translate_commitment_proration,
    ("commitment", "commitment_true_up"): translate_commitment_true_up,
    ("coupon", "coupon_amount"): translate_coupon,
    ("coupon", "coupon_distribution"): translate_coupon,
    ("coupon", "coupon_scenario"): translate_coupon,
    ("coupon", "coupon_stack"): translate_coupon,
    ("tax", "credit_note_tax"): translate_credit_note_tax,
    ("tax", "eu_vat"): translate_eu_vat,
    ("tax", "fee_tax"): translate_fee_tax,
    ("tax", "invoice_tax"): translate_invoice_tax,
    ("wallet", "balance"): translate_balance,
    ("wallet", "credit_conversion"): translate_conversion,
    ("wallet", "credit_note_application"): translate_note_application,
    ("wallet", "inbound_consumption"): translate_consumption,
    ("wallet", "threshold_top_up"): translate_threshold_top_up,
    ("wallet", "top_up"): translate_conversion,
    ("wallet", "wallet_allocation"): translate_allocation,
    ("wallet", "wallet_scenario"): translate_wallet_scenario,
    ("invoice", "credit_note"): translate_credit_note,
    ("invoice", "credit_note_rounding"): translate_end,
    ("invoice", "currency_exponent"): translate_currency_exponent,
    ("invoice", "progressive_billing_credit"): translate_progressive_credit,
    ("invoice", "usage_thresholds"): translate_thresholds,
    ("scenario", "invoice_totals"): translate_invoice_totals,
    ("scenario", "progressive_billing"): translate_progressive_billing,
    ("scenario", "termination_invoice"): translate_termination_invoice,
}
_CHARGE_MODELS = (
    "standard",
    "graduated",
    "graduated_percentage",
    "package",
    "volume",
    "percentage",
    "dynamic",
    "custom",
    "prorated_graduated",
)
_AGGREGATIONS = (
    "count",
    "sum",
    "max",
    "latest",
    "unique_count",
    "weighted_sum",
    "prorated_sum",
    "prorated_unique_count",
    "rounding",
)


@dataclass(frozen=True)
class Verdict:
    """What became of a case. `level` is usage, model, or empty where nothing was run."""

    case: Case
    status: str
    level: str = ""
    reason: str = ""
    agreements: Sequence[Agreement] = ()


@dataclass
class TranslatedCases:
    """Cases with their translations, by id, and why the others have none."""

    cases: Sequence[Case]
    translations: dict[str, Translation] = field(default_factory=dict)
    unsupported: dict[str, str] = field(default_factory=dict)

    def trials(self) -> dict[str, Trial | Life]:
        """Every trial of every case, by the name that its customer gets."""
        return {
            trial_name(position, probe): trial
            for position, case in enumerate(self.cases, start=1)
            if case.id in self.translations
            for probe, trial in self.translations[case.id].trials.items()
        }


def trial_name(position: int, probe: str) -> str:
    """The customer of the case at `position`, from 1, and of its probes."""
    return f"case{position:04d}" + (f"_{probe}" if probe else "")


def translation_of(case: Case) -> Translation:
    """Translate a case.

    Raises:
        UnsupportedCase: there is no translation; the message names the kind, subkind or key.
    """
    if case.kind == "charge_model" and case.subkind in _CHARGE_MODELS:
        return translate_charge_model(case)
    if case.kind == "aggregation" and case.subkind in _AGGREGATIONS:
        return translate_aggregation(case)
    if (case.kind, case.subkind) in _LIVES:
        return _LIVES[case.kind, case.subkind](case)
    if case.kind in (*dict(_LIVES), "charge_model", "aggregation"):
        raise UnsupportedCase(f"unknown subkind {case.subkind!r} of kind {case.kind!r}")
    raise UnsupportedCase(f"unknown kind {case.kind!r}")


def translate_cases(cases: Sequence[Case]) -> TranslatedCases:
    """Translate every case that can be."""
    found = TranslatedCases(cases)
    for case in cases:
        try:
            found.translations[case.id] = translation_of(case)
        except UnsupportedCase as error:
            found.unsupported[case.id] = str(error)
    return found


def run_cases(cases: Sequence[Case], folder: Path) -> list[Verdict]:
    """Bill all cases as one company below `folder` and judge each, in order."""
    translated = translate_cases(cases)
    billed = bill_trials(folder, translated.trials())
    return judge_all(translated, billed.facts, billed.refused)


def judge_all(
    translated: TranslatedCases, facts: Mapping[str, Facts | LifeFacts], refused: Mapping[str, str]
) -> list[Verdict]:
    """The verdict on every case from the facts of its trials, by their names."""
    verdicts = []
    for position, case in enumerate(translated.cases, start=1):
        if case.id in translated.unsupported:
            verdicts.append(Verdict(case, UNSUPPORTED, reason=translated.unsupported[case.id]))
            continue
        translation = translated.translations[case.id]
        names = {probe: trial_name(position, probe) for probe in translation.trials}
        refusals = [refused[name] for name in names.values() if name in refused]
        if refusals and translation.refusal and translation.refusal in refusals[0]:
            outcome: dict[str, Any] = dict.fromkeys(names, NOTHING)
            verdicts.append(judge(case, translation, outcome))
            continue
        if refusals:
            verdicts.append(Verdict(case, FAIL, translation.level, f"refused: {refusals[0]}"))
            continue
        outcome = {probe: facts[name] for probe, name in names.items()}
        verdicts.append(judge(case, translation, outcome))
    return verdicts


def judge(case: Case, translation: Translation, outcome: Mapping[str, Any]) -> Verdict:
    """Compare what a case expects with what came out."""
    difference = deliberate_difference(case, translation.trials.get(""))
    agreements = [
        agreement
        for key, expected in case.expected.items()
        for agreement in compared(
            key, expected, translation.readers[key](outcome), _how(translation, difference)
        )
    ]
    reason = translation.given_reason
    if difference is not None and difference.is_net:
        agreements += net_agreements(difference, outcome)
    if difference is not None:
        agreements = [near_agreement(difference, one) for one in agreements]
        is_ours = not difference.is_checked or all(one.is_equal for one in agreements)
        words = f"we differ on purpose: {difference.sentence}"
        return Verdict(case, EXACT if is_ours else FAIL, translation.level, words, agreements)
    status = PASS if agreements and all(one.is_equal for one in agreements) else FAIL
    return Verdict(case, status, translation.level, reason, agreements)


def _how(translation: Translation, difference: Difference | None) -> Mapping[str, Comparison]:
    if difference is not None and difference.compare is not None:
        return {"": difference.compare}
    return translation.compare


def of_kinds(cases: Iterable[Case], kinds: Iterable[str]) -> list[Case]:
    """The cases of these kinds; no kinds, all cases."""
    wanted = set(kinds)
    return [case for case in cases if not wanted or case.kind in wanted]
