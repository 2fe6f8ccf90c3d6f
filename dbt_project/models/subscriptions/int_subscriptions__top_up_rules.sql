-- R-TOP-UP: the top-up rules that this close looks at, with the zone of their customer: all with a threshold that are in force,
-- and those whose date has come.
-- Grain: one row per top_up_rule_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

top_up_rules as (select * from {{ ref('stg_catalog__top_up_rules') }}),

due_dates as (
    select top_up_rule_id, due_date
    from {{ ref('int_subscriptions__top_up_dates') }}
),

customers as (select customer_id, billing_entity_code, timezone from {{ ref('stg_catalog__customers') }}),

billing_entities as (select billing_entity_code, timezone from {{ ref('stg_catalog__billing_entities') }}),

looked_at as (
    select
        top_up_rules.*,
        customers.billing_entity_code,
        {{ customer_zone('customers', 'billing_entities') }} as timezone,
        running.close_date
    from top_up_rules
    inner join running
        on
            top_up_rules.starts_on <= running.close_date
            and (running.close_date < top_up_rules.ends_on or top_up_rules.ends_on is null)
    inner join customers on top_up_rules.customer_id = customers.customer_id
    inner join billing_entities on customers.billing_entity_code = billing_entities.billing_entity_code
    left join due_dates on top_up_rules.top_up_rule_id = due_dates.top_up_rule_id
    where top_up_rules.trigger_type = 'threshold' or due_dates.due_date <= running.close_date
)

select * from looked_at
