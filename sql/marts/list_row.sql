-- one row per listed student of the list target: what a school's list says, with the name from the identity store
select
    s.student_key, printf('%015x', s.student_key) as pseudonym, s.school_id, coalesce(c.school_name, s.school_id) as school,
    n.class_id as class_name, n.grade_level as grade, i.student_id, i.family_name, i.given_name, s.chance, s.chance_low,
    s.chance_high, s.method, s.school_rank, b.student_key is not null as has_background
from this_night as t
inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target and s.is_listed
left join night.snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
left join core.school as c
    on s.school_id = c.school_id and c.known_at <= t.as_of_date and (c.known_until is null or c.known_until > t.as_of_date)
left join night.reason as b
    on s.student_key = b.student_key and s.as_of_date = b.as_of_date and s.target = b.target and b.direction = 'background'
left join identity.student as i on s.student_key = i.student_key
