-- one row per row set aside by a contract that carries student $student_key
select q.delivery_no, q.table_name, q.file_id, q.line, q.rules, q.row_data
from ops.quarantine as q
where try_cast(q.row_data->>'$.student_key' as bigint) = $student_key
order by q.delivery_no, q.table_name, q.file_id, q.line
