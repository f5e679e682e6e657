-- one row per school with enrolled students tonight; counts of students hidden where few, or all but few, and rounded
select
    school_id, as_of_date, target, school_year,
    shown_count('school_night/enrolled/' || school_id, enrolled_count) as enrolled_count,
    shown_part('school_night/abstained/' || school_id, abstained_count, enrolled_count) as abstained_count,
    shown_part('school_night/listed/' || school_id, listed_count, enrolled_count) as listed_count,
    capacity,
    if(scored_count < hidden_below('school_night/chance/' || school_id), null, round(chance_mean, 2)) as chance_mean,
    round(register_coverage_28d_share, 3) as register_coverage_28d_share, newest_data_date, is_data_fresh
from exact.marts.school_night
order by school_id
