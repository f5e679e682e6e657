-- one row per snapshot of the cohort $school_year that has an outcome or will have one; cohorts can overlap in time
with school_size as (
    select
        as_of_date, school_id,
        case when count(*) < 150 then 'small' when count(*) <= 500 then 'medium' else 'large' end as school_size
    from snapshot
    group by as_of_date, school_id
)

-- whose group a row is of is asked by the audit, as known on the row's own date; it is no feature
select
    s.*, l.label, l.left_so_far, t.left_so_far as left_by_then, l.is_unknown_exit, l.matures_on, x.dropout_date as exit_date,
    c.region, c.locality::varchar as locality, c.level::varchar as level, z.school_size, p.sex::varchar as sex,
    p.home_locality::varchar as home_locality, p.disability::varchar as disability, p.scholarship::varchar as scholarship, p.mother_tongue
from snapshot as s
anti join opted_out as q on s.student_key = q.student_key and s.as_of_date = q.as_of_date
inner join label as l on s.student_key = l.student_key and s.as_of_date = l.as_of_date
inner join label_then as t on s.student_key = t.student_key and s.as_of_date = t.as_of_date
left join exit_after as x on s.student_key = x.student_key and s.as_of_date = x.as_of_date
left join school_size as z on s.school_id = z.school_id and s.as_of_date = z.as_of_date
left join core.school as c
    on s.school_id = c.school_id and c.known_at <= s.as_of_date and (c.known_until is null or c.known_until > s.as_of_date)
left join core.student as p
    on s.student_key = p.student_key and p.known_at <= s.as_of_date and (p.known_until is null or p.known_until > s.as_of_date)
where s.school_year = $school_year and (l.label is not null or l.state = 'not_mature')
order by s.as_of_date, s.student_key
