-- one row if the chances of $version are corrected, or found to need none, as of $as_of: the newest that counts then
select kind, intercept, slope
from ops.recalibration
where version = $version and as_of_date <= $as_of and kind <> 'too_few'
order by as_of_date desc, newest_matured_date desc
limit 1
