package cli

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"waypost/api"
	"waypost/internal/platform/build"
	"waypost/internal/platform/telemetry"
)

// about is which Waypost this is, and how it is set.
type about struct {
	build.Info
	settings []setting
}

// setting is one that is not at its default.
type setting struct{ name, value string }

// notShown stands for the value of a setting that may be a secret.
const notShown = "(set)"

func (s Settings) about() about {
	return about{build.Read(api.Version), s.changed()}
}

// changed lists the settings that are not at their default, in the order in which they are declared.
func (s Settings) changed() (list []setting) {
	values := reflect.ValueOf(s)
	for field, value := range values.Fields() {
		text := fmt.Sprint(value.Interface())
		if texts, ok := value.Interface().([]string); ok {
			text = strings.Join(texts, ",")
		}
		byDefault := field.Tag.Get("default")
		if took, err := time.ParseDuration(byDefault); err == nil {
			byDefault = took.String() // 1m is 1m0s
		}
		if value.IsZero() || text == "" || text == byDefault {
			continue
		}
		kind := value.Kind()
		if (kind == reflect.String || kind == reflect.Slice) && field.Tag.Get("shown") != "yes" {
			text = notShown
		}
		list = append(list, setting{field.Tag.Get("env"), text})
	}
	return list
}

// logged returns the settings as a value for the log.
func (a about) logged() slog.Value {
	attributes := make([]slog.Attr, len(a.settings))
	for i, s := range a.settings {
		attributes[i] = slog.String(s.name, s.value)
	}
	return slog.GroupValue(attributes...)
}

// build is what the metric says: of settings the names alone.
func (a about) build() telemetry.Build {
	names := make([]string, len(a.settings))
	for i, s := range a.settings {
		names[i] = s.name
	}
	return telemetry.Build{Version: a.Version, Commit: a.Commit, Go: a.Go, Settings: strings.Join(names, ",")}
}

type version struct{}

// Run prints a line for each fact, as name and value.
func (version) Run(s *surroundings) error {
	a := s.about()
	var text strings.Builder
	fmt.Fprintf(
		&text,
		"version   %s\ncommit    %s\napi       %s\nplatform  %s\ngo        %s\n",
		a.Version,
		a.Commit,
		api.Version,
		a.Platform,
		a.Go,
	)
	for _, one := range a.settings {
		fmt.Fprintf(&text, "setting   %s=%s\n", one.name, one.value)
	}
	_, err := fmt.Fprint(s.out, text.String())
	return err
}
