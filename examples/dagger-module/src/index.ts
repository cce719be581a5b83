/**
 * A module of your own that depends on runner-images: it takes a built image as a container and adds to it.
 *
 * Try `dagger -m examples/dagger-module call image with-exec --args jq,--version stdout`.
 */
import { dag, func, object, Container, Platform } from "@dagger.io/dagger"

@object()
export class ExtendedRunner {
  /**
   * The standard image with a file and a label of your own.
   *
   * @param platform Platform to build. Defaults to the engine's own.
   */
  @func()
  image(platform?: Platform): Container {
    return dag
      .runnerImages({ sources: "registry" })
      .container({ ...(platform === undefined ? {} : { platform }) })
      .withNewFile("/etc/motd", "Built on runner-images.\n")
      .withLabel("com.example.team", "platform")
  }
}
