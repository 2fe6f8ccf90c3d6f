"""The checkers of the style's rules, each with snippets that it must find and snippets that it must pass.

Belongs here: small texts. Does not belong here: the project itself (`test_project_rules`).
"""

from __future__ import annotations

from typing import Any

import project_checks
import pytest
import sql_checks

GOOD = """\
-- R-GRAD: each unit is priced at the rate of the tier it falls in.
-- Grain: one row per (subscription_id, tier_index).

with

usage as (select subscription_id, tier_index, quantity from {{ ref('fct_usage') }}),

priced as (select subscription_id, tier_index, {{ price('quantity') }} as amount from usage)

select * from priced
"""


def test_a_good_model_has_no_fault() -> None:
    assert sql_checks.header_faults(GOOD) == []
    assert sql_checks.literal_id_faults(GOOD) == []
    assert sql_checks.jinja_faults(GOOD) == []
    rendered = GOOD.replace("{{ ref('fct_usage') }}", "fct_usage").replace(
        "{{ price('quantity') }}", "price(quantity)"
    )
    assert sql_checks.portability_faults(rendered) == []
    assert sql_checks.compiled_faults(rendered) == []
    assert sql_checks.output_columns(rendered) == ["subscription_id", "tier_index", "amount"]
    assert sql_checks.header_rule(GOOD) == "R-GRAD"
    assert sql_checks.header_grain(GOOD) == "one row per (subscription_id, tier_index)"


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "-- R-GRAD: a sentence.\nselect 1",
        "-- Graduated tiers.\n-- Grain: one row per a.\n",
        "-- R-GRAD: a sentence.\n-- Grain: per a.\n",
        "-- R-GRAD: a sentence.\n-- Grain: one row per a.\n-- More.\n",
        f"-- R-GRAD: {'long ' * 30}.\n-- Grain: one row per a.\n",
    ],
)
def test_headers_that_are_found(sql: str) -> None:
    assert sql_checks.header_faults(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "-- R-GRAD: a sentence.\n-- Why it is so.\n-- Grain: one row per a.\n\nselect 1",
        "-- R-RUN: what runs.\n-- Grain: exactly one row.\n",
        "-- R-MATCH: an event is counted once.\n-- Offenders: the events and their counts.\n",
    ],
)
def test_headers_that_pass(sql: str) -> None:
    assert sql_checks.header_faults(sql) == []


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select a from t qualify row_number() over (order by a) = 1", "QUALIFY"),
        ("select a::integer from t", "::"),
        ("select * from t asof join u on t.a >= u.a", "ASOF"),
        ("select * exclude (a) from t", "exclude"),
        ("select * replace (1 as a) from t", "exclude"),
        ("select distinct on (a) a, b from t", "distinct on"),
        ("select avg(a) as a from t", "avg()"),
        ("select cast(a as double) as a from t", "float"),
        ("select cast(a as float) as a from t", "float"),
        ("select concat(a, b) as c from t", "concat()"),
        ("select max_by(a, b) as c from t", "arg_max()"),
        ("select arg_min(a, b) as c from t", "arg_min()"),
        ("select a from t union all by name select a from u", "by name"),
        ("select a / b as c from t", "division"),
        ("select a // b as c from t", "division"),
        ("select 1e-3 as a", "DOUBLE"),
        ('select "A" from t', "quoted"),
        ("select a ->> '$.b' as b from t", "->>"),
        ("select extract(dow from a) as d from t", "week"),
        ("select date_diff('month', a, b) as d from t", "date_diff()"),
        ("select regexp_replace(a, 'b', 'c') as d from t", "regexp_replace()"),
        ("select string_agg(a, ',') as b from t", "join_texts"),
        ("select last_value(a ignore nulls) over (order by b) as c from t", "ignore nulls"),
        ("select current_date as d", "when it runs"),
        ("select now() as d", "when it runs"),
        ("select hash(a) as h from t", "engine's own"),
        ("select random() as r", "every run"),
        ("select a from generate_series(1, 3) as r(a)", "drifts"),
    ],
)
def test_sql_of_one_engine_is_found(sql: str, word: str) -> None:
    faults = sql_checks.portability_faults(sql)
    assert any(word in fault for fault in faults), faults


