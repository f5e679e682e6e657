-- one row per student, target, direction and reason_rank, as of tonight
select
    printf('%015x', r.student_key) as student_key, r.as_of_date, r.target, r.direction, r.reason_rank, r.concept,
    nullif(r.feature, '') as feature, r.log_odds, r.value, r.class_mean, r.stability, r.log_odds_low, r.log_odds_high
from this_night as t
inner join night.reason as r on t.as_of_date = r.as_of_date
order by r.target, r.student_key, r.direction, r.reason_rank
