package main

import (
	"bytes"
	"testing"

	"waypost/api"
	"waypost/docs"
)

func TestTheReviewedDocumentIsMadeOfTheSource(t *testing.T) {
	t.Parallel()
	now, err := api.Document(commentsIn("../..").of)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(now, docs.OpenAPI) {
		t.Error("docs/openapi.yaml is not what the source says: run make openapi, and review what changed")
	}
}
