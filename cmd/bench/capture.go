package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// statement is one that Waypost sent, with what it filled in.
type statement struct {
	sql     string
	types   []uint32
	formats []int16
	values  [][]byte
}

// wire sits between Waypost and PostgreSQL and writes down what is said.
type wire struct {
	dir, to       string // socket folder of its own; socket of the server
	mu            sync.Mutex
	conversations []*conversation
	listening     bool
}

// via lets a database URL lead through the wire.
func (w *wire) via(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	w.to = filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port"))
	q.Set("host", w.dir)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (w *wire) serve(ctx context.Context) error {
	l, err := net.Listen("unix", filepath.Join(w.dir, ".s.PGSQL.5432"))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go w.connect(client)
		}
	}()
	return nil
}

func (w *wire) connect(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", w.to)
	if err != nil {
		return
	}
	defer server.Close()
	c := &conversation{wire: w, prepared: map[string]*statement{}}
	w.mu.Lock()
	w.conversations = append(w.conversations, c)
	w.mu.Unlock()
	go func() {
		_ = frames(server, client, false, c.answered)
		client.Close()
	}()
	_ = frames(client, server, true, c.said)
}

// frames passes messages on, one after the other. A client's first has no type.
func frames(from io.Reader, to io.Writer, first bool, each func(kind byte, body []byte)) error {
	for {
		head := make([]byte, 5)
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		if !first {
			each(head[0], body)
		}
		first = false
		if _, err := to.Write(append(head, body...)); err != nil {
			return err
		}
	}
}

// conversation is one connection. PostgreSQL answers in the order in which it was asked.
type conversation struct {
	*wire
	prepared  map[string]*statement
	described []*statement
	heard     []statement
	trips     int // how often an answer was waited for
}

func (c *conversation) said(kind byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kind {
	case 'P':
		var m pgproto3.Parse
		if m.Decode(body) == nil {
			c.prepared[m.Name] = &statement{sql: m.Query}
		}
	case 'D':
		var m pgproto3.Describe
		if m.Decode(body) == nil && m.ObjectType == 'S' {
			c.described = append(c.described, c.prepared[m.Name])
		}
	case 'B':
		var m pgproto3.Bind
		if m.Decode(body) == nil && c.listening {
			s := *c.prepared[m.PreparedStatement]
			s.formats, s.values = m.ParameterFormatCodes, m.Parameters
			c.heard = append(c.heard, s)
		}
	case 'Q':
		var m pgproto3.Query
		if m.Decode(body) == nil && c.listening {
			c.heard = append(c.heard, statement{sql: m.String})
			c.trips++
		}
	case 'S':
		if c.listening {
			c.trips++
		}
	}
}

func (c *conversation) answered(kind byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var m pgproto3.ParameterDescription
	if kind != 't' || len(c.described) == 0 || m.Decode(body) != nil {
		return
	}
	c.described[0].types = m.ParameterOIDs
	c.described = c.described[1:]
}

// listen returns what one request made Waypost say: on the connection on which it entered, for jobs speak on others.
func (w *wire) listen(do func() error) (heard []statement, trips int, err error) {
	w.mu.Lock()
	for _, c := range w.conversations {
		c.heard, c.trips = nil, 0
	}
	w.listening = true
	w.mu.Unlock()
	err = do()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listening = false
	for _, c := range w.conversations {
		if slices.ContainsFunc(c.heard, func(s statement) bool { return strings.Contains(s.sql, " authenticate(") }) {
			return c.heard, c.trips, err
		}
	}
	return nil, 0, err
}

// capture asks Waypost every request of the thing through a wire, and makes pgbench's scripts of what it said.
func (s settings) capture(ctx context.Context, w *waypost, t *thing) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	conn, err := w.database()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "tap-")
	if err != nil {
		return err
	}
	tap := &wire{dir: dir}
	through, err := tap.via(conn.AppURL())
	if err != nil {
		return err
	}
	if err := tap.serve(ctx); err != nil {
		return err
	}
	tapped, err := s.startOn(ctx, filepath.Join(s.dir, "none"), []string{"WAYPOST_DATABASE_URL=" + through})
	if err != nil {
		return err
	}
	defer tapped.stop()
	tapped.key = cmp.Or(t.key, w.key)
	for _, r := range t.requests {
		made, err := tap.script(func() error { return tapped.call(ctx, r, new(any)) })
		if err != nil {
			return err
		}
		t.scripts = append(t.scripts, made)
	}
	return nil
}

// script is what one request makes Waypost say, once it says the same twice in a row: at first it fills its caches.
func (w *wire) script(do func() error) (made script, err error) {
	var before []statement
	for range 20 {
		said, trips, failed := w.listen(do)
		if failed != nil {
			return made, failed
		}
		if made, err = scriptOf(before, said); err == nil {
			made.trips = trips
			return made, nil
		}
		before = said
	}
	return made, err
}
