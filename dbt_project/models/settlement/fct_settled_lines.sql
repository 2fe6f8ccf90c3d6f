-- R-LINE: invoice lines as they are published: those that were taxed and discounted, and those of top-up invoices.
-- Grain: one row per (document_key, line_number).

with

settled_lines as (select * from {{ ref('int_settlement__settled_lines') }}),

top_up_lines as (select * from {{ ref('int_settlement__top_up_lines') }}),

all_lines as (
    select * from settled_lines
    union all
    select * from top_up_lines
)

select * from all_lines
