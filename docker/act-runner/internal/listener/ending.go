// Package listener waits for jobs, and has each done by a worker.
package listener

// Ending is how the listener ends by itself.
type Ending struct {
	Code    int
	Message string
	// Unregistered: the configuration is of no use any more.
	Unregistered bool
}

func (e *Ending) Error() string { return e.Message }
