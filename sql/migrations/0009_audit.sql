-- one row per entry of audit/audit.jsonl: its hash, so that a log cut short or written anew is found (docs/decisions/0019)
create table ops.audit_head (ordinal bigint not null, hash varchar not null, recorded_at timestamp not null);
