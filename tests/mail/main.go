// Mailpit, a real SMTP server that keeps what it takes and shows it over HTTP.
package main

import (
	"github.com/axllent/mailpit/cmd"
)

func main() {
	cmd.Execute()
}
