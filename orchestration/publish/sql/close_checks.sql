select
    publications.close_date,
    publications.publication_no,
    close_checks.check_name,
    close_checks.stage,
    close_checks.result,
    close_checks.offender_count,
    close_checks.decided_by,
    close_checks.reason
from issued.close_checks as close_checks
inner join {publications} as publications on close_checks.publication_sequence = publications.publication_sequence
