-- Baseline scores of the sites in scope, each with the response that pairs with it at each follow-up of its episode: of the
-- same instrument version, within the analysis window, nearest the target, ties to the earlier. People of one facet with the
-- same two values are one row. No response: "after" is null. Corrected assessments count in nothing. vintage: after how many of
-- the given instants the pair came about; its assessments' ids hold when they were recorded. members tells other people from the
-- same ones.
-- @of is e, @need is e.need_primary, @on is e.baseline_on, @service is (select r.service_id from referrals r where r.site_id = e.site_id and r.episode_id = e.id and r.kind = 'referral' and r.status <> 'entered_in_error' and r.first_attended_on is not null order by r.first_attended_on, r.id limit 1)
with scores as materialized (
  select site_id, episode_id, instrument, instrument_version, score, timepoint, completed_on, value, assessment_id
  from assessment_scores
  where site_id = any(cast(@sites as uuid[])) and not superseded and @theirs(episode_id)
), turns as materialized (
  select f.site_id, f.episode_id, f.code, f.analysis_from, f.analysis_to, f.target_on, @facets as facets
  from follow_ups f
  join episodes e on e.site_id = f.site_id and e.id = f.episode_id
  @people
  where f.site_id = any(cast(@sites as uuid[])) and @theirs(f.episode_id)
), later as materialized (
  select distinct on (f.site_id, f.episode_id, f.code, a.instrument, a.instrument_version, a.score)
    f.site_id, f.episode_id, f.code, a.instrument, a.instrument_version, a.score, a.value, a.assessment_id
  from turns f
  join scores a on a.site_id = f.site_id and a.episode_id = f.episode_id and a.completed_on between f.analysis_from and f.analysis_to
  where a.timepoint <> 'baseline'
  order by f.site_id, f.episode_id, f.code, a.instrument, a.instrument_version, a.score, abs(a.completed_on - f.target_on), a.completed_on, a.assessment_id
), pairs as (
  select f.facets, f.code as timepoint, b.instrument, b.instrument_version as version, b.score, b.value as before, a.value as after, @member as member, @vintage as vintage
  from scores b
  join turns f on f.site_id = b.site_id and f.episode_id = b.episode_id
  left join later a on a.site_id = b.site_id and a.episode_id = b.episode_id and a.code = f.code and a.instrument = b.instrument and a.score = b.score and a.instrument_version = b.instrument_version
  where b.timepoint = 'baseline' and b.completed_on >= @from and b.completed_on < @until
)
select facet, timepoint, instrument, version, score, before, after, vintage, count(*) as n, bit_xor(member) as members
from pairs, unnest(facets) facet
group by facet, timepoint, instrument, version, score, before, after, vintage
