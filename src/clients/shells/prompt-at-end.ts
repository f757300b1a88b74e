import type { Pattern } from '../console/types.ts'

/** Makes the pattern of a prompt behind which nothing has been printed. */
export function promptAtEnd(prompt: string | RegExp): RegExp
/** @returns `undefined` for a prompt of bytes */
export function promptAtEnd(prompt: Pattern): RegExp | undefined
export function promptAtEnd(prompt: Pattern): RegExp | undefined {
  if (prompt instanceof Uint8Array) return undefined
  const { source, flags } = typeof prompt === 'string' ? new RegExp(escapeExpression(prompt)) : prompt
  return new RegExp(String.raw`(?:${source})(?![\s\S])`, flags)
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}
