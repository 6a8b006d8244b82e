package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// script is a transaction for pgbench.
type script struct {
	text       string
	statements int
	trips      int // round trips in which Waypost says the same; pgbench takes one for each statement
}

var placeholder = regexp.MustCompile(`\$\d+`)

// scriptOf writes the statements of one request with what was filled in; ids and keys that differ when the
// same is asked again are new in every transaction of pgbench too, and as they do they count up.
func scriptOf(said, again []statement) (script, error) {
	if len(said) != len(again) || len(said) == 0 {
		return script{}, fmt.Errorf("the same request made %d statements and then %d", len(said), len(again))
	}
	var b strings.Builder
	b.WriteString("\\set n :n + 1\n")
	fresh := map[string]int{}
	for i, s := range said {
		if s.sql != again[i].sql {
			return script{}, errors.New("the same request made other statements the second time")
		}
		var failed error
		b.WriteString(placeholder.ReplaceAllStringFunc(s.sql, func(name string) string {
			k, _ := strconv.Atoi(name[1:])
			text, err := s.filledIn(k-1, again[i], fresh)
			failed = errors.Join(failed, err)
			return text
		}))
		if failed != nil {
			return script{}, failed
		}
		b.WriteString(";\n")
	}
	return script{text: b.String(), statements: len(said)}, nil
}

var types = pgtype.NewMap()

// filledIn is the k-th value as SQL.
func (s statement) filledIn(k int, again statement, fresh map[string]int) (string, error) {
	if s.values[k] == nil {
		return "null", nil
	}
	kind, ok := types.TypeForOID(s.types[k])
	if !ok {
		return "", fmt.Errorf("no type is known for %d", s.types[k])
	}
	if !bytes.Equal(s.values[k], again.values[k]) {
		switch kind.Name {
		case "uuid":
			key := string(s.values[k])
			if _, seen := fresh[key]; !seen {
				fresh[key] = len(fresh)
			}
			return fmt.Sprintf(
				"lpad(to_hex((:n::bigint * 16 + %d) * 64 + :client_id::bigint), 32, '0')::uuid",
				fresh[key],
			), nil
		case "text", "varchar":
			return "('bench-' || :n::text || '-' || :client_id::text)", nil
		}
	}
	format := int16(pgtype.TextFormatCode)
	if len(s.formats) == 1 {
		format = s.formats[0]
	} else if len(s.formats) > 1 {
		format = s.formats[k]
	}
	text := s.values[k]
	if format == pgtype.BinaryFormatCode {
		value, err := kind.Codec.DecodeValue(types, s.types[k], format, s.values[k])
		if err != nil {
			return "", err
		}
		if text, err = types.Encode(s.types[k], pgtype.TextFormatCode, value, nil); err != nil {
			return "", err
		}
	}
	return quoted(string(text)) + "::" + kind.Name, nil
}

// quoted is a literal in which pgbench finds no variable of its own, which begin with a colon.
func quoted(text string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, ":", `\x3a`, "\n", `\n`).Replace(text) + "'"
}
