-- one row per as_of_date and student of a class with activity this year: the student's place in it by amount, 0 the least
-- the four weeks before the year's start belong to it: who looks around early means to stay
with amount as (
    select
        c.as_of_date, c.class_id, c.student_key, coalesce(sum(a.amount), 0) as all_year,
        coalesce(sum(a.amount) filter (a.date > c.as_of_date - 7), 0) as all_7,
        coalesce(sum(a.amount) filter (a.date > c.as_of_date - 28), 0) as all_28,
        coalesce(sum(a.amount) filter (a.kind = 'content'), 0) as content, coalesce(sum(a.amount) filter (a.kind = 'quiz'), 0) as quiz,
        coalesce(sum(a.amount) filter (a.kind = 'forum'), 0) as forum, coalesce(sum(a.amount) filter (a.kind = 'page'), 0) as page
    from cohort as c
    left join core.activity as a
        on c.student_key = a.student_key and a.date between c.start_date - 28 and c.as_of_date
        and a.known_at <= c.as_of_date and (a.known_until is null or a.known_until > c.as_of_date)
    where c.class_id is not null
    group by c.as_of_date, c.class_id, c.student_key
)

select
    as_of_date, student_key,
    percent_rank() over (partition by as_of_date, class_id order by all_7) as rank_7,
    percent_rank() over (partition by as_of_date, class_id order by all_28) as rank_28,
    percent_rank() over (partition by as_of_date, class_id order by all_year) as rank_year,
    percent_rank() over (partition by as_of_date, class_id order by content) as rank_content,
    percent_rank() over (partition by as_of_date, class_id order by quiz) as rank_quiz,
    percent_rank() over (partition by as_of_date, class_id order by forum) as rank_forum,
    percent_rank() over (partition by as_of_date, class_id order by page) as rank_page
from amount
qualify sum(all_year) over (partition by as_of_date, class_id) > 0