@pytest.mark.parametrize(
    "sql",
    [
        "select a || b as c, concat_ws(',', a, b) as d from t",
        "select a, row_number() over (partition by b order by c nulls last) as n from t",
        "select r.i from range(0, 3) as r(i)",
        "select cast(a as decimal(20, 4)) as a, cast(b as bigint) as b from t",
        "select md5(a) as h, greatest(a, b) as g, count(*) filter (where a is null) as n from t",
        "select a from t union all select a from u",
        "select date '2025-01-31' + 2 * interval '1' month as d, last_day(a) as e from t",
        "select count(distinct a) as n, any_value(b) as b from t group by c",
        "select 'a / b::text, avg(x)' as sentence -- a / b",
    ],
)
def test_sql_of_both_engines_passes(sql: str) -> None:
    assert sql_checks.portability_faults(sql) == []


def test_recursion_is_for_the_models_that_have_leave() -> None:
    walk = "with recursive r as (select 1 as a union all select a + 1 from r) select * from r"
    assert sql_checks.recursion_faults("int_subscriptions__timelines", walk) == []
    assert sql_checks.recursion_faults("int_subscriptions__terms", walk)
    plain = "with r as (select 1 as a) select * from r"
    assert sql_checks.recursion_faults("int_subscriptions__terms", plain) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select a + (n - 1) * interval '1' month as a from t",
        "select a - interval '3 months' as a from t",
        "select a + interval (n) year as a from t",
        "select a + 7 * n * interval '1' day as a from t",
        "select a + interval '7' day as a from t",
        "select date_trunc('month', a) as a from t",
        "select Month(a) as a from t",
        "select extract(year from a) as a from t",
        "select to_months(n) + a as a from t",
        "select last_day(a) as a from t",
        "select {{ period_start('a', 'b', 'c') }} as d from t",
        "{% macro halves(a) -%} {{ period_number(a, 'b', 'c') }} % 2 {%- endmacro %}",
    ],
)
def test_calendars_are_for_the_models_that_have_leave(sql: str) -> None:
    assert sql_checks.calendar_faults("int_invoicing__base_fees", sql)
    assert sql_checks.calendar_faults("int_subscriptions__calendar_periods", sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select cast(a + (grace_days + 2) * interval '1' day as date) as a from t",
        "select {{ days_between('period_start_date', 'period_end_date') }} as days from t",
        "select date_trunc('day', a) as a, date_trunc('hour', b) as b from t",
        "select first_month, billing_interval = 'monthly' as is_monthly, period_number from t",
        "select regexp_extract(a, 'b') as a, cast(b as decimal(38, 7)) as b from t",
        "select a from t -- Not by interval '1' month: periods do.",
    ],
)
def test_days_and_dates_are_for_every_model(sql: str) -> None:
    assert sql_checks.calendar_faults("int_invoicing__base_fees", sql) == []


def test_compiled_sql_may_hold_what_engine_macros_write_but_nothing_worse() -> None:
    assert sql_checks.compiled_faults("select regexp_replace(a, 'b', 'c', 'g') as a from t") == []
    assert sql_checks.compiled_faults("select cast(a as hugeint) // 3 as a from t") == []
    assert sql_checks.compiled_faults("select a from t qualify row_number() over () = 1")
    assert sql_checks.compiled_faults("select cast(a as double) as a from t")
    assert sql_checks.compiled_faults("select current_timestamp as a")


@pytest.mark.parametrize(
    ("sql", "is_fault"),
    [
        ("where customer_id = 'cust_atlas'", True),
        ("where plan_code not in ('team', 'pro')", True),
        ("where charge_code <> ''", False),
        ("where customer_id = customers.customer_id", False),
        ("where charge_model = 'graduated'", False),
        ("-- such as customer_id = 'cust_atlas'", False),
    ],
)
def test_ids_in_sql(sql: str, *, is_fault: bool) -> None:
    assert bool(sql_checks.literal_id_faults(sql)) == is_fault


@pytest.mark.parametrize(
    ("sql", "is_fault"),
    [
        ("{% set rows = run_query('select 1') %}", True),
        ("{% if target.type == 'duckdb' %} select 1 {% endif %}", True),
        ("{{ adapter.dispatch('x')() }}", True),
        ("with a as ( {{ 'select 1)' }}", True),
        ("select {% for c in ['a', 'b'] %} ({{ c }}), {% endfor %} 1", False),
        ("{{ config(materialized='view') }}", False),
        ("{# run_query is not used here #} select '(' as a", False),
    ],
)
def test_jinja(sql: str, *, is_fault: bool) -> None:
    assert bool(sql_checks.jinja_faults(sql)) == is_fault


