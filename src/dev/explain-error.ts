import { spawnSync } from 'node:child_process'
import { isAbsolute, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

const MAX_CHARACTERS = 10_000
const MAX_LINES = 6
const FRAME = /^ {4}at /
const CHECK_TIMEOUT_MS = 10_000
/** A place in a source file, as stacks and syntax errors name it. */
const PLACE = /((?:file:\/\/)?(?:[A-Za-z]:)?[\\/][^():\n]*\.[cm]?[jt]sx?):(\d+)/

/** The developer's own machine and code: the whole error is shown here, and never in a gateway's log. Of the stack, only their files. */
export function textOf(error: unknown): string {
  const lines = inspect(error).slice(0, MAX_CHARACTERS).split('\n')
  return lines.filter((line) => !FRAME.test(line) || isForeign(line)).join('\n')
}

/** Whether a line of a stack names neither a file of the gateway nor one of Node. */
function isForeign(frame: string): boolean {
  const [, file] = PLACE.exec(frame) ?? []
  return file !== undefined && !isOurs(file)
}

/** An error in one line: the first place in the developer's files, then its name and message. */
export function summaryOf(error: unknown): string {
  const text = textOf(error)
  const what = error instanceof Error ? `${error.name}: ${firstLineOf(error.message)}` : firstLineOf(text)
  const place = text.split('\n').map(placeIn).find(isDefined)
  return place === undefined ? what : `${place}: ${what}`
}

/** Why a file cannot be loaded, in one line, and the lines of the source that Node shows for it. */
export function explainLoadError(error: unknown, file: string): { reason: string; lines: string[] } {
  // Node names the place of a syntax error in a file without types to standard error only.
  const text = error instanceof SyntaxError && placeIn(textOf(error)) === undefined ? checkSyntax(file) : textOf(error)
  const what = error instanceof Error ? `${error.name}: ${firstLineOf(error.message)}` : firstLineOf(textOf(error))
  const place = text.split('\n').map(placeIn).find(isDefined)
  const lines = error instanceof SyntaxError ? sourceLinesOf(text) : []
  return { reason: `${place ?? shortPath(file)}: ${what}${hintFor(error)}`, lines }
}

/** Between the place and the name of the error, Node shows the source. */
function sourceLinesOf(text: string): string[] {
  const lines = text.split('\n')
  const end = lines.findIndex((line) => /^\w*Error\b/.test(line))
  return lines
    .slice(1, Math.max(end, 1))
    .filter((line) => line.trim() !== '')
    .slice(0, MAX_LINES)
}

function hintFor(error: unknown): string {
  const isModuleSyntax =
    error instanceof SyntaxError && /outside a module|Unexpected token 'export'/.test(error.message)
  return isModuleSyntax
    ? '; package.json says "type": "commonjs": write "module" there, or name the file .mts or .mjs'
    : ''
}

function checkSyntax(file: string): string {
  return spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: CHECK_TIMEOUT_MS }).stderr
}

function placeIn(line: string): string | undefined {
  const [, file = '', number = ''] = PLACE.exec(line) ?? []
  if (file === '' || file.includes('node_modules') || isOurs(file)) return undefined
  return `${shortPath(file)}:${number}`
}

/** The gateway's own files, where it runs from a checkout. */
function isOurs(file: string): boolean {
  return pathOf(file).startsWith(fileURLToPath(new URL('..', import.meta.url)))
}

function pathOf(file: string): string {
  return file.startsWith('file://') ? fileURLToPath(file) : file
}

/** Relative to the current folder if it is below. */
function shortPath(file: string): string {
  const path = pathOf(file)
  const short = relative(process.cwd(), path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}

function firstLineOf(text: string): string {
  return text.split('\n')[0] ?? ''
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined
}
