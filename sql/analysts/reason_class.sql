-- one row per reason of tonight: the feature as far as ten or more share it, and the group whose means are shown
with said as (
    select r.*, nullif(r.feature, '') as named, coalesce(s.is_listed, false) as is_listed
    from this_night as t
    inner join night.reason as r on t.as_of_date = r.as_of_date
    left join night.score as s
        on r.student_key = s.student_key and r.as_of_date = s.as_of_date and s.target = t.list_target
),

whole as (
    select *, count(*) over (partition by target, is_listed, direction, concept, named) >= $k as is_whole
    from said
),

rest as (
    select
        * exclude (feature, named), if(is_whole, named, null) as feature,
        is_whole or count(*) over (partition by target, is_listed, direction, concept, is_whole) >= $k as is_shown
    from whole
),

placed as (
    select
        *, row_number() over (partition by target, is_listed, direction, concept, feature, is_whole order by value, log_odds, student_key) - 1
            as place,
        count(*) over (partition by target, is_listed, direction, concept, feature, is_whole) as class_count
    from rest
)

select
    student_key, as_of_date, target, is_listed, direction, reason_rank, concept, feature, is_whole, is_shown, log_odds, value, class_mean,
    stability, least(place // $k, greatest(class_count // $k - 1, 0)) as group_no
from placed
