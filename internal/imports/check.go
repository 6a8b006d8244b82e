package imports

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"waypost/internal/platform/text"
)

// wrongText says which field the API itself would not take: the limits are those of the struct's tags.
func wrongText(details any) string {
	v := reflect.ValueOf(details)
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		limit, err := strconv.Atoi(tag.Get("maxLength"))
		if err == nil && utf8.RuneCountInString(textIn(v.Field(i))) > limit {
			return fmt.Sprintf("%s is longer than %d characters", name, limit)
		}
		if tag.Get("format") != "prose" && !text.OneLine(textIn(v.Field(i))) {
			return name + " " + text.NotOneLine
		}
	}
	return ""
}

func textIn(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		v = v.Elem() // of nil: no value
	}
	if v.Kind() != reflect.String {
		return ""
	}
	return v.String()
}
