import { writeLiteral, type Notation } from './literal.ts'
import type { SampleHeader, WriteSample } from './request.ts'

export const writePython: WriteSample = ({ method, url, headers, body }) => `import json
import os
import urllib.error
import urllib.request

request = urllib.request.Request(
    "${url}",
    method="${method}",${
      headers.length === 0
        ? ''
        : `
    headers={
${headers.map(headerLine).join('\n')}
    },`
    }${body === undefined ? '' : `\n    data=json.dumps(${writeLiteral(body, '    ', PYTHON)}).encode(),`}
)
try:
    with urllib.request.urlopen(request, timeout=15) as response:
        print(response.status, response.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())`

function headerLine(header: SampleHeader): string {
  const value = 'variable' in header ? `os.environ["${header.variable}"]` : JSON.stringify(header.value)
  return `        "${header.name}": ${value},`
}

const NAMES = new Map<unknown, string>([
  [null, 'None'],
  [true, 'True'],
  [false, 'False'],
])

const PYTHON: Notation = {
  scalar: (value) => NAMES.get(value) ?? JSON.stringify(value),
  object: { open: '{', close: '}', assign: ': ', empty: '{}' },
}
