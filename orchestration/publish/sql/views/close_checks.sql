-- What the gate checked before each publication. Grain: one row per (close_date, publication_no, check_name).

with

publications as (select publication_sequence, close_date, publication_no from issued.publications),

visible as (
    select
        publications.close_date,
        publications.publication_no,
        close_checks.check_name,
        close_checks.stage,
        close_checks.result,
        close_checks.offender_count
    from issued.close_checks
    inner join publications on close_checks.publication_sequence = publications.publication_sequence
)

select * from visible
