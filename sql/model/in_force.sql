-- one row per target with a version in force: what it can say
select target,
    case
        when method = 'model' then 'model'
        when json_type(card, '$.bands') = 'OBJECT' then 'rates_known'
        else 'rates_unknown'
    end as says
from ops.model
where status = 'promoted'
