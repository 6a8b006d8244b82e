package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waypost/internal/partners"
	"waypost/internal/platform/events"
)

// webhookHeaders are those of every message. They are no components: oapi-codegen passes over those that webhooks alone
// refer to, and its client does not compile then.
func webhookHeaders() []*huma.Param {
	header := func(name, description string, schema *huma.Schema) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: description, Schema: schema}
	}
	return []*huma.Param{
		header("webhook-id", "The event's id.", &huma.Schema{Type: "string", Format: "uuid"}),
		header("webhook-timestamp", "Seconds since 1970.", &huma.Schema{Type: "string", Pattern: "^[0-9]+$"}),
		header("webhook-signature", "To be verified.", &huma.Schema{Type: "string", Pattern: "^v1,"}),
	}
}

// webhookMessage says once what is true of every message.
const webhookMessage = "What is sent to a webhook, by the Standard Webhooks specification.\n\n" +
	"- `webhook-id` is the same each time an event is sent: keep those that were handled, and pass over what comes again.\n" +
	"- `webhook-timestamp` is when this attempt began, in seconds since 1970. Refuse what is older than five minutes.\n" +
	"- `webhook-signature` is `v1,` and the base64 of HMAC-SHA-256 over the id, the timestamp and the body as it came, " +
	"with full stops between them. While a secret is being replaced there are several, with spaces between them."

// webhookAnswers are what a receiver may answer.
var webhookAnswers = map[string]string{
	"2XX": "It was taken: answer within 10 seconds, before the work is done.",
	"410": "Nothing more is wanted: the webhook is disabled.",
	"default": "It was not taken, and is sent again under the same id, after 5 seconds at first and for three days at most. " +
		"Where Retry-After says so, it is sent later.",
}

// webhookMessages puts into the document what webhooks are sent: an entry for each family of types.
func (s *server) webhookMessages() {
	doc := s.API.OpenAPI()
	doc.Webhooks = map[string]*huma.PathItem{}
	answers := map[string]*huma.Response{}
	for status, description := range webhookAnswers {
		name := "webhook_" + strings.ToLower(status)
		doc.Components.Responses[name] = &huma.Response{Description: description}
		answers[status] = &huma.Response{Ref: "#/components/responses/" + name}
	}
	message := doc.Components.Schemas.Schema(reflect.TypeFor[partners.Message](), true, "")
	doc.Components.Schemas.SchemaFromRef(message.Ref).Description = webhookMessage
	for _, family := range events.Families() {
		var types []any
		for _, name := range append(events.Types(), partners.TestType) {
			if strings.HasPrefix(name, family+".") {
				types = append(types, name)
			}
		}
		only := &huma.Schema{Properties: map[string]*huma.Schema{"type": {Enum: types}}}
		doc.Webhooks[family] = &huma.PathItem{Post: &huma.Operation{
			OperationID: "receive-" + strings.ReplaceAll(family, "_", "-") + "-event",
			Summary:     "An event of the family " + family,
			Description: "Is sent to each webhook that asked for it, where its partner may see the event.",
			Tags:        []string{"partners"},
			Security:    []map[string][]string{{}},
			Parameters:  webhookHeaders(),
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
				"application/json": {Schema: &huma.Schema{AllOf: []*huma.Schema{message, only}}},
			}},
			Responses: answers,
		}}
	}
}
