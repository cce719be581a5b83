// snapshotter SOCKET ROOT: the stargz snapshotter as a plugin of containerd, as its containerd-stargz-grpc is. That program is not in the Go module
// proxy; its library, which does everything, is.
//
// It fetches what is prioritized at once, and nothing else before it is read, so that what the registry served can be counted. Which files were
// opened is in its log.
package main

import (
	"context"
	"net"
	"os"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/contrib/snapshotservice"
	"github.com/containerd/log"
	"github.com/containerd/stargz-snapshotter/fs/config"
	"github.com/containerd/stargz-snapshotter/service"
	"google.golang.org/grpc"
)

func main() {
	if len(os.Args) != 3 {
		log.L.Fatal("usage: snapshotter SOCKET ROOT")
	}
	socket, root := os.Args[1], os.Args[2]
	// Accesses to files are debugging messages.
	if err := log.SetLevel("debug"); err != nil {
		log.L.Fatal(err)
	}
	snapshotter, err := service.NewStargzSnapshotterService(context.Background(), root, &service.Config{
		Config: config.Config{
			NoBackgroundFetch: true,
			NoPrometheus:      true,
			LogFileAccess:     true,
			// The counting registry answers one range at a time.
			BlobConfig: config.BlobConfig{ForceSingleRangeMode: true},
		},
	})
	if err != nil {
		log.L.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.L.Fatal(err)
	}
	server := grpc.NewServer()
	api.RegisterSnapshotsServer(server, snapshotservice.FromSnapshotter(snapshotter))
	log.L.Fatal(server.Serve(listener))
}
