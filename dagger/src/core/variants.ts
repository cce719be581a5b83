export const VARIANTS = ["standard"] as const
export type VariantName = (typeof VARIANTS)[number]
