-- A referral carries the link worker of its episode, so that what a link worker reads is in the order of one index.

-- +goose Up
alter table referrals add column episode_link_worker_id uuid; -- kept by triggers (always/07_referrals.sql)

alter table referrals disable trigger user;
update referrals r set episode_link_worker_id = e.link_worker_id
  from episodes_all e
  where e.site_id = r.site_id and e.id = r.episode_id and e.link_worker_id is not null;
alter table referrals enable trigger user;

create index referrals_worker on referrals (site_id, episode_link_worker_id, id);
create index referrals_worker_open on referrals (site_id, episode_link_worker_id, status)
  where status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress');
drop index referrals_list; -- the primary key says the same
