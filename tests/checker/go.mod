module berth.dev/checker

go 1.26
