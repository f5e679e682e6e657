-- one row per source and kind of files that were stopped among tonight's deliveries; no source where none knows the file
select f.source, nullif(f.source_file, '') as kind, count(*) as file_count
from this_night as t
inner join ops.delivery as d on t.as_of_date = d.arrived_on
inner join ops.file as f on d.delivery_no = f.delivery_no
where f.status = 'stopped'
group by all
order by f.source nulls last, kind nulls last
