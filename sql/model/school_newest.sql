-- one row per school with enrolled students in tonight's snapshot: the newest date of anything known of them, NULL where nothing is
with pupil as (
    select student_key, school_id, class_id from night.snapshot where as_of_date = $as_of
),

event as (
    select p.school_id, max(a.date) as date
    from core.attendance as a
    inner join pupil as p on a.student_key = p.student_key
    where a.file_id is not null and a.date <= $as_of and a.known_at <= $as_of and (a.known_until is null or a.known_until > $as_of)
    group by p.school_id
    union all
    select p.school_id, max(coalesce(g.assessment_date, g.known_at)) as date
    from core.grade as g
    inner join pupil as p on g.student_key = p.student_key
    where coalesce(g.assessment_date, g.known_at) <= $as_of and g.known_at <= $as_of
        and (g.known_until is null or g.known_until > $as_of)
    group by p.school_id
    union all
    select p.school_id, max(t.period_end) as date
    from core.attendance_total as t
    inner join pupil as p on t.student_key = p.student_key
    where t.period_end <= $as_of and t.known_at <= $as_of and (t.known_until is null or t.known_until > $as_of)
    group by p.school_id
    union all
    select c.school_id, max(r.date) as date
    from core.register as r
    inner join (select distinct class_id, school_id from pupil) as c on r.class_id = c.class_id
    where r.taken and r.date <= $as_of and r.known_at <= $as_of and (r.known_until is null or r.known_until > $as_of)
    group by c.school_id
)

select p.school_id, max(e.date) as newest_date
from (select distinct school_id from pupil) as p
left join event as e on p.school_id = e.school_id
group by p.school_id
