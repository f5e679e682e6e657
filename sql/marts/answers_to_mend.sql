-- one row per answer of the last days that says a list was wrong about a student, from the query of marts.followup
select school_id, student_key as pseudonym, list_date, decision, known_at as came_on
from ($answers) as f
cross join this_night as t
where f.decision in ('disagree', 'not_at_this_school') and f.known_at > t.as_of_date - $days
order by school_id, decision desc, list_date desc, pseudonym
