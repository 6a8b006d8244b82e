-- Whether the timelines say that a cover ended: one that ends by itself is told by a job.

-- +goose Up
alter table covers add column end_told boolean not null default false;
update covers c set end_told = true
from handovers h
where h.site_id = c.site_id and h.id = c.handover_id and h.ended_at is not null;
create index covers_untold on covers (ends_on) where not end_told;
