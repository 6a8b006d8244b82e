package imports

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"waypost/internal/platform/text"
)

// table is one CSV file. Every record of it that has a value is a row, whole or broken.
type table struct {
	file    string
	columns map[string]int // by name, in small letters
	flags   []bool         // by column: it may hold a yes or no that was filled down beyond the last row
	width   int
	rows    []*row
	blank   int // records without any value but such flags, as spreadsheets write them below their last row
}

// row is one record. A broken one keeps the cells that could be read, for they may tell which thing it spoke of.
type row struct {
	table  *table
	line   int // where the record begins, counting from 1
	cells  []string
	torn   bool     // its columns cannot be told apart, so that even its id is a guess
	reason string   // why it is refused; empty for a whole row
	kept   []string // what of it is kept as it was written, since it could not be checked

	leftOut []string // what of it is not loaded
}

// get is a cell as one line of text, without stray spaces; a column that the file has not is blank.
func (r *row) get(column string) string { return strings.Join(strings.Fields(r.raw(column)), " ") }

// text is a cell with its line breaks, without spaces at the end of lines.
func (r *row) text(column string) text.Optional {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(r.raw(column)), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\u00a0")
	}
	return text.Optional(strings.TrimSpace(strings.Join(lines, "\n")))
}

func (r *row) raw(column string) string {
	if i, ok := r.table.columns[column]; ok && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

// refuse keeps the first reason only: what comes after is mostly its consequence. No reason refuses nothing.
func (r *row) refuse(reason string) {
	if r.reason == "" {
		r.reason = reason
	}
}

// keep notes, once, what is kept as it was written.
func (r *row) keep(what string) {
	if !slices.Contains(r.kept, what) {
		r.kept = append(r.kept, what)
	}
}

func (r *row) refused() bool { return r.reason != "" }

const byteOrderMark = "\ufeff"

// readTable reads a file whose header has the needed columns, in any order and among others.
func readTable(folder fs.FS, file string, needed []string) (*table, error) {
	f, err := folder.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file in the folder: %w", file, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be opened: %w", file, err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, err := in.Peek(len(byteOrderMark)); err == nil && string(head) == byteOrderMark {
		in.Discard(len(byteOrderMark))
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1 // counted here, so that one bad row does not end the reading
	t := &table{file: file}
	if err := t.readHeader(r, needed); err != nil {
		return nil, err
	}
	return t, t.readRows(r)
}

func (t *table) readHeader(r *csv.Reader, needed []string) error {
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: the first line cannot be read as a header", t.file)
	}
	t.columns, t.width = map[string]int{}, len(header)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := t.columns[name]; twice && name != "" {
			return fmt.Errorf("%s: the header names a column twice", t.file)
		}
		t.columns[name] = i
		t.flags = append(t.flags, !slices.Contains(needed, name) && !strings.HasSuffix(name, "id"))
	}
	for _, name := range needed {
		if _, ok := t.columns[name]; !ok {
			return fmt.Errorf("%s: the header lacks the column %s", t.file, name)
		}
	}
	return nil
}

func (t *table) readRows(r *csv.Reader) error {
	for {
		cells, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			t.rows = append(
				t.rows,
				&row{table: t, line: bad.StartLine, torn: true, reason: "its quotation marks do not pair"},
			)
		case err != nil:
			return fmt.Errorf("%s: cannot be read to its end: %w", t.file, err)
		default:
			if t.blankRow(cells) {
				t.blank++
				continue
			}
			line, _ := r.FieldPos(0)
			x := &row{table: t, line: line, cells: cells}
			x.check()
			t.rows = append(t.rows, x)
		}
	}
}

// blankRow reports whether nothing can be seen in any cell but a yes or no, which speaks of nothing.
func (t *table) blankRow(cells []string) bool {
	for i, c := range cells {
		_, flag := yesOrNo[strings.ToLower(text.Trim(c))]
		if !text.Blank(c) && !(flag && i < len(t.flags) && t.flags[i]) {
			return false
		}
	}
	return true
}

// check refuses a row that no table could hold, whatever it is about.
func (r *row) check() {
	if n := len(r.cells); n != r.table.width {
		r.torn = true
		r.refuse(fmt.Sprintf("has %d columns where the header has %d", n, r.table.width))
	}
	for _, c := range r.cells {
		if !utf8.ValidString(c) {
			r.refuse("holds text that is not UTF-8")
		}
		if strings.ContainsRune(c, 0) {
			r.refuse("holds a NUL character")
		}
	}
}
