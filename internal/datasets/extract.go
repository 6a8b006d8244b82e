package datasets

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"gocloud.dev/blob"

	"waypost/internal/platform/db"
	"waypost/internal/platform/spreadsheet"
)

// Sink takes a table's rows: the text of each value, nil where there is none. The bytes are the caller's
// again afterwards.
type Sink interface {
	Row(values [][]byte) error
	Close() error
}

// Extract streams a table's rows: the first column is a person's id, and leaves as their pseudonym.
func extract(tx *db.Tx, t Table, args map[string]any, names *pseudonyms, sinks ...Sink) (rows int64, err error) {
	err = tx.Stream(t.query(), args, func(values [][]byte) error {
		values[0] = names.of(values[0])
		rows++
		for _, s := range sinks {
			if err := s.Row(values); err != nil {
				return err
			}
		}
		return nil
	})
	for _, s := range sinks {
		if err == nil {
			err = s.Close()
		}
	}
	return rows, err
}

// csvSink writes RFC 4180: a line of names, commas, CR LF.
type csvSink struct {
	to    *bufio.Writer
	texts []bool // the columns of text
	line  []byte
}

func newCSV(to io.Writer, t Table) *csvSink {
	s := &csvSink{to: bufio.NewWriterSize(to, 1<<16), texts: make([]bool, len(t.Columns))}
	names := make([][]byte, len(t.Columns))
	for i, c := range t.Columns {
		names[i], s.texts[i] = []byte(c.Name), c.Kind == Text
	}
	_ = s.Row(names) // into the buffer
	return s
}

func (s *csvSink) Row(values [][]byte) error {
	s.line = s.line[:0]
	for i, v := range values {
		if i > 0 {
			s.line = append(s.line, ',')
		}
		s.line = cell(s.line, v, s.texts[i])
	}
	s.line = append(s.line, '\r', '\n')
	_, err := s.to.Write(s.line)
	return err
}

func cell(line, v []byte, text bool) []byte {
	if text && spreadsheet.Formula(v) {
		v = append([]byte("'"), v...)
	}
	if !bytes.ContainsAny(v, "\",\r\n") {
		return append(line, v...)
	}
	line = append(line, '"')
	for _, b := range v {
		if b == '"' {
			line = append(line, '"')
		}
		line = append(line, b)
	}
	return append(line, '"')
}

func (s *csvSink) Close() error { return s.to.Flush() }

const (
	batch    = 1000   // rows that are handed to the writer of Parquet at once
	rowGroup = 50_000 // rows of a group: what is held in memory
)

// parquetSink writes Parquet, compressed with Snappy, codes as dictionaries.
type parquetSink struct {
	to      *parquet.GenericWriter[any]
	kinds   []Kind
	rows    []parquet.Row
	arena   []byte
	pending int
}

func newParquet(to io.Writer, t Table) *parquetSink {
	fields := make([]reflect.StructField, len(t.Columns))
	s := &parquetSink{kinds: make([]Kind, len(t.Columns))}
	for i, c := range t.Columns {
		typ, how := reflect.TypeFor[string](), ",dict"
		switch {
		case c.Kind == Integer:
			typ = reflect.TypeFor[int64]()
		case c.Kind == Number:
			typ = reflect.TypeFor[float64]()
		}
		if i == 0 {
			how = ""
		}
		fields[i] = reflect.StructField{
			Name: "F" + strconv.Itoa(i),
			Type: typ,
			Tag:  reflect.StructTag(`parquet:"` + c.Name + ",optional" + how + `"`),
		}
		s.kinds[i] = c.Kind
	}
	schema := parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface())
	s.to = parquet.NewGenericWriter[any](
		to,
		schema,
		parquet.Compression(&parquet.Snappy),
		parquet.MaxRowsPerRowGroup(rowGroup),
		parquet.CreatedBy("Waypost", "", ""),
	)
	s.rows = make([]parquet.Row, batch)
	for i := range s.rows {
		s.rows[i] = make(parquet.Row, len(fields))
	}
	return s
}

func (s *parquetSink) Row(values [][]byte) error {
	row := s.rows[s.pending]
	for i, v := range values {
		value, present := s.value(i, v)
		row[i] = value.Level(0, present, i)
	}
	if s.pending++; s.pending == batch {
		return s.flush()
	}
	return nil
}

// value is a cell; what it points at lives until the batch is written.
func (s *parquetSink) value(column int, text []byte) (parquet.Value, int) {
	if text == nil {
		return parquet.NullValue(), 0
	}
	switch s.kinds[column] {
	case Integer:
		n, err := parsed(text)
		if err != nil {
			return parquet.NullValue(), 0
		}
		return parquet.Int64Value(n), 1
	case Number:
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsNaN(f) {
			return parquet.NullValue(), 0
		}
		return parquet.DoubleValue(f), 1
	default:
		from := len(s.arena)
		s.arena = append(s.arena, text...)
		return parquet.ByteArrayValue(s.arena[from:len(s.arena):len(s.arena)]), 1
	}
}

func (s *parquetSink) flush() error {
	_, err := s.to.WriteRows(s.rows[:s.pending])
	s.pending, s.arena = 0, s.arena[:0]
	return err
}

func (s *parquetSink) Close() error {
	if err := s.flush(); err != nil {
		return err
	}
	return s.to.Close()
}

// upload is a file on its way to where releases lie: nothing of it is there until it is closed.
type upload struct {
	name   string
	to     *blob.Writer
	cancel context.CancelFunc
	sum    hash.Hash
	bytes  int64
}

func (s *Store) upload(ctx context.Context, r Release, name string) (*upload, error) {
	ctx, cancel := context.WithCancel(ctx)
	to, err := s.Files.NewWriter(
		ctx,
		r.key(name),
		&blob.WriterOptions{ContentType: mediaType(name), DisableContentTypeDetection: true},
	)
	if err != nil {
		cancel()
		return nil, errStorage{err}
	}
	return &upload{name: name, to: to, cancel: cancel, sum: sha256.New()}, nil
}

func (u *upload) Write(p []byte) (int, error) {
	u.sum.Write(p)
	n, err := u.to.Write(p)
	u.bytes += int64(n)
	if err != nil {
		err = errStorage{err}
	}
	return n, err
}

// close makes the file be there, unless something went wrong before.
func (u *upload) close(failure error) (File, error) {
	defer u.cancel()
	if failure != nil {
		u.cancel()
		_ = u.to.Close()
		return File{}, failure
	}
	if err := u.to.Close(); err != nil {
		return File{}, errStorage{err}
	}
	return File{Name: u.name, Bytes: u.bytes, SHA256: hex.EncodeToString(u.sum.Sum(nil))}, nil
}

// MediaTypes are what files of a release are, by the ends of their names; any other is plain text.
var MediaTypes = map[string]string{
	"csv":     "text/csv; charset=utf-8; header=present",
	"json":    "application/json",
	"parquet": "application/vnd.apache.parquet",
	"zip":     "application/zip",
	"md":      "text/markdown; charset=utf-8",
	"":        "text/plain; charset=utf-8",
}

// mediaType is what a file is.
func mediaType(name string) string {
	_, end, _ := strings.Cut(name, ".")
	if kind, known := MediaTypes[end]; known {
		return kind
	}
	return MediaTypes[""]
}
