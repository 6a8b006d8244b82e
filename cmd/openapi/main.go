// Command openapi prints the API's document, made of the source: run it in the folder of the repository, as
// "make openapi" does. The program itself serves what was printed.
package main

import (
	"fmt"
	"os"

	"waypost/api"
)

func main() {
	doc, err := api.Document(commentsIn(".").of)
	if err == nil {
		_, err = os.Stdout.Write(doc)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
