-- one row per school and day of which a row of attendance was deleted: its registers are derived from all rows again
select distinct p.school_id, g.date
from attendance_gone as g
inner join placement as p on g.student_key = p.student_key and g.date between p.entry_date and p.exit_date
