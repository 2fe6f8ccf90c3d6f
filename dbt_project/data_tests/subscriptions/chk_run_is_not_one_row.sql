-- R-RUN: the running close is exactly one row; a second one would double every amount with all other checks green.
-- Offenders: one row with the count, if it is not one.

-- It runs in every close, because it also depends on a model that every close builds: {{ ref('fct_subscription_periods') }}

select count(*) as row_count
from {{ ref('stg_control__run') }}
having count(*) <> 1
