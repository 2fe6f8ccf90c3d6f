-- R-FIXED-CREDIT: the fees of fixed charges, each rounded once, less what the plan before an upgrade was paid for the same days.
-- What one line does not use up of it goes to the add-on's next one; no fee falls below 0.
-- Grain: one row per line_key.

with

segments as (
    select
        segments.*,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key
    from {{ ref('int_invoicing__fixed_charge_segments') }} as segments
),

subscriptions as (select subscription_id, minor_unit from {{ ref('dim_subscriptions') }}),

credits as (
    select subscription_id, period_starts_at, add_on_code, credit_amount, paid_until_date
    from {{ ref('int_invoicing__fixed_charge_credits') }}
),

-- A charge stands where its first row stands, so that the order of lines is that of the file.
with_credit as (
    select
        segments.*,
        subscriptions.minor_unit,
        min(segments.fixed_charge_row_number) over (
            partition by segments.subscription_id, segments.period_starts_at, segments.charge_code
        ) as charge_position,
        case
            when segments.is_prorated and segments.fee_family = 'fixed_in_advance'
                then coalesce(credits.credit_amount, cast(0 as decimal(20, 4)))
            else cast(0 as decimal(20, 4))
        end as credit_amount,
        credits.paid_until_date
    from segments
    inner join subscriptions on segments.subscription_id = subscriptions.subscription_id
    left join credits
        on
            segments.subscription_id = credits.subscription_id
            and segments.period_starts_at = credits.period_starts_at
            and segments.add_on_code = credits.add_on_code
),

-- Lines that take nothing stand in the order too, with nothing to take it from.
credited as (
    select
        with_credit.*,
        cast(
            least(
                amount_unrounded,
                greatest(
                    credit_amount - coalesce(
                        sum(case when credit_amount > 0 then amount_unrounded else 0 end) over (
                            partition by subscription_id, period_starts_at, add_on_code
                            order by charge_position, segment_starts_at, fixed_charge_row_number
                            rows between unbounded preceding and 1 preceding
                        ), 0
                    ), 0
                )
            ) as decimal(38, 21)
        ) as used_credit_unrounded
    from with_credit
),

fees as (
    select
        subscription_id,
        fee_family,
        case fee_family when 'fixed' then 'fixed_charge' else 'fixed_charge_in_advance' end as fee_type,
        charge_code,
        filter_code,
        group_key,
        fixed_charge_row_number,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        description,
        quantity,
        cast(amount_unrounded - used_credit_unrounded as decimal(38, 21)) as amount_unrounded,
        {{ round_to_minor_unit('(amount_unrounded - used_credit_unrounded)', 'minor_unit') }} as amount,
        details || case
            when used_credit_unrounded > 0
                then ',"paid_before_amount":"' || {{ decimal_text('used_credit_unrounded') }}
                    || '","paid_before_until":"' || cast(paid_until_date as varchar) || '"}'
            else '}'
        end as price_details
    from credited
),

keyed as (
    select
        fees.*,
        {{ line_key('fees', 'fees.fee_type') }} as line_key
    from fees
)

select * from keyed
