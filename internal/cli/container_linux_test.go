package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// image is what the Dockerfile says, as far as it says it in one way.
type image struct {
	build       string            // the command that builds the program
	copies      map[string]string // into the last stage, from the first
	owners      map[string]string // of what is copied, where it is not root's
	empty       string            // a folder of the first stage with nothing in it
	environment []string
	uid         uint32
	health      []string
	entrypoint  []string
	command     []string
	base        string
}

func readDockerfile(t *testing.T) (i image) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	i.copies, i.owners = map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(text)) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "FROM":
			i.base, _, _ = strings.Cut(rest, " ")
		case "RUN":
			if folder, is := strings.CutPrefix(rest, "mkdir -m 0700 "); is {
				i.empty = folder
				continue
			}
			i.build = rest // the last one
		case "COPY":
			if from, ok := strings.CutPrefix(rest, "--from=build "); ok {
				words := strings.Fields(from)
				source, target := words[len(words)-2], words[len(words)-1]
				i.copies[target] = source
				i.owners[target], _ = strings.CutPrefix(words[0], "--chown=")
			}
		case "ENV":
			i.environment = strings.Fields(rest)
		case "USER":
			user, _, _ := strings.Cut(rest, ":")
			uid, err := strconv.ParseUint(user, 10, 32)
			if err != nil {
				t.Fatal("the user is no number: scratch has no names")
			}
			i.uid = uint32(uid)
		case "HEALTHCHECK":
			i.health = list(t, rest[strings.Index(rest, "CMD ")+4:])
		case "ENTRYPOINT":
			i.entrypoint = list(t, rest)
		case "CMD":
			i.command = list(t, rest)
		}
	}
	return i
}

func list(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return words
}

// container is a folder with the files of the image's last stage and nothing else, which cannot be written to.
type container struct {
	image
	t    *testing.T
	root string
	env  []string
}

// newContainer performs the Dockerfile's steps.
func newContainer(t *testing.T) *container {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to become the image's user in a root of its own")
	}
	c := &container{image: readDockerfile(t), t: t, root: filepath.Join(t.TempDir(), "root")}
	if c.base != "scratch" || c.uid == 0 {
		t.Fatalf("the image is of %s, as user %d", c.base, c.uid)
	}
	built := filepath.Join(t.TempDir(), "waypost")
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(c.build, "-o /waypost ", "-o "+built+" ", 1))
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", c.build, err, out)
	}
	for target, source := range c.copies {
		if source == c.empty {
			continue
		}
		if source == "/waypost" {
			source = built
		}
		content, err := os.ReadFile(source)
		if err != nil {
			t.Skipf("%s is not on this machine (Debian: ca-certificates)", source)
		}
		target = filepath.Join(c.root, target)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.volume("/data")
	for at := c.root; at != "/"; at = filepath.Dir(at) { // the test's own temporary folders are closed to other users
		_ = os.Chmod(at, 0o755)
	}
	for _, flags := range []uintptr{syscall.MS_BIND | syscall.MS_REC, syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY} {
		if err := syscall.Mount(c.root, c.root, "", flags, ""); err != nil {
			t.Skipf("nothing can be mounted here: %v", err)
		}
	}
	t.Cleanup(func() { _ = syscall.Unmount(c.root, syscall.MNT_DETACH) })
	return c
}

// volume puts memory at a folder of the image, which stays with the folder's owner, as an empty volume does.
func (c *container) volume(at string) {
	if c.copies[at] != c.empty || c.owners[at] != fmt.Sprintf("%d:%d", c.uid, c.uid) {
		c.t.Fatalf("the image has no empty %s of its user", at)
	}
	at = filepath.Join(c.root, at)
	if err := os.MkdirAll(at, 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := syscall.Mount(
		"tmpfs",
		at,
		"tmpfs",
		0,
		fmt.Sprintf("size=8m,mode=0700,uid=%d,gid=%d", c.uid, c.uid),
	); err != nil {
		c.t.Skipf("nothing can be mounted here: %v", err)
	}
	c.t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
}

// program is a command in the container, as its user.
func (c *container) program(words []string, env ...string) *exec.Cmd {
	return &exec.Cmd{Path: words[0], Args: words, Env: slices.Concat(c.environment, c.env, env), Dir: "/",
		SysProcAttr: &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}}
}

// byTCP lets a server that listens on a socket only be reached as one on a network is.
func byTCP(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(u.Query().Get("host"), ".s.PGSQL."+u.Query().Get("port"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				client.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, client); server.Close() }()
			go func() { _, _ = io.Copy(client, server); client.Close() }()
		}
	}()
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	return u.String()
}

// composed is compose.yaml, as far as the tests read it.
type composed struct {
	Configs  map[string]struct{ Content string }
	Volumes  map[string]any
	Services map[string]struct {
		Build       string
		Image       string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Profiles    []string
		Command     []string
		Environment map[string]string
		Ports       []string
		Volumes     []string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Configs     []struct{ Source string }
		Healthcheck map[string]any
	}
}

func readCompose(t *testing.T) (c composed, text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c, string(b)
}

