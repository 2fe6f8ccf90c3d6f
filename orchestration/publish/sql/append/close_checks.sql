-- The gate's results for the running close. Grain: one row per check_name.

with

publishing as (select close_sequence from temp.publishing),

results as (
    select gate_results.check_name, gate_results.stage, gate_results.result, gate_results.offender_count
    from control.gate_results
    inner join publishing on gate_results.close_sequence = publishing.close_sequence
)

select * from results
