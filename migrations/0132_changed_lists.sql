-- Lists across people are asked for what changed since.

-- +goose Up
create index contacts_changed    on contacts    (site_id, updated_at, id);
create index consents_changed    on consents    (site_id, updated_at, id);
create index assessments_changed on assessments (site_id, updated_at, id);
create index attendances_changed on attendances (site_id, updated_at, id);
