-- one row per month before $as_of with lists of $target: the first date of these lists, and the version that ranked them
select min(as_of_date) as list_date, arg_min(model_version, as_of_date) as model_version
from night.score
where target = $target and is_listed and as_of_date < $as_of
group by date_trunc('month', as_of_date)
order by list_date desc
