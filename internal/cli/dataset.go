package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://

	"waypost/internal/datasets"
)

// files is where releases lie. A file of them is written beside its place, and is there once it is whole.
func (s Settings) files(dir string) (*blob.Bucket, error) {
	at := s.FilesURL
	if at == "" {
		full, err := filepath.Abs(filepath.Join(dir, "releases"))
		if err != nil {
			return nil, err
		}
		full = "/" + strings.TrimPrefix(filepath.ToSlash(full), "/") // Windows has a drive first
		at = (&url.URL{Scheme: "file", Path: full}).String()
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return nil, errors.New("WAYPOST_FILES_URL takes an address such as file:///srv/waypost/releases")
	}
	u.RawQuery = url.Values{
		"create_dir":    {"1"},
		"dir_file_mode": {"0700"},
		"no_tmp_dir":    {"1"},
		"metadata":      {"skip"},
	}.Encode()
	files, err := blob.OpenBucket(context.Background(), u.String())
	if err != nil {
		return nil, fmt.Errorf("the place of datasets' files cannot be opened: %w", err)
	}
	return files, nil
}

type dataset struct {
	Verify verifyDataset `cmd:"" help:"${verify_dataset}"`
}

type verifyDataset struct {
	Dir string `arg:"" type:"existingdir" help:"Folder with the release's files."`
}

func (c verifyDataset) Run(s *surroundings) error {
	about, wrong, err := datasets.Verify(os.DirFS(c.Dir))
	if err != nil {
		return err
	}
	for _, line := range wrong {
		fmt.Fprintln(s.out, line)
	}
	if len(wrong) > 0 {
		return refusals(len(wrong))
	}
	_, err = fmt.Fprintf(
		s.out,
		"whole: %d files of release %d, as of %s\n",
		len(about.Files),
		about.Release,
		about.AsOf.Format("2006-01-02"),
	)
	return err
}
