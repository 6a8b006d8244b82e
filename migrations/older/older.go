// Package older holds the database's structure as it was before the migrations became one file an area, for
// tests of what becomes of such a database.
package older

import _ "embed"

// Version31 makes, in an empty database, what the files numbered 1 to 31 made.
//
//go:embed version31.sql
var Version31 string
