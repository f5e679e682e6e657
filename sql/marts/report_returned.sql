-- one row: the lists that came back tonight, their lines that were not taken, and the lists that could not be read at all
select
    count(distinct d.delivery_no) as list_count, count(*) filter (f.status = 'stopped') as stopped_count,
    coalesce(sum(f.reject_count), 0)::bigint
    + (
        select count(*)
        from ops.quarantine as q
        semi join (
            from ops.delivery as r inner join this_night as n on r.arrived_on = n.as_of_date where r.source = 'list_answers'
        ) as l on q.delivery_no = l.delivery_no
    ) as left_out_count
from this_night as t
inner join ops.delivery as d on t.as_of_date = d.arrived_on and d.source = 'list_answers'
inner join ops.file as f on d.delivery_no = f.delivery_no
