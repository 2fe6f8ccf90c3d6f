-- What was visible when the close $close_sequence ran first: a later close, and a release after it, do not count.
select publications.publication_sequence, publications.close_sequence, publications.publication_no,
    publications.close_date, publications.cutoff_batch
from issued.publications as publications
where
    publications.close_sequence < $close_sequence
    and publications.publication_sequence < coalesce(
        (select min(own.publication_sequence) from issued.publications as own where own.close_sequence >= $close_sequence),
        2147483647
    )
