//go:build unix

package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 15

// binaries are the programs of one PostgreSQL.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// places are where to look for the server, in order: one given folder only, or PATH and then the patterns.
type places struct {
	given    string
	path     []string
	patterns []string
}

func searchPlaces(binDir string) places {
	if abs, err := filepath.Abs(binDir); err == nil && binDir != "" {
		binDir = abs // children start in the root folder
	}
	return places{
		given: binDir,
		path:  filepath.SplitList(os.Getenv("PATH")),
		patterns: []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // Red Hat, from postgresql.org
			"/opt/homebrew/opt/postgresql@*/bin",
			"/usr/local/opt/postgresql@*/bin",
			"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
			"/usr/local/pgsql/bin",
		},
	}
}

// find looks for a PostgreSQL of the wanted major version, or with 0 the first of at least the oldest we support.
func (p places) find(ctx context.Context, want int) (binaries, error) {
	if want != 0 && want < oldestMajor {
		return binaries{}, fmt.Errorf(
			"the data was made by PostgreSQL %d, and Waypost needs %d or newer: bring it over with pg_upgrade, "+
				"or set WAYPOST_DATA_DIR to another folder; the data is untouched",
			want,
			oldestMajor,
		)
	}
	var seen []string
	for _, dir := range p.candidates() {
		major, err := version(ctx, dir)
		if ctx.Err() != nil {
			return binaries{}, context.Cause(ctx)
		}
		if err != nil {
			if p.given != "" {
				return binaries{}, fmt.Errorf(
					"no usable PostgreSQL in %s, leave its folder unset to search for one: %w",
					dir,
					err,
				)
			}
			continue
		}
		if major == want || (want == 0 && major >= oldestMajor) {
			return binaries{dir: dir, major: major}, nil
		}
		seen = append(seen, fmt.Sprintf("%d in %s", major, dir))
	}
	return binaries{}, p.missing(want, seen)
}

func (p places) candidates() []string {
	if p.given != "" {
		return []string{p.given}
	}
	var dirs []string
	for _, dir := range p.path {
		// Through the link: initdb is beside the real file, and postgres finds its share folder from there.
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil && filepath.IsAbs(real) {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range p.patterns {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })
		for _, dir := range found {
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

var (
	digits      = regexp.MustCompile(`\d+`)
	versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)
)

// numberIn is the version in a folder such as postgresql/16/bin: as text, 9.6 would come before 16.
func numberIn(dir string) int {
	n, _ := strconv.Atoi(digits.FindString(filepath.Base(filepath.Dir(dir))))
	return n
}

// version asks postgres itself; as root too, since it answers that before it refuses.
func version(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("postgres --version: %w", err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return 0, errors.New("postgres --version tells no version")
	}
	return strconv.Atoi(string(m[1]))
}

func (p places) missing(want int, seen []string) error {
	searched := "PATH, " + strings.Join(p.patterns, ", ")
	if p.given != "" {
		searched = p.given
	}
	found := "none"
	if len(seen) > 0 {
		found = strings.Join(seen, ", ")
	}
	if want != 0 {
		return fmt.Errorf("the data was made by PostgreSQL %d, which was not found (searched %s; found: %s): install "+
			"PostgreSQL %d (Debian or Ubuntu: apt-get install postgresql-%d); the data is untouched", want, searched, found, want, want)
	}
	return fmt.Errorf("no PostgreSQL %d or newer was found (searched %s; found: %s): install it with apt-get install "+
		"postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora) or brew install postgresql@16 "+
		"(macOS), or set WAYPOST_DATABASE_URL to a server of your own", oldestMajor, searched, found)
}

// clusterMajor reads which PostgreSQL made the cluster at pg; 0 when there is none, or only an empty folder.
func clusterMajor(pg string) (int, error) {
	b, err := os.ReadFile(filepath.Join(pg, "PG_VERSION"))
	if err == nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(b)), ".") // up to 9.6, a major version was two numbers
		major, err := strconv.Atoi(first)
		if err != nil {
			return 0, fmt.Errorf(
				"%s/PG_VERSION is damaged, nothing was touched: put the data directory back from a backup",
				pg,
			)
		}
		return major, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("data directory %s: %w", filepath.Dir(pg), advise(err))
	}
	entries, err := os.ReadDir(pg)
	switch {
	case err == nil && len(entries) > 0:
		return 0, fmt.Errorf(
			"%s is not empty and not a PostgreSQL cluster (no PG_VERSION), nothing was touched: move it away, "+
				"or set WAYPOST_DATA_DIR to another folder",
			pg,
		)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return 0, advise(err)
	case err != nil && isLink(pg):
		return 0, fmt.Errorf("%s is a symbolic link to nothing, is its disk mounted? Nothing was touched", pg)
	}
	return 0, nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
