-- Who asks a site to take a person on is told; and whoever does not take the person on keeps no word about them.

-- +goose Up
alter table transfer_offers add requested_by_role text, add requested_by_name text;
comment on column transfer_offers.requested_by_name is 'the link worker of the site that sends';
update transfer_offers o set requested_by_role = t.actor_role,
    requested_by_name = (select w.name from link_workers w where w.site_id = t.site_id and w.id = t.link_worker_id)
  from transfers t where t.site_id = o.from_site_id and t.id = o.id;
alter table transfer_offers alter requested_by_role set not null, alter reason drop not null;
update transfer_offers set reason = null, need = null, name = null where state in ('refused', 'cancelled');
update transfer_offers set need = null, name = null where state = 'pending'; -- read where the person's record is
