-- one row per model version, target, cohort, as_of_group, student_group, ranking, metric and list size; small groups without values
with student_group as (
    select
        version, target, cohort, as_of_group, student_group, regexp_replace(student_group, '=[^+]*', '', 'g') as attribute,
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

-- of a pair of groups, and from each of its two sides: what the pairs that are there leave of that side's whole
pair_side as (
    select s.*, split_part(student_group, '+', n) as whole, split_part(split_part(student_group, '+', 3 - n), '=', 1) as other
    from small as s
    cross join (values (1), (2)) as side(n)
    where contains(student_group, '+')
),

rest as (
    select
        p.version, p.target, p.cohort, p.as_of_group, p.student_group,
        s.student_count - sum(p.student_count) over side as rest_count, s.event_count - sum(p.event_count) over side as rest_event_count
    from pair_side as p
    inner join small as s
        on p.version = s.version and p.target = s.target and p.cohort = s.cohort and p.as_of_group = s.as_of_group
        and p.whole = s.student_group
    window side as (partition by p.version, p.target, p.cohort, p.as_of_group, p.whole, p.other)
),

given_away as (
    select distinct version, target, cohort, as_of_group, student_group
    from rest
    where rest_count > 0 and least(rest_event_count, rest_count - rest_event_count) < $k
),

measured as (
    select
        e.*, j.is_hidden or a.student_group is not null or least(e.event_count, e.student_count - e.event_count) < $k
        or (
            regexp_matches(e.metric, '^(recall|precision|selection|false|found|abstained|left|reliability|listed)')
            and not regexp_matches(e.metric, 'gain|gap') and e.value in (0, 1)
        ) as is_hidden,
        concat_ws('/', 'evaluation', e.version, e.target, e.cohort, e.as_of_group, e.student_group) as cell
    from ops.evaluation as e
    inner join judged as j
        on e.version = j.version and e.target = j.target and e.cohort = j.cohort and e.as_of_group = j.as_of_group
        and e.student_group = j.student_group
    left join given_away as a
        on e.version = a.version and e.target = a.target and e.cohort = a.cohort and e.as_of_group = a.as_of_group
        and e.student_group = a.student_group
)

select
    version, target, cohort, as_of_group, student_group, ranking, metric, size_share, is_hidden,
    -- a share to its last digit would give back the counts that are rounded beside it
    if(is_hidden, null, round(value, 3)) as value, if(is_hidden, null, round(low, 3)) as low, if(is_hidden, null, round(high, 3)) as high,
    if(is_hidden, null, shown_count(cell || '/students', student_count)) as student_count,
    if(is_hidden, null, shown_count(cell || '/left', event_count)) as event_count
from measured
order by version, target, cohort, as_of_group, student_group, ranking, metric, size_share
