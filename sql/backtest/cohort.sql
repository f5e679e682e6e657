-- one row per replayed night and student of the cohort $school_year: what outcomes are asked of
select student_key, as_of_date, school_year, school_id, grade_level
from night.replayed
where target = $target and school_year = $school_year
