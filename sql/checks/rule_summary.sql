-- one row per delivery, table and rule: rows, violations, and how many violations are allowed
select
    r.delivery_no, r.table_name, r.rule, r.severity, r.row_count, r.violation_count,
    case
        -- a list that one counselor filled is taken line by line: what is wrong in it is no broken export
        when d.source = 'list_answers' then r.row_count
        when r.rule in ('too_many_broken', 'too_many_rejects') then greatest($broken_at_most * r.row_count, $few - 1)
        else 0
    end as allowed_count
from staging.checked.rule_result as r
left join ops.delivery as d on r.delivery_no = d.delivery_no
