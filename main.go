// Waypost tracks social prescribing referrals and what came of them.
package main

import (
	"os"

	"waypost/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
