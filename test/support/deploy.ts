import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect } from '@jest/globals'
import { parse } from 'yaml'
import type * as z from 'zod'
import { readConfig, type Config, type Environment } from '../../src/config/config.ts'
import { environmentSchema } from '../../src/config/schema.ts'

export function readText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

/** A YAML file in the shape that is promised. */
export function readYaml<Shape>(path: string, shape: z.ZodType<Shape>): Shape {
  return shape.parse(parse(readText(path), { merge: true }))
}

/** The lines of a file of variables that are not commented out. */
export function variablesOf(text: string, pattern = /^([A-Z_0-9]+)=(.*)$/gm): Record<string, string> {
  return Object.fromEntries([...text.matchAll(pattern)].map(([, name = '', value = '']) => [name, value]))
}

/** What an operator puts in the place of placeholders: any text, and what only a command makes. */
export function filledIn(environment: Environment): Environment {
  const filled: Record<string, string> = {}
  for (const [name, value = ''] of Object.entries(environment))
    filled[name] = value.replaceAll('change-me', 'filled-in')
  return { ...filled, TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') }
}

/** The configuration that this makes; every variable is one that the gateway reads, and has an effect. */
export function configOf(environment: Environment, others: readonly string[] = []): Config {
  const known = Object.keys(environmentSchema.shape)
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual(others)
  // Of the folders that a file names only the one where it is deployed has to be there.
  const config = readConfig({ ...environment, ...('BACKUP_DIR' in environment && { BACKUP_DIR: tmpdir() }) })
  expect(config.ignored).toEqual([])
  return config
}
