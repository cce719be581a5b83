/** A context's value as the server sends it to a runner: `PipelineContextDataJsonConverter.cs` of https://github.com/actions/runner. */
export type ContextData =
  | string
  | number
  | boolean
  | null
  | { readonly t: 1; readonly a: readonly ContextData[] }
  | { readonly t: 2; readonly d: readonly { readonly k: string; readonly v: ContextData }[] }

/** `{ a: ["b"] }` ⇒ `{ t: 2, d: [{ k: "a", v: { t: 1, a: ["b"] } }] }` */
export function contextData(value: unknown): ContextData {
  if (value === null || value === undefined) return null
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value
  if (Array.isArray(value)) return { t: 1, a: value.map(contextData) }
  return { t: 2, d: Object.entries(value).map(([k, v]) => ({ k, v: contextData(v) })) }
}
