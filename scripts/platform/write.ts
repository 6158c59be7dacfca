import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableOf } from './table.ts'

/** Writes the table of platform calls. Usage: node scripts/platform/write.ts <openapi.json> */
const [, , file] = process.argv
if (file === undefined) throw new Error('expected the OpenAPI document of the platform as an argument')

const rows = tableOf(JSON.parse(readFileSync(file, 'utf8')))
const lines = rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')
writeFileSync(join(import.meta.dirname, '..', '..', 'src', 'platform', 'operations.json'), `[\n${lines}\n]\n`)
