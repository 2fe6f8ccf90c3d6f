"""What a quantity costs, before rounding. Source: BILLING_RULES §3, one module per kind of price.

Belongs here: charge models as pure functions of units, prices and tiers. Does not belong here: where the quantity
comes from (see `aggregation`), and the rounding of a line (see `invoicing`).
"""

from .advance import advance_fees, first_fees, high_water_marks
from .given import dynamic, tiers_by_property
from .maximum import excess
from .minimum import true_up
from .percentage import percentage, percentage_per_transaction, running_totals
from .prices import Prices, Tier
from .prorated import Step, graduated_walk
from .rating import Measure, charge_amount
from .tiered import graduated, graduated_percentage, package, standard, units_in_tier, volume

__all__ = [
    "Measure",
    "Prices",
    "Step",
    "Tier",
    "advance_fees",
    "charge_amount",
    "dynamic",
    "excess",
    "first_fees",
    "graduated",
    "graduated_percentage",
    "graduated_walk",
    "high_water_marks",
    "package",
    "percentage",
    "percentage_per_transaction",
    "running_totals",
    "standard",
    "tiers_by_property",
    "true_up",
    "units_in_tier",
    "volume",
]
