package people

import (
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/migrations"
)

// What was recorded before texts were normalised is brought into order by the migration, as far as SQL can; the rest stays, and nobody is
// found by it.
func TestTextsRecordedBefore(t *testing.T) {
	t.Parallel()
	owner := dbtest.OlderOwner(t, 26)
	const before = `
		insert into sites (id, name, code, created_at, updated_at) values ('00000000-0000-7000-8000-000000000001', 'S', 'site', now(), now());
		insert into patients (site_id, id, given_name, family_name, birth_date, recorded_via, created_at, updated_at, preferred_name, nhs_number, phone, email, postcode)
		select '00000000-0000-7000-8000-000000000001', gen_random_uuid(), given, 'F', '1950-01-01', 'api', now(), now(), preferred, nhs, phone, email, postcode from (values
			('blank', E'\u00a0 ', null, '', ' ', E'\t'),
			('whole', 'Mari', '4000000012', '(07700) 900 123', 'mary@EXAMPLE.org', 'ls14ap'),
			('kept', 'Mari', '5000000013', '18001 0161 496 0000', 'Mary <mary@example.org>', 'nowhere'),
			('foreign', 'Mari', '9990000018', '+33 1 23 45 67 89', 'mary@localhost', 'ZZ993VZ'),
			('placeholder', 'Mari', '1111111111', null, null, null)) as p (given, preferred, nhs, phone, email, postcode);`
	if _, err := owner.ExecContext(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Up(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"blank":       "-|-|-|-|-|false|false|false",
		"whole":       "Mari|4000000012|+447700900123|mary@example.org|LS1 4AP|false|false|false",
		"kept":        "Mari|5000000013|18001 0161 496 0000|Mary <mary@example.org>|nowhere|true|true|true",
		"foreign":     "Mari|9990000018|+33123456789|mary@localhost|ZZ99 3VZ|false|false|true",
		"placeholder": "Mari|1111111111|-|-|-|true|false|false",
	} {
		var got string
		err := owner.QueryRowContext(t.Context(), `select concat_ws('|', coalesce(preferred_name, '-'), coalesce(nhs_number, '-'), coalesce(phone, '-'), coalesce(email, '-'), coalesce(postcode, '-'),
			nhs_number_unissued::text, phone_as_written::text, email_as_written::text) from patients where given_name = $1`, given).Scan(&got)
		if err != nil || got != want {
			t.Errorf("%s: %s (%v), and should be %s", given, got, err, want)
		}
	}
}
