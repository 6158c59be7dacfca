import { shellQuote } from '../../../src/ui/shell-quote.ts'
import type { SampleHeader, WriteSample } from './request.ts'

export const writeCurl: WriteSample = ({ method, url, headers, body }) => {
  const isImplied = method === (body === undefined ? 'GET' : 'POST')
  const options = [
    ...(isImplied ? [] : [`-X ${method}`]),
    ...headers.map((header) => `-H ${headerText(header)}`),
    ...(body === undefined ? [] : [`-d ${shellQuote(JSON.stringify(body, null, 2))}`]),
  ]
  return [`curl -s ${shellQuote(url)}`, ...options].join(' \\\n  ')
}

function headerText(header: SampleHeader): string {
  return 'variable' in header ? `"${header.name}: $${header.variable}"` : shellQuote(`${header.name}: ${header.value}`)
}
