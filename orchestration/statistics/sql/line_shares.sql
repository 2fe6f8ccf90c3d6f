-- What share of the lines loaded since the last close was rejected, in conflict or repeated, and the highest usual one.
-- Grain: one row per kind of line, if enough lines were loaded.
with earlier_publications as ({earlier_publications}),

closes as (
    select close_sequence, close_date, cutoff_batch from earlier_publications where publication_no = 1
    union all
    select $close_sequence, cast($close_date as date), $cutoff_batch
),

windows as (
    select close_sequence, close_date, cutoff_batch,
        coalesce(lag(cutoff_batch) over (order by close_sequence), 0) as after_batch
    from closes
),

counts as (
    select windows.close_sequence, windows.close_date,
        sum(
            verdicts.accepted_count + verdicts.duplicate_count + verdicts.conflict_count + verdicts.rejected_count
        ) as line_count,
        sum(verdicts.rejected_count) as rejected,
        sum(verdicts.conflict_count) as conflict,
        sum(verdicts.duplicate_count) as duplicate
    from windows
    inner join landing.fct_file_verdicts as verdicts
        on verdicts.batch_number > windows.after_batch and verdicts.batch_number <= windows.cutoff_batch
    group by windows.close_sequence, windows.close_date
),

shares as (
    select close_sequence, close_date, line_count, kinds.kind, kinds.lines,
        cast(kinds.lines as double) / line_count as share
    from counts
    cross join lateral (
        values ('rejected', rejected), ('conflict', conflict), ('duplicate', duplicate)
    ) as kinds (kind, lines)
    where line_count >= $minimum_lines
),

histories as (
    select kind, count(*) as history_count, median(share) as median_share,
        list(cast(share as decimal(9, 6)) order by close_sequence) as history,
        list(close_date order by close_sequence) as history_dates
    from shares
    where close_sequence < $close_sequence
    group by kind
)

select shares.kind, cast(shares.lines as bigint) as lines, cast(shares.line_count as bigint) as line_count,
    cast(shares.share as decimal(9, 6)) as value,
    cast(histories.median_share as decimal(9, 6)) as median,
    cast(
        greatest(
            {highest_share},
            case when histories.history_count >= $minimum_history then histories.median_share * $ratio else 0 end
        ) as decimal(9, 6)
    ) as highest,
    coalesce(histories.history, []) as history,
    coalesce(histories.history_dates, []) as history_dates
from shares
left join histories on shares.kind = histories.kind
where shares.close_sequence = $close_sequence
order by shares.kind
