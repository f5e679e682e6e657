-- one row per pseudonym in use: the one it becomes, by the student number, or by itself where no number is kept
select
    u.student_key as old_key,
    pseudonym(coalesce(s.student_id, chr(31) || 'no number:' || u.student_key)) as new_key,
    s.student_id is null as is_unnumbered
from used as u
left join identity.student as s on u.student_key = s.student_key
