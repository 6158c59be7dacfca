import { randomBytes } from 'node:crypto'

/** A file to write; `mode` where it has a secret. */
export type NewFile = { name: string; text: string; mode?: number }

export type ProjectKind = {
  language: 'ts' | 'js'
  /** Of the resolver and its test, such as `.ts`: files of this name are ES modules. */
  extension: string
}

/** The files of a new project: settings with fresh keys, a resolver with its test, and a container. */
export function projectFiles({ language, extension }: ProjectKind): NewFile[] {
  const resolver = `resolver${extension}`
  return [
    { name: '.env', text: environment(resolver), mode: 0o600 },
    { name: '.gitignore', text: 'node_modules/\n.env\n*.db\n*.db-*\n' },
    { name: resolver, text: language === 'ts' ? TYPED_RESOLVER : RESOLVER },
    { name: `resolver.test${extension}`, text: test(resolver) },
    { name: 'compose.yaml', text: compose(resolver) },
  ]
}

const newKey = () => randomBytes(24).toString('hex')

function environment(resolver: string): string {
  return `# Settings of the gateway: \`npx kenar-chat-gateway start\` and compose.yaml read them. They are secret; keep them out of the repository.
# All variables: node_modules/kenar-chat-gateway/.env.example

# From Kenar's developer panel. Made up so that the gateway starts: replace both before Divar calls it.
DIVAR_IDENTIFICATION_KEY=${newKey()}
DIVAR_API_KEY=${newKey()}

# Your services present this key in x-api-key; \`app\` is the service's name in logs.
INTERNAL_API_KEYS=app:${newKey()}

# Where clicks lead.
RESOLVER=module
RESOLVER_MODULE=./${resolver}

# The store of messages and consents, and what encrypts it. Without this key its content is lost: keep a copy.
DATABASE_URL=file:./gateway.db
TOKEN_ENCRYPTION_KEY=${randomBytes(32).toString('base64')}

# Only this machine reaches the gateway. A proxy on it terminates TLS and forwards /divar/ and /oauth/.
HOST=127.0.0.1
PORT=3000

# To ask users for consent (scopes in a landing), set all three:
# PUBLIC_URL=https://gateway.example.com
# DIVAR_APP_SLUG=my-app
# DIVAR_CLIENT_SECRET=from the developer panel
`
}

const BODY = `  // Put the address of your app here. At this sample address the simulator shows a page of its own.
  const landing = new URL('https://app.example.com/start')
  // Your data in the button of a message; absent when the app was opened from the menu.
  if (data['order_id'] !== undefined) landing.searchParams.set('order', String(data['order_id']))
  landing.searchParams.set('as', side === 'supply' ? 'seller' : 'buyer')
  return { url: landing.href }
}
`

const TYPED_RESOLVER = `import type { Click, Landing } from 'kenar-chat-gateway'

/** A user clicked a button of your app: where do they land? */
export default function resolve({ data, side }: Click): Landing {
${BODY}`

const RESOLVER = `/**
 * A user clicked a button of your app: where do they land?
 *
 * @type {import('kenar-chat-gateway').Resolver}
 */
export default function resolve({ data, side }) {
${BODY}`

function test(resolver: string): string {
  return `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clickV1, clickV2, runResolver } from 'kenar-chat-gateway/testing'
import resolve from './${resolver}'

test('a button opens its order, in both API versions', async () => {
  const url = 'https://app.example.com/start?order=B-7&as=buyer'
  const v1 = clickV1({ extra_data: { provider_data: { order_id: 'B-7' } } })
  assert.equal((await runResolver(resolve, v1)).url, url)
  const v2 = clickV2({ extra_data: { order_id: 'B-7' } })
  assert.equal((await runResolver(resolve, v2)).url, url)
})

test('the menu opens the start page, with the side of the user', async () => {
  const click = clickV2({ extra_data: null, user_side: 'SUPPLY' })
  assert.equal((await runResolver(resolve, click)).url, 'https://app.example.com/start?as=seller')
})
`
}

function compose(resolver: string): string {
  return `# The gateway with your resolver, in a container: docker compose up --detach
# The image is built in a checkout of the gateway: docker build --tag kenar-chat-gateway .
# Compose treats a $ in .env as a variable: put such a value in single quotes.
services:
  gateway:
    image: kenar-chat-gateway
    env_file: .env
    environment:
      HOST: 0.0.0.0
      PORT: '3000'
      RESOLVER_MODULE: /app/${resolver}
      DATABASE_URL: file:/data/gateway.db
    volumes:
      # Mounted alone, it finds no packages: bundle a resolver that imports more than types.
      - ./${resolver}:/app/${resolver}:ro
      - data:/data
    ports:
      # For the proxy and the services on this machine.
      - '127.0.0.1:3000:3000'
    restart: unless-stopped
    # Longer than SHUTDOWN_GRACE_MS (8 s).
    stop_grace_period: 20s
    user: 1000:1000
    read_only: true
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    pids_limit: 100
    mem_limit: 512m
    logging:
      driver: json-file
      options: { max-size: 50m, max-file: '5' }

volumes:
  data:
`
}
