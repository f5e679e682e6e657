-- one row per student of the replayed night $as_of, for one target: what every ranking says, and whether the night's list holds the student
select r.*, n.grade_level, s.is_abstained, s.is_listed, s.model_version
from ranked as r
inner join night.snapshot as n on r.student_key = n.student_key and n.as_of_date = $as_of
inner join night.score as s on r.student_key = s.student_key and r.target = s.target and s.as_of_date = $as_of
