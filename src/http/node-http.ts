import type * as http from 'node:http'

/**
 * `node:http` as CommonJS has it. An `import` of it reads every export once, and one of these loads Node's fetch and WebSocket: 40 ms of a
 * start, a tenth of it.
 */
export const { createServer, IncomingMessage, ServerResponse } = process.getBuiltinModule('node:http')

export type IncomingMessage = http.IncomingMessage
export type ServerResponse<Request extends IncomingMessage = IncomingMessage> = http.ServerResponse<Request>
