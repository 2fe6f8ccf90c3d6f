"""Fees of stated amounts as a life: which subscription, charge or other row makes each, and which line is whose.

Belongs here: the keys of a fee, and the life that bills a list of them. Does not belong here: what is taken off them
(`life_credits`), and what a case expects (`translate_…`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .life_credits import Taxed
from .life_facts import FIXED_FEES, SUBSCRIPTION, LifeFacts, LifeLine
from .life_keys import Billing
from .lives import FixedCharge, Life, OneOffFee, PlanTerms, Signed, Threshold
from .prices import in_units
from .reading import Keys, UnsupportedCase, plain
from .trials import DAY, Charge, Metric, Prices, UsageEvent

# Cases about fees name no dates: their month is one of 30 days, and what was billed before, is so on its second day.
FIRST = date(2024, 6, 1)
EARLY = FIRST + DAY
_KINDS = {
    "subscription": SUBSCRIPTION,
    "charge": "charge",
    "fixed_charge": "fixed_charge",
    "commitment": "commitment",
    "add_on": "add_on",
    "one_off": "add_on",
}
_ONCE_A_PLAN = (SUBSCRIPTION, "commitment")
_LEVEL_OF_KIND = {
    "charge": "charge",
    "fixed_charge": "add_on",
    "add_on": "one_off_fee",
    "commitment": "commitment",
    SUBSCRIPTION: "plan",
}
_LINE_TYPES = {
    "charge": ("charge", "progressive_charge", "progressive_credit"),
    "commitment": ("commitment_true_up",),
    "fixed_charge": FIXED_FEES,
}


@dataclass(frozen=True)
class Fee:
    """A fee as a case states it, amounts in currency units.

    `metric`, `plan`, `owner`: words of the case. `early`: what a progressive invoice billed of it before. `rates`: of
    its own taxes, in percent.
    """

    label: str
    kind: str
    amount: Decimal
    plan: str = ""
    owner: str = ""
    metric: str | None = None
    early: Decimal = Decimal(0)
    rates: tuple[Decimal, ...] = ()


def take_fee(keys: Keys, position: int, currency: str) -> Fee:
    """Take what makes a fee; other keys of the object stay."""
    kind = fee_kind(keys.text("type") or keys.text("fee_type") or "charge", keys.where)
    metric = keys.take("metric")
    if metric is not None and kind != "charge":
        raise UnsupportedCase(f"{keys.where}: 'metric' of a fee of type {kind!r}")
    owner = [str(value) for name in ("sub", "subscription") if (value := keys.take(name))]
    return Fee(
        label=str(keys.take("id", f"fee{position + 1}")),
        kind=kind,
        amount=in_units(keys.needed("amount_cents"), currency),
        plan=str(keys.take("plan", "")),
        owner=owner[0] if owner else "",
        metric=None if metric is None else str(metric),
        rates=tuple(keys.numbers("tax_rates")) or one_rate(keys),
    )


def fee_kind(word: str, where: str = "inputs") -> str:
    """The type of a fee by the word of a case."""
    if word not in _KINDS:
        raise UnsupportedCase(f"{where}: type {word!r} is unknown")
    return _KINDS[word]


def one_rate(keys: Keys) -> tuple[Decimal, ...]:
    """The only tax rate of a fee, under any of its names."""
    names = ("tax", "tax_rate", "tax_rate_percent", "taxes_rate")
    found = [value for name in names if (value := keys.number(name)) is not None]
    return tuple(found[:1])


@dataclass(frozen=True)
class _Place:
    """Where a fee is billed: the code of its subscription, and of its charge, fixed charge or one-off fee."""

    code: str
    charge: str


class FeeLife:
    """Fees of one month, each on a line of its own; in each later month they are the same again.

    Each fee of usage has a metric of its own, so that anything may be limited to it; `shares_metrics`: those that name
    one metric, or none, share it.
    """

    def __init__(
        self,
        fees: Sequence[Fee],
        billing: Billing,
        months: int = 1,
        *,
        shares_metrics: bool = False,
    ) -> None:
        self.fees = list(fees)
        self._shares_metrics = shares_metrics
        self.billing = billing
        self._is_early = any(fee.early for fee in fees)
        #: The moments of the months' invoices, which follow that of a progressive invoice, if there is one.
        self._starts = [FIRST]
        for _ in range(months):
            self._starts.append(billing.whole(self._starts[-1], FIRST)[1])
        self._places = self._placed()
        self._metrics = self._metric_codes()

    @property
    def first(self) -> int:
        """The number of the close that bills the first month."""
        return 1 if self._is_early else 0

    @property
    def moments(self) -> tuple[date, ...]:
        return (*([EARLY] if self._is_early else []), *self._starts[1:])

    def codes_of_plan(self, word: str) -> list[str]:
        """The subscriptions of a plan as the case names it."""
        return list(dict.fromkeys(p.code for f, p in self._placed_fees() if f.plan == word))

    def codes_of_metric(self, word: str) -> list[str]:
        """The metrics that stand for one of the case."""
        own = [place for place, fee in enumerate(self.fees) if fee.metric == word]
        return list(dict.fromkeys(self._metrics[place] for place in own))

    def metric_of(self, position: int) -> str:
        """The metric of a fee of usage, which no other fee has."""
        if self.fees[position].kind != "charge":
            raise UnsupportedCase("inputs: what concerns one fee alone needs fees of type 'charge'")
        return self._metrics[position]

    def code_at(self, level: str, position: int) -> str | None:
        """What a tax of that level on a fee names: '' for who is billed, None where the fee has no such level."""
        fee, place = self.fees[position], self._places[position]
        codes = {"customer": "", "entity": "", **({"plan": place.code} if place.code else {})}
        if fee.kind == "charge":
            codes["charge"] = place.charge
        elif fee.kind == "fixed_charge":
            codes["add_on"] = place.charge
        elif fee.kind == "commitment":
            codes["commitment"] = place.code
        elif fee.kind == "add_on":
            codes |= {"one_off_fee": place.charge, "add_on": f"add_on_{place.charge}"}
        return codes.get(level)

    def life(self, **more: Any) -> Life:
        places = list(dict.fromkeys(place.code for place in self._places if place.code))
        signed = [
            Signed(
                self._plan(code),
                self.billing.first_instant(FIRST),
                code=code,
                external=code,
                ended_at=self.billing.first_instant(self._starts[-1]),
            )
            for code in places or ["sub"]
        ]
        metrics = [
            code for fee, code in zip(self.fees, self._metrics, strict=True) if fee.kind == "charge"
        ]
        if "taxes" not in more:
            more["taxes"] = self._taxes()
        life = Life(
            tuple(signed),
            self.moments,
            tuple(Metric(code=code) for code in dict.fromkeys(metrics)),
            tuple(self._events()),
            **self.billing.life() | more,
        )
        return replace(life, one_offs=tuple(self._one_offs()))

    def lines(self, facts: LifeFacts, position: int, moment: int | None = None) -> list[LifeLine]:
        """The lines of a fee on the invoice of a close: what takes a part of it off, too."""
        fee, place = self.fees[position], self._places[position]
        types = _LINE_TYPES.get(fee.kind, (fee.kind,))
        own = facts.fee_lines(*types, moment=self.first if moment is None else moment)
        if fee.kind in ("charge", "fixed_charge"):
            own = [line for line in own if line.charge_code == place.charge]
        elif fee.kind == "add_on":
            own = [line for line in own if line.charge_code == f"add_on_{place.charge}"]
        return [line for line in own if line.code == place.code]

    def _placed_fees(self) -> list[tuple[Fee, _Place]]:
        return list(zip(self.fees, self._places, strict=True))

    def _placed(self) -> list[_Place]:
        """Fees of one subscription and plan stand together, but a second base fee, and a commitment, alone."""
        found: list[_Place] = []
        owners: dict[tuple[str, str, str, int], str] = {}
        seen: Counter[tuple[str, str, str]] = Counter()
        for position, fee in enumerate(self.fees):
            name = f"fee_{position:03d}"
            if fee.kind == "add_on":
                found.append(_Place("", name))
                continue
            kind = fee.kind if fee.kind == "commitment" else ""
            copy = seen[fee.owner, fee.plan, fee.kind] if fee.kind in _ONCE_A_PLAN else 0
            seen[fee.owner, fee.plan, fee.kind] += 1
            code = owners.setdefault((fee.owner, fee.plan, kind, copy), f"sub_{len(owners):02d}")
            found.append(_Place(code, name))
        return found

    def _plan(self, code: str) -> PlanTerms:
        own = [one for one in self._placed_fees() if one[1].code == code]

        def total(kind: str) -> Decimal:
            return sum((fee.amount for fee, _ in own if fee.kind == kind), Decimal(0))

        early = sum((fee.early for fee, _ in own), Decimal(0))
        has_base_fee = any(fee.kind == SUBSCRIPTION for fee, _ in own)
        return PlanTerms(
            total(SUBSCRIPTION),
            # A plan without a price has a base fee of 0, which would be one of the invoice's fees.
            trial_days=0 if has_base_fee else (self._starts[-1] - FIRST).days,
            minimum_commitment=total("commitment") or None,
            charges=tuple(
                self._charge(number)
                for number, fee in enumerate(self.fees)
                if fee.kind == "charge" and self._places[number].code == code
            ),
            fixed_charges=tuple(
                FixedCharge(place.charge, Decimal(1), fee.amount, False, False, place.charge)
                for fee, place in own
                if fee.kind == "fixed_charge"
            ),
            thresholds=(Threshold(early, known_on=EARLY),) if early > 0 else (),
        )

    def _metric_codes(self) -> list[str]:
        if not self._shares_metrics:
            return [place.charge for place in self._places]
        words = list(dict.fromkeys(fee.metric for fee in self.fees))
        return [f"metric_{words.index(fee.metric):02d}" for fee in self.fees]

    def _charge(self, number: int) -> Charge:
        """Units of the fee's own metric at 1 each; or the fee for one unit of a metric that others share."""
        price = plain(self.fees[number].amount) if self._shares_metrics else "1"
        prices = Prices({"unit_amount": price})
        return Charge("standard", prices, self._places[number].charge, self._metrics[number])

    def _events(self) -> list[UsageEvent]:
        """What was billed early, and the rest of the month; in later months all at once."""
        found: dict[tuple[str, str, date], UsageEvent] = {}
        for number, (fee, place) in enumerate(self._placed_fees()):
            if fee.kind != "charge":
                continue
            whole = Decimal(1) if self._shares_metrics else fee.amount
            uses = [(FIRST, fee.early, EARLY)] if fee.early else []
            if whole != fee.early or not whole:
                uses.append((FIRST + 9 * DAY, whole - fee.early, self._starts[1]))
            later = zip(self._starts[1:], self._starts[2:], strict=False)
            uses += [(start, whole, end) for start, end in later]
            metric = self._metrics[number]
            for day, amount, known_on in uses:
                found[place.code, metric, day] = UsageEvent(
                    self.billing.first_instant(day) + timedelta(hours=1),
                    {"value": plain(amount)},
                    metric_code=metric,
                    known_on=known_on,
                    code=place.code,
                )
        return list(found.values())

    def _one_offs(self) -> list[OneOffFee]:
        return [
            OneOffFee(place.charge, fee.amount, self._starts[1])
            for fee, place in self._placed_fees()
            if fee.kind == "add_on"
        ]

    def _taxes(self) -> tuple[Taxed, ...]:
        """The rates of each fee, at the level that is its own."""
        if not any(fee.rates for fee in self.fees):
            return ()
        found = []
        for number, fee in enumerate(self.fees):
            level = _LEVEL_OF_KIND[fee.kind]
            code = self.code_at(level, number)
            assert code is not None
            # A fee without a tax beside others that have one must not take that of its plan.
            found.append(Taxed(level, code, fee.rates or (Decimal(0),)))
        return tuple(found)
