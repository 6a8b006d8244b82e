package cli_test

import (
	"strings"
	"testing"
)

// The command finds no difference in a demo, and names each of those that are put in by hand.
func TestPairsCheck(t *testing.T) {
	t.Parallel()
	i := newInstance(t, "--demo", "--people", "60")
	i.start()
	out, err := i.run("pairs", "check")
	if err != nil || !strings.HasSuffix(out, " pairs are kept, 0 differences from those derived anew") ||
		strings.HasPrefix(out, "0 ") {
		t.Errorf("%q %v", out, err)
	}
	one := query(t, i.ownerURL(t), `delete from pairs where (episode_id, score) = (
		select episode_id, score from pairs order by 1, 2 limit 1) returning 'episode ' || episode_id || ', ' || score`)
	other := query(t, i.ownerURL(t), `update pairs set before = before + 1 where (episode_id, score) = (
		select episode_id, score from pairs order by 1 desc, 2 desc limit 1) returning 'episode ' || episode_id || ', ' || score`)
	out, err = i.run("pairs", "check")
	if err == nil || !strings.Contains(out, " 3 differences") || strings.Count(out, one) != 1 ||
		strings.Count(out, other) != 2 || !strings.Contains(out, "is kept and should not be") {
		t.Errorf("%q %v, with %s and %s", out, err, one, other)
	}
}
