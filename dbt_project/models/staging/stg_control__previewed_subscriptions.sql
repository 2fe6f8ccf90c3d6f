-- R-RUN: the subscriptions that a preview drafts at the date of its run; no row in any other run.
-- Grain: one row per subscription_id.

with

previewed as (select subscription_id from {{ source('control', 'previewed_subscriptions') }})

select * from previewed
