// Waypost tracks social prescribing referrals and what came of them.
package main

import (
	"os"
	_ "time/tzdata" // sites have time zones, and not every machine has the database of them

	"waypost/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
