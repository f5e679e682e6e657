-- one row per student and target with a score tonight that was not abstained from
select student_key, target, model_version, raw, is_listed
from night.score
where as_of_date = $as_of and not is_abstained
order by target, student_key
