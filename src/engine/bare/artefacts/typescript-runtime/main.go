// Serves `sdk: typescript` on an engine that was built from Go modules: generates the client, installs the module's
// dependencies and runs the module with tsx. Where Dagger's own engine image runs, its own SDK does this; a module must work
// with both, so nothing here does more than that one.
package main

import (
	"context"
	"path/filepath"
	"slices"
	"typescript-sdk/internal/dagger"
)

func New(
	// The root of the SDK's content, as src/engine/bare/artefacts/content.ts lays it out.
	// +optional
	sdkSourceDir *dagger.Directory,
) *TypescriptSdk {
	return &TypescriptSdk{SDKSourceDir: sdkSourceDir}
}

type TypescriptSdk struct {
	SDKSourceDir *dagger.Directory
}

// Imports every source file of the module, then the client, and answers the engine's call.
const entry = `import { entrypoint } from "@dagger.io/dagger"
import * as fs from "fs"
import * as path from "path"
const here = import.meta.dirname
const walk = (d: string): string[] => fs.readdirSync(d, { withFileTypes: true }).flatMap((e) => {
  const p = path.join(d, e.name)
  return e.isDirectory() ? walk(p) : /\.m?ts$/.test(e.name) && !/\.test\.ts$/.test(e.name) ? [p] : []
})
entrypoint([...walk(here), path.join(here, "../sdk/client.gen.ts")])
`

// What decides the dependencies: an edit elsewhere must not install them again.
var manifests = []string{"package.json", "package-lock.json", ".npmrc"}

func (t *TypescriptSdk) node() *dagger.Container {
	return dag.Container().WithRootfs(t.SDKSourceDir.Directory("node")).
		WithEnvVariable("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").
		WithEnvVariable("NODE_OPTIONS", "--use-openssl-ca")
}

func (t *TypescriptSdk) lib(name, modPath string, schema *dagger.File) *dagger.Directory {
	gen := t.node().WithMountedFile("/codegen", t.SDKSourceDir.File("codegen")).
		WithMountedFile("/schema.json", schema).
		WithWorkdir(modPath).
		WithExec([]string{"/codegen", "generate-module", "--lang", "typescript", "--output", "/src",
			"--module-name", name, "--module-source-path", modPath, "--introspection-json-path", "/schema.json", "--bundle",
		}, dagger.ContainerWithExecOpts{ExperimentalPrivilegedNesting: true}).
		File(filepath.Join(modPath, "sdk/src/api/client.gen.ts"))
	return t.SDKSourceDir.Directory("bundled").WithFile("client.gen.ts", gen)
}

// What Dagger's own SDK makes sure of: package.json, tsconfig.json, a lock file and a source file.
func (t *TypescriptSdk) complete(name, dir string, src *dagger.Directory) *dagger.Directory {
	return t.node().WithWorkdir(dir).
		WithMountedCache("/root/.npm", dag.CacheVolume("module-npm")).
		WithDirectory(".", src, dagger.ContainerWithDirectoryOpts{Include: append([]string{"tsconfig.json", "yarn.lock", "pnpm-lock.yaml", "src/**/*.ts"}, manifests...)}).
		WithFile("/opt/module-tools/complete-module.mjs", t.SDKSourceDir.File("runtime/complete-module.mjs")).
		WithFile("/opt/module-tools/module-tsconfig.json", t.SDKSourceDir.File("runtime/module-tsconfig.json")).
		WithExec([]string{"node", "/opt/module-tools/complete-module.mjs", name}).
		Directory(".")
}

// Installs what package.json asks for, exactly as locked when there is a lock.
func (t *TypescriptSdk) dependencies(dir string, files []string, src *dagger.Directory) *dagger.Container {
	install := "install"
	if slices.Contains(files, "package-lock.json") {
		install = "ci"
	}
	return t.node().WithWorkdir(dir).
		WithMountedCache("/root/.npm", dag.CacheVolume("module-npm")).
		WithDirectory(".", src, dagger.ContainerWithDirectoryOpts{Include: manifests}).
		WithExec([]string{"npm", install, "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"}).
		WithoutMount("/root/.npm")
}

// The module's name, and its folder within the repository.
func nameAndFolder(ctx context.Context, modSource *dagger.ModuleSource) (name, sub string, err error) {
	if name, err = modSource.ModuleOriginalName(ctx); err == nil {
		sub, err = modSource.SourceSubpath(ctx)
	}
	return
}

func (t *TypescriptSdk) ModuleRuntime(ctx context.Context, modSource *dagger.ModuleSource, introspectionJSON *dagger.File) (*dagger.Container, error) {
	name, sub, err := nameAndFolder(ctx, modSource)
	if err != nil {
		return nil, err
	}
	src := modSource.ContextDirectory().Directory(sub)
	dir := filepath.Join("/src", sub)
	files, err := src.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(files, "package.json") || !slices.Contains(files, "tsconfig.json") {
		src = src.WithDirectory(".", t.complete(name, dir, src))
		if files, err = src.Entries(ctx); err != nil {
			return nil, err
		}
	}
	lib := t.lib(name, dir, introspectionJSON)
	return t.dependencies(dir, files, src).
		WithDirectory(".", src, dagger.ContainerWithDirectoryOpts{Exclude: append([]string{"sdk", "node_modules"}, manifests...)}).
		WithMountedDirectory("sdk", lib).
		WithMountedDirectory("node_modules/@dagger.io/dagger", lib).
		WithNewFile("src/__dagger.entrypoint.ts", entry).
		// What the tsx command does, without a Node.js process of its own that only starts another.
		WithEnvVariable("TSX_TSCONFIG_PATH", filepath.Join(dir, "tsconfig.json")).
		WithEntrypoint([]string{"node", "--no-deprecation", "--import", "/opt/module-tools/node_modules/tsx/dist/loader.mjs", filepath.Join(dir, "src/__dagger.entrypoint.ts")}), nil
}

func (t *TypescriptSdk) Codegen(ctx context.Context, modSource *dagger.ModuleSource, introspectionJSON *dagger.File) (*dagger.GeneratedCode, error) {
	name, sub, err := nameAndFolder(ctx, modSource)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join("/src", sub)
	generated := t.complete(name, dir, modSource.ContextDirectory().Directory(sub)).
		WithDirectory("sdk", t.lib(name, dir, introspectionJSON))
	return dag.GeneratedCode(dag.Directory().WithDirectory(sub, generated)).
		WithVCSGeneratedPaths([]string{"sdk/**"}).WithVCSIgnoredPaths([]string{"sdk", "**/node_modules/**"}), nil
}
