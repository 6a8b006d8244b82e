package datasets

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Verify checks a release's folder against its manifest: that every file is there and is the one that was
// written, byte for byte, that every table has as many rows as it had, and that nothing else lies there. It
// says what is wrong, a line each; nothing is where all is right. Error: the manifest is not there, or
// cannot be read.
func Verify(folder fs.FS) (about About, wrong []string, err error) {
	text, err := fs.ReadFile(folder, "manifest.json")
	if err != nil {
		return about, nil, fmt.Errorf("there is no manifest.json to check by: %w", err)
	}
	if err := json.Unmarshal(text, &about); err != nil || len(about.Files) == 0 {
		return about, nil, errors.New("manifest.json is not a release's manifest")
	}
	if whole, err := manifestIsListed(folder, text); err != nil || !whole {
		wrong = append(wrong, "manifest.json: checksums.txt has another SHA-256 for it, or none")
	}
	known := []string{"manifest.json", "checksums.txt", "package.zip"}
	for _, f := range about.Files {
		known = append(known, f.Name)
		if w := f.check(folder); w != "" {
			wrong = append(wrong, f.Name+": "+w)
		}
	}
	there, err := fs.ReadDir(folder, ".")
	for _, e := range there {
		if !slices.Contains(known, e.Name()) {
			wrong = append(wrong, e.Name()+": is not of this release")
		}
	}
	return about, wrong, err
}

// manifestIsListed reports whether checksums.txt, which was written after the manifest, has its SHA-256.
func manifestIsListed(folder fs.FS, manifest []byte) (bool, error) {
	text, err := fs.ReadFile(folder, "checksums.txt")
	sum := sha256.Sum256(manifest)
	return slices.Contains(strings.Split(string(text), "\n"), hex.EncodeToString(sum[:])+"  manifest.json"), err
}

// check says what is wrong with a file; nothing where it is whole.
func (f File) check(folder fs.FS) string {
	if !fs.ValidPath(f.Name) || strings.Contains(f.Name, "/") {
		return "is not a file of a release"
	}
	from, err := folder.Open(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing"
	}
	if err != nil {
		return "cannot be read"
	}
	defer from.Close()
	sum := sha256.New()
	read := io.TeeReader(bufio.NewReader(from), sum)
	rows, err := int64(0), error(nil)
	if strings.HasSuffix(f.Name, ".csv") && f.Rows != nil {
		rows, err = countRows(read)
	}
	n, _ := io.Copy(io.Discard, read) // what counting left
	switch {
	case hex.EncodeToString(sum.Sum(nil)) == f.SHA256:
		return ""
	case err == nil && f.Rows != nil && rows > 0 && rows != *f.Rows:
		return fmt.Sprintf("has %d rows in place of %d", rows, *f.Rows)
	case n < f.Bytes:
		return "has changed, or is cut short"
	default:
		return "has changed"
	}
}

// countRows counts the rows of a CSV file without its line of names.
func countRows(from io.Reader) (n int64, err error) {
	r := csv.NewReader(from)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	for n = -1; ; n++ {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}
