-- one row per student enrolled tonight, by school, class and name: main numbers, NULL where not known, and whether a chance was given
select
    n.school_id, n.class_id as class_name, i.student_id, i.family_name, i.given_name,
    n.registers_taken_28d_count::integer as registers_taken,
    round(n.absence_share_28d::double * n.registers_taken_28d_count, 1) as days_missed,
    round(n.absences_unexcused_28d_count::double, 1) as days_unexcused, n.mark_mean_year_share::double as mark_mean,
    n.assessments_missing_count::integer as assessments_missing, n.incidents_year_count::integer as incidents,
    printf('%015x', n.student_key) as pseudonym, coalesce(s.is_abstained and s.abstain_reason is distinct from 'opted out', false) as is_abstained,
    s.abstain_reason, n.registers_taken_56d_count, n.days_in_totals_62_calendar_days_count
from this_night as t
inner join night.snapshot as n on t.as_of_date = n.as_of_date
left join night.score as s on n.student_key = s.student_key and n.as_of_date = s.as_of_date and s.target = t.list_target
left join identity.student as i on n.student_key = i.student_key
order by
    n.school_id, n.grade_level, n.class_id collate nocase, i.family_name collate noaccent.nocase,
    i.given_name collate noaccent.nocase, i.student_id, n.student_key
