/** The version of engine, CLI and SDK. It must be the version of @dagger.io/dagger in package.json and of `go/go.mod`. */
export const ENGINE_VERSION = "v0.19.10"

/** The distribution that base images, QEMU and the SDK's own containers are made from. */
export const SUITE = "trixie"

/** The base image's name in the engine's mirror of docker.io: the same name works on an engine that asks Docker Hub. */
export const BASE_REPOSITORY = "library/debian"
export const BASE_TAG = `${SUITE}-slim`
export const BASE = { repository: BASE_REPOSITORY, tag: BASE_TAG } as const
/** As the pipeline names it. */
export const BASE_NAME = `debian:${BASE_TAG}`

/** The name under which Dagger's client looks for the engine in Docker and podman. */
export const ENGINE_IMAGE = `registry.dagger.io/engine:${ENGINE_VERSION}`
