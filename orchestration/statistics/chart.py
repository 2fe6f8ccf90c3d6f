"""One judged value beside its history, as a small inline SVG.

Belongs here: bars, the median and the usual range. Does not belong here: the page around it (`page`), and whether a
value is usual. Coordinates are rounded to a tenth of a pixel: the same series gives the same bytes.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape

from orchestration.statistics.outcomes import Series
from orchestration.statistics.wording import percent
from orchestration.texts import grouped

WIDTH, HEIGHT = 300, 96
_TOP, _GAP = 16, 2


def figure(series: Series) -> str:
    """A figure with its caption; what is shown stands in words too, for who cannot see it."""
    kind = " unusual" if series.is_offender else ""
    said = _said(series)
    return (
        f'<figure class="chart{kind}"><figcaption><b>{escape(series.title)}</b>'
        f"<span>{escape(amount(series.value, series.unit))}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">{_drawn(series)}</svg>'
        f"<p>{escape(_usual(series))}</p></figure>"
    )


def amount(value: Decimal, unit: str) -> str:
    """A value with its unit: `USD 1,234.50`, `12,000`, `1.25 %`."""
    if unit == "share":
        return percent(value)
    if unit == "units":
        return grouped(value.quantize(Decimal("0.01")) if abs(value) >= 1 else value)
    return f"{unit} {value:,f}"


def _drawn(series: Series) -> str:
    values = [*series.values, series.value]
    top = max(*values, series.median or Decimal(0), Decimal(0)) * Decimal("1.04") or Decimal(1)
    floor = min(*values, Decimal(0))

    def y(value: Decimal) -> str:
        share = (min(max(value, floor), top) - floor) / (top - floor)
        return _px(_TOP + (1 - share) * (HEIGHT - _TOP))

    # A few bars stay as narrow as many, and the last one stands at the right.
    slot = Decimal(WIDTH) / max(len(values), 8)
    left = WIDTH - slot * len(values)
    parts = []
    if series.highest is not None:
        upper = Decimal(y(series.highest))
        lower = Decimal(y(series.lowest)) if series.lowest is not None else Decimal(HEIGHT)
        parts.append(
            f'<rect class="range" x="0" y="{upper}" width="{WIDTH}" height="{_px(lower - upper)}"/>'
        )
    for at, (label, value) in enumerate(zip((*series.labels, series.label), values, strict=True)):
        edge, base = sorted((Decimal(y(value)), Decimal(y(Decimal(0)))))
        name = "now" if at == len(values) - 1 else "before"
        # Nothing is a thin bar, so that it does not look like a gap.
        height = max(base - edge, Decimal("1.5"))
        parts.append(
            f'<rect class="{name}" x="{_px(left + at * slot + _GAP)}" y="{_px(min(edge, HEIGHT - height))}"'
            f' width="{_px(slot - 2 * _GAP)}"'
            f' height="{_px(height)}"><title>{escape(label)}: {escape(amount(value, series.unit))}</title></rect>'
        )
    if series.median is not None:
        at = y(series.median)
        parts.append(f'<line class="median" x1="0" x2="{WIDTH}" y1="{at}" y2="{at}"/>')
    if series.highest is not None and series.highest <= top:
        at = y(series.highest)
        parts.append(f'<line class="limit" x1="0" x2="{WIDTH}" y1="{at}" y2="{at}"/>')
    if series.lowest:
        at = y(series.lowest)
        parts.append(f'<line class="limit" x1="0" x2="{WIDTH}" y1="{at}" y2="{at}"/>')
    return "".join(parts)


def _usual(series: Series) -> str:
    before = f"{len(series.values)} before"
    if series.highest is None:
        return before
    # The figure's value has the currency already.
    unit = series.unit if series.unit == "share" else "units"
    highest, lowest = (
        f"{bound:,f}"
        if bound is not None and unit != "share"
        else amount(bound or Decimal(0), unit)
        for bound in (series.highest, series.lowest)
    )
    usual = f"{lowest} to {highest}" if series.lowest else f"up to {highest}"
    return f"{series.label}; usual is {usual}; {before}"


def _said(series: Series) -> str:
    earlier = ", ".join(
        f"{label} {amount(value, series.unit)}"
        for label, value in zip(series.labels, series.values, strict=True)
    )
    return f"{series.title}: {amount(series.value, series.unit)} on {series.label}, after {earlier or 'nothing'}"


def _px(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.1')):f}"
