import * as z from 'zod'
import { runOnPostgres } from './databases.ts'

const heldShape = z.array(z.object({ id: z.string(), owner: z.string() }))

/** The gateways that held each message in an attempt, as seen after each kill: a killed one holds it until its lease expires. */
export class Holders {
  readonly #url: string
  readonly #owners = new Map<string, Set<string>>()

  constructor(url: string) {
    this.#url = url
  }

  async look(): Promise<void> {
    const rows = await runOnPostgres(this.#url, "select id, lease_owner as owner from message where state = 'sending'")
    for (const { id, owner } of heldShape.parse(rows)) {
      this.#owners.set(id, (this.#owners.get(id) ?? new Set()).add(owner))
    }
  }

  countOf(id: string): number {
    return Math.max(this.#owners.get(id)?.size ?? 1, 1)
  }
}
