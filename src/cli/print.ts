import { styleText } from 'node:util'
import type { Io } from './io.ts'

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

/** Colours a word, where colours may be used. */
export function paint(io: Io, colour: Colour, text: string): string {
  return io.colours ? styleText(colour, text, { validateStream: false }) : text
}

/** The one JSON document of `--json`. */
export function printJson(io: Io, value: unknown): void {
  io.out(JSON.stringify(value))
}
