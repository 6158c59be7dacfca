import type { SampleHeader, WriteSample } from './request.ts'

export const writeGo: WriteSample = ({ method, url, headers, body }) => {
  const packages = [
    'fmt',
    'io',
    'log',
    'net/http',
    ...(headers.some((header) => 'variable' in header) ? ['os'] : []),
    ...(body === undefined ? [] : ['strings']),
    'time',
  ]
  return `package main

import (
${packages.map((name) => `\t"${name}"`).join('\n')}
)

func main() {
\trequest, err := http.NewRequest("${method}", "${url}", ${body === undefined ? 'nil' : `strings.NewReader(${raw(JSON.stringify(body, null, 2))})`})
\tif err != nil {
\t\tlog.Fatal(err)
\t}
${headers.map(headerLine).join('')}\tclient := http.Client{Timeout: 15 * time.Second}
\tresponse, err := client.Do(request)
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tdefer response.Body.Close()
\tanswer, err := io.ReadAll(response.Body)
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tfmt.Println(response.StatusCode, string(answer))
}`
}

function headerLine(header: SampleHeader): string {
  const value = 'variable' in header ? `os.Getenv("${header.variable}")` : JSON.stringify(header.value)
  return `\trequest.Header.Set("${header.name}", ${value})\n`
}

/** A raw string has no escapes, so it cannot contain what ends it. */
function raw(text: string): string {
  return `\`${text.replaceAll('`', '` + "`" + `')}\``
}
