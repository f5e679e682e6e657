-- one row, or none: the target by which the scores of $as_of were ranked
select target
from night.score
where as_of_date = $as_of and school_rank is not null
limit 1
