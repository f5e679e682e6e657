-- one row per row of $table that broke a rule: where it stands, the rules that cost it its place, and the warnings
with ranked as (
    select
        a.row_no, a.delivery_no, hash($content) as content,
        row_number() over best as place,
        first_value(hash($content)) over best as best_content
    from (
        select *
        from staging.arrived.$table
        where delivery_no not in ($refused)
    ) as a
    semi join repeated_key using ($key, known_at, delivery_no)
    left join judged as j on a.row_no = j.row_no
    left join ops.file as f on a.file_id = f.file_id
    window best as (
        partition by $key_of_a, a.known_at, a.delivery_no
        order by coalesce(len(j.rules), 0) > 0, f.file desc, a.line desc, a.row_no desc
        rows between unbounded preceding and unbounded following
    )
),

-- within one delivery: the same row again does no harm, two that contradict each other do; between deliveries,
-- a row of the same key is a version, and load orders versions
duplicate as (
    select row_no, delivery_no, content <> best_content as is_contradiction
    from ranked
    where place > 1
)

select
    coalesce(j.row_no, d.row_no) as row_no,
    coalesce(j.delivery_no, d.delivery_no) as delivery_no,
    list_concat(coalesce(j.rules, []), if(d.row_no is null, [], ['duplicate_key'])) as rules,
    coalesce(j.warnings, []) as warnings,
    coalesce(len(j.rules), 0) > 0 or coalesce(d.is_contradiction, false) as is_broken
from judged as j
full join duplicate as d on j.row_no = d.row_no
