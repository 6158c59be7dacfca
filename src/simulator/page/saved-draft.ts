import { freshDraft, isObject, KINDS, type ButtonDraft, type Draft, type Grid } from './draft.ts'

/** A draft as an earlier visit saved it; a fresh one in place of anything else. */
export function readDraft(saved: string | null): Draft {
  const fresh = freshDraft()
  const value = parse(saved)
  if (!isObject(value) || !isObject(value['grids'])) return fresh
  const { grids } = value
  const { target, wire, side, text, mediaToken, withToken, queued, notBefore, expiresAt } = value
  return {
    target: target === 'bot_conversation' || target === 'bot_user' ? target : 'chat',
    wire: wire === 'v1' ? 'v1' : 'v2',
    side: side === 'buyer' ? 'buyer' : 'seller',
    text: asText(text),
    mediaToken: asText(mediaToken),
    grids: { sender: asGrid(grids['sender']), receiver: asGrid(grids['receiver']), bot: asGrid(grids['bot']) },
    withToken: withToken !== false,
    queued: queued === true,
    notBefore: asText(notBefore),
    expiresAt: asText(expiresAt),
  }
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

function asGrid(value: unknown): Grid {
  const rows: unknown[] = Array.isArray(value) ? value : []
  return rows
    .map((row): ButtonDraft[] => (Array.isArray(row) ? row.filter(isObject).map(asButton) : []))
    .filter((row) => row.length > 0)
}

function asButton(value: Record<string, unknown>): ButtonDraft {
  return {
    kind: KINDS.find((kind) => kind === value['kind']) ?? 'open_server_link',
    caption: asText(value['caption']),
    icon: asText(value['icon']),
    data: asText(value['data']),
    url: asText(value['url']),
    postToken: asText(value['postToken']),
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
