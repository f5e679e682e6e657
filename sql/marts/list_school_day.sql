-- one row per class and school day of this year until tonight, numbered as the features number them
select
    d.as_of_date, d.class_id, d.date, d.is_register_taken as is_taken, d.is_register_derived as is_derived,
    row_number() over (partition by d.class_id order by d.date) as day_no,
    count(*) filter (where d.is_register_taken) over (partition by d.class_id order by d.date) as taken_no
from this_night as t
inner join night.class_day as d on t.as_of_date = d.as_of_date and d.date <= t.as_of_date
