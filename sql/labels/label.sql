-- one row per snapshot: its outcome, NULL until it is mature (who had left before is out at once), and whether a leaver returned
select
    j.student_key, j.as_of_date, l.target,
    case
        when j.matures_on > l.known_on or j.state like 'out%' then null
        else (j.state like 'left%')::double
    end as label,
    if(j.matures_on > l.known_on and j.state <> 'out_left_before', 'not_mature', j.state) as state,
    j.state = 'left_unknown' as is_unknown_exit, j.matures_on, j.left_so_far,
    r.student_key is not null and j.matures_on <= l.known_on as is_returned
from judged as j
cross join labelling as l
left join returned as r on j.student_key = r.student_key and j.as_of_date = r.as_of_date
