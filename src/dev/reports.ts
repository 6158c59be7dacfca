import * as z from 'zod'
import { BUDGET_MS } from '../simulator/call-app.ts'
import type { Simulator } from '../simulator/simulator.ts'
import type { CalledReport, Report } from './child-messages.ts'
import { linesOfCall, noticeOf, type TerminalLine } from './terminal-lines.ts'

const MAX_FAILED_CLICKS = 100

/** Shows calls of the resolver in the timeline and the terminal, and what the log has besides. */
export function createReportReader(simulator: Simulator, say: (line: TerminalLine) => void): (report: Report) => void {
  /** Newest last. Their failure was told already. */
  const failedClicks = new Set<string>()
  return (report) => {
    if (report.kind === 'called') {
      noteCall(simulator, report)
      for (const line of linesOfCall(report, new Date())) say(line)
      if (report.error) failedClicks.add(report.clickId)
      const [oldest] = failedClicks
      if (failedClicks.size > MAX_FAILED_CLICKS && oldest !== undefined) failedClicks.delete(oldest)
    } else if (report.kind === 'log') {
      const line = readLog(report.line, failedClicks)
      if (line !== undefined) say(line)
    }
  }
}

function noteCall({ conversation }: Simulator, { wire, clickId, asked, answer, error, ms }: CalledReport): void {
  conversation.note({
    kind: 'resolver',
    wire,
    outcome: error ? 'failed' : 'ok',
    ms,
    budgetMs: BUDGET_MS,
    notes: error ? [error.reason] : [],
    resolution: { clickId, asked, ...(answer !== undefined && { answer }), ...(error && { error: error.whole }) },
  })
}

const logShape = z.looseObject({
  level: z.string(),
  event: z.string().optional(),
  msg: z.string().optional(),
  reason: z.string().optional(),
  click_id: z.string().optional(),
  duration_ms: z.number().optional(),
})

/** Of the log: warnings and errors of the gateway, and what the resolver itself logs. */
function readLog(json: string, failedClicks: ReadonlySet<string>): TerminalLine | undefined {
  const { data } = logShape.safeParse(JSON.parse(json))
  if (data === undefined) return undefined
  const { level, time: _, event, msg, reason, click_id: clickId, request_id: __, duration_ms: ms, ...rest } = data
  if (clickId !== undefined && ms === undefined) {
    return noticeOf(
      'log',
      [level, event, msg, JSON.stringify(rest)].filter((part) => part !== undefined && part !== '{}').join('  '),
      'dim',
    )
  }
  const isProblem = level === 'warn' || level === 'error' || level === 'fatal'
  if (!isProblem || (clickId !== undefined && failedClicks.has(clickId))) return undefined
  return noticeOf('gateway', [event, reason ?? msg].filter((part) => part !== undefined).join('  '), 'yellow')
}
