package migrations_test

import (
	"slices"
	"testing"
)

// A merge knows every column that names a patient: what moves, what follows its episode, and what stays. Who adds a table
// that names a patient says so in merge_columns (always/17_merges.sql).
func TestAMergeKnowsEveryColumnThatNamesAPatient(t *testing.T) {
	r := newRecord(t)
	const catalogue = `
		select distinct c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
			and a.attnum > 0 and not a.attisdropped
			and (a.attname ~ 'patient_id$' or exists (select from pg_constraint k
				where k.contype = 'f' and k.conrelid = c.oid and k.confrelid = 'patients'::regclass and a.attnum = any(k.conkey)
					and a.attname <> 'site_id'))
		order by 1`
	there := r.texts(catalogue)
	known := r.texts("select table_name || '.' || column_name from merge_columns() order by 1")
	if len(there) < 12 || !slices.Contains(there, "episodes_all.patient_id") {
		t.Fatalf("the test looks in the wrong place: %v", there)
	}
	for _, column := range there {
		if !slices.Contains(known, column) {
			t.Errorf("%s names a patient, and a merge does not know what to do with it", column)
		}
	}
	for _, column := range known {
		if !slices.Contains(there, column) {
			t.Errorf("%s: there is no such column", column)
		}
	}
	// What moves or follows refuses a row that is written for somebody who was merged away meanwhile.
	unguarded := r.texts(`select m.table_name from merge_columns() m where m.what in ('moves', 'follows') and not exists (select from
		pg_trigger g join pg_proc p on p.oid = g.tgfoid where g.tgrelid = m.table_name::regclass
		and p.proname = case m.what when 'moves' then 'refuse_merged_person' else 'refuse_other_person' end)`)
	if len(unguarded) > 0 {
		t.Errorf("rows can be written for somebody who was merged away: %v", unguarded)
	}
}
