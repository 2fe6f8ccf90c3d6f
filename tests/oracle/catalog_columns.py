"""The columns of a random company's catalog files.

Belongs here: files and their columns, of every company and of some. Does not belong here: writing them (see
`company_files`).
"""

from __future__ import annotations

# Cells of a row that prices, whoever it is a row of.
PRICE_COLUMNS = (
    "unit_amount package_amount package_size free_units rate fixed_amount free_units_per_events "
    "free_units_per_total_aggregation per_transaction_min_amount per_transaction_max_amount "
    "custom_properties"
)
CHARGE_KEY = "plan_code charge_code subscription_id first_month valid_from recorded_at"
COLUMNS = {
    "prices/billable_metrics": "metric_code metric_name aggregation_type field_name expression "
    "is_recurring rounding_function rounding_precision custom_model unit_name",
    "prices/pricing_units": "pricing_unit_code pricing_unit_name",
    "prices/plans": "plan_code plan_name interval is_pay_in_advance amount currency "
    "subscription_id first_month last_month valid_from valid_to recorded_at",
    "prices/charges": f"{CHARGE_KEY} last_month valid_to metric_code charge_model display_name "
    f"is_pay_in_advance is_prorated pricing_group_keys {PRICE_COLUMNS} minimum_amount "
    "pricing_unit_code conversion_rate",
    "prices/charge_filters": f"{CHARGE_KEY} filter_code display_name {PRICE_COLUMNS}",
    "prices/charge_filter_values": f"{CHARGE_KEY} filter_code property_name property_value",
    "prices/charge_tiers": f"{CHARGE_KEY} filter_code up_to unit_amount rate flat_amount",
    "accounts/billing_entities": "billing_entity_code entity_name country timezone "
    "invoice_prefix net_payment_days grace_days",
    "accounts/customers": "customer_id customer_name billing_entity_code country timezone "
    "purchase_order metadata",
    "accounts/subscriptions": "subscription_id external_subscription_id customer_id plan_code "
    "started_at ended_at billing_starts_at recorded_at",
    "credits/wallets": "wallet_id customer_id wallet_name currency priority",
    "credits/wallet_lots": "lot_id wallet_id lot_kind amount granted_on",
    "tax/taxes": "tax_code tax_name rate_percent valid_from valid_to recorded_at",
    "tax/customer_taxes": "customer_id tax_code",
}
# Columns and files that are written only where an example has them.
FIXED_CHARGE_KEY = "plan_code fixed_charge_code subscription_id first_month valid_from recorded_at"
LIFE_COLUMNS = {
    "prices/plans": "trial_days bills_charges_monthly bills_fixed_charges_monthly "
    "minimum_commitment_amount maximum_amount adjustment_days adjustment_minimum_amount",
    "prices/charges": "maximum_amount",
    "prices/add_ons": "add_on_code add_on_name unit_amount currency pack_units",
    "prices/fixed_charges": f"{FIXED_CHARGE_KEY} last_month valid_to add_on_code charge_model "
    "display_name is_pay_in_advance is_prorated units unit_amount",
    "prices/fixed_charge_tiers": f"{FIXED_CHARGE_KEY} up_to unit_amount flat_amount",
    "accounts/billing_entities": "automatic_tax",
    "accounts/customers": "payer_customer_id zipcode state county city vat_id",
    "accounts/subscriptions": "billing_time on_termination lifetime_usage_amount payer_customer_id",
    "prices/usage_thresholds": "plan_code threshold_amount is_recurring display_name",
    "credits/wallets": "metric_code scope_fee_types rate expires_on paid_top_up_min_amount "
    "paid_top_up_max_amount",
    "credits/wallet_lots": "priority expires_on units voided_on",
    "credits/wallet_targets": "wallet_id metric_code",
    "credits/top_up_rules": "top_up_rule_id wallet_id trigger_type interval threshold_credits method paid_credits "
    "granted_credits target_ongoing_balance grants_target_top_up ignores_paid_top_up_limits starts_on ends_on",
    "credits/coupons": "coupon_code coupon_name coupon_type amount currency rate_percent frequency "
    "frequency_duration is_per_invoice expires_on",
    "credits/coupon_targets": "coupon_code plan_code metric_code",
    "credits/applied_coupons": "applied_coupon_id coupon_code customer_id applied_on ended_on used_amount "
    "used_periods",
    "tax/assigned_taxes": "level code tax_code",
    "tax/tax_checks": "customer_id vat_id checked_on is_valid source",
    "tax/us_sales_taxes": "state county city tax_code valid_from valid_to",
    "tax/tax_exemptions": "customer_id certificate tax_code valid_from valid_to",
    "accounts/one_off_fees": "one_off_fee_id customer_id add_on_code billed_on units unit_amount currency recorded_at",
}
