-- R-TAX: where a line's taxes may be stated, the nearest first: its one-off fee, its charge, add-on or commitment, its plan, its
-- customer, its entity. What corrects an invoice bears that one's taxes, and asks nowhere.
-- Grain: one row per (document_key, line_number, level_rank).

with

invoice_lines as (
    select
        document_key,
        line_number,
        line_key,
        customer_id,
        billing_entity_code,
        subscription_id,
        fee_type,
        charge_code
    from {{ ref('fct_invoice_lines') }}
    where original_invoice_number is null
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
        invoice_lines.fee_type in ('charge', 'charge_in_advance', 'charge_true_up', 'charge_maximum')
        or invoice_lines.fee_type like 'progressive%' as is_of_charge,
        invoice_lines.fee_type in ('commitment_true_up', 'period_maximum') as is_of_commitment
    from invoice_lines
    left join subscriptions on invoice_lines.subscription_id = subscriptions.subscription_id
    left join one_off_fees on invoice_lines.line_key = one_off_fees.line_key
    left join fixed_charges
        on
            subscriptions.plan_code = fixed_charges.plan_code
            and invoice_lines.charge_code = fixed_charges.fixed_charge_code
            and invoice_lines.fee_type in ('fixed_charge', 'fixed_charge_in_advance')
),

levels as (
    select
        document_key,
        line_number,
        customer_id,
        1 as level_rank,
        'one_off_fee' as level,
        one_off_fee_id as code
    from named_lines
    union all
    select
        document_key,
        line_number,
        customer_id,
        2 as level_rank,
        case
            when is_of_charge then 'charge'
            when is_of_commitment then 'commitment'
            else 'add_on'
        end as level,
        case
            when is_of_charge then charge_code
            when is_of_commitment then plan_code
            else add_on_code
        end as code
    from named_lines
    union all
    select
        document_key,
        line_number,
        customer_id,
        3 as level_rank,
        'plan' as level,
        plan_code as code
    from named_lines
    union all
    select
        document_key,
        line_number,
        customer_id,
        4 as level_rank,
        'customer' as level,
        customer_id as code
    from named_lines
    union all
    select
        document_key,
        line_number,
        customer_id,
        5 as level_rank,
        'entity' as level,
        billing_entity_code as code
    from named_lines
)

select * from levels
where code is not null
