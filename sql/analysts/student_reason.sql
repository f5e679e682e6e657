-- one row per student, target, direction and reason_rank, as of tonight, without the student: numbers are means of ten or more
with shown as (
    select
        as_of_date, target, is_listed, direction, reason_rank, concept, feature,
        round(avg(log_odds::decimal(18, 9)) over same, 2) as log_odds,
        if(is_whole, round(avg(value::decimal(18, 9)) over same, 3), null) as value,
        if(is_whole, round(avg(class_mean::decimal(18, 9)) over same, 3), null) as class_mean,
        if(count(stability) over same < $k, null, round(avg(stability::decimal(18, 9)) over same, 2)) as stability
    from reason_class
    where is_shown
    window same as (partition by target, is_listed, direction, concept, feature, is_whole, group_no)
)

select *
from shown
order by all
