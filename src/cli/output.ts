import { styleText } from 'node:util'
import type { Io } from './io.ts'

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

/** A text in a colour, or plain when colours are off. */
type Painted = { colour: Colour; text: string }

/** One line of output. Control characters in its texts are escaped, because they may come from anywhere. */
export type Line = string | readonly (string | Painted)[]

/** Everything that a command prints goes through this. */
export type Output = {
  /** Results, one line each. */
  out: (...lines: Line[]) => void
  /** Errors, hints and progress, one line each. */
  err: (...lines: Line[]) => void
  /** The one JSON document of `--json`. */
  json: (value: unknown) => void
}

export function createOutput(io: Io): Output {
  const write = (to: (text: string) => void) => (lines: readonly Line[]) => {
    for (const line of lines) to(render(line, io.colours))
  }
  const out = write(io.out)
  const err = write(io.err)
  return {
    out: (...lines) => {
      out(lines)
    },
    err: (...lines) => {
      err(lines)
    },
    json: (value) => {
      out([JSON.stringify(value)])
    },
  }
}

export function paint(colour: Colour, text: string): Painted {
  return { colour, text }
}

/** The lines of a text, such as a stack trace. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split('\n')
}

function render(line: Line, colours: boolean): string {
  if (typeof line === 'string') return escapeControls(line)
  return line.map((part) => renderPart(part, colours)).join('')
}

function renderPart(part: string | Painted, colours: boolean): string {
  if (typeof part === 'string') return escapeControls(part)
  const text = escapeControls(part.text)
  return colours ? styleText(part.colour, text, { validateStream: false }) : text
}

/** Controls (also line breaks, which would fake a line), line separators, and marks that change the direction of what follows. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** Writes control characters as JSON escapes, so that JSON stays valid and no terminal interprets them. */
function escapeControls(text: string): string {
  return text.toWellFormed().replaceAll(CONTROLS, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
