-- one row, or none: since when the model was suspended on the night of $as_of
select min(since) as since
from night.serving
where as_of_date = $as_of and state = 'suspended'
having count(*) > 0
