import { expect, test } from '@jest/globals'
import { startConsentGateway } from '../support/consent.ts'
import { MAY_ERASE, NOTHING } from '../support/erasure.ts'
import { KEYS } from '../support/gateway.ts'
import { tokensOf } from '../support/imports.ts'
import { printedCommands, readPage, runPrinted } from '../support/printed-commands.ts'
import { parseJson } from '../support/requests.ts'

test.each(['docs', 'docs/fa'])(
  'the commands of %s about moving over and erasing a person work as printed',
  async (folder) => {
    const gateway = await startConsentGateway({}, MAY_ERASE)
    const tokens = tokensOf(gateway.divar, ['USER_ID', 'offline_access'])
    const variables = {
      KEY: KEYS.caller,
      ACCESS_TOKEN: tokens.access_token,
      REFRESH_TOKEN: tokens.refresh_token ?? '',
      USER_ID: tokens.user_id,
    }
    const commands = ['moving-over', 'erasing-a-person'].flatMap((page) =>
      printedCommands(readPage(`${folder}/${page}.md`).replaceAll(/^ {3}/gm, '')),
    )
    expect(commands).toHaveLength(2)
    const answers: unknown[] = []
    for (const { command } of commands) {
      const here = command.replaceAll('http://127.0.0.1:3000', gateway.internalUrl)
      answers.push(parseJson((await runPrinted(here, '.', variables)).output))
    }
    expect(answers).toEqual([expect.objectContaining({ user_id: tokens.user_id, proven: true }), NOTHING])
  },
)
