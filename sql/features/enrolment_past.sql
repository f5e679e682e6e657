-- one row per as_of_date and student: schools and classes changed, grades repeated, as far back as the data goes
with known as (
    select c.as_of_date, c.student_key, c.year_no, c.grade_level, e.school_id, e.class_id, e.exit_reason, e.known_until,
        y.year_no as past_year_no, e.grade_level as past_grade, e.school_year = c.school_year as is_this_year
    from cohort as c
    inner join core.enrolment as e on c.student_key = e.student_key and e.known_at <= c.as_of_date and e.entry_date <= c.as_of_date
    inner join school_year as y on e.school_year = y.school_year
),

grade_year as (
    select
        as_of_date, student_key, past_year_no, max(past_grade) as grade,
        lead(max(past_grade)) over (partition by as_of_date, student_key order by past_year_no) as next_grade,
        lead(past_year_no) over (partition by as_of_date, student_key order by past_year_no) as next_year_no
    from known
    group by as_of_date, student_key, past_year_no
),

repeated as (
    select
        as_of_date, student_key, count(*) as year_count,
        count(*) filter (where next_year_no is not null and (next_grade <= grade or grade is null)) as repeated_count
    from grade_year
    group by as_of_date, student_key
)

select
    k.as_of_date, k.student_key,
    count(distinct k.school_id) filter (where k.exit_reason in ('transferred_in', 'transferred_out')) as schools_changed_count,
    count(distinct k.class_id) filter (where k.is_this_year) - 1 as classes_changed_year_count,
    if(any_value(r.year_count) > 1, any_value(r.repeated_count), null) as years_repeated_count,
    if(any_value(r.year_count) > 1,
        max((not k.is_this_year and k.past_grade is not distinct from k.grade_level)::int), null) as is_repeater
from known as k
inner join repeated as r on k.as_of_date = r.as_of_date and k.student_key = r.student_key
group by k.as_of_date, k.student_key
