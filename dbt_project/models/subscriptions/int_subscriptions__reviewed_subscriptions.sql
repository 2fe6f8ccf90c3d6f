-- R-REOPEN: the subscriptions whose registered periods this close looks at again: those with a period that is due, and in the
-- first close of a month those that are over. A preview looks at those that it drafts.
-- Grain: one row per subscription_id.

with

running as (select run_kind, close_date from {{ ref('stg_control__run') }}),

previewed as (select subscription_id from {{ ref('stg_control__previewed_subscriptions') }}),

terms as (select subscription_id, grace_days from {{ ref('int_subscriptions__terms') }}),

calendar_periods as (
    select subscription_id, is_due_at_start, period_start_date, period_end_date
    from {{ ref('int_subscriptions__calendar_periods') }}
),

registered as (
    select subscription_id, examined_batch, last_close_date from {{ ref('int_subscriptions__examined_batches') }}
),

going_on as (
    select
        calendar_periods.subscription_id,
        min(
            cast(
                case
                    when calendar_periods.is_due_at_start then calendar_periods.period_start_date
                    else calendar_periods.period_end_date
                end + terms.grace_days * interval '1' day as date
            )
        ) as next_due_date
    from calendar_periods
    inner join terms on calendar_periods.subscription_id = terms.subscription_id
    group by calendar_periods.subscription_id
),

reviewed as (
    select
        registered.subscription_id,
        registered.examined_batch,
        going_on.subscription_id is null as is_over
    from registered
    cross join running
    left join going_on on registered.subscription_id = going_on.subscription_id
    left join previewed on registered.subscription_id = previewed.subscription_id
    where
        (running.run_kind <> 'preview' or previewed.subscription_id is not null)
        and (
            going_on.next_due_date <= running.close_date
            or (
                going_on.subscription_id is null
                and date_trunc('month', registered.last_close_date) < date_trunc('month', running.close_date)
            )
        )
)

select * from reviewed
