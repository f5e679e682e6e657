-- one row per student and target, as of tonight
select
    printf('%015x', s.student_key) as student_key, s.as_of_date, s.target, s.school_id, n.grade_level, n.school_year,
    s.model_version, s.method, s.chance, s.chance_low, s.chance_high, s.school_rank, s.is_listed, s.is_abstained, s.abstain_reason
from this_night as t
inner join night.score as s on t.as_of_date = s.as_of_date
left join night.snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
order by s.target, s.student_key
