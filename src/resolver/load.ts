import type { Host } from '../outbound/host.ts'
import { forwardResolver } from './forward.ts'
import { moduleResolver } from './module.ts'
import type { UncheckedResolver } from './resolver.ts'
import { templateResolver } from './template.ts'

/** The configured resolver with its settings. */
export type ResolverChoice =
  | { kind: 'template'; template: string; scopes?: readonly string[] | undefined; hasStore: boolean }
  | { kind: 'module'; file: string }
  | { kind: 'forward'; url: URL; secret: string }

/**
 * Creates the configured resolver. A new kind is a new file and a case here.
 * @throws ResolverSetupError
 */
export async function loadResolver(
  choice: ResolverChoice,
  tools: { timeoutMs: number; openHost: (url: URL, connectTimeoutMs: number) => Host },
): Promise<UncheckedResolver> {
  switch (choice.kind) {
    case 'template':
      return templateResolver(choice.template, choice)
    case 'module':
      return moduleResolver(choice.file)
    case 'forward':
      return forwardResolver({
        url: choice.url,
        secret: choice.secret,
        timeoutMs: tools.timeoutMs,
        host: tools.openHost(choice.url, tools.timeoutMs),
      })
  }
}
