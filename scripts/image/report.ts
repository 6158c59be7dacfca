import { CheckFailure } from './process.ts'

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function expect(met: boolean, otherwise: string): void {
  if (!met) throw new CheckFailure(otherwise)
}
