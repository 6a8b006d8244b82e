package cli

import "github.com/alecthomas/kong"

// helpTexts holds the help and the lists that are too long for a struct tag, by the name that the tag gives as ${name}.
var helpTexts = kong.Vars{
	"database_url": "A PostgreSQL (15 or newer) to use. Without it, Waypost runs its own in the data directory.",
	"data_dir": "Where Waypost's own PostgreSQL and a demo's keys are. Default: ./.waypost, or /var/lib/waypost when " +
		"started by root where no unprivileged user could reach the former.",
	"postgres_bin": "Where PostgreSQL's server binaries are, if they are not found.",
	"public_url": "Where people reach Waypost from outside, such as https://waypost.example or " +
		"https://example.org/waypost: links that people are sent begin with it. Needed to send mail. " +
		"Default: http:// and the address.",
	"smtp_url": "The mail server that invitations go through: smtp://user:password@host:587 (STARTTLS), " +
		"smtps://…:465, or ?tls=none on a network of your own. Without it they wait until a link worker " +
		"hands the link on.",
	"mail_from":       "The address that mail comes from, such as 'Waypost <followup@example.org>'.",
	"mail_per_minute": "The most mails that leave in a minute, of all processes together, 1 to 6000.",
	"files_url": "Where the files of datasets lie, such as file:///srv/waypost/releases; every process of an " +
		"installation needs the same. Default: releases in the data directory.",
	"master_key_file": "The file with the key that opens what the database holds encrypted; it is made for a database that " +
		"knows of none, and never again. Keep it where the database's backups do not go, and back it up. " +
		"Default: master-key.json in the data directory.",
	"webhook_allow_private": "Let webhooks lead to private addresses, to this machine, and to plain http: for trials. A demo " +
		"always does.",
	"test_numbers": "Take NHS numbers that are kept for tests and documents (999…), which nobody has: for trials. A demo " +
		"always does.",
	"cors_origins":    "Origins that browsers may call the API from. None by default.",
	"max_connections": "The most connections of callers that are open at once; further ones wait.",
	"max_per_address": "The most of one address; further ones are closed. It never limits this machine or a trusted proxy.",
	"trusted_proxies": "Addresses or networks of your proxies, such as 10.1.2.3,10.2.0.0/16: what they say in " +
		"X-Forwarded-For is taken for the caller's address. None by default.",
	"db_connections":     "How many connections to the database requests have at most, 2 to 1000.",
	"db_jobs":            "How many connections jobs have at most, 4 to 1000.",
	"db_connect_timeout": "How long a request waits for a connection to the database, 100ms to 20s; then it is answered 503.",
	"statement_timeout":  "How long one statement of a request may run, 100ms to 50s.",
	"request_timeout":    "How long a request may be worked on, 1s to 50s.",
	"standby_lag": "Where the database is a standby: how far it may be behind its leader before nothing is served from it, " +
		"1s to 24h.",
	"drain_delay": "How long to go on accepting requests after SIGTERM or SIGINT, while /readyz says 503, until a " +
		"balancer has noticed; 5m at most. A second signal ends it.",
	"log_level": "The least serious line that is logged. While serve runs, SIGUSR1 logs a level more, SIGUSR2 a level less.",
	"initialise": "Make what a new installation begins with: the first administrator, data steward, site and link " +
		"worker, with a key each.",
	"import_directory": "Import organisations and services. Exit code 3: some rows were refused; the report says which and " +
		"why.",
	"create_key": "Make an API key and print it, once. Made here, it needs no confirmation: make the first " +
		"administrator and the first data steward so, for two people.",
	"link_worker": "Of the role link_worker: their id. Of the role site_manager: who it is, where they are a link " +
		"worker too.",
	"expires_on": "The last day it works, at the first of its sites (Europe/London where it names none); a year from " +
		"today when left out.",
	"verify_dataset": "Check a release's folder, unpacked from package.zip, against its manifest. Exit code 3: something " +
		"is wrong, and is named.",
	"check_pairs": "Derive every pair of a baseline and its response anew, and compare it with those that are kept. Exit " +
		"code 1: some differ, and each is named. It reads alone, beside running processes.",
	"replace_master_key": "Take the key in the master key's file, or a new one, for the one that the database knows: when that " +
		"is lost for good (docs/operations.md).",
	"roles": "link_worker,site_manager,integration,organisation,dashboard,researcher,data_steward,administrator",
}
