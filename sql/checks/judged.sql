-- one row per row of $table that broke a rule which can be judged by the row alone: the rules that cost it its place, and the warnings
with held as (
    select row_no, delivery_no, $holds
    from staging.arrived.$table
    where delivery_no not in ($refused)
)

select
    row_no, delivery_no,
    list_filter([$quarantine], lambda rule: rule is not null) as rules,
    list_filter([$warn], lambda rule: rule is not null) as warnings
from held
where $any_broken
