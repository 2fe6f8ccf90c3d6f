-- R-TAX-EU: the tax of each customer of an entity with EU VAT, and why: first the special territory, then the VAT id, then the
-- customer's country.
-- Grain: one row per customer_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

places as (
    select customer_id, entity_country, country, zipcode, territory_name, territory_tax_code
    from {{ ref('int_settlement__taxed_places') }}
    where automatic_tax = 'eu_vat'
),

vat_ids as (
    select customer_id, vat_id_state, is_valid, check_text from {{ ref('int_settlement__checked_vat_ids') }}
),

-- Before the first rate that is known, a member's tax has none, which stops the close: not a country outside the EU.
member_states as (
    select distinct
        rates.member_state,
        rates.tax_code
    from {{ ref('stg_reference__eu_vat_rates') }} as rates
    inner join running on running.close_date < rates.valid_to or rates.valid_to is null
    where rates.member_state is not null
),

-- A valid id of a state that is no member, such as Northern Ireland's for goods, is none.
judged as (
    select
        places.*,
        vat_ids.vat_id_state,
        coalesce(vat_ids.is_valid and id_states.member_state is not null, false) as has_valid_id,
        coalesce(vat_ids.check_text, 'no VAT id') as check_text
    from places
    left join vat_ids on places.customer_id = vat_ids.customer_id
    left join member_states as id_states on vat_ids.vat_id_state = id_states.member_state
),

-- Whose standard rate holds, if one does.
decided as (
    select
        judged.*,
        case
            when territory_tax_code is not null then 'territory'
            when has_valid_id and vat_id_state <> entity_country then 'reverse_charge'
            else 'standard'
        end as decision,
        case when has_valid_id or country is null then entity_country else country end as taxing_country
    from judged
),

taxed as (
    select
        decided.customer_id,
        case decided.decision
            when 'territory' then decided.territory_tax_code
            when 'reverse_charge' then 'eu_reverse_charge'
            else coalesce(member_states.tax_code, 'eu_tax_exempt')
        end as tax_code,
        'customer: eu_vat, ' || case
            when decided.decision = 'territory' then decided.territory_name || ', zipcode ' || decided.zipcode
            when decided.decision = 'reverse_charge' then 'reverse charge, ' || decided.check_text
            when decided.country is null and not decided.has_valid_id
                then 'standard ' || decided.entity_country || ', country not known'
            when member_states.member_state is null then decided.country || ' is outside the EU'
            else 'standard ' || member_states.member_state || ', ' || decided.check_text
        end as tax_evidence
    from decided
    left join member_states on decided.taxing_country = member_states.member_state
)

select * from taxed
