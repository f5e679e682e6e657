-- one row: rows of followup that are shown, shown without outcome, action or month, and left out
select
    count(*) filter (is_shown) as row_count, count(*) filter (is_shown and coarsened is not null) as generalised_count,
    count(*) filter (not is_shown) as left_out_count
from answer_class
