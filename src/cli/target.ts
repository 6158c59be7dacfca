import { CommandFailure, EXIT } from './io.ts'

/** The address that the user gave. Keys and tokens are sent to its origin only. */
export class Target {
  readonly #base: URL

  /** @throws CommandFailure when it is not an http(s) address, or has credentials */
  constructor(address: string) {
    const base = URL.canParse(address) ? new URL(address) : undefined
    if (base === undefined || !/^https?:$/.test(base.protocol)) {
      throw new CommandFailure(`${address}: expected an http(s) address`, EXIT.usage)
    }
    if (base.username !== '' || base.password !== '') {
      throw new CommandFailure('expected an address without credentials', EXIT.usage)
    }
    this.#base = base
  }

  get origin(): string {
    return this.#base.origin
  }

  /** The address itself if it has a path, else this route. */
  route(path: string): URL {
    return this.#base.pathname === '/' ? this.at(path) : this.#base
  }

  /**
   * A path at the target's origin. Paths may come from files.
   * @throws CommandFailure when a URL parser would find another host in the path
   */
  at(path: string): URL {
    const url = ORIGIN_FORM.test(path) && URL.canParse(path, this.#base.href) ? new URL(path, this.#base) : undefined
    if (url?.origin !== this.#base.origin)
      throw new CommandFailure(`${path}: expected a path of ${this.origin}`, EXIT.usage)
    return url
  }
}

/** One slash, then printable ASCII without a backslash, which URL parsers read as a slash. */
const ORIGIN_FORM = /^\/(?!\/)[!-[\]-~]*$/
