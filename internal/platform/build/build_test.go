package build

import (
	"runtime/debug"
	"testing"
)

func TestTheCommitIsTheOneThatGoNoted(t *testing.T) {
	t.Parallel()
	noted := func(revision, modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs", Value: "git"},
			{Key: "vcs.revision", Value: revision},
			{Key: "vcs.modified", Value: modified},
		}
	}
	for want, settings := range map[string][]debug.BuildSetting{
		"abc": noted("abc", "false"), "abc-dirty": noted("abc", "true"), "": nil,
	} {
		if got := fromGit(settings); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestABuildThatNoReleaseMadeSaysSo(t *testing.T) {
	t.Parallel()
	info := Read("1.2.3")
	if info.Version != "1.2.3-dev" || info.Commit == "" || info.Platform == "" || info.Go == "" {
		t.Errorf("%+v", info)
	}
}
