import type { Answer, Parameters, Request, Route } from "../message.js"

type TargetHandler = (request: Request, target: string, parameters: Parameters) => Answer | Promise<Answer>

/**
 * The same route for a repository, an organisation and an enterprise.
 *
 * @param rest what follows the target: `/actions/runners/:id`
 * @param handler gets the target's path: `repos/octo/example`
 */
export function targetRoutes(method: string, rest: string, handler: TargetHandler): Route[] {
  return [
    [
      method,
      `/repos/:owner/:repo${rest}`,
      (request, parameters) => handler(request, `repos/${parameters.owner ?? ""}/${parameters.repo ?? ""}`, parameters),
    ],
    [
      method,
      `/orgs/:org${rest}`,
      (request, parameters) => handler(request, `orgs/${parameters.org ?? ""}`, parameters),
    ],
    [
      method,
      `/enterprises/:enterprise${rest}`,
      (request, parameters) => handler(request, `enterprises/${parameters.enterprise ?? ""}`, parameters),
    ],
  ]
}
