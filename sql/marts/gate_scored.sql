-- one row: tonight's students, chances and lists for the list target
select
    count(*) as student_count, count(*) filter (s.is_abstained and s.abstain_reason is distinct from 'opted out') as abstained_count,
    any_value(s.method) filter (not s.is_abstained) as method,
    any_value(s.model_version) filter (not s.is_abstained) as model_version, any_value(n.school_year) as school_year,
    any_value(t.list_target) as list_target
from this_night as t
inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target
left join night.snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
