-- one row per line that could not be read and has $student_id as a word of its own; the text as it was received
select r.file_id, r.line, r.raw
from looked_into.reject_line as r
where regexp_matches(r.raw, '(^|[^[:alnum:]])' || regexp_escape($student_id) || '($|[^[:alnum:]])')
order by r.file_id, r.line
