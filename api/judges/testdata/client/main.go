// A program as a partner would write it, in Go, with a client made from the document: who am I, record a person, read
// them back.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"client/waypost"
)

func main() {
	ctx := context.Background()
	key := waypost.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+os.Getenv("WAYPOST_KEY"))
		return nil
	})
	client, err := waypost.NewClientWithResponses(os.Getenv("WAYPOST_URL"), key)
	if err != nil {
		log.Fatal(err)
	}
	me, err := client.GetMeWithResponse(ctx, nil)
	if err != nil || me.JSON200 == nil {
		log.Fatal(err, me)
	}
	given, family, born := "Ada", "Generated", "1950-04-01"
	recorded, err := client.RecordPatientWithResponse(
		ctx,
		nil,
		waypost.NewPatient{GivenName: &given, FamilyName: &family, BirthDate: &born},
	)
	if err != nil || recorded.JSON201 == nil {
		log.Fatal(err, recorded)
	}
	read, err := client.GetPatientWithResponse(ctx, recorded.JSON201.Id, nil)
	if err != nil || read.JSON200 == nil {
		log.Fatal(err, read)
	}
	fmt.Println(me.JSON200.Role, "recorded", *read.JSON200.GivenName, *read.JSON200.FamilyName)
}
