package datasets

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"waypost/internal/platform/db"
)

// packer writes the files of one release, one after the other.
type packer struct {
	store   *Store
	ctx     context.Context
	release Release
	about   About
	files   []File
}

// table writes a table's two files in one pass over its rows.
func (p *packer) table(tx *db.Tx, t Table, args map[string]any, names *pseudonyms) error {
	text, err := p.store.upload(p.ctx, p.release, t.Name+".csv")
	if err != nil {
		return err
	}
	columns, err := p.store.upload(p.ctx, p.release, t.Name+".parquet")
	if err != nil {
		_, err = text.close(err)
		return err
	}
	rows, err := extract(tx, t, args, names, newCSV(text, t), newParquet(columns, t))
	for _, u := range []*upload{text, columns} {
		var f File
		f, err = u.close(err)
		f.Rows = &rows
		p.files = append(p.files, f)
	}
	return err
}

// document writes a file that is small.
func (p *packer) document(name string, text []byte) error {
	u, err := p.store.upload(p.ctx, p.release, name)
	if err != nil {
		return err
	}
	_, err = u.Write(text)
	f, err := u.close(err)
	p.files = append(p.files, f)
	return err
}

// documents writes what says what the tables hold: the manifest, which names all before it, and what is
// made of all files.
func (p *packer) documents() error {
	p.about.Files = p.files
	for _, d := range []struct {
		name string
		text func(About) ([]byte, error)
	}{
		{"flow.csv", flowCSV}, {"codebook.csv", codebookCSV}, {"datapackage.json", dataPackage},
		{"redcap_dictionary.csv", redcapDictionary},
		{"labels.R", labelsR}, {"labels.do", labelsStata}, {"README.md", readme}, {"manifest.json", manifest}, {"checksums.txt", checksums},
	} {
		text, err := d.text(p.about)
		if err != nil {
			return fmt.Errorf("datasets: %s: %w", d.name, err)
		}
		if err := p.document(d.name, text); err != nil {
			return err
		}
		p.about.Files = p.files
	}
	return p.zip()
}

// zip puts every file into one.
func (p *packer) zip() error {
	u, err := p.store.upload(p.ctx, p.release, "package.zip")
	if err != nil {
		return err
	}
	z := zip.NewWriter(u)
	z.RegisterCompressor(
		zip.Deflate,
		func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) },
	)
	for _, f := range p.files {
		if err == nil {
			err = p.add(z, f)
		}
	}
	if err == nil {
		err = z.Close()
	}
	f, err := u.close(err)
	p.files = append(p.files, f)
	return err
}

func (p *packer) add(z *zip.Writer, f File) error {
	h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: p.about.AsOf}
	if strings.HasSuffix(f.Name, ".parquet") { // compressed already
		h.Method = zip.Store
	}
	to, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	from, err := p.store.Files.NewReader(p.ctx, p.release.key(f.Name), nil)
	if err != nil {
		return errStorage{err}
	}
	defer from.Close()
	n, err := io.Copy(to, from)
	if err == nil && n != f.Bytes {
		err = errStorage{errors.New("datasets: a file is not as long as it was written")}
	}
	return err
}

// clear takes away what attempts have left.
func (s *Store) clear(ctx context.Context, folder string) error {
	for list := s.Files.List(&blob.ListOptions{Prefix: folder}); ; {
		one, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.Files.Delete(ctx, one.Key)
		}
		if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return errStorage{err}
		}
	}
}

// checksums are as sha256sum writes and checks them.
func checksums(a About) ([]byte, error) {
	var b bytes.Buffer
	for _, f := range a.Files {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.Name)
	}
	return b.Bytes(), nil
}
