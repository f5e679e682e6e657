-- one row per entry of the audit log that the key of now can still match: its ordinal, and the pseudonym of the pupil it is on
select m.ordinal, u.student_key
from mark as m
inner join used as u on pseudonym('audit:' || m.salt || ':' || u.student_key) = ('0x' || left(m.mark, 15))::bigint
order by m.ordinal
