/**
 * A value of a workflow as the server sends it to a runner: expressions apart from texts.
 *
 * https://github.com/actions/runner, `TemplateTokenJsonConverter.cs`
 */
export type TemplateToken =
  | string
  | number
  | boolean
  | { readonly type: 1; readonly seq: readonly TemplateToken[] }
  | { readonly type: 2; readonly map: readonly { readonly Key: TemplateToken; readonly Value: TemplateToken }[] }
  | { readonly type: 3; readonly expr: string }

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value | undefined }

/** `{ a: "x ${{ b }}" }` ⇒ `{ type: 2, map: [{ Key: "a", Value: { type: 3, expr: "format('x {0}', b)" } }] }` */
export function templateToken(value: Value): TemplateToken {
  if (typeof value === "string") return textToken(value)
  if (typeof value !== "object") return value
  if (Array.isArray(value)) return { type: 1, seq: value.map((member: Value) => templateToken(member)) }
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [{ Key: textToken(name), Value: templateToken(member) }],
  )
  return { type: 2, map: members }
}

const EXPRESSION = /\$\{\{(.*?)\}\}/gs

function textToken(text: string): TemplateToken {
  const expressions = [...text.matchAll(EXPRESSION)].map(([, expression = ""]) => expression.trim())
  if (expressions.length === 0) return text
  const rest = text.replace(EXPRESSION, "")
  if (expressions.length === 1 && rest === "") return { type: 3, expr: expressions[0] ?? "" }
  let index = 0
  const pattern = text
    .split(EXPRESSION)
    .map((part, place) => (place % 2 === 0 ? part.replace(/[{}]/g, "$&$&") : `{${index++}}`))
    .join("")
  return { type: 3, expr: `format('${pattern.replaceAll("'", "''")}', ${expressions.join(", ")})` }
}
