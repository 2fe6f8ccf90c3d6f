-- R-TAX: where a line's taxes may be stated, the nearest first: its one-off fee, its charge, add-on or commitment, its plan, its
-- payer, its entity. What corrects an invoice bears that one's taxes, and asks nowhere.
-- Grain: one row per (document_key, line_number, level_rank).
{% set levels = [
    ("'one_off_fee'", 'one_off_fee_id'),
    ('own_level', 'own_code'),
    ("'plan'", 'plan_code'),
    ("'customer'", 'payer_customer_id'),
    ("'entity'", 'billing_entity_code'),
] %}

with

invoice_lines as (
    select
        document_key,
        line_number,
        line_key,
        payer_customer_id,
        billing_entity_code,
        subscription_id,
        fee_type,
        charge_code
    from {{ ref('int_settlement__taxable_lines') }}
),

subscriptions as (select subscription_id, plan_code from {{ ref('dim_subscriptions') }}),

one_off_fees as (select one_off_fee_id, add_on_code, line_key from {{ ref('fct_one_off_fees') }}),

-- Rows of one fixed charge bill one add-on.
fixed_charges as (
    select distinct
        plan_code,
        fixed_charge_code,
        add_on_code
    from {{ ref('stg_catalog__fixed_charges') }}
),

named_lines as (
    select
        invoice_lines.*,
        subscriptions.plan_code,
        one_off_fees.one_off_fee_id,
        coalesce(one_off_fees.add_on_code, fixed_charges.add_on_code) as add_on_code,
        {{ scope_fee_type('invoice_lines.fee_type') }} as scope_fee_type
    from invoice_lines
    left join subscriptions on invoice_lines.subscription_id = subscriptions.subscription_id
    left join one_off_fees on invoice_lines.line_key = one_off_fees.line_key
    left join fixed_charges
        on
            subscriptions.plan_code = fixed_charges.plan_code
            and invoice_lines.charge_code = fixed_charges.fixed_charge_code
            and invoice_lines.fee_type in ('fixed_charge', 'fixed_charge_in_advance')
),

own_levels as (
    select
        named_lines.*,
        case when scope_fee_type in ('charge', 'commitment') then scope_fee_type else 'add_on' end as own_level,
        case scope_fee_type when 'charge' then charge_code when 'commitment' then plan_code else add_on_code end
            as own_code
    from named_lines
),

levels as (
    {% for level, code in levels %}
        select
            document_key,
            line_number,
            payer_customer_id,
            {{ loop.index }} as level_rank,
            {{ level }} as level,
            {{ code }} as code
        from own_levels
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from levels
where code is not null
