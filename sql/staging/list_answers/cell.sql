-- one row per column of answers and text that stands in it
select distinct column_name, written
from (
    select unnest([
        ('list_date', list_date), ('decision', decision), ('action', action), ('action_date', action_date),
        ('outcome', outcome), ('note_code', note_code), ('student_id', student_id), ('remark', remark),
        ('reviewer', reviewer)
    ]::struct(column_name varchar, written varchar)[], recursive := true)
    from returned_line
)
where written is not null
order by column_name, written
