module hostile-job

go 1.23
