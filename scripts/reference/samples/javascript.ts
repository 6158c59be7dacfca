import { indented, type SampleHeader, type WriteSample } from './request.ts'

export const writeJavaScript: WriteSample = ({
  method,
  url,
  headers,
  body,
}) => `const response = await fetch('${url}', {
  method: '${method}',${
    headers.length === 0
      ? ''
      : `
  headers: {
${headers.map(headerLine).join('\n')}
  },`
  }${body === undefined ? '' : `\n  body: JSON.stringify(${indented(JSON.stringify(body, null, 2), '  ')}),`}
  signal: AbortSignal.timeout(15_000),
})
console.log(response.status, await response.text())`

function headerLine(header: SampleHeader): string {
  return `    '${header.name}': ${'variable' in header ? `process.env.${header.variable}` : `'${header.value}'`},`
}
