// Package imports loads other people's records in bulk: read → resolve → check → write, with a report of
// every row that was refused. An import finishes whole or writes nothing, and a second run of it changes nothing.
package imports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"waypost/internal/platform/db"
)

// OhanaCSV is the format of the Ohana API: one CSV file for each kind of thing, in one folder.
const OhanaCSV = "ohana-csv"

// Report says what became of every row.
type Report struct {
	Source                  string
	Organisations, Services Counts
	Refused                 []Refusal // of every file, by file and line
	// rows of every file without any value, which are passed over and in no other count
	Blank int
	// values that are kept as they were written: people see them, and nothing is sent to them
	Kept    []Refusal
	LeftOut []Refusal // values that are not loaded, of rows that are
}

// Counts adds up: Read + Vanished = Created + Updated + Unchanged + Refused.
type Counts struct {
	Read, Created, Updated, Unchanged, Refused int
	Vanished                                   int // of Updated: no longer in the source, and so made inactive
	// a row's id could not be read, so that nothing was taken to have vanished
	Uncertain bool
}

// Refusal is one row or one value that was not loaded, or one value that was kept as it was written. The
// reason never repeats what the row says.
type Refusal struct {
	File   string
	Line   int // where the row begins; 1 is the header
	Reason string
}

// Directory loads a folder into the directory as the rows of one source, in one transaction. An empty source
// is named after the folder; a source never touches the rows of another. Rows that are wrong are refused in
// the report; an error means that nothing was written.
func Directory(ctx context.Context, d *db.DB, format, source, dir string) (Report, error) {
	if format != OhanaCSV {
		return Report{}, errors.New("there is no such import format; there is: " + OhanaCSV)
	}
	source, err := nameSource(format, source, dir)
	if err != nil {
		return Report{}, err
	}
	f, err := readOhana(os.DirFS(dir))
	if err != nil {
		return Report{}, err
	}
	return write(ctx, d, source, f.resolve())
}

const sourcePrefix = "import:"

// nameSource makes sure that an import can never take over what was written by hand or by another part of Waypost.
func nameSource(format, source, dir string) (string, error) {
	if source == "" {
		whole, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		source = sourcePrefix + format + ":" + filepath.Base(whole)
	}
	visible := utf8.ValidString(source) &&
		!strings.ContainsFunc(source, func(r rune) bool { return !unicode.IsPrint(r) })
	if !visible || !strings.HasPrefix(source, sourcePrefix) || len(source) == len(sourcePrefix) || len(source) > 200 {
		return "", fmt.Errorf(
			"the source must begin with %q and have a name after it, of at most 200 visible characters in all",
			sourcePrefix,
		)
	}
	return source, nil
}

// String is the report in words, every refusal on a line of its own.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "source: %s\n", r.Source)
	r.Organisations.print(&b, "organisations")
	r.Services.print(&b, "services")
	fmt.Fprintf(&b, "rows refused in all files: %d\n", len(r.Refused))
	list(&b, r.Refused)
	if len(r.Kept) > 0 {
		fmt.Fprintf(&b, "values kept as they were written: %d\n", len(r.Kept))
		list(&b, r.Kept)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(&b, "values left out: %d\n", len(r.LeftOut))
		list(&b, r.LeftOut)
	}
	if r.Blank > 0 {
		fmt.Fprintf(&b, "rows without any value in all files, passed over: %d\n", r.Blank)
	}
	return b.String()
}

func list(b *strings.Builder, rows []Refusal) {
	for _, x := range rows {
		fmt.Fprintf(b, "  %s:%d: %s\n", x.File, x.Line, x.Reason)
	}
}

func (c Counts) print(b *strings.Builder, what string) {
	fmt.Fprintf(
		b,
		"%s: %d read, %d created, %d updated, %d unchanged, %d refused\n",
		what,
		c.Read,
		c.Created,
		c.Updated,
		c.Unchanged,
		c.Refused,
	)
	if c.Vanished > 0 {
		fmt.Fprintf(b, "  of those updated, %d no longer in the source and made inactive\n", c.Vanished)
	}
	if c.Uncertain {
		b.WriteString("  the id of a row could not be read, so that none is taken to have left the source\n")
	}
}
