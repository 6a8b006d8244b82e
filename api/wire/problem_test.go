package wire

import (
	"testing"

	"github.com/danielgtaylor/huma/v2/validation"

	"waypost/internal/platform/fault"
)

func TestHumasMessagesHaveCodes(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]fault.Code{
		validation.MsgExpectedRequiredProperty:          fault.Required,
		validation.MsgExpectedDependentRequiredProperty: fault.Required,
		"required query parameter is missing":           fault.Required,
		saysNotBlank:                                    fault.Required,
		saysOneLine:                                     fault.WrongFormat,
		validation.MsgExpectedRFC3339Date:               fault.WrongFormat,
		validation.MsgExpectedRFC4122UUID:               fault.WrongFormat,
		validation.MsgExpectedMatchPattern:              fault.WrongFormat,
		validation.MsgExpectedOneOf:                     fault.UnknownCode,
		validation.MsgExpectedMinimumNumber:             fault.OutOfRange,
		validation.MsgExpectedNumberBeMultipleOf:        fault.OutOfRange,
		validation.MsgExpectedMinLength:                 fault.TooShort,
		validation.MsgExpectedMaxLength:                 fault.TooLong,
		validation.MsgExpectedMinItems:                  fault.TooShort,
		validation.MsgExpectedMaxProperties:             fault.TooLong,
		validation.MsgExpectedArrayItemsUnique:          fault.Duplicate,
		validation.MsgExpectedNumber:                    fault.WrongType,
		validation.MsgExpectedInteger:                   fault.WrongType,
		validation.MsgExpectedString:                    fault.WrongType,
		validation.MsgExpectedObject:                    fault.WrongType,
	} {
		if got := codeOf(message); got != want {
			t.Errorf("%s: code %s, want %s", message, got, want)
		}
	}
}
