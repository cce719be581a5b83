import type { Answer, Request } from "./message.js"

const USUAL = 30
const LARGEST = 100

/**
 * One page of a list, with the links to the others.
 *
 * https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
 *
 * @param key under which the items are in the body: `runners`
 */
export function page(request: Request, key: string, items: readonly unknown[]): Answer {
  const size = Math.min(number(request.query.get("per_page")) ?? USUAL, LARGEST)
  const current = number(request.query.get("page")) ?? 1
  const last = Math.max(Math.ceil(items.length / size), 1)
  const link = (page: number, relation: string): string => {
    const query = new URLSearchParams(request.query)
    query.set("page", String(page))
    return `<${request.api}${request.path}?${query.toString()}>; rel="${relation}"`
  }
  const links = [
    ...(current > 1 ? [link(current - 1, "prev"), link(1, "first")] : []),
    ...(current < last ? [link(current + 1, "next"), link(last, "last")] : []),
  ]
  return {
    status: 200,
    body: { total_count: items.length, [key]: items.slice((current - 1) * size, current * size) },
    headers: links.length > 0 ? { link: links.join(", ") } : {},
  }
}

function number(text: string | null): number | undefined {
  const value = Number(text)
  return text !== null && Number.isInteger(value) && value > 0 ? value : undefined
}
