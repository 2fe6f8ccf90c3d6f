select
    accounting_locks.lock_number,
    accounting_locks.locked_month,
    accounting_locks.action,
    accounting_locks.recorded_by,
    accounting_locks.reason,
    accounting_locks.recorded_at,
    publications.close_date
from issued.accounting_locks as accounting_locks
inner join {publications} as publications
    on accounting_locks.publication_sequence = publications.publication_sequence
