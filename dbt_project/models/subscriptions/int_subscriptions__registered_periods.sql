-- R-REOPEN: the registered periods of the subscriptions that this close looks at again, cut to where these are billed today.
-- Grain: one row per (subscription_id, fee_family, registered_starts_at).

with

terms as (
    select subscription_id, billing_interval, origin_date, trial_end_date, billing_starts_at, ended_at
    from {{ ref('int_subscriptions__terms') }}
),

reviewed_subscriptions as (
    select subscription_id, examined_batch, is_over from {{ ref('int_subscriptions__reviewed_subscriptions') }}
),

resume_points as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        is_due_at_start,
        billing_start_date,
        own_end_date,
        own_billable_end_date
    from {{ ref('int_subscriptions__resume_points') }}
),

registered as (
    select
        billed_periods.*,
        min(period_starts_at) over (partition by subscription_id, fee_family) as first_starts_at,
        max(close_date) over (partition by subscription_id, fee_family) as last_close_date
    from {{ ref('stg_issued__billed_periods') }} as billed_periods
),

with_terms as (
    select
        registered.*,
        reviewed_subscriptions.examined_batch,
        reviewed_subscriptions.is_over,
        terms.billing_interval as plan_interval,
        terms.origin_date,
        terms.trial_end_date,
        terms.billing_starts_at,
        terms.ended_at,
        resume_points.billing_interval,
        resume_points.is_due_at_start,
        resume_points.billing_start_date,
        resume_points.own_end_date,
        resume_points.own_billable_end_date,
        {{ period_number('terms.origin_date', 'resume_points.billing_interval', 'registered.period_start_date') }}
            as near_number,
        {{ period_number('terms.origin_date', 'terms.billing_interval', 'registered.period_start_date') }}
            as near_plan_number
    from registered
    inner join reviewed_subscriptions on registered.subscription_id = reviewed_subscriptions.subscription_id
    inner join terms on registered.subscription_id = terms.subscription_id
    inner join resume_points
        on
            registered.subscription_id = resume_points.subscription_id
            and registered.fee_family = resume_points.fee_family
),

numbered as (
    select
        with_terms.*,
        {{ containing_period_number('origin_date', 'billing_interval', 'near_number', 'period_start_date') }}
            as period_number,
        {{ containing_period_number('origin_date', 'plan_interval', 'near_plan_number', 'period_start_date') }}
            as plan_period_number
    from with_terms
),

whole as (
    select
        numbered.*,
        {{ period_start('origin_date', 'billing_interval', 'period_number') }} as whole_start_date,
        {{ period_start('origin_date', 'billing_interval', '(period_number + 1)') }} as whole_end_date
    from numbered
),

-- What an end leaves of a base fee in advance is settled by its credit note alone, and of fixed charges in advance by what the
-- plan after an upgrade pays less, so that these periods stay whole. An end that was known then,
-- on a day that the next plan shares, has cut it.
cut as (
    select
        whole.*,
        is_due_at_start
        and period_end_date = whole_end_date
        and not (period_ends_at = ended_at and own_billable_end_date < period_end_date) as is_settled_at_its_end
    from whole
),

bounded as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        plan_period_number,
        period_starts_at as registered_starts_at,
        period_ends_at as registered_ends_at,
        period_start_date as registered_start_date,
        period_end_date as registered_end_date,
        timezone,
        document_key,
        inputs_digest as registered_digest,
        is_adjustment,
        close_date = last_close_date as is_of_last_close,
        examined_batch,
        is_over,
        whole_start_date,
        whole_end_date,
        trial_end_date,
        case
            when period_starts_at = first_starts_at and period_start_date = billing_start_date then billing_starts_at
            else greatest(period_starts_at, billing_starts_at)
        end as period_starts_at,
        case when is_settled_at_its_end then period_ends_at else least(period_ends_at, ended_at) end as period_ends_at,
        greatest(period_start_date, billing_start_date) as period_start_date,
        -- The zone of an end may have another date by now: only an end that moved back cuts.
        case
            when is_settled_at_its_end or period_ends_at <= coalesce(ended_at, period_ends_at) then period_end_date
            else least(period_end_date, own_end_date)
        end as period_end_date,
        case
            when is_settled_at_its_end then period_end_date
            else
                greatest(
                    least(period_end_date, own_billable_end_date), greatest(period_start_date, billing_start_date)
                )
        end as billable_end_date,
        case
            when is_settled_at_its_end and own_billable_end_date < period_end_date
                then greatest(own_billable_end_date, period_start_date)
        end as left_on_date
    from cut
)

select * from bounded
