-- one row per model version, target, cohort, as_of_group, student_group, ranking, metric and list size; small groups without values
with student_group as (
    select
        version, target, cohort, as_of_group, student_group, split_part(student_group, '=', 1) as attribute,
        max(student_count) as student_count, max_by(event_count, student_count) as event_count
    from ops.evaluation
    group by version, target, cohort, as_of_group, student_group
),

small as (
    select *, least(event_count, student_count - event_count) as least_count
    from student_group
),

counted as (
    select
        *, count(*) filter (least_count < $k) over (partition by version, target, cohort, as_of_group, attribute) as small_count,
        row_number() over (
            partition by version, target, cohort, as_of_group, attribute, least_count < $k order by least_count, student_group
        ) as place
    from small
),

-- where one group of an attribute is hidden, the whole would give it away: the next smallest goes with it
judged as (
    select *, least_count < $k or (small_count = 1 and place = 1 and attribute <> 'all') as is_hidden
    from counted
),

measured as (
    select
        e.*, j.is_hidden or least(e.event_count, e.student_count - e.event_count) < $k
        or (
            regexp_matches(e.metric, '^(recall|precision|selection|false|found|abstained|left|reliability|listed)')
            and not regexp_matches(e.metric, 'gain|gap') and e.value in (0, 1)
        ) as is_hidden,
        concat_ws('/', 'evaluation', e.version, e.target, e.cohort, e.as_of_group, e.student_group) as cell
    from ops.evaluation as e
    inner join judged as j
        on e.version = j.version and e.target = j.target and e.cohort = j.cohort and e.as_of_group = j.as_of_group
        and e.student_group = j.student_group
)

select
    version, target, cohort, as_of_group, student_group, ranking, metric, size_share, is_hidden,
    if(is_hidden, null, value) as value, if(is_hidden, null, low) as low, if(is_hidden, null, high) as high,
    if(is_hidden, null, shown_count(cell || '/students', student_count)) as student_count,
    if(is_hidden, null, shown_count(cell || '/left', event_count)) as event_count
from measured
order by version, target, cohort, as_of_group, student_group, ranking, metric, size_share
