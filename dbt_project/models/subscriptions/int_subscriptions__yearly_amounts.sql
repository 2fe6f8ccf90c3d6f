-- R-UPGRADE: what a plan comes to in a year, by the row that would be in force on the local date of a request.
-- A phase counts from where billing begins: at the subscription's own request, or at a bound of the plan before it.
-- Grain: one row per (subscription_id, start_date, asked_on).

with

requests as (
    select subscription_id, plan_code, billing_interval from {{ ref('int_subscriptions__requests') }}
),

request_dates as (
    select subscription_id, request_date, stated_billing_date from {{ ref('int_subscriptions__request_dates') }}
),

change_boundaries as (
    select subscription_id, later_subscription_id, boundary_date
    from {{ ref('int_subscriptions__change_boundaries') }}
),

plans as (
    select
        row_number,
        plan_code,
        subscription_id,
        amount,
        first_month,
        last_month,
        valid_from,
        valid_to,
        recorded_at
    from {{ ref('stg_catalog__plans') }}
),

asked as (
    select subscription_id, later_subscription_id from change_boundaries
    union
    select later_subscription_id as subscription_id, later_subscription_id from change_boundaries
),

possible_starts as (
    select subscription_id, request_date as start_date from request_dates
    union
    select later_subscription_id as subscription_id, boundary_date as start_date from change_boundaries
),

questions as (
    select distinct
        asked.subscription_id,
        possible_starts.start_date,
        greatest(possible_starts.start_date, own_dates.stated_billing_date) as billing_start_date,
        later_dates.request_date as asked_on
    from asked
    inner join request_dates as later_dates on asked.later_subscription_id = later_dates.subscription_id
    inner join request_dates as own_dates on asked.subscription_id = own_dates.subscription_id
    inner join possible_starts
        on asked.subscription_id = possible_starts.subscription_id
),

ranked as (
    select
        questions.subscription_id,
        questions.start_date,
        questions.asked_on,
        coalesce(plans.amount, 0) * case requests.billing_interval
            when 'weekly' then 52
            when 'monthly' then 12
            when 'quarterly' then 4
            when 'semiannual' then 2
            when 'yearly' then 1
        end as yearly_amount,
        row_number() over (
            partition by questions.subscription_id, questions.start_date, questions.asked_on
            order by
                plans.subscription_id is not null desc,
                plans.first_month is not null or plans.last_month is not null desc,
                plans.recorded_at desc,
                plans.row_number desc
        ) as precedence
    from questions
    inner join requests on questions.subscription_id = requests.subscription_id
    left join plans
        on
            requests.plan_code = plans.plan_code
            and requests.subscription_id = coalesce(plans.subscription_id, requests.subscription_id)
            and questions.asked_on >= plans.valid_from
            and questions.asked_on < coalesce(plans.valid_to, date '9999-01-01')
            and (
                coalesce(plans.first_month, 1) = 1
                or questions.asked_on
                >= cast(questions.billing_start_date + (plans.first_month - 1) * interval '1' month as date)
            )
            and (
                plans.last_month is null
                or questions.asked_on
                < cast(questions.billing_start_date + plans.last_month * interval '1' month as date)
            )
),

yearly_amounts as (
    select subscription_id, start_date, asked_on, yearly_amount
    from ranked
    where precedence = 1
)

select * from yearly_amounts