// The image's program does what it is there for, as the image runs it, on a database that was made as
// compose.yaml makes it.
func TestTheImageServes(t *testing.T) {
	t.Parallel()
	c, s := newContainer(t), newServer(t)
	// compose.yaml's server has none of the roles that localpg makes
	query(t, s.admin, "drop owned by waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs")
	query(t, s.admin, "drop database waypost")
	query(t, s.admin, "drop role waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs")
	query(t, s.admin, "drop owned by waypost_owner")
	query(t, s.admin, "drop role waypost_owner")
	compose, _ := readCompose(t)
	_, script, _ := strings.Cut(compose.Configs["logins"].Content, "<<SQL\n")
	script, _, _ = strings.Cut(script, "\nSQL")
	script = strings.NewReplacer("$$OWNER_PASSWORD", "hunter2", "$$SERVING_PASSWORD", "hunter3").Replace(script)
	for statement := range strings.SplitSeq(script, ";") {
		if strings.TrimSpace(statement) != "" {
			query(t, s.admin, statement)
		}
	}
	network := byTCP(t, s.admin)
	as := func(user, password string) string {
		u, err := url.Parse(network)
		if err != nil {
			t.Fatal(err)
		}
		u.User, u.Path = url.UserPassword(user, password), "/waypost"
		return "WAYPOST_DATABASE_URL=" + u.String()
	}
	if out, err := c.program(slices.Concat(c.entrypoint, compose.Services["migrate"].Command), as("waypost_owner", "hunter2")).
		CombinedOutput(); err != nil {
		t.Fatalf("migrate up: %v %s", err, out)
	}
	i := &instance{t: t, addr: strings.Replace(freeAddress(t), "127.0.0.1", "0.0.0.0", 1)}
	c.env = []string{"WAYPOST_ADDR=" + i.addr, "WAYPOST_DEMO=true", "WAYPOST_PEOPLE=50"}
	if out, err := c.program(c.health).CombinedOutput(); err == nil {
		t.Errorf("healthy before it runs: %s", out)
	}
	i.cmd, i.out = c.program(slices.Concat(c.entrypoint, c.command), as("waypost_serving", "hunter3")), &bytes.Buffer{}
	i.cmd.Stderr = i.out
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.signal(syscall.SIGTERM) })
	i.ready()
	if out, err := c.program(c.health).CombinedOutput(); err != nil || string(out) != "ready\n" {
		t.Errorf("health: %v %s", err, out)
	}
	keys, err := os.ReadFile(filepath.Join(c.root, "data", "demo-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := i.call(field(t, keys, "link_worker"), "GET", "/referrals", "", ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	i.makesARelease(field(t, keys, "researcher"))
	var written []string
	_ = filepath.WalkDir(c.root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(path, filepath.Join(c.root, "data", "releases")) {
			written = append(written, strings.TrimPrefix(path, c.root))
		}
		return err
	})
	if want := []string{
		"/data/demo-keys.json",
		"/data/master-key.json",
		"/etc/ssl/certs/ca-certificates.crt",
		"/waypost",
	}; !slices.Equal(
		written,
		want,
	) {
		t.Errorf("the image holds %v", written)
	}
}

// makesARelease waits until the demo's first release is there, and fetches a file of it.
func (i *instance) makesARelease(key string) {
	i.t.Helper()
	first := func(path string) (one struct{ ID, State string }) {
		var page struct{ Items []struct{ ID, State string } }
		if _, body := i.call(key, "GET", path, "", ""); json.Unmarshal(body, &page) != nil || len(page.Items) != 1 {
			i.t.Fatalf("%s: %s", path, body)
		}
		return page.Items[0]
	}
	releases := "/projects/" + first("/projects").ID + "/releases"
	for until := time.Now().Add(2 * time.Minute); first(releases).State != "ready"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			i.t.Fatal("no release was made")
		}
	}
	if status, body := i.call(
		key,
		"GET",
		"/releases/"+first(releases).ID+"/files/participants.csv",
		"",
		"",
	); status != 200 ||
		!bytes.HasPrefix(body, []byte("study_id,")) {
		i.t.Errorf("%d %s", status, body)
	}
}

// compose.yaml is right in itself, and shuts in whatever of Waypost it runs.
func TestComposeHoldsTogether(t *testing.T) {
	t.Parallel()
	c, text := readCompose(t)
	source, err := os.ReadFile("cli.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range c.Services {
		for on := range s.DependsOn {
			other, known := c.Services[on]
			if !known || len(s.Profiles) == 0 && len(other.Profiles) > 0 {
				t.Errorf("%s depends on %s, which is not there", name, on)
			}
			if s.DependsOn[on].Condition == "service_healthy" && other.Healthcheck == nil {
				t.Errorf("%s waits for the health of %s, which is not checked", name, on)
			}
		}
		for _, v := range s.Volumes {
			if volume, _, _ := strings.Cut(v, ":"); !has(c.Volumes, volume) {
				t.Errorf("%s: no volume %s", name, volume)
			}
		}
		if s.Build != "" && s.Command == nil &&
			!slices.ContainsFunc(s.Volumes, func(v string) bool { return strings.HasSuffix(v, ":/data") }) {
			t.Errorf("%s serves, and what datasets are made with is lost with its container", name)
		}
		for _, config := range s.Configs {
			if !has(c.Configs, config.Source) {
				t.Errorf("%s: no config %s", name, config.Source)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is open to the world: %s", name, p)
			}
		}
		if s.Build == "" {
			continue
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) ||
			!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s is not shut in", name)
		}
		for variable := range s.Environment {
			if !bytes.Contains(source, []byte(`env:"`+variable+`"`)) {
				t.Errorf("%s: Waypost knows no %s", name, variable)
			}
		}
	}
	for _, variable := range regexp.MustCompile(`\$\{[^}]*\}`).FindAllString(text, -1) {
		if strings.Contains(variable, "PASSWORD") && !strings.Contains(variable, ":?") {
			t.Errorf("%s: without it, this would start with an empty password", variable)
		}
	}
}

func has[T any](of map[string]T, name string) bool {
	_, there := of[name]
	return there
}
