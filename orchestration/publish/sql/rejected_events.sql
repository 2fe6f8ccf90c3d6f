select
    rejected_events.batch_number,
    rejected_events.file_name,
    rejected_events.line_number,
    rejected_events.reason,
    rejected_events.detail,
    rejected_events.line_text,
    publications.close_date
from issued.rejected_events as rejected_events
inner join {publications} as publications on rejected_events.publication_sequence = publications.publication_sequence
