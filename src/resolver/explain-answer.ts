import type * as z from 'zod'
import { nearestName } from '../base/nearest.ts'

/**
 * What is wrong with the answer of the operator's code: `expected an object {url: ...}, got a string`. Names members, and repeats no value.
 * @param expected what each member has to be; '' is the whole answer
 */
export function explainAnswer(
  { issues }: Pick<z.ZodError, 'issues'>,
  answer: unknown,
  expected: Readonly<Record<string, string>>,
): string {
  const members = new Set(issues.map(({ path: [member = ''] }) => String(member)))
  return [...members].map((member) => explainMember(member, answer, expected)).join('; ')
}

function explainMember(member: string, answer: unknown, expected: Readonly<Record<string, string>>): string {
  if (member === '') {
    const hint = answer === undefined ? '; does it return a value?' : ''
    return `expected ${expected[''] ?? 'an object'}, got ${kindOf(answer)}${hint}`
  }
  const entries = typeof answer === 'object' && answer !== null ? Object.entries(answer) : []
  const value: unknown = entries.find(([name]) => name === member)?.[1]
  const got = Array.isArray(value) || value === '' ? '' : `, got ${kindOf(value)}`
  const explained = `${member}: expected ${expected[member] ?? 'another value'}${got}`
  const misspelled = entries.find(([name]) => !(name in expected) && nearestName(name, [member]) !== undefined)?.[0]
  return value === undefined && misspelled !== undefined
    ? `${explained}; did you mean ${member} instead of ${misspelled}?`
    : explained
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}
