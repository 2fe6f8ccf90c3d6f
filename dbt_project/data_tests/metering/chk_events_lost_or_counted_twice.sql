-- R-CONSERVE: every accepted event has exactly one verdict: the verdicts add up to the accepted lines of all files.
-- Grain: one row if they do not.

with

accepted as (
    select coalesce(sum(accepted_count), 0) as accepted_count
    from {{ ref('stg_landing__file_verdicts') }}
),

verdicts as (
    select coalesce(sum(event_count), 0) as verdict_count
    from {{ ref('fct_event_verdicts') }}
)

select
    accepted.accepted_count,
    verdicts.verdict_count
from accepted
cross join verdicts
where accepted.accepted_count <> verdicts.verdict_count
