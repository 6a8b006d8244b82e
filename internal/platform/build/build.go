// Package build says which Waypost this is.
package build

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// Set by the linker (-ldflags "-X waypost/internal/platform/build.version=…"), as make build and make release do.
var version, commit string

// Info is which Waypost this is.
type Info struct {
	Version  string // of a release such as 0.1.0; with -dev where nobody set one
	Commit   string // of git, with -dirty where files had been changed; unknown where nobody said
	Platform string // such as linux/amd64
	Go       string
}

// Read says which Waypost this is, with the version in the works for a build that no release made.
func Read(next string) Info {
	var recorded []debug.BuildSetting
	if b, ok := debug.ReadBuildInfo(); ok {
		recorded = b.Settings
	}
	return Info{
		Version: cmp.Or(version, next+"-dev"), Commit: cmp.Or(commit, fromGit(recorded), "unknown"),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
	}
}

// fromGit is the commit that the go command noted, if it did: not with -buildvcs=false, nor outside of a repository.
func fromGit(recorded []debug.BuildSetting) (revision string) {
	dirty := false
	for _, s := range recorded {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if revision != "" && dirty {
		revision += "-dirty"
	}
	return revision
}
