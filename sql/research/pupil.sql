-- one row per pupil of the school year with a known outcome where outcomes are known: what an outsider could know, at each level of detail
with last as (
    select n.student_key, n.school_id, n.grade_level, max(l.label) over (partition by n.student_key) as outcome
    from snapshot as n
    left join label as l on n.student_key = l.student_key and n.as_of_date = l.as_of_date
    qualify row_number() over (partition by n.student_key order by n.as_of_date desc) = 1
)

select
    p.student_key, p.outcome,
    concat_ws(', ', c.region, c.locality) as place_0, c.locality::varchar as place_1, null::varchar as place_2,
    p.grade_level::varchar as grade_0, c.level::varchar as grade_1, null::varchar as grade_2,
    (s.birth_year // 2 * 2) || '-' || (s.birth_year // 2 * 2 + 1) as birth_0,
    (s.birth_year // 4 * 4) || '-' || (s.birth_year // 4 * 4 + 3) as birth_1, null::varchar as birth_2,
    s.sex::varchar as sex_0, null::varchar as sex_1
from last as p
left join core.school as c
    on p.school_id = c.school_id and c.known_at <= $known_on and (c.known_until is null or c.known_until > $known_on)
left join core.student as s
    on p.student_key = s.student_key and s.known_at <= $known_on and (s.known_until is null or s.known_until > $known_on)
where p.outcome is not null or not $is_mature
