-- one row per school and student who left its list: the class where still enrolled there, the name from the identity store
select
    c.school_id, c.student_key, printf('%015x', c.student_key) as pseudonym, coalesce(s.school_name, c.school_id) as school,
    n.class_id as class_name, n.grade_level as grade, i.student_id, i.family_name, i.given_name
from this_night as t
inner join list_change as c on c.state = 'left'
left join night.snapshot as n
    on c.student_key = n.student_key and c.school_id = n.school_id and t.as_of_date = n.as_of_date
left join core.school as s
    on c.school_id = s.school_id and s.known_at <= t.as_of_date and (s.known_until is null or s.known_until > t.as_of_date)
left join identity.student as i on c.student_key = i.student_key
order by c.school_id, n.class_id, i.family_name, i.given_name, c.student_key
