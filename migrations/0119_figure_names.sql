-- One name has one meaning: counts of figures got other names, which a snapshot and a published update hold.

-- +goose Up
-- A snapshot that names its counts as they were called before is made anew.
update figure_snapshots set columns = null;

-- A published update gets its counts under the names of today too. Those under which it was published stay, and so does
-- sha256, which is of what was published. (Of a score, better is a direction and no count.)
-- +goose StatementBegin
do $$
declare names text[];
begin
  foreach names slice 1 in array array[
    ['site', 'site_name'], ['baseline', 'with_baseline'], ['due', 'ever_due'], ['lost', 'lost_or_said_no'],
    ['made_worse', 'services_made_worse'], ['worse', 'been_worse'], ['same_or_not_said', 'been_same_or_not_said']
  ] loop
    update study_updates set content = regexp_replace(content::text,
      format('"%s": (null|[0-9]+|"([^"\\]|\\.)*")', names[1]), format('\&, "%s": \1', names[2]), 'g')::jsonb;
  end loop;
  update study_updates set content = regexp_replace(content::text,
    '"better": (null|[0-9]+)', '\&, "been_better": \1', 'g')::jsonb;
end $$;
-- +goose StatementEnd
