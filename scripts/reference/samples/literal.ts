import { isJsonObject } from '../../../src/base/strict-json.ts'

/** How a language writes what JSON can express. */
export type Notation = {
  /** Names, texts, numbers and words. */
  scalar: (value: unknown) => string
  /** The brackets of an object, what stands between a name and its value, and an object without members. */
  object: { open: string; close: string; assign: string; empty: string }
}

/** A JSON value as source code, one member a line. @param indent of the line that it begins on */
export function writeLiteral(value: unknown, indent: string, notation: Notation): string {
  const { open, close, assign, empty } = notation.object
  const deeper = `${indent}    `
  const write = (member: unknown) => writeLiteral(member, deeper, notation)
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[\n${value.map((item) => `${deeper}${write(item)},`).join('\n')}\n${indent}]`
  }
  if (!isJsonObject(value)) return notation.scalar(value)
  const lines = Object.entries(value).map(
    ([name, member]) => `${deeper}${notation.scalar(name)}${assign}${write(member)},`,
  )
  return lines.length === 0 ? empty : `${open}\n${lines.join('\n')}\n${indent}${close}`
}
