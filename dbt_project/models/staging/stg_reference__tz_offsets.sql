-- R-ZONE: from which instant until which a time zone has which offset, as the running catalog version knew it.
-- Grain: one row per (timezone, offset_starts_at).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_versions as (select catalog_version, reference_version from {{ source('catalog', 'versions') }}),

reference_rows as (
    select reference_version, timezone, offset_starts_at, offset_seconds from {{ source('reference', 'tz_offsets') }}
),

bounded as (
    select
        reference_rows.timezone,
        reference_rows.offset_starts_at,
        reference_rows.offset_seconds,
        lead(reference_rows.offset_starts_at, 1, timestamp '9999-01-01 00:00:00') over (
            partition by reference_rows.timezone
            order by reference_rows.offset_starts_at
        ) as offset_ends_at
    from reference_rows
    inner join catalog_versions on reference_rows.reference_version = catalog_versions.reference_version
    inner join running on catalog_versions.catalog_version = running.catalog_version
)

select * from bounded
