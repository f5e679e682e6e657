-- one row: rows of student_reason that are shown, shown without their feature and numbers, and left out
select
    count(*) filter (is_shown) as row_count, count(*) filter (is_shown and not is_whole) as generalised_count,
    count(*) filter (not is_shown) as left_out_count
from reason_class