@pytest.mark.parametrize(
    ("macro", "is_fault"),
    [
        ("{% macro half(x) -%} {{ x }} / 2 {%- endmacro %}", True),
        ("{% macro half(x) -%} {{ x }} // 2 {%- endmacro %}", False),
        ("{# amount / days #}{% macro f(x) -%} {{ x }} || '/' -- a/b\n {%- endmacro %}", False),
    ],
)
def test_divisions_in_macros(macro: str, *, is_fault: bool) -> None:
    assert bool(sql_checks.slash_faults(macro)) == is_fault


def test_columns_are_followed_through_stars_and_unions() -> None:
    sql = "with a as (select x, y as z from t), b as (select *, 1 as w from a) select * from b"
    assert sql_checks.output_columns(sql) == ["x", "z", "w"]
    assert sql_checks.output_columns("select x as y from t union all select z from u") == ["y"]
    assert sql_checks.output_columns("select * from t") is None


def test_render_leaves_macro_calls_standing() -> None:
    sql = "select {{ rounded_quotient('a', 'b') }} as c from {{ ref('fct_x') }} {{ source('s', 't') }}"
    assert sql_checks.render(sql) == "select rounded_quotient(a, b) as c from fct_x s.t"


# --- names, YAML, references ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "stage", "is_fault"),
    [
        ("stg_catalog__plans", "staging", False),
        ("int_rating__graduated", "rating", False),
        ("fct_invoices", "settlement", False),
        ("dim_subscriptions", "subscriptions", False),
        ("stg_incoming__flat", "landing", False),
        ("stg_plans", "staging", True),
        ("int_metering__graduated", "rating", True),
        ("fct_invoices_v2", "settlement", True),
        ("invoices", "settlement", True),
        ("fct_invoices", "reports", True),
    ],
)
def test_names(stem: str, stage: str, *, is_fault: bool) -> None:
    assert bool(project_checks.name_faults(stem, stage)) == is_fault


def node(
    name: str = "int_rating__graduated", stage: str = "rating", **changes: Any
) -> dict[str, Any]:
    """A node of the manifest without a fault, with `changes`; `config` is merged."""
    config = {
        "access": "private",
        "store_failures": True,
        "contract": {"enforced": False},
        "meta": {"rule": "R-GRAD", "grain": "one row per a"},
    }
    plain: dict[str, Any] = {
        "name": name,
        "original_file_path": f"models/{stage}/{name}.sql",
        "patch_path": f"meterhouse://models/{stage}/{name}.yml",
        "description": "Tiers are\ngraduated.\n\nMore.\n\nGrain: one row per a.",
        "columns": {"a": {"data_type": "varchar", "description": "An a."}},
        "depends_on": {"nodes": []},
    }
    return {**plain, **changes, "config": {**config, **changes.get("config", {})}}


DOCS = {"r_grad": "Tiers are graduated."}


def test_a_documented_model_has_no_fault() -> None:
    assert project_checks.documentation_faults(node(), DOCS) == []
    assert project_checks.yaml_faults(node()) == []
    assert project_checks.access_faults(node()) == []
    assert project_checks.header_faults(node(), "R-GRAD", "one row per a") == []
    assert project_checks.column_faults(node(), ["a"]) == []
    assert project_checks.column_faults(node(), None) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Grain: one row per a."},
        {"description": "Tiers are graduated."},
        {"config": {"meta": {}}},
        {"config": {"meta": {"rule": "R-OTHER", "grain": "one row per a"}}},
        {"columns": {}},
        {"columns": {"a": {"data_type": None, "description": "An a."}}},
        {"columns": {"a": {"data_type": "varchar", "description": " "}}},
    ],
)
def test_missing_documentation_is_found(changes: dict[str, Any]) -> None:
    assert project_checks.documentation_faults(node(**changes), DOCS)


def test_yaml_elsewhere_or_none_is_found() -> None:
    assert project_checks.yaml_faults(node(patch_path=None))
    assert project_checks.yaml_faults(node(patch_path="meterhouse://models/rating/_all.yml"))


def test_header_and_columns_that_differ_from_the_yaml_are_found() -> None:
    assert project_checks.header_faults(node(), "R-PACKAGE", "one row per a")
    assert project_checks.header_faults(node(), "R-GRAD", "one row per b")
    assert project_checks.column_faults(node(), ["a", "b"])
    assert project_checks.column_faults(node(), [])


