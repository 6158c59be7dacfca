import { meantName } from '../message/ignored-members.ts'

/** One line about a member that the gateway does not read, with the known name that was probably meant. */
export function explainIgnored(member: { pointer: string; known: Iterable<string> }): string {
  const meant = meantName(member)
  return meant === undefined ? `${member.pointer}: not read` : `${member.pointer}: not read; did you mean ${meant}?`
}
