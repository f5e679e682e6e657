-- one row per student on tonight's lists, as it is recorded of the publication $generation_id
select
    $generation_id as generation_id, s.as_of_date, s.school_id, n.school_year, n.grade_level, s.student_key, s.target, s.method,
    s.model_version, s.chance, s.school_rank,
    n.absences_unexcused_28d_count, n.registers_taken_28d_count, n.absence_share_year,
    n.mark_mean_year_share, n.assessments_missing_count, n.incidents_year_count
from this_night as t
inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target and s.is_listed
left join night.snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
order by s.school_id, s.student_key