def test_contracts_and_access() -> None:
    published = node("fct_invoices", "settlement", config={"access": "protected"})
    assert project_checks.contract_faults(published)
    enforced = {"access": "protected", "contract": {"enforced": True}}
    assert project_checks.contract_faults(node("fct_invoices", "settlement", config=enforced)) == []
    assert project_checks.access_faults(published) == []
    assert project_checks.access_faults(node(config={"access": "protected"}))
    assert project_checks.access_faults(node("fct_rated_charges", config={"access": "private"}))


@pytest.mark.parametrize(
    ("reader", "read", "is_fault"),
    [
        (("int_rating__graduated", "rating"), ("fct_usage_quantities", "metering"), False),
        (("fct_rated_charges", "rating"), ("int_rating__graduated", "rating"), False),
        (("fct_settled_lines", "settlement"), ("fct_invoice_taxes", "settlement"), False),
        (("int_rating__graduated", "rating"), ("fct_rated_charges", "rating"), True),
        (("int_rating__graduated", "rating"), ("fct_invoices", "settlement"), True),
        (("int_rating__graduated", "rating"), ("int_metering__named_usage", "metering"), True),
        (("fct_events", "landing"), ("stg_control__run", "staging"), False),
        (("stg_landing__events", "staging"), ("fct_events", "landing"), False),
    ],
)
def test_references(reader: tuple[str, str], read: tuple[str, str], *, is_fault: bool) -> None:
    models = {"model.read": node(*read)}
    reading = node(*reader, depends_on={"nodes": ["model.read"]})
    assert bool(project_checks.reference_faults(reading, models)) == is_fault


def test_sources_and_many_references() -> None:
    sourced = node(depends_on={"nodes": ["source.meterhouse.catalog.plans"]})
    assert project_checks.reference_faults(sourced, {})
    models = {f"model.{i}": node(f"int_rating__step_{i}") for i in range(5)}
    run = {"model.run": node(project_checks.RUN_MODEL, "staging")}
    four = node(depends_on={"nodes": [*list(models)[:4], "model.run"]})
    assert project_checks.reference_faults(four, models | run) == []
    five = node(depends_on={"nodes": list(models)})
    assert project_checks.reference_faults(five, models)
    union = node(
        depends_on={"nodes": list(models)},
        config={"meta": {"is_union": True}},
    )
    assert project_checks.reference_faults(union, models) == []


def test_checks_store_their_offenders() -> None:
    assert project_checks.check_faults(node("chk_lots_below_zero")) == []
    assert project_checks.check_faults(node("lots_below_zero"))
    assert project_checks.check_faults(node("chk_a", config={"store_failures": False}))


# --- sizes and notes --------------------------------------------------------------------------------


def test_sizes_at_and_over_the_limit() -> None:
    limit = project_checks.MODEL_LINES
    assert project_checks.model_size_faults("select 1\n" * limit) == []
    assert project_checks.model_size_faults("select 1\n" * (limit + 1))
    yaml = "models:\n" + "  - a\n" * (project_checks.YAML_LINES - 1)
    assert project_checks.yaml_size_faults(yaml) == []
    assert project_checks.yaml_size_faults(yaml + "unit_tests:\n" + "  - b\n" * 300) == []
    assert project_checks.yaml_size_faults(yaml + "  - one more\n")


def test_macros_are_pure_expressions() -> None:
    pure = {
        "name": "half",
        "macro_sql": "{# not ref('x') #}{% macro half(a) %}{{ a }}{% endmacro %}",
    }
    assert project_checks.macro_faults(pure) == []
    for word in ("ref('x')", "var('x')", "run_query('x')", "source('a', 'b')"):
        assert project_checks.macro_faults({"name": "f", "macro_sql": f"{{{{ {word} }}}}"}), word
    assert project_checks.macro_faults({"name": "f", "macro_sql": "x\n" * 61})


def test_python_files() -> None:
    good = '"""It does.\n\nBelongs here: this. Does not belong\nhere: that.\n"""\n\ndef f():\n'
    assert project_checks.python_faults(good + "    x = 1\n" * 69) == []
    assert project_checks.python_faults(good + "    x = 1\n" * 70)
    assert project_checks.docstring_faults(good + "    pass\n") == []
    assert project_checks.docstring_faults('"""It does."""\n')
    assert project_checks.docstring_faults("") == []


def test_notes_to_oneself_are_found() -> None:
    assert project_checks.note_faults("a = 1  # TO" + "DO: more")
    assert project_checks.note_faults("All is done.") == []
