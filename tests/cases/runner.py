"""Cases in, verdicts out: translate each, bill all trials at once, read and compare.

Belongs here: which translation a case has, and what its verdict is. Does not belong here: printing (`report`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .billing import bill_trials
from .comparing import Agreement, Comparison, compared
from .exact import Difference, deliberate_difference
from .facts import Facts
from .reading import Case, UnsupportedCase
from .translate_aggregations import translate_aggregation
from .translate_charge_models import translate_charge_model, translate_charge_true_up
from .trials import Translation, Trial

PASS, FAIL, EXACT, UNSUPPORTED = "pass", "fail", "exact", "unsupported"
STATUSES = (PASS, EXACT, UNSUPPORTED, FAIL)

_LATER_KINDS = ("proration", "commitment", "coupon", "tax", "invoice", "wallet", "scenario")
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

    def trials(self) -> dict[str, Trial]:
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
    if case.subkind == "charge_true_up":
        return translate_charge_true_up(case)
    if case.kind in ("charge_model", "aggregation"):
        raise UnsupportedCase(f"unknown subkind {case.subkind!r} of kind {case.kind!r}")
    if case.kind in _LATER_KINDS:
        raise UnsupportedCase(
            f"kind {case.kind!r} ({case.subkind}) is not billed by the product yet"
        )
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
    translated: TranslatedCases, facts: Mapping[str, Facts], refused: Mapping[str, str]
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
        if refusals:
            verdicts.append(Verdict(case, FAIL, translation.level, f"refused: {refusals[0]}"))
            continue
        outcome = {probe: facts[name] for probe, name in names.items()}
        verdicts.append(judge(case, translation, outcome))
    return verdicts


def judge(case: Case, translation: Translation, outcome: Mapping[str, Facts]) -> Verdict:
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
    if difference is not None:
        is_ours = difference.compare is None or all(one.is_equal for one in agreements)
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
