-- one row if a version of $target is in force: it, or if its season was as of $as_of as well, the model in force before that
select
    case when trained_as_of = $as_of then card ->> '$.evaluation.last_season.version' else version end as version,
    case when trained_as_of = $as_of then 'model' else method end as method
from ops.model
where target = $target and status = 'promoted'
