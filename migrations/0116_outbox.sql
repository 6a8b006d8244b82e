-- What looks at the outbox every minute reads what is open, and not all that was ever sent.

-- +goose Up
create index outbox_open_ids on outbox (id) where state in ('waiting', 'sending');
-- Notices that were taken back for want of an address to write to, which come back when there is one.
create index outbox_without_address on outbox (site_id, subject_id)
  where kind = 'reply_notice' and state = 'cancelled' and why in ('address_unconfirmed', 'no_address');
