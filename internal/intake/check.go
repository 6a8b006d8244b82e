package intake

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tooLong says which field is longer than the API itself would take: the limits are those of the struct's tags.
func tooLong(details any) string {
	v := reflect.ValueOf(details)
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		limit, err := strconv.Atoi(tag.Get("maxLength"))
		if err == nil && utf8.RuneCountInString(textIn(v.Field(i))) > limit {
			name, _, _ := strings.Cut(tag.Get("json"), ",")
			return fmt.Sprintf("%s is longer than %d characters", name, limit)
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
