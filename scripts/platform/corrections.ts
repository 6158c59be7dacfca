/** What the published OpenAPI document does not say, or says otherwise than we read it. Reviewed by hand; keep it short. */

/** Operations with routes of their own: they go through the outbox, or are kept by the gateway. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  'POST /v2/open-platform/conversations/{conversation_id}/messages',
  'POST /v1/open-platform/chat/bot/conversations/{conversation_id}/messages',
  'POST /v1/open-platform/chat/bot/users/{user_id}/messages',
  'POST /v1/open-platform/events/subscriptions',
])

/** Left the document in 2026-02; the generated SDKs of 2025-12 still call it. Its body is empty or `{}`. */
export const ADDED = [
  {
    name: 'Finder_PostUser',
    method: 'POST',
    path: '/v1/open-platform/users',
    scopes: ['USER_PHONE', 'USER_ID'],
    body: false,
  },
] as const

/** The path parameter that is the resource of a scope, where the scope calls it by another name. */
export const RESOURCES: Readonly<Record<string, string>> = {
  Addons_CreatePostAddonV2: 'token',
  Semantic_CreatePostSemantic: 'token',
}

/** Path parameters that name the user in whose name the call is made. A phone number does not: grants are not found by it. */
export const USERS: ReadonlySet<string> = new Set(['divar_user_id', 'user_id'])

/**
 * The order of scopes, where "a resource first" does not decide. Any one of them is enough for Divar. Every grant has `USER_ID`, so that
 * the phone number would never be answered if it came first.
 */
export const ORDERS: Readonly<Record<string, readonly string[]>> = {
  Finder_GetUser: ['USER_PHONE', 'USER_ID'],
}

/** Operations that answer who a user is: callers need the permission `users` for them, too. */
export const ABOUT_USERS: ReadonlySet<string> = new Set([
  'Finder_GetUser',
  'Finder_PostUser',
  'Finder_GetUserIDByPhone',
])
