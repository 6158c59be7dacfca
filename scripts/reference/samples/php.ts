import { writeLiteral, type Notation } from './literal.ts'
import type { SampleHeader, WriteSample } from './request.ts'

export const writePhp: WriteSample = ({ method, url, headers, body }) => `<?php
$context = stream_context_create(['http' => [
    'method' => '${method}',${
      headers.length === 0
        ? ''
        : `
    'header' => [
${headers.map(headerLine).join('\n')}
    ],`
    }${body === undefined ? '' : `\n    'content' => json_encode(${writeLiteral(body, '    ', PHP)}, JSON_UNESCAPED_UNICODE),`}
    'ignore_errors' => true,
    'timeout' => 15,
]]);
$stream = fopen('${url}', 'r', false, $context);
echo stream_get_meta_data($stream)['wrapper_data'][0], "\\n", stream_get_contents($stream), "\\n";`

const PHP: Notation = {
  scalar: (value) => (typeof value === 'string' ? quote(value) : JSON.stringify(value)),
  // An empty array would become a list in JSON.
  object: { open: '[', close: ']', assign: ' => ', empty: 'new stdClass()' },
}

function headerLine(header: SampleHeader): string {
  return 'variable' in header
    ? `        '${header.name}: ' . getenv('${header.variable}'),`
    : `        '${header.name}: ${header.value}',`
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
