-- Who has received what was on the wrong record is read from logs that only grow.

-- +goose Up
create index access_log_gp_message on access_log (site_id, at) where operation = 'gp_message';
create index webhook_deliveries_event on webhook_deliveries (event_id) where state = 'delivered';
