-- one row per model version; counts of students are in the model card, where they are protected
select
    version, target, method,
    if(status = 'promoted' and target in (select target from ops.suspension where resumed_at is null), 'suspended', status) as status,
    trained_as_of, promoted_at, why,
    json_merge_patch(card, '{"cohorts": null, "running": null, "evaluation": null}')::varchar as card
from ops.model
order by trained_as_of, version
