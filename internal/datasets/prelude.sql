-- What every table is joined of: the people of the release, their episodes in order, and their follow-ups with the state of
-- each on the site's day; the analysis windows are the project's own where it has some. What lies after a person's last day is not there.
-- (Each part is worked out by itself: joined into one, PostgreSQL would take the site alone for enough to join some of it by.)
with spells as materialized (
  select c.*, t.day, p.died_on, e.id as episode_id, e.source, e.received_on, e.need_primary, e.need_others, e.link_worker_id,
    case when e.first_contact_on <= c.until then e.first_contact_on end as first_contact_on,
    case when e.baseline_on <= c.until then e.baseline_on end as baseline_on,
    case when e.closed_on <= c.until then e.closed_on end as closed_on,
    case when e.status = 'closed' and e.closed_on > c.until then 'active' else e.status end as status,
    case when e.closed_on <= c.until then e.closure_reason end as closure_reason,
    row_number() over (partition by c.site_id, c.patient_id order by e.received_on, e.id) as episode_no
  from pg_temp.staged_cohort c
  join episodes e on e.site_id = c.site_id and e.patient_id = c.patient_id and e.received_on <= c.until
  join patients p on p.site_id = c.site_id and p.id = c.patient_id
  join unnest(cast(@sites as uuid[]), cast(@days as date[])) t (site_id, day) on t.site_id = c.site_id
  where e.site_id = any(cast(@sites as uuid[]))
), turns as materialized (
  select c.*, f.id as follow_up_id, f.code, f.anchor_on, f.opens_on, f.closes_on,
    coalesce(f.anchor_on + o.target, f.target_on) as target_on, coalesce(f.anchor_on + o.earliest, f.analysis_from) as analysis_from, coalesce(f.anchor_on + o.latest, f.analysis_to) as analysis_to,
    case when f.completed_on <= c.until then f.completed_on end as completed_on,
    case when f.lost_on <= c.until then f.loss_reason end as loss_reason,
    tried.attempts,
    case when f.opens_on > c.day then 'before' when f.closes_on >= c.day then 'open' else 'over' end as contact_window,
    case
      when f.completed_on <= c.until then 'completed'
      when c.until < 'infinity' then 'withdrew'
      when f.loss_reason = 'died' or f.lost_on is null and c.died_on is not null then 'died'
      when f.lost_on is not null then 'lost'
      when coalesce(no.rules_out, false) then 'paused'
      when f.opens_on > c.day then 'not_yet_due'
      when tried.attempts = 0 then 'not_invited'
      when f.closes_on >= c.day then 'due'
      else 'missed'
    end as state
  from spells c
  join follow_ups f on f.site_id = c.site_id and f.episode_id = c.episode_id and f.code = any(cast(@timepoints as text[])) and f.anchor_on <= c.until
  left join unnest(cast(@own_codes as text[]), cast(@own_targets as int[]), cast(@own_earliest as int[]), cast(@own_latest as int[])) o (code, target, earliest, latest) on o.code = f.code
  left join lateral (
    select count(*) as attempts from follow_up_attempts a where a.site_id = f.site_id and a.follow_up_id = f.id and a.at < c.until + 1
  ) tried on true
  left join standing_consents no on no.site_id = f.site_id and no.patient_id = c.patient_id and no.purpose = 'follow_up_contact'
    and f.completed_on is null and f.lost_on is null
)
