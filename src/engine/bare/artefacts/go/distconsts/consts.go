// Package distconsts says where the engine finds its helpers.
// Upstream keeps this module in-tree only (it has no published version), so the engine build replaces it with this one.
// Helpers lie under /run, which the engine's own mount namespace replaces (namespace.sh): nothing of the host is touched.
package distconsts

const (
	EngineContainerName                = "dagger-engine"
	DefaultEngineSockAddr              = "unix:///run/dagger/engine.sock"
	RuncPath                           = "/run/dagger-engine/runc"
	DaggerInitPath                     = "/run/dagger-engine/init"
	TiniPath                           = "/usr/bin/tini"
	EngineDefaultStateDir              = "/var/lib/dagger"
	EngineContainerBuiltinContentDir   = "/run/dagger-engine/content"
	GoSDKManifestDigestEnvName         = "DAGGER_GO_SDK_MANIFEST_DIGEST"
	PythonSDKManifestDigestEnvName     = "DAGGER_PYTHON_SDK_MANIFEST_DIGEST"
	TypescriptSDKManifestDigestEnvName = "DAGGER_TYPESCRIPT_SDK_MANIFEST_DIGEST"
	AlpineVersion                      = "3.22.1"
	AlpineImage                        = "alpine:" + AlpineVersion
	GolangVersion                      = "1.26"
	GolangImage                        = "golang:" + GolangVersion + "-alpine"
	BusyboxVersion                     = "1.37.0"
	BusyboxImage                       = "busybox:" + BusyboxVersion
	OCIVersionAnnotation               = "org.opencontainers.image.version"
	// Empty on purpose: with a certificate in it, every exec runs update-ca-certificates first, emulated execs included.
	EngineCustomCACertsDir = "/run/dagger-engine/ca-certificates"
)
