-- R-COUPON: what each coupon credits on each invoice, and the share of it that each line bears. Coupons discount one after the
-- other, by rank, what those before have left; the invoices of a customer settle in order, each seeing what those before used.
-- A credit has whole minor units and is never above what is left of its lines; one of 0 uses no slot.
-- Grain: one row per (document_key, line_number, applied_coupon_id).
{#- The catalog check refuses more coupons of one customer at once. #}
{% set most_coupons = 8 %}
{% set slot_columns -%}
    document_key, line_number, applied_coupon_id, coupon_rank, amount, rate_percent, currency, minor_units,
        minor_unit_size, slot, slot_left_amount, is_slot_used, slots_left, is_first_line
{%- endset %}
{% set is_slot_begun -%}
    is_first_line and not is_slot_used and wanted_amount > 0 and wanted_through_amount = wanted_amount and slot_left_amount > 0
{%- endset %}

with

slots as (
    select
        {{ slot_columns }},
        cast(0 as decimal(20, 4)) as credit_amount,
        cast(0 as decimal(38, 12)) as share_amount_unrounded,
        cast(0 as decimal(38, 12)) as taken_amount
    from {{ ref('int_settlement__coupon_slots') }}
),

{% for rank in range(1, most_coupons + 1) %}
    -- The coupons of rank {{ rank }}: their lines as the coupons before left them, by invoice and through the line.
    based_{{ rank }} as (
        select
            *,
            cast(amount - taken_amount as decimal(38, 12)) as own_amount,
            cast(sum(amount - taken_amount) over (partition by document_key, coupon_rank) as decimal(38, 12))
                as base_amount,
            cast(
                sum(amount - taken_amount) over (
                    partition by document_key, coupon_rank
                    order by line_number
                    rows between unbounded preceding and current row
                ) as decimal(38, 12)
            ) as base_through_amount
        from {{ 'slots' if rank == 1 else 'shared_' ~ (rank - 1) }}
    ),

    wanted_{{ rank }} as (
        select
            *,
            case
                when base_amount <= 0 then cast(0 as decimal(20, 4))
                when rate_percent is null
                    then cast(floor(base_amount * minor_units) * minor_unit_size as decimal(20, 4))
                else
                    cast(
                        least(
                            round(base_amount * rate_percent * cast('0.01' as decimal(3, 2)) * minor_units, 0),
                            floor(base_amount * minor_units)
                        ) * minor_unit_size as decimal(20, 4)
                    )
            end as wanted_amount
        from based_{{ rank }}
    ),

    through_{{ rank }} as (
        select
            *,
            sum(case when is_first_line then wanted_amount else 0 end) over (
                partition by applied_coupon_id, slot
                order by document_key, line_number
                rows between unbounded preceding and current row
            ) as wanted_through_amount
        from wanted_{{ rank }}
    ),

    -- A slot that was not used before begins with the first invoice that it credits.
    counted_{{ rank }} as (
        select
            *,
            {{ is_slot_begun }} as is_slot_begun,
            sum(case when {{ is_slot_begun }} then 1 else 0 end) over (
                partition by applied_coupon_id
                order by document_key, line_number
                rows between unbounded preceding and current row
            ) as begun_count
        from through_{{ rank }}
    ),

    given_{{ rank }} as (
        select
            *,
            case
                when
                    slots_left is null or is_slot_used
                    or max(case when is_slot_begun and begun_count <= slots_left then 1 else 0 end) over (
                        partition by applied_coupon_id, slot
                    ) = 1
                    then cast(
                            least(wanted_through_amount, slot_left_amount)
                            - least(wanted_through_amount - wanted_amount, slot_left_amount) as decimal(20, 4)
                        )
                else cast(0 as decimal(20, 4))
            end as given_amount
        from counted_{{ rank }}
    ),

    parted_{{ rank }} as (
        select
            *,
            case
                when coupon_rank <> {{ rank }} or given_amount = 0 then cast(0 as decimal(38, 12))
                else
                    {{ coupon_share('base_through_amount', 'given_amount', 'base_amount', 'document_key') }}
                    - {{ coupon_share(
                        'base_through_amount - own_amount', 'given_amount', 'base_amount', 'document_key'
                    ) }}
            end as part_amount
        from given_{{ rank }}
    ),

    shared_{{ rank }} as (
        select
            {{ slot_columns }},
            case when coupon_rank = {{ rank }} then given_amount else credit_amount end as credit_amount,
            cast(share_amount_unrounded + part_amount as decimal(38, 12)) as share_amount_unrounded,
            cast(taken_amount + sum(part_amount) over (partition by document_key, line_number) as decimal(38, 12))
                as taken_amount
        from parted_{{ rank }}
    ),
{% endfor %}
shares as (
    select document_key, line_number, applied_coupon_id, slot, currency, credit_amount, share_amount_unrounded
    from shared_{{ most_coupons }}
    where credit_amount > 0
)

select * from shares
