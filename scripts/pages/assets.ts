import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import type { Assets } from '../../src/http/page-assets.ts'

const SOURCES = join(import.meta.dirname, '..', '..', 'src')
const FONTS = ['vazirmatn-arabic-wght-normal.woff2', 'vazirmatn-latin-wght-normal.woff2']

/**
 * The files that a page fetches, by name: its own styles and scripts, those of src/ui, and the font. All are in one folder.
 * @param folder of the page, below src
 * @param shared what the page uses of src/ui
 */
export function pageAssets(folder: string, shared: readonly string[]): Assets {
  const page = join(SOURCES, folder)
  const own = readdirSync(page).filter((name) => /\.(?:ts|css)$/.test(name))
  return {
    ...Object.fromEntries(shared.map((name) => readAsset(join(SOURCES, 'ui'), name))),
    ...Object.fromEntries(own.map((name) => readAsset(page, name))),
    ...Object.fromEntries(FONTS.map(readFont)),
  }
}

function readAsset(folder: string, name: string): [string, Assets[string]] {
  const text = readFileSync(join(folder, name), 'utf8')
  if (name.endsWith('.css')) {
    return [name, { type: 'text/css; charset=utf-8', encoding: 'utf8', body: text.replaceAll("'/fonts/", "'./") }]
  }
  const script = stripTypeScriptTypes(text).replaceAll(/ from '[\w./-]*\/([\w-]+)\.ts'/g, " from './$1.js'")
  return [name.replace('.ts', '.js'), { type: 'text/javascript; charset=utf-8', encoding: 'utf8', body: script }]
}

function readFont(name: string): [string, Assets[string]] {
  const file = createRequire(import.meta.url).resolve(`@fontsource-variable/vazirmatn/files/${name}`)
  return [name, { type: 'font/woff2', encoding: 'base64', body: readFileSync(file, 'base64') }]
}
