-- one row per student scored on $as_of for $target: groups as known on that date, and the places that the chance asks for
with school_size as (
    select school_id, case when count(*) < 150 then 'small' when count(*) <= 500 then 'medium' else 'large' end as school_size
    from snapshot
    group by school_id
)

-- a school's places are shared out by chance: whom capacity gives few places is not compared with other schools
select
    s.student_key, s.as_of_date, n.school_year, s.school_id, n.class_id, s.model_version, s.chance, s.is_abstained, s.is_listed,
    coalesce(
        s.chance / nullif(sum(s.chance) over school, 0) * (count(*) filter (s.is_listed) over school), 0
    ) as expected,
    c.region, c.locality::varchar as locality, c.level::varchar as level, z.school_size, n.grade_level, p.sex::varchar as sex,
    p.home_locality::varchar as home_locality, p.disability::varchar as disability, p.scholarship::varchar as scholarship,
    p.mother_tongue
from night.score as s
inner join snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
left join school_size as z on s.school_id = z.school_id
left join core.school as c
    on s.school_id = c.school_id and c.known_at <= s.as_of_date and (c.known_until is null or c.known_until > s.as_of_date)
left join core.student as p
    on s.student_key = p.student_key and p.known_at <= s.as_of_date and (p.known_until is null or p.known_until > s.as_of_date)
where s.as_of_date = $as_of and s.target = $target
window school as (partition by s.school_id)
order by s.student_key
