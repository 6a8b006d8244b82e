-- What a link worker has to do today: how often a person is to be reached, and what finds it.

-- +goose Up
alter table sites add column contact_days int not null default 28 check (contact_days between 1 and 365); -- days after which somebody who was not reached is on a worklist

-- A link worker's people: few of their episodes are open.
create index episodes_open on episodes (site_id, link_worker_id, id) where status <> 'closed';
-- When somebody was last reached, and last held: read for each person of a list, from the index alone.
create index contacts_reached on contacts (site_id, episode_id, contact_on) include (kind, referral_id) where outcome in ('spoke', 'attended');
-- Referrals that wait, for an answer or for a place; few of a site's do.
create index referrals_waiting on referrals (site_id, episode_id, status) where status in ('sent', 'expired', 'waitlisted');

-- +goose Down
select 1;
