-- one row per season as of $as_of or before whose model was refused because $version stayed in force: the latest year it knew
select card ->> '$.latest_mature' as latest_mature
from ops.model
where status = 'refused' and card ->> '$.kept' = $version and trained_as_of <= $as_of
